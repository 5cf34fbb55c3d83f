"""The texts of configuration files: found, and written with no other byte changed."""

from __future__ import annotations

import configparser
import json
import logging
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import javaproperties
import pytest
import yaml
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st

from hostshift import Policy, UndecidedError
from hostshift.cli import render
from hostshift.documents import encoding, splice
from hostshift.documents import format as formats
from hostshift.documents.model import Document, DocumentError, Scalar, line_of
from hostshift.environment import resolve
from hostshift.environment.model import Report
from hostshift.resolution import resolver

if TYPE_CHECKING:
    from hostshift_pytest import Pretend

HOST = "172.17.0.1"
PORTS = (1433, 3306, 5432, 5672, 6379, 8080, 8000, 3000, 25, 27017)
ANSWERS = [f"{HOST}:{port}" for port in PORTS]
VECTORS: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "documents" / "formats.json").read_text(
        encoding="utf-8"
    )
)


def _id(row: dict[str, Any]) -> str:
    return f"{row['format']}-{row['id']}"


def _rewritten(text: str, form: str, changes: dict[int, str]) -> str:
    module = formats.module(form)
    return splice.rewritten(text, module, module.read(text), changes)


@pytest.mark.parametrize("row", VECTORS["rendered"], ids=_id)
def test_what_becomes_of_a_file(row: dict[str, Any], pretend: Pretend) -> None:
    pretend("bridge", answers=ANSWERS)
    after = render.rendered(row["text"].encode(), row["format"], "file")
    assert after.decode() == row["after"]


@pytest.mark.parametrize("row", VECTORS["refused"], ids=_id)
def test_what_is_refused(row: dict[str, Any], pretend: Pretend) -> None:
    pretend("bridge", answers=ANSWERS)
    with pytest.raises(DocumentError) as error:
        render.rendered(row["text"].encode(), row["format"], "file")
    assert error.value.line == row["line"]
    assert "s3cret" not in str(error.value)


TWO = "localhost:5432=a:1,localhost:5433=b:2,localhost:6379=c:3"


@pytest.mark.parametrize("row", VECTORS["two_values"], ids=_id)
def test_what_would_need_two_values_stays_with_a_warning(
    row: dict[str, Any], pretend: Pretend, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "hostshift")
    pretend("bridge", policy=Policy(map=TWO))
    assert render.rendered(row["text"].encode(), row["format"], "file").decode() == row["text"]
    warned = [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]
    assert sorted(line.partition(" ")[0] for line in warned) == row["left"]
    assert not any("->" in one.getMessage() for one in caplog.records)


@pytest.mark.parametrize("row", VECTORS["two_values"], ids=_id)
def test_what_would_need_two_values_is_an_error_with_strict(
    row: dict[str, Any], pretend: Pretend
) -> None:
    pretend("bridge", policy=Policy(map=TWO, strict=True))
    with pytest.raises(UndecidedError) as error:
        render.rendered(row["text"].encode(), row["format"], "file")
    assert str(error.value).partition(":")[0] in row["left"]


def test_json_in_a_variable_that_would_need_two_values(pretend: Pretend) -> None:
    text = '{"redis": {"host": "localhost", "port": 6379, "port": 5432}}'
    pretend("bridge", policy=Policy(map=TWO))
    report = Report()
    assert resolve.resolved({"SETTINGS": text}, resolver.current(), report=report) == {}
    assert [line.partition(":")[0] for line in report.lines] == [
        "SETTINGS_REDIS_HOST stays as it is"
    ]
    pretend("bridge", policy=Policy(map=TWO, strict=True))
    with pytest.raises(UndecidedError, match="two values"):
        resolve.resolved({"SETTINGS": text}, resolver.current())


def test_json_in_a_file_logs_its_changes(
    pretend: Pretend, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "hostshift")
    pretend("bridge", policy=Policy(map=TWO))
    text = 'a: \'{"redis": {"host": "localhost", "port": 6379}}\'\n'
    assert '"host": "c", "port": 3' in render.rendered(text.encode(), "yaml", "file").decode()
    assert "A_REDIS_HOST: localhost:6379 -> c:3" in caplog.text


def test_there_are_vectors_of_every_format() -> None:
    rows = VECTORS["rendered"]
    assert {row["format"] for row in rows} == set(formats.FORMATS)
    assert min(sum(row["format"] == form for row in rows) for form in formats.FORMATS) >= 9


def test_a_file_with_another_name_again_is_the_same(pretend: Pretend) -> None:
    """What has been rendered stays as it is when it is rendered once more."""
    pretend("bridge", answers=ANSWERS)
    for row in VECTORS["rendered"]:
        assert (
            render.rendered(row["after"].encode(), row["format"], "file").decode() == row["after"]
        )


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("web.config", "xml"),
        ("a/b.JSON", "json"),
        ("alembic.ini", "ini"),
        ("airflow.cfg", "ini"),
        (".env", "dotenv"),
        (".env.local", "dotenv"),
        ("prod.env", "dotenv"),
        ("database.yml.erb", "yaml"),
        ("database.yml.example", "yaml"),
        ("application.properties", "properties"),
        ("redis.conf", ""),
        ("config", ""),
        ("example", ""),
        ("-", ""),
    ],
)
def test_the_format_by_the_name(name: str, form: str) -> None:
    assert formats.of_name(name) == form


# --- writing ------------------------------------------------------------------------------------

SAMPLES = {
    "json": (
        '{"a": "x\\/y\\u00e9", // c\n "b": {"host": "h", "port": 5432,}, "l": ["z", 1.5, null]}'
    ),
    "yaml": (
        "a: é😀b # c\nb: &x {host: 'it''s', port: 5432}\nc: *x\nd: |\n  foo\n  bar\n"
        "e: >-\n  hello\n"
        'f: "a\\x41 \\\n  b"\ng: plain\n  more\n\n  again\n---\nh: [a, "b"]\n'
    ),
    "toml": (
        'a = "x\\u00e9"\n[t.b]\n"q.r" = \'lit\' # c\nm = """\nfoo\\\n   bar"""\n'
        "l = [ \"a\", {host=\"h\", port=5}, ]\n[[t.x]]\ny='''1'''\n[[t.x]]\ny=\"2\"\n"
    ),
    "ini": "[s]\na = x%%y\nb =\n  one\n  # c\n  two\n\n  three\nc\nd: e\n[t]\na = z\n",
    "properties": "# c\na.b = x\\\n   y\\u00e9z\n! z\nk\\:k:v\nlast va\\=lue",
    "dotenv": "A=1 # c\nexport B='x\\'y'\nC=\"a\\nb\"\nno variable\n",
    "xml": (
        '<?xml version="1.0"?>\n<c x="u"><add key="K" value="a&amp;b"/><p name="p">x</p>'
        "<q>&#x41;</q><!-- no --><e><![CDATA[d&a]]></e></c>\n"
    ),
}
"""A file of each format with all its styles."""


def _styles(text: str, form: str) -> list[tuple[int, Scalar]]:
    return list(enumerate(formats.module(form).read(text).scalars))


@pytest.mark.parametrize("ends", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("form", formats.FORMATS)
def test_every_value_can_be_changed_alone(form: str, ends: str) -> None:
    text = SAMPLES[form].replace("\n", ends)
    for number, scalar in _styles(text, form):
        value = "77" if scalar.style == "number" else f"new.host{scalar.value[1:]}"
        after = _rewritten(text, form, {number: value})
        kept = text[: scalar.span[0]], text[scalar.span[1] :]
        assert after.startswith(kept[0])
        assert after.endswith(kept[1])
        assert formats.module(form).read(after).scalars[number].value == value


@pytest.mark.parametrize("form", formats.FORMATS)
def test_no_change_changes_no_byte(form: str) -> None:
    same = {number: scalar.value for number, scalar in _styles(SAMPLES[form], form)}
    assert _rewritten(SAMPLES[form], form, same) == SAMPLES[form]


@pytest.mark.parametrize(
    ("form", "text", "value"),
    [
        ("json", '{"port": 5432}', "x"),
        ("yaml", "port: 5432", "five"),
        ("yaml", "a: plain", "a: b"),
        ("yaml", "a: plain", "a #b"),
        ("yaml", "a: plain", "12"),
        ("yaml", "a: [plain]", "a, b"),
        ("yaml", "a: &x [1]\nb: plain", "*x"),
        ("yaml", "a: 'x'", "x\ny"),
        ("yaml", "a: >\n  two\n  lines\n", "other"),
        ("toml", "a = 'x'", "it's"),
        ("ini", "[a]\nb = c", "d\ne"),
        ("ini", "[a]\nb = c", "d%%e"),
        ("properties", "a=b", "ü"),
        ("properties", "a=b", " c"),
        ("dotenv", "A=b", "c #d"),
        ("dotenv", "A=b", "'c"),
        ("xml", "<a><![CDATA[b]]></a>", "]]>"),
        ("xml", "<a b='c'/>", "\n"),
    ],
)
def test_a_value_that_a_style_cannot_hold_is_refused(form: str, text: str, value: str) -> None:
    (number, scalar) = _styles(text, form)[-1]
    with pytest.raises(DocumentError) as error:
        _rewritten(text, form, {number: value})
    assert error.value.line == line_of(text, scalar.span[0])
    assert value not in str(error.value) or len(value) < 3


def test_a_scanner_that_errs_is_found_out() -> None:
    """The reference parser has the last word before anything is written."""
    scalar = Scalar(path=("a",), value="x", span=(0, 1), style="", leaf=0)
    with pytest.raises(DocumentError, match="cannot be found"):
        splice.check(Document(scalars=(scalar,), leaves=((("a",), "string", "y"),)))


# --- against the real readers -------------------------------------------------------------------

_TEXT = st.text(
    st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_categories=("C", "Z")),
    min_size=1,
    max_size=12,
)
_KEY = st.from_regex(r"[a-z]{1,6}", fullmatch=True)
_NEW = st.from_regex(r"[a-z0-9.:\[\]_-]{1,20}", fullmatch=True)


class _Made:
    """A file made of values, with the reader that programs have for it."""

    @staticmethod
    def json(values: dict[str, str]) -> str:
        return json.dumps({"a": values, "l": list(values.values()), "n": [1, None, 2.5]}, indent=1)

    @staticmethod
    def yaml(values: dict[str, str]) -> str:
        return yaml.safe_dump({"a": values, "l": list(values.values())}, allow_unicode=True)

    @staticmethod
    def toml(values: dict[str, str]) -> str:
        lines = [f"{key} = {json.dumps(value)}" for key, value in values.items()]
        return "[a]\n" + "\n".join(lines) + "\n[[b]]\nc = 1\n"

    @staticmethod
    def ini(values: dict[str, str]) -> str:
        return "[a]\n" + "".join(f"{key} = {value}\n" for key, value in values.items())

    @staticmethod
    def properties(values: dict[str, str]) -> str:
        return javaproperties.dumps(values, timestamp=None)

    @staticmethod
    def dotenv(values: dict[str, str]) -> str:
        def quoted(value: str) -> str:
            return value.replace("\\", "\\\\").replace("'", "\\'")

        return "".join(f"{key}='{quoted(value)}'\n" for key, value in values.items())

    @staticmethod
    def xml(values: dict[str, str]) -> str:
        root = ET.Element("a")
        for key, value in values.items():
            ET.SubElement(root, key, {"at": value}).text = value
        return ET.tostring(root, encoding="unicode")


def _read(text: str, form: str) -> Any:
    """Read a file as programs do."""
    if form == "json":
        return json.loads(text)
    if form == "yaml":
        return yaml.safe_load(text)
    if form == "toml":
        return tomllib.loads(text)
    if form == "ini":
        parser = configparser.RawConfigParser()
        parser.read_string(text)
        return {name: dict(parser[name]) for name in parser.sections()}
    if form == "properties":
        return javaproperties.loads(text)
    if form == "dotenv":
        from io import StringIO

        return dotenv_values(stream=StringIO(text), interpolate=False)
    return [(*node.attrib.values(), node.text) for node in ET.fromstring(text).iter()]


def _texts(tree: Any) -> list[str]:
    """Return all texts of a tree in the order of the file."""
    if isinstance(tree, str):
        return [tree]
    if isinstance(tree, dict):
        return [text for value in tree.values() for text in _texts(value)]
    if isinstance(tree, (list, tuple)):
        return [text for value in tree for text in _texts(value)]
    return []


@pytest.mark.parametrize("form", formats.FORMATS)
@given(values=st.dictionaries(_KEY, _TEXT, min_size=1, max_size=4), new=_NEW, which=st.integers(0))
def test_the_real_reader_sees_the_new_value_and_all_others(
    form: str, values: dict[str, str], new: str, which: int
) -> None:
    text = getattr(_Made, form)(values)
    document = formats.module(form).read(text)
    numbers = [at for at, scalar in enumerate(document.scalars) if scalar.style != "number"]
    number = which % len(numbers)
    try:
        after = _rewritten(text, form, {numbers[number]: new})
    except DocumentError:
        # A plain text of YAML can be all but what it would have to be quoted for.
        assert form == "yaml"
        assert yaml.safe_dump([new]) != f"- {new}\n" or new.endswith(":") or "[" in new
        return
    expected = _texts(_read(text, form))
    expected[number] = new
    assert _texts(_read(after, form)) == expected


_ALPHABETS = {
    "json": '{}[]:,"\\/*\n\ta1é',
    "yaml": "{}[]:,\"'\\#&*!|>-?<%=. \n\r\ta1é\ufeff",
    "toml": "{}[].,=\"'\\#\n\r\t a1é",
    "ini": "[]=:;#% \n\r\ta1é",
    "properties": "=:#!\\ \n\r\t\fu0aé",
    "dotenv": "='\"\\#$ \n\r\ta1é",
    "xml": "<>/=\"'&;#x!-[]? \n\r\ta1é",
}


@pytest.mark.parametrize("form", formats.FORMATS)
@given(data=st.data())
def test_any_text_is_read_or_refused_and_each_value_too(form: str, data: st.DataObject) -> None:
    text = data.draw(st.text(st.sampled_from(_ALPHABETS[form]), max_size=30))
    if form == "xml":
        text = f"<a>{text}</a>"
    try:
        document = formats.module(form).read(text)
    except DocumentError:
        return
    assert _rewritten(text, form, {}) == text
    for number in range(len(document.scalars)):
        try:
            after = _rewritten(text, form, {number: "h"})
        except DocumentError:
            continue
        assert formats.module(form).read(after).scalars[number].value == "h"


# --- encodings ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "data"),
    [
        ("json", "\ufeff{}".encode()),
        ("xml", "\ufeff<a/>".encode("utf-16-le")),
        ("yaml", "\ufeffa: b".encode("utf-16-be")),
        ("xml", '<?xml version="1.0" encoding="ISO-8859-1"?><a b="é"/>'.encode("latin-1")),
        ("properties", "a=é".encode("latin-1")),
        ("ini", "[a]\nb=é".encode("latin-1")),
    ],
)
def test_an_encoding_is_kept(form: str, data: bytes) -> None:
    text, written = encoding.decode(data, form)
    assert written.encode(text) == data
    assert not text.startswith("\ufeff")


@pytest.mark.parametrize(
    ("form", "data", "line"),
    [
        ("yaml", b"a: 1\nb: \xff", 2),
        ("json", b"\xff\xfe\x00", None),
        ("xml", b'<?xml version="1.0" encoding="rot13"?><a/>', None),
        ("xml", b'<?xml version="1.0" encoding="none-such"?><a/>', None),
        ("toml", b"\x7fELF\x00\x00", None),
    ],
)
def test_what_is_no_text_is_refused(form: str, data: bytes, line: int | None) -> None:
    with pytest.raises(DocumentError) as error:
        encoding.decode(data, form)
    assert error.value.line == line


@pytest.mark.parametrize(
    "row", [row for row in VECTORS["rendered"] if row["format"] == "yaml"], ids=_id
)
def test_yaml_without_libyaml(
    row: dict[str, Any], pretend: Pretend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PyYAML has a parser of its own, for systems without the library."""
    monkeypatch.delattr(yaml, "CSafeLoader")
    pretend("bridge", answers=ANSWERS)
    assert render.rendered(row["text"].encode(), "yaml", "file").decode() == row["after"]

"""Settings of every broken kind: one documented error, which names what to correct."""

from __future__ import annotations

import os
import subprocess
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import hostshift
from hostshift import InvalidAddressError, Policy, SettingError
from hostshift.config import settings
from hostshift.config.places import MapRule, Place

if TYPE_CHECKING:
    from collections.abc import Callable

    from hostshift_pytest import Pretend

OWN, SHARED = "hostshift.toml", "pyproject.toml"
TABLE = b"[tool.hostshift]\n"
SECRET = "Tr0ub4dor"
LONG_KEY = "a key of more than 30"
QUOTED = b".".join([b'"!"'] * 20_000) + b" = 1"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


BROKEN: dict[str, tuple[bytes, str]] = {
    "latin-1": (b'compose_file = "caf\xe9.yaml"\n', "is not UTF-8 (at byte"),
    "a table where a value belongs": (b"map = { a = 1 }\n", "expected a comma list of from=to"),
    "a table in a list": (b"keep = [{ a = 1 }]\n", "expected a comma list of hosts"),
    "a list where a word belongs": (b'mode = ["off"]\n', "expected one of on, report, off"),
    "a number where a list belongs": (b"sources = 3\n", "expected a comma list of engine"),
    "a date": (b"host_address = 1979-05-27\n", "expected a host name"),
    "a date that is none": (b"budget = 2025-02-30T00:00:00\n", "TOML"),
    "a flag for a number": (b"budget = true\n", "expected a number of seconds"),
    "not a number": (b"budget = nan\n", "expected a number of seconds"),
    "without end": (b"budget = inf\n", "expected a number of seconds"),
    "very many digits": (b"budget = 0x" + b"f" * 9000 + b"\n", "expected a number of seconds"),
    "more digits than are read": (b"budget = " + b"9" * 9000 + b"\n", "cannot be read"),
    "a NUL in a path": (b'topology_file = "a\\u0000b"\n', "expected the path of a file"),
    "duplicate keys": (b'mode = "on"\nmode = "off"\n', "is not TOML"),
    "lists in lists": (b"map = " + b"[" * 50_000, "is nested too deep"),
    "tables in tables": (b"map = " + b"{a=" * 50_000, "is nested too deep"),
    "a key of very many parts": (b"a" + b".a" * 60_000 + b" = 1\n", LONG_KEY),
    "the same in a table": (b"map = {a" + b".a" * 60_000 + b" = 1}\n", LONG_KEY),
    "the same in quotes": (QUOTED + b"\n", LONG_KEY),
    "in other quotes": (b" . ".join([b"''"] * 20_000) + b" = 1\n", LONG_KEY),
    "in all of them": (b'a . "\\" b" . \'c d\'. -_.' * 10_000 + b"z = 1\n", LONG_KEY),
    "as a table's name": (b"[" + QUOTED.partition(b" ")[0] + b"]\n", LONG_KEY),
    "behind a long text": (b'map = [ """a"""" , {' + QUOTED + b"}]\n", LONG_KEY),
    "behind the end of one": (b'map = [ """\n it"s """, {' + QUOTED + b"}]\n", LONG_KEY),
    "behind quotes in quotes": (b"map = [ '\"', {" + QUOTED + b"}]\n", LONG_KEY),
    "longer than is read": (b"# x\n" * 300_000, "is longer than 1 MiB"),
    "no setting": (b"prefers = 1\n", "did you mean prefer?"),
    "bytes": (bytes(range(256)), "is not"),
}


@pytest.mark.parametrize("name", [OWN, SHARED])
@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_file_is_one_error_that_names_it(kind: str, name: str, project: Path) -> None:
    content, why = BROKEN[kind]
    (project / name).write_bytes(content if name == OWN else TABLE + content)
    with pytest.raises(SettingError) as caught:
        settings.load()
    assert str(project / name) in str(caught.value)
    assert why in str(caught.value)
    assert (caught.value.__context__, caught.value.__cause__) == (None, None)


DOTS = {
    "a text": b'x = "' + b"a.b." * 5000 + b'"\n',
    "a text in quotes": b"""x = '"a"."b".' # """ + b'"a".' * 5000 + b"\n",
    "versions": b"x = [" + b'"1.2.3", ' * 5000 + b"1.5, 1.5]\n",
    "a long text": b'x = """\n' + b"'a'.'b'." * 5000 + b'\n"a.b".' * 50 + b'"""\n',
    "one of parts": b"x = '''\n" + b'"a"."b".' * 5000 + b"'''\n",
    "a key": b"x." + b'"a b".' * 28 + b"z = 1\n",
}


@pytest.mark.parametrize("kind", DOTS)
def test_any_number_of_dots_may_stand_in_a_value(kind: str, project: Path) -> None:
    text = b"[tool.else]\n" + DOTS[kind] + TABLE + b'mode = "report"\n'
    (project / SHARED).write_bytes(text)
    assert settings.load() == Policy(mode="report")


@pytest.mark.parametrize(
    "content",
    [
        b'[tool]\nhostshift = "off"\n',
        b"[tool]\nhostshift = 3\n",
        b'[[tool.hostshift]]\nmode = "off"\n',
    ],
)
def test_something_else_than_a_table(content: bytes, project: Path) -> None:
    (project / SHARED).write_bytes(content)
    with pytest.raises(SettingError, match=r"write \[tool\.hostshift\]"):
        settings.load()


@pytest.mark.parametrize(
    "content",
    [b'tool = "hostshift"\n', b"tool = 1 # hostshift\n", b"# hostshift \xff\n", b"hostshift = [\n"],
)
def test_a_pyproject_without_a_table_of_ours_is_left_to_others(
    content: bytes, project: Path
) -> None:
    (project / SHARED).write_bytes(content)
    assert settings.load() == Policy()


def _directory(path: Path) -> None:
    path.mkdir()


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


ODD: dict[str, Callable[[Path], None]] = {"directory": _directory, "pipe": _pipe}


@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_file_is_an_error_and_never_waited_for(kind: str, project: Path) -> None:
    ODD[kind](project / OWN)
    with pytest.raises(SettingError, match="put a TOML file in its place"):
        settings.load()


@pytest.mark.parametrize("kind", [*ODD, "device"])
def test_in_the_place_of_a_pyproject_it_is_said_and_does_not_count(
    kind: str, project: Path, caplog: pytest.LogCaptureFixture
) -> None:
    {**ODD, "device": _device}[kind](project / SHARED)
    assert settings.load() == Policy()
    assert SHARED in caplog.text


def test_a_device_is_not_read(project: Path) -> None:
    """It would never end: it is not even opened."""
    _device(project / OWN)
    with pytest.raises(SettingError, match="put a TOML file in its place"):
        settings.load()


def test_others_files_are_not_parsed(project: Path) -> None:
    """Whoever may write to a directory above could stop everybody below it."""
    for content in (b"map = " + b"[" * 50_000, b"\xff", b"a" + b".a" * 60_000 + b" = 1\n"):
        (project / OWN).write_bytes(content)
        (project / OWN).chmod(0o666)
        assert settings.load() == Policy()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to other users")
@pytest.mark.parametrize("kind", [*ODD, "device"])
@pytest.mark.parametrize("name", [OWN, SHARED])
def test_nor_does_it_stop_anybody_what_a_stranger_puts_there(
    kind: str, name: str, project: Path
) -> None:
    {**ODD, "device": _device}[kind](project / name)
    os.chown(project / name, 12345, 12345, follow_symlinks=False)
    for mode in (0o755, 0o777, 0o1777):
        project.chmod(mode)
        assert settings.load() == Policy()


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone can become another user")
@pytest.mark.parametrize("name", [OWN, SHARED])
def test_a_link_to_where_this_user_may_not_look(
    name: str, project: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is not absent: what it holds may decide."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "settings").write_text('[tool.hostshift]\nmode = "off"\n', encoding="utf-8")
    (project / name).symlink_to(closed / "settings")
    for place in (project, *project.parents[:4]):
        place.chmod(0o755)
    os.seteuid(65534)
    try:
        if name == OWN:
            with pytest.raises(SettingError, match="let this user read it"):
                settings.load()
        else:
            assert settings.load() == Policy()
            assert "settings in it, if there are any, do not count" in caplog.text
    finally:
        os.seteuid(0)


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone can become another user")
def test_a_working_directory_into_which_this_user_may_not_look(
    project: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As after ``su``: nothing stops, and a warning says that the settings do not count."""
    (project / OWN).write_text('mode = "off"\n', encoding="utf-8")
    project.chmod(0o700)
    os.seteuid(65534)
    try:
        assert settings.load() == Policy()
    finally:
        os.seteuid(0)
    assert "this user may not look into it" in caplog.text


AS_NOBODY = """
import os
from hostshift import SettingError
from hostshift.config import model, settings, settings_file
os.setgid(65534); os.setuid(65534)  # who may not read the modules, either
try:
    print(settings.load())
except SettingError as error:
    print("SettingError", error)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone can become another user")
@pytest.mark.parametrize(("name", "shown"), [(OWN, "SettingError"), (SHARED, "Policy(mode='on'")])
def test_a_file_that_this_user_may_not_read(name: str, shown: str) -> None:
    """Root's is believed: where it is all ours it cannot be passed over."""
    with TemporaryDirectory() as directory:  # others may not enter pytest's own
        project = Path(directory)
        project.chmod(0o755)
        (project / name).write_bytes(b'mode = "off"\n' if name == OWN else TABLE)
        (project / name).chmod(0o600)
        ran = subprocess.run(
            [sys.executable, "-c", AS_NOBODY],
            cwd=project,
            capture_output=True,
            text=True,
            check=True,
        )
    assert ran.stdout.startswith(shown)
    assert str(project / name) in ran.stdout + ran.stderr
    assert "let this user read it" in ran.stdout + ran.stderr


def test_no_word_of_a_pyproject_that_is_not_there(
    project: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "hostshift")
    assert settings.load() == Policy()
    assert project.is_dir()
    assert caplog.text == ""


# --- names and values of variables --------------------------------------------------------------


@pytest.mark.parametrize("name", ["hostshift_mode", "Hostshift_Mode", "HOSTSHIFT_MODE"])
@pytest.mark.parametrize("beside", [{}, {"HOSTSHIFT_BUDGET": "2"}])
def test_a_name_counts_in_any_case_and_alone(
    name: str, beside: dict[str, str], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "report")
    for other, value in beside.items():
        monkeypatch.setenv(other, value)
    assert project.is_dir()
    assert settings.load().mode == "report"


def test_of_two_that_set_the_same_the_one_in_capitals_counts(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("hostshift_mode", "HOSTSHIFT_MODE", "Hostshift_MODE"):
        monkeypatch.setenv(name, "off" if name.isupper() else "report")
    assert project.is_dir()
    assert settings.load().mode == "off"


SECRETS = {
    "map": f"postgresql://u:{SECRET}@h/x",
    "keep": f"Server=db;Password={SECRET}",
    "mode": f"mysql://root:{SECRET}@h/x",
    "sources": f"host=db password={SECRET}",
    "host_address": f"redis://:{SECRET}@cache",
    "budget": f"token={SECRET}",
    "isolation": f"amqp://a:{SECRET}@mq/",
    "env": f"a b?token={SECRET}",
    "strict": f"https://{SECRET}@h",
}


def _chain(error: BaseException) -> str:
    """Return all that a traceback of an error shows, and what else is tied to it."""
    shown = "".join(traceback.format_exception(error)) + repr(error)
    tied = [error.__context__, error.__cause__]
    return shown + "".join(repr(one) + str(getattr(one, "errors", "")) for one in tied if one)


@pytest.mark.parametrize("name", SECRETS)
def test_no_secret_of_a_variable_is_in_the_chain(
    name: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"HOSTSHIFT_{name.upper()}", SECRETS[name])
    assert project.is_dir()
    with pytest.raises(SettingError) as caught:
        settings.load()
    assert caught.value.__context__ is None
    assert SECRET not in _chain(caught.value)
    assert f"HOSTSHIFT_{name.upper()}" in str(caught.value)


@pytest.mark.parametrize("name", SECRETS)
def test_no_secret_of_an_argument_is_in_the_chain(name: str) -> None:
    for value in (SECRETS[name], (SECRETS[name],), [SECRETS[name]]):
        with pytest.raises(SettingError, match=name) as caught:
            Policy(**{name: value})  # type: ignore[arg-type]
        assert caught.value.__context__ is None
        assert SECRET not in _chain(caught.value)


ARGUMENTS: list[Any] = [
    ("sources", ("gossip",)),
    ("sources", ("dns", 3)),
    ("sources", None),
    ("map", ("orders=db", 5)),
    ("map", ("orders",)),
    ("map", {"orders": "db"}),
    ("keep", (True,)),
    ("keep", (70_000,)),
    ("keep", ("a b",)),
    ("keep", (Place(host=5, port=None),)),  # type: ignore[arg-type]
    ("keep", (Place(host="cache", port="6379"),)),  # type: ignore[arg-type]
    ("map", (MapRule(source="orders", goal="db"),)),  # type: ignore[arg-type]
    ("map", (MapRule(source=Place(host="orders", port=None), goal=None),)),  # type: ignore[arg-type]
    ("mode", None),
    ("mode", ("on",)),
    ("prefer", 1),
    ("probe", b"auto"),
    ("strict", "maybe"),
    ("strict", None),
    ("strict", 2),
    ("budget", float("nan")),
    ("budget", float("inf")),
    ("budget", None),
    ("budget", True),
    ("budget", "soon"),
    pytest.param("budget", 10**5000, id="budget of very many digits"),
    ("host_address", 5),
    ("host_address", "a:1"),
    ("host_address", "5432"),
    ("host_address", "10.1"),
    ("map", ("localhost:5432=6432",)),
    ("map", ("localhost:5432=6432:5432",)),
    ("map", (MapRule(source=Place(host="a", port=None), goal=Place(host="0x1", port=1)),)),
    ("compose_file", 3),
    ("compose_file", b"compose.yaml"),
    ("topology_file", "a\0b"),
    ("isolation", ("docker",)),
    ("network", "bridge"),
    ("naming", 0),
    ("env", ("A=B",)),
    ("env", 7),
]


@pytest.mark.parametrize(("name", "value"), ARGUMENTS)
def test_an_argument_of_policy_is_checked_as_a_variable_is(name: str, value: object) -> None:
    with pytest.raises(SettingError, match=f"^Policy: {name} = .* is not allowed: expected "):
        Policy(**{name: value})  # type: ignore[arg-type]


def test_what_policy_takes_as_settings_take_it() -> None:
    found = Policy(
        strict="true",  # type: ignore[arg-type]
        map=("orders:1=db:2", "a=b"),
        keep=(3306, "cache"),
        sources=("DNS", "engine"),
        compose_file=Path("deploy/compose.yaml"),
        env=("ONE", "TWO_*"),
        host_address="",
    )
    assert found == Policy(
        strict=True,
        map="orders:1=db:2,a=b",
        keep="3306,cache",
        sources="dns,engine",
        compose_file="deploy/compose.yaml",
        env="ONE,TWO_*",
    )
    assert found.replace(mode="off").replace(mode="on") == found


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.tuples(inner) | st.dictionaries(st.text(), inner)
    ),
    max_leaves=5,
)


@given(st.sampled_from(Policy._fields), ANYTHING)
def test_whatever_is_given_policy_raises_nothing_else(name: str, value: object) -> None:
    with suppress(SettingError):
        hash(Policy(**{name: value}))  # type: ignore[arg-type]


@given(st.binary(max_size=60) | st.text(max_size=40).map(str.encode))
def test_whatever_a_file_holds_load_raises_nothing_else(content: bytes) -> None:
    with TemporaryDirectory() as directory:
        for name, data in ((SHARED, TABLE + content), (OWN, content)):
            path = Path(directory, name)
            path.write_bytes(data)
            with suppress(SettingError):
                assert settings.settings_file(directory) is not None


# --- addresses ----------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["host", "bridge"])
@pytest.mark.parametrize(
    "port", [65_536, 0, -1, "9092", None, True, 80.0, pytest.param(10**5000, id="very many digits")]
)
def test_a_port_that_is_none_is_the_same_error_everywhere(
    port: Any, place: str, pretend: Pretend
) -> None:
    pretend(place)
    with pytest.raises(InvalidAddressError, match="expected an int from 1 to 65535"):
        hostshift.resolve_address("localhost", port)


@pytest.mark.parametrize("place", ["host", "bridge"])
@pytest.mark.parametrize("host", [None, b"localhost", 5, ["localhost"]])
def test_a_host_that_is_none_is_too(host: Any, place: str, pretend: Pretend) -> None:
    pretend(place)
    with pytest.raises(ValueError, match="expected a host name"):
        hostshift.resolve_address(host, 9092)

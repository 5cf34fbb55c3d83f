"""What is shown of a text that was given and is wrong."""

from __future__ import annotations

import string
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import hostshift
from hostshift.base import redaction
from hostshift.cli import main

SECRET = "S3cr3tXYZ"
URL = f"postgresql://u:{SECRET}@db:5432/x"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("maybe", "'xxxxx'"),
        ("localhost:5432=db:99999", "'xxxxxxxxx:9999=xx:99999'"),
        ("Ünï-٣", "'xxx-9'"),
        ("a\nb\x7f", "'xxxx'"),
        ("", "''"),
        ("x" * 41, "a text of 41 characters"),
    ],
)
def test_a_shape(text: str, expected: str) -> None:
    assert redaction.shape(text) == expected


@given(st.text(string.ascii_letters + string.digits, min_size=3))
def test_no_run_of_letters_or_digits_survives_in_a_shape(secret: str) -> None:
    shown = redaction.shape(f"a://b:{secret}@c")
    assert secret not in shown or set(secret) <= set("x9")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("/srv/shop/prod.env", "shop/prod.env"),
        ("prod.env", "prod.env"),
        ("/a b/c d", "/a b/c d"),
        ("/dev/null", "/dev/null"),
        ("/x", "/x"),
        (URL, redaction.shape(URL)),
        (f"{SECRET}@db", redaction.shape(f"{SECRET}@db")),
        ("/", "'/'"),
    ],
)
def test_a_path_is_shown_as_its_last_two_parts(given: str, expected: str) -> None:
    assert redaction.path(given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("--jsn", "--jsn"),
        (f"--file={SECRET}", f"--file={redaction.shape(SECRET)}"),
        (f"--{SECRET}", redaction.shape(f"--{SECRET}")),
    ],
)
def test_an_option_is_shown_without_its_value(given: str, expected: str) -> None:
    assert redaction.option(given) == expected


WRONG = [
    [URL],
    ["explain", "a", URL],
    ["resolve", "a", URL],
    ["resolve", "a", f"--foo={URL}"],
    ["resolve", f"--d={URL}", "a"],
    ["topology", URL],
    ["topology", "--save", "a", URL],
    ["vantage", URL],
    ["vantage", "--root", URL],
    ["vantage", "--root", f"{SECRET}@x"],
    ["vantage", "--capture", f"/proc/self/{SECRET}@x"],
    ["env", URL],
    ["env", "--format", URL],
    ["env", "--file", URL],
    ["env", f"--file={SECRET}:x"],
    ["explain", f"--json={URL}", "a"],
    ["explain", "--dialect", URL, "a"],
    ["exec", URL],
    ["exec", f"--foo={URL}", "--", "true"],
    ["exec", f"--{SECRET}", "--", "true"],
    ["exec", "--env-file", URL, "--", "true"],
    ["exec", "--wait", URL, "--", "true"],
    ["exec", "--wait", f"A={SECRET}", "--", "true"],
]


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_the_command_does_not_repeat_what_was_given(arguments: list[str], tmp_path: Path) -> None:
    """A connection string in the place of a command, an option or a file."""
    command = Path(sys.executable).with_name("hostshift")
    ran = subprocess.run(
        [command, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode != 0
    assert ran.stderr
    assert SECRET not in ran.stdout + ran.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["reslove", "x"], "there is no such choice (choose from"),
        (["explain", "x", "--jsn"], "unrecognized arguments: --jsn"),
        (["explain", "x", "--json=y"], "it takes no value"),
        (["explain"], "required: TEXT"),
    ],
)
def test_what_is_wrong_is_said_all_the_same(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert said in capsys.readouterr().err


POLICIES = [
    *({name: SECRET} for name in ("mode", "prefer", "probe", "budget", "sources", "isolation")),
    *({name: URL} for name in ("map", "keep", "host_address", "network", "naming", "env")),
    {"map": f"Server=db;Password={SECRET}"},
    {"map": f"localhost={SECRET}:99999"},
    {"keep": f"{SECRET}:99999"},
    {"keep": (f"{SECRET} x",)},
    {"sources": ("engine", SECRET)},
    {"env": f"A={SECRET}"},
]


@pytest.mark.parametrize("keywords", POLICIES, ids=repr)
@pytest.mark.parametrize("by", ["argument", "variable"])
def test_a_setting_that_is_refused_is_shown_as_its_shape(
    keywords: dict[str, str], by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ((name, value),) = keywords.items()
    if by == "variable":
        text = value if isinstance(value, str) else ",".join(value)
        monkeypatch.setenv(f"HOSTSHIFT_{name.upper()}", text)
        keywords = {}
    with pytest.raises(hostshift.SettingError) as caught:
        hostshift.config.settings.load() if by == "variable" else hostshift.Policy(**keywords)  # type: ignore[arg-type]
    assert SECRET not in _all_of(caught.value)


def _all_of(error: BaseException | None) -> str:
    """Return all that an error and those that it came from hold."""
    parts = []
    while error is not None:
        parts += [repr(error), str(error), repr(vars(error))]
        error = error.__cause__ or error.__context__
    return "\n".join(parts)


def test_a_word_of_a_few_has_a_nearest() -> None:
    with pytest.raises(hostshift.SettingError, match="did you mean report"):
        hostshift.Policy(mode="reprt")


def test_a_dialect_that_does_not_exist() -> None:
    with pytest.raises(hostshift.UnknownDialectError) as caught:
        hostshift.resolve("a", dialect=URL)
    assert SECRET not in _all_of(caught.value)

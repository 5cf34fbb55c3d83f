"""The command: what it prints, where, and how it ends."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hostshift import Policy
from hostshift.cli import main

if TYPE_CHECKING:
    from hostshift_pytest import Pretend

TEXT = "postgresql://app:s3cret@localhost:5432/shop"
COMMAND = Path(sys.executable).with_name("hostshift")


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_resolve_prints_the_answer_and_nothing_else(
    pretend: Pretend, capsys: pytest.CaptureFixture[str]
) -> None:
    pretend("bridge", answers=["172.17.0.1:5432"])
    assert _run(capsys, "resolve", TEXT) == (0, TEXT.replace("localhost", "172.17.0.1") + "\n", "")


def test_a_dialect(pretend: Pretend, capsys: pytest.CaptureFixture[str]) -> None:
    pretend("host", policy=Policy(map="localhost=db"))
    assert _run(capsys, "resolve", "--dialect", "hosts", "localhost")[1] == "db\n"
    code, _, error = _run(capsys, "resolve", "--dialect", "klingon", "localhost")
    assert code == 2
    assert "the dialects are" in error


def test_explain(pretend: Pretend, capsys: pytest.CaptureFixture[str]) -> None:
    pretend("bridge+host-gateway")
    code, out, err = _run(capsys, "explain", TEXT)
    assert (code, err) == (0, "")
    for part in ("host.docker.internal:5432", "assumed", "nothing responded", "isolation docker"):
        assert part in out


def test_explain_as_json(pretend: Pretend, capsys: pytest.CaptureFixture[str]) -> None:
    pretend("bridge+host-gateway")
    found = json.loads(_run(capsys, "explain", "--json", TEXT)[1])
    assert found["decisions"][0]["after"]["host"] == "host.docker.internal"


def test_vantage(pretend: Pretend, capsys: pytest.CaptureFixture[str]) -> None:
    pretend("user-network")
    assert "172.18.0.1" in _run(capsys, "vantage")[1]
    found = json.loads(_run(capsys, "vantage", "--json")[1])
    assert found["isolation"] == "docker"
    assert found["network"] == "own"
    assert found["naming"] == "docker"
    assert found["host_address"] == ["172.18.0.1"]
    assert found["evidence"] == []


def test_the_log_goes_to_standard_error_when_asked_for(
    pretend: Pretend, capsys: pytest.CaptureFixture[str]
) -> None:
    pretend("bridge", answers=["172.17.0.1:5432"])
    _, out, err = _run(capsys, "-v", "resolve", TEXT)
    assert out.count("\n") == 1
    assert "HOSTSHIFT_MAP=" in err


@pytest.mark.parametrize(
    ("given", "text"), [(TEXT + "\n", TEXT), (TEXT + "\r\n", TEXT), (TEXT, TEXT)]
)
def test_text_from_standard_input(
    given: str,
    text: str,
    pretend: Pretend,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pretend("host")
    monkeypatch.setattr("sys.stdin", io.StringIO(given))
    assert _run(capsys, "resolve", "-")[1] == text + "\n"


def test_strict_ends_with_1(pretend: Pretend, capsys: pytest.CaptureFixture[str]) -> None:
    pretend("bridge", policy=Policy(strict=True))
    code, out, err = _run(capsys, "resolve", TEXT)
    assert (code, out) == (1, "")
    assert "STRICT" in err
    assert "s3cret" not in err


def test_the_installed_command() -> None:
    done = subprocess.run(
        [COMMAND, "resolve", "redis://db.example.com/0"],
        capture_output=True,
        check=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == ("redis://db.example.com/0\n", "")


def test_a_bad_setting_ends_with_2() -> None:
    done = subprocess.run(
        [COMMAND, "resolve", TEXT],
        capture_output=True,
        check=False,
        text=True,
        env={"HOSTSHIFT_MODE": "maybe"},
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        "hostshift: HOSTSHIFT_MODE = 'xxxxx' is not allowed: expected one of on, report, off\n"
    )


def test_wrong_arguments_end_with_2() -> None:
    done = subprocess.run([COMMAND, "reslove"], capture_output=True, check=False, text=True)
    assert done.returncode == 2
    assert "usage: hostshift" in done.stderr


@pytest.mark.parametrize("command", ["resolve", "explain"])
def test_standard_input_without_an_end(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that is read to its end takes all memory."""
    with Path("/dev/zero").open(encoding="utf-8") as endless:
        monkeypatch.setattr("sys.stdin", endless)
        assert main([command, "-"]) == 2
    assert "standard input cannot be read: it has more than" in capsys.readouterr().err
    whole = "x" * (1 << 20)
    monkeypatch.setattr("sys.stdin", io.StringIO(whole))
    assert main(["resolve", "-"]) == 0
    assert capsys.readouterr().out == f"{whole}\n"

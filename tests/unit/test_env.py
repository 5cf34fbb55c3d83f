"""`hostshift env`: printed for a shell, a .env file or a program."""

from __future__ import annotations

import json
import subprocess
from io import StringIO
from typing import TYPE_CHECKING

import pytest
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st

from hostshift import Policy
from hostshift.cli import env, main

if TYPE_CHECKING:
    from pathlib import Path

    from hostshift_pytest import Pretend

URL, AFTER = "postgresql://u:it's $x@localhost:5432/d", "postgresql://u:it's $x@db:1/d"
MOVED = Policy(map="localhost:5432=db:1")


@pytest.fixture(autouse=True)
def _moved(pretend: Pretend) -> None:
    pretend("bridge", policy=MOVED)


def _printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["env", *words]) == 0
    return capsys.readouterr().out


def test_for_a_shell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what has another value; a shell takes it back whole."""
    monkeypatch.setenv("SHOP_URL", URL)
    monkeypatch.setenv("PUBLIC_URL", "http://localhost:5432")
    printed = _printed(capsys)
    assert printed.count("\n") == 1
    script = f'{printed}printf %s "$SHOP_URL"'
    ran = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout == AFTER


def test_a_file_is_printed_whole(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "plain.env").write_text("SHOP_URL='postgresql://localhost:5432/d'\nDEBUG=1\n")
    file = tmp_path / "plain.env"
    told = {"SHOP_URL": "postgresql://db:1/d", "DEBUG": "1"}
    assert json.loads(_printed(capsys, "--file", str(file), "--format", "json")) == told
    again = tmp_path / "again.env"
    again.write_text(_printed(capsys, "--file", str(file), "--format", "dotenv"))
    assert dotenv_values(again) == told


def test_a_file_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["env", "--file", "none.env"]) == 2
    assert capsys.readouterr().err == "hostshift: none.env: there is no such file\n"


VALUES = st.text(
    st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="$"), max_size=30
)


@given(VALUES)
def test_what_is_written_is_read_back(value: str) -> None:
    """By dotenv's parser."""
    assert dotenv_values(stream=StringIO(env.written({"A": value}, "dotenv"))) == {"A": value}

"""`hostshift env`: printed for a shell, a .env file or a program."""

from __future__ import annotations

import json
import subprocess
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st

from hostshift import Policy
from hostshift.cli import env, main

if TYPE_CHECKING:
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
    assert capsys.readouterr().err == "hostshift: none.env does not exist: name a .env file\n"


VALUES = st.text(
    st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="$"), max_size=30
)


@given(VALUES)
def test_what_is_written_is_read_back(value: str) -> None:
    """By dotenv's parser."""
    assert dotenv_values(stream=StringIO(env.written({"A": value}, "dotenv"))) == {"A": value}


# --- names and values that cannot be held -------------------------------------------------------

ODD_NAMES = (
    *("A;touch pwned;B", "A$(touch pwned)", "A`touch pwned`", "A\ntouch pwned\nB", "A B", "a-b"),
    *(
        "a.b",
        "1A",
        "",
        "ÄPFEL",
        "A=B",
        "A'",
        "-n",
        "--",
        "A|touch pwned",
        "A&touch pwned&",
        "A>pwned",
    ),
    *("A\0B", "mysql://u:s3cret@h/d", "A\\B", "!A", "A{a,b}", "*", "A[$(touch pwned)]"),
)


@pytest.mark.parametrize("name", ODD_NAMES)
@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_a_name_that_is_none_is_no_code(
    name: str, shell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    printed = env.written({name: "x", "GOOD_1": "y", "_g": "z"}, "shell")
    script = 'eval "$(cat given)"; printf %s "$GOOD_1$_g"'
    (tmp_path / "given").write_text(printed)
    ran = subprocess.run(
        [shell, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert (ran.stdout, ran.stderr) == ("yz", "")
    assert [path.name for path in tmp_path.iterdir()] == ["given"]
    said = capsys.readouterr().err
    assert said.startswith("hostshift: 1 variable is left out")
    assert "s3cret" not in said
    assert "touch" not in said


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_name_that_is_none_is_no_other_variable(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Readers of .env files take a point and a dash as well."""
    printed = env.written({name: "x", "GOOD": "y"}, "dotenv")
    found = dotenv_values(stream=StringIO(printed))
    taken = name in ("a.b", "a-b")
    assert found == ({name: "x", "GOOD": "y"} if taken else {"GOOD": "y"})
    assert bool(capsys.readouterr().err) is not taken


def test_the_commands_variables_are_checked_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("A;touch pwned;B", URL)
    monkeypatch.setenv("C d", URL)
    assert main(["env"]) == 0
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("\n")) == ("\n", 1)
    assert "2 variables are left out, because a shell cannot hold" in printed.err
    file = tmp_path / "odd.env"
    file.write_text("'A;touch pwned'=x\n")
    assert main(["env", "--file", str(file)]) == 0
    assert capsys.readouterr().out == "\n"


VALUES_OF_ALL_KINDS = st.text(st.characters(blacklist_categories=["Cs"]), max_size=30)


@given(VALUES_OF_ALL_KINDS)
def test_a_shell_reads_every_value_back(value: str) -> None:
    """One with a NUL is left out."""
    printed = env.written({"A": value}, "shell")
    script = f'{printed}\nprintf %s "${{A-none}}"'
    if "\0" in value:
        assert printed == ""
        return
    ran = subprocess.run(["sh", "-c", script], capture_output=True, check=True)
    assert ran.stdout.decode() == value


VALUES_WITH_DOLLARS = st.lists(
    st.sampled_from(["$", "${", "}", "{", ":-", "OLD", "\\", "'", '"', "x"]), max_size=8
).map("".join)


@given(VALUES_OF_ALL_KINDS | VALUES_WITH_DOLLARS)
def test_a_reader_of_files_reads_every_value_back(value: str) -> None:
    """One that it would read in another way is left out."""
    printed = env.written({"A": value, "B": "b", "OLD": "o"}, "dotenv")
    found = dotenv_values(stream=StringIO(printed))
    odd = any(text in value for text in ("\0", "\r", "${"))
    assert found == {**({} if odd else {"A": value}), "B": "b", "OLD": "o"}


def test_no_reader_of_files_puts_another_variable_into_a_value(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """python-dotenv replaces ``${NAME}`` in single quotes, and ``$NAME`` in none."""
    monkeypatch.setenv("PGPASSWORD", "hunter2")
    file = tmp_path / "strange.env"
    lines = (
        "DATABASE_URL=postgresql://app@${X:-${PGPASSWORD}}.evil.test:5432/d",
        "CACHE_URL='redis://:$PGPASSWORD@cache:6379/0'",
    )
    file.write_text("\n".join(lines), encoding="utf-8")
    assert main(["env", "--file", str(file), "--format", "dotenv"]) == 0
    printed = capsys.readouterr()
    found = dotenv_values(stream=StringIO(printed.out))
    assert found == {"CACHE_URL": "redis://:$PGPASSWORD@cache:6379/0"}
    assert "1 variable is left out, because a .env file cannot hold" in printed.err
    assert "DATABASE_URL" in printed.err


@given(st.dictionaries(st.text(max_size=9), st.text(max_size=9)))
def test_json_holds_everything(variables: dict[str, str]) -> None:
    assert json.loads(env.written(variables, "json")) == variables


def test_a_directory_is_no_file_and_is_closed_again(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        assert main(["env", "--file", str(tmp_path)]) == 2
    assert "is no regular file: name a .env file" in capsys.readouterr().err
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_what_stays_is_said_and_the_answer_is_clean(
    pretend: Pretend, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`eval "$(hostshift env)"` shows standard error to whoever starts the program."""
    pretend("bridge")
    monkeypatch.setenv("SHOP_URL", "postgresql://app:s3cret@localhost:5432/d")
    assert main(["env"]) == 0
    printed = capsys.readouterr()
    assert printed.out.strip() == ""
    assert "hostshift: warning: localhost:5432 stays as it is" in printed.err
    assert "HOSTSHIFT_MAP" in printed.err
    assert "s3cret" not in printed.err

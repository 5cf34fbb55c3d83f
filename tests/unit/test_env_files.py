"""Env files that were made to keep hostshift busy: each ends at once, with an error or a value."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from dotenv import dotenv_values

from hostshift.base.deadline import Deadline
from hostshift.cli import env_files
from hostshift.discovery import unread_projects
from hostshift.discovery.budget import Budget
from hostshift.discovery.compose import dotenv
from hostshift.discovery.problems import Problem
from hostshift.errors import EnvironmentFileError

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = 8.0
"""Of processor time. Without limits each of these files takes minutes or hours."""
SIZE = 1_000_000
SLOW = {
    "braces": ("A=" + "${" * (SIZE // 2), "without a }"),
    "braces that end at a colon": ("A=" + "${" * (SIZE // 2) + ":x}", "without a }"),
    "defaults": ("A=" + "${a:-" * (SIZE // 5), "without a }"),
    "braces in quotes": ('A="' + "${\n" * 40_000 + '"', "without a }"),
    "many values with braces": (("A=" + "${" * 1000 + "\n") * (SIZE // 2003), "without a }"),
    "many values with defaults": (("A=" + "${:-" * 1200 + "\n") * 200, "without a }"),
    "many values that end at a colon": (
        ("A=" + "${" * 2500 + ":x}\n") * (SIZE // 5010),
        "without a }",
    ),
    "blanks": ("A=x" + " " * SIZE + "y", "blanks in a row"),
    "tabs": ("A=x" + "\t" * SIZE + "y", "blanks in a row"),
    "odd blanks": ("A=x" + "\x85\x1c\u2003" * (SIZE // 8) + "y", "blanks in a row"),
    "many blanks": (("A=x" + " " * 5000 + "y\n") * (SIZE // 5010), "blanks in a row"),
    "lines": ("A=\n" * (SIZE // 3), "lines"),
    "lines that are none": ("=\n" * (SIZE // 2), "lines"),
    "lines of an old system": ("A=\r" * (SIZE // 3), "lines"),
}


@pytest.mark.parametrize("kind", SLOW)
def test_a_slow_file_ends_at_once(kind: str, tmp_path: Path) -> None:
    text, why = SLOW[kind]
    file = tmp_path / "x.env"
    file.write_text(text, encoding="utf-8", newline="")
    began = time.process_time()
    with pytest.raises(EnvironmentFileError, match=f"x.env cannot be read: .*{why}"):
        env_files.read([str(file)])
    assert time.process_time() - began < SECONDS


@pytest.mark.parametrize("line", ["A=" + "${" * 2000, "A=x" + " " * 8000 + "y"])
def test_slow_values_count_in_all_files_together(line: str, tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.env" for number in range(50)]
    for file in files:
        file.write_text(line, encoding="utf-8")
    assert env_files.read([str(files[0])])
    began = time.process_time()
    with pytest.raises(EnvironmentFileError, match=r"\d+.env cannot be read: it has too many"):
        env_files.read([*map(str, files)])
    assert time.process_time() - began < SECONDS / 2


FINE = {
    "a long text": f"A={'x' * SIZE}",
    "a long text in quotes": f"A='{'x ' * (SIZE // 2)}'",
    "many variables": f"A=1\nB={'${A} ' * 50_000}",
    "many defaults": f"B={'${NONE:-http://x} ' * 20_000}",
    "braces that do not end": "A=${B ${C\nD=x${",
    "braces in JSON": 'A=\'{"a": {"b": "${c}"}}\'',
    "a key": "A='-----BEGIN-----\n" + f"{'x' * 64}\n" * 500 + "'",
    "a table": "".join(f"A{n}={n}{' ' * 80}# a comment\n" for n in range(5000)),
    "lines of Windows": "A=1\r\n" * (env_files.MOST_LINES // 2 + 1000),
    "many lines": "".join(f"A{n}=\n" for n in range(5000)),
}


@pytest.mark.parametrize("kind", FINE)
def test_a_long_file_is_read_as_python_dotenv_reads_it(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "x.env"
    file.write_text(FINE[kind], encoding="utf-8", newline="")
    began = time.process_time()
    found = env_files.read([str(file)])
    assert time.process_time() - began < SECONDS
    assert found == dotenv_values(file)


def test_a_large_environment_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(2000):
        monkeypatch.setenv(f"FILLER_{number}", "x")
    file = tmp_path / "x.env"
    file.write_text("".join(f"A{n}=1\n" for n in range(20_000)), encoding="utf-8")
    began = time.process_time()
    assert len(env_files.read([str(file)])) == 20_000
    assert time.process_time() - began < SECONDS


def test_lines_that_are_no_variables_are_one_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "x.env"
    file.write_text("A=1\n" + "=S3cret\n" * 1000 + "B=2\n", encoding="utf-8")
    assert env_files.read([str(file)]) == {"A": "1", "B": "2"}
    (record,) = caplog.records
    assert record.getMessage().endswith(
        "/x.env: left out what is no NAME=value: line 2, 3, 4, 5, 6, …"
    )


@pytest.mark.parametrize("kind", SLOW)
def test_composes_own_env_file_ends_at_once(kind: str) -> None:
    began = time.process_time()
    with suppress(Problem):
        dotenv.parse(SLOW[kind][0].encode(), {}, {}, Budget(Deadline(10, 10)))
    assert time.process_time() - began < SECONDS


@pytest.mark.parametrize("text", ["\n" * 65_000, "export" + "\n" * 65_000, " \n" * 32_000])
@pytest.mark.parametrize("names", [True, False])
def test_blank_lines_of_an_env_file_that_may_name_a_project(
    text: str, names: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".git").mkdir()
    end = "\n\texport\tCOMPOSE_FILE = x.yaml\n" if names else ""
    (tmp_path / ".env").write_text(text + end, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    began = time.process_time()
    found = unread_projects.find({}, (), described=False)
    assert time.process_time() - began < SECONDS
    assert found == ((str(tmp_path / ".env"),) if names else ())

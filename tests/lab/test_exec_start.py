"""What `hostshift exec` costs before it becomes the command, in instructions.

They are counted by cachegrind, so no load of the machine shows.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests import tables
from tests.lab import shell
from tests.lab.situations.grounds import need
from tests.lab.situations.model import Unavailable

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.machine  # it counts instructions

COUNTER = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
EMPTY = "pass"
BECOMES = """
import os, sys
os.execvpe = lambda *_: os._exit(99)
from hostshift.cli import main
sys.exit(main())
"""
"""The command as it is up to the system call, which would end the count."""
CASES = {
    "exec, nothing to resolve": {"PUBLIC_URL": "http://localhost:8000"},
    "exec, a string resolved": {"DATABASE_URL": "postgresql://app@localhost:5432/app"},
    "exec, a URL by its name": {"OPENAI_BASE_URL": "http://localhost:11434/v1"},
}
MOST = 2


@pytest.fixture(scope="module", autouse=True)
def counter() -> None:
    if not shell.which("valgrind"):
        try:
            need("valgrind", packages=["valgrind"])
        except Unavailable as error:
            pytest.skip(str(error))


def _instructions(program: str, cwd: Path, *words: str, code: int = 0, **env: str) -> int:
    """Count what the interpreter does for a program, when its modules are compiled."""
    command = [sys.executable, "-P", "-c", program, *words]
    environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **env}
    subprocess.run(command, cwd=cwd, env=environment, check=False)
    ran = subprocess.run(
        [*COUNTER, *command], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    found = re.search(r"I +refs: +([0-9,]+)", ran.stderr)
    assert ran.returncode == code, ran.stderr
    assert found, ran.stderr
    return int(found[1].replace(",", ""))


@pytest.mark.parametrize("case", CASES)
def test_it_starts_as_twice_an_empty_program(
    case: str, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    empty = _instructions(EMPTY, tmp_path)
    ours = _instructions(BECOMES, tmp_path, "exec", "--", "true", code=99, **CASES[case])
    more = ours - empty
    line = f"{case:28}{empty / 1e6:8.1f} M  {more / 1e6:+6.1f} M {ours / empty:7.3f}"
    tables.add(pytestconfig, "what it costs: without, more with, ratio", [line])
    assert ours <= MOST * empty

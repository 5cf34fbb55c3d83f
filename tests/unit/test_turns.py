"""Several processes share the tests: what waits for its turn, and what a dead process leaves."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[2]
SETTINGS = """
[pytest]
addopts = --import-mode=importlib --strict-markers
markers =
    lab: lab
    machine: machine
    alone: alone
"""
MODULE = """
import os, signal, time
from pathlib import Path
import pytest
from tests import tables

HERE = Path(__file__).parent

@pytest.fixture(autouse=True)
def span(request, pytestconfig):
    began = time.monotonic()
    yield
    tables.add(pytestconfig, "spans", [f"{request.node.nodeid} {began} {time.monotonic()}"])
"""
TEST = """
{mark}
def test_{name}():
    time.sleep(0.15)
"""
DEADLY = """
def test_deadly():
    with open(HERE / "deaths", "a") as file:
        file.write("one\\n")
    os.kill(os.getpid(), signal.SIGKILL)
"""
MEETING = """
def test_{name}():
    (HERE.parent / "{name}").touch()
    deadline = time.monotonic() + 60
    while not (HERE.parent / "{other}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
"""


class Span(NamedTuple):
    """When a test ran."""

    began: float
    ended: float

    def beside(self, other: Span) -> bool:
        """Return True if both ran at one time."""
        return self.began < other.ended and other.began < self.ended


class Run(NamedTuple):
    """How a run of a small suite went."""

    code: int
    last_line: str
    output: str

    @property
    def spans(self) -> dict[str, Span]:
        """When each test ran, by its name."""
        found = re.findall(r"^(\S+)::test_(\S+) ([0-9.]+) ([0-9.]+)$", self.output, re.MULTILINE)
        return {f"{at}:{name}": Span(float(one), float(two)) for at, name, one, two in found}


def _module(*tests: str) -> str:
    """Write a module of tests; "alone:a" is the test `a` with the marker `alone`."""
    written = []
    for test in tests:
        mark, _, name = test.rpartition(":")
        mark = f"@pytest.mark.{mark}" if mark else ""
        written.append(TEST.format(mark=mark, name=name))
    return MODULE + "".join(written)


def _run(root: Path, modules: dict[str, str], *words: str) -> Run:
    (root / "pytest.ini").write_text(SETTINGS, encoding="utf-8")
    for name, text in modules.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    outside = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    done = subprocess.run(
        [
            sys.executable,
            "-P",
            "-m",
            "pytest",
            "-p",
            "tests.conftest",
            "-p",
            "no:hostshift",
            *words,
        ],
        cwd=root,
        env={**outside, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    return Run(done.returncode, done.stdout.strip().splitlines()[-1], done.stdout + done.stderr)


SUITE = {
    "tests/lab/test_one.py": _module("a", "alone:b", "machine:c", "d"),
    "tests/lab/test_two.py": _module("a", "b", "machine:c"),
    "tests/lab/test_three.py": _module("alone:a", "b"),
    "tests/unit/test_four.py": _module("a", "b", "alone:c"),
    "tests/unit/test_five.py": _module("a", "b", "c", "d", "e"),
}


@pytest.mark.parametrize("processes", ["0", "2", "3"])
def test_each_test_runs_once_and_in_its_turn(tmp_path: Path, processes: str) -> None:
    run = _run(tmp_path, SUITE, "-n", processes)
    assert (run.code, run.last_line.strip("= ").partition(" in ")[0]) == (0, "17 passed"), (
        run.output
    )
    spans = run.spans
    assert len(spans) == 17
    alone = [name for name in spans if name in _ALONE]
    machine = [name for name in spans if name in _MACHINE]
    assert (len(alone), len(machine)) == (3, 2)
    for name in alone:
        others = [other for other in spans if other != name and spans[other].beside(spans[name])]
        assert others == [], name
        ordinary = [span for other, span in spans.items() if other not in alone]
        assert all(span.ended < spans[name].began for span in ordinary), name
    for name in machine:
        beside = [other for other in spans if other != name and spans[other].beside(spans[name])]
        assert [other for other in beside if other.startswith("tests/lab/")] == [], name


_ALONE = ("tests/lab/test_one.py:b", "tests/lab/test_three.py:a", "tests/unit/test_four.py:c")
_MACHINE = ("tests/lab/test_one.py:c", "tests/lab/test_two.py:c")


def test_modules_run_side_by_side(tmp_path: Path) -> None:
    """Each of two tests waits for the other to begin."""
    modules = {
        f"tests/{place}/test_{name}.py": MODULE + MEETING.format(name=name, other=other)
        for place, name, other in (("lab", "here", "there"), ("unit", "there", "here"))
    }
    run = _run(tmp_path, modules, "-n", "2")
    assert run.code == 0, run.output


def test_only_what_waits(tmp_path: Path) -> None:
    modules = {
        "tests/lab/test_one.py": _module("alone:a"),
        "tests/lab/test_two.py": _module("machine:a"),
    }
    run = _run(tmp_path, modules, "-n", "3")
    assert run.code == 0, run.output
    one, two = run.spans["tests/lab/test_one.py:a"], run.spans["tests/lab/test_two.py:a"]
    assert two.ended < one.began


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_test_that_kills_its_process_fails_once_and_the_others_run(
    tmp_path: Path, processes: str
) -> None:
    modules = {
        **SUITE,
        "tests/lab/test_six.py": _module("a", "b") + DEADLY + TEST.format(mark="", name="after"),
    }
    run = _run(tmp_path, modules, "-n", processes)
    assert run.code == 1
    assert run.last_line.strip("= ").partition(" in ")[0] == "1 failed, 20 passed", run.output
    assert "tests/lab/test_six.py::test_deadly" in run.output
    assert (tmp_path / "tests/lab/deaths").read_text(encoding="utf-8").splitlines() == ["one"]


@pytest.mark.parametrize(
    ("words", "counted"),
    [(["-k", "test_four"], "3 passed, 14 deselected"), (["tests/lab/test_two.py"], "3 passed")],
)
def test_a_part_is_a_part(tmp_path: Path, words: Sequence[str], counted: str) -> None:
    run = _run(tmp_path, SUITE, "-n", "2", *words)
    assert run.code == 0, run.output
    assert run.last_line.strip("= ").partition(" in ")[0] in (counted, counted.partition(",")[0])

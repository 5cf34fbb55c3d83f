"""What reading compose files may cost: processor time, memory, and no time of others."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hostshift.discovery.budget import Budget
from hostshift.discovery.compose import yaml_events
from hostshift.discovery.problems import Problem
from tests.unit.compose_cases import SMALL, gap_of, project_root, read, why

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give a project's root."""
    return project_root(tmp_path)


MB = 1 << 20
NESTED = "${TILL:-" * (MB // 10) + "}" * (MB // 10)


def _chain(key: str, count: int = 5000) -> str:
    """Write services of which each extends the one before, and adds an entry."""
    first = "services:\n  s0: {image: x}\n"
    return first + "".join(
        f"  s{n}: {{extends: s{n - 1}, {key.format(n)}}}\n" for n in range(1, count)
    )


def _tags(count: int) -> str:
    """Write directives. libyaml compares each with all that are before it."""
    return "".join(f"%TAG !a{n}! x\n" for n in range(count)) + "---\n"


RANGE = "services:\n  s0: &s {image: x, ports: ['1-65535']}\n"


@pytest.mark.parametrize(
    ("text", "env", "reason"),
    [
        (SMALL, "T=1\n" * (2 * MB), "larger than 1 MB"),
        (SMALL, f"TILL={NESTED}", "variables within each other"),
        (f"x-a: '{NESTED}'\n{SMALL}", "", "variables within each other"),
        (f"x-a: '{'${A:-' * 40}{'b' * (7 * MB)}{'}' * 40}'\n{SMALL}", "", "too long"),
        (RANGE + "".join(f"  s{n}: *s\n" for n in range(1, 40)), "", "more than 100,000 ports"),
        (RANGE.replace("x,", "x, scale: 9000,"), "", "more than 100,000 ports"),
        (
            "services: {till: {image: x, scale: 9000, networks: &n ["
            + ", ".join(f"n{n}" for n in range(900))
            + "]}}\nnetworks: {"
            + ", ".join(f"n{n}: {{}}" for n in range(900))
            + "}",
            "",
            "more than 100,000 ports",
        ),
        (_tags(300_000) + SMALL, "", "more than 1,000 %TAG directives"),
        ("a: b\n" * 9 + "...\n" + _tags(300_000) + SMALL, "", "more than 1,000 %TAG directives"),
        (_chain("ports: ['{}:80']"), "", "more than 100,000 ports"),
        (_chain("networks: {{default: {{aliases: [a{}]}}}}"), "", "more than 100,000 ports"),
    ],
    ids=[
        "large .env",
        "nested .env",
        "nested value",
        "long and deep",
        "ports by anchor",
        "replicas with ports",
        "replicas with networks",
        "directives",
        "directives of a later document",
        "each extends the one before",
        "aliases of those extended",
    ],
)
def test_what_costs_too_much_is_refused_soon(root: Path, text: str, env: str, reason: str) -> None:
    (root / ".env").write_text(env, encoding="utf-8")
    began = time.thread_time()
    found = read(root, text)
    assert time.thread_time() - began < 3  # documented: 2 s of processor time, and one step
    assert reason in why(found)
    assert not gap_of(found).passing


@pytest.mark.parametrize(
    "text",
    [
        "x-a:\n" + "- ${A:-b}\n" * (7 * MB // 10) + SMALL,
        f"x-a: '{'$A' * (4 * MB - 99)}'\n{SMALL}",
        f"x-a: [{'a,' * (4 * MB - 99)}]\n{SMALL}",
        "--- {services: {a: {image: x}}}\n" * 200_000,
        "".join(f"---\nservices: {{a{n}: {{image: x}}}}\n" for n in range(20_000)),
    ],
    ids=["operators", "variables", "scalars", "documents", "merges"],
)
def test_the_processor_time_is_bounded(root: Path, text: str) -> None:
    began = time.thread_time()
    found = read(root, text)
    assert time.thread_time() - began < 3
    assert "processor time" in why(found)
    assert not gap_of(found).passing


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be"])
def test_directives_count_in_every_encoding(encoding: str) -> None:
    bom = "\ufeff" if encoding.endswith("e") else ""
    for count, fine in ((yaml_events.DIRECTIVES, True), (yaml_events.DIRECTIVES + 1, False)):
        data = (bom + _tags(count) + SMALL).encode(encoding)
        if fine:
            assert len(yaml_events.documents(data, "x", Budget(None))) == 1
            continue
        with pytest.raises(Problem, match="%TAG directives"):
            yaml_events.documents(data, "x", Budget(None))


def test_many_links_to_one_service_are_no_burden(root: Path) -> None:
    links = ", ".join(f"'till:name{n}'" for n in range(50_000))
    found = read(root, f"services: {{till: {{image: x}}, door: {{image: x, links: [{links}]}}}}")
    assert len(found.services[0].linked) == 50_000


def test_one_service_may_have_every_port_there_is(root: Path) -> None:
    assert len(read(root, RANGE).services[0].publications) == 65_535


STOPPED = """
import os, signal
from hostshift.base.deadline import Deadline
from hostshift.discovery.budget import Budget
budget = Budget(Deadline(60, 60), processor=0.3)
os.kill(os.getpid(), signal.SIGSTOP)
budget.check()
"""


def test_time_in_which_this_process_does_not_run_does_not_count() -> None:
    """A stopped process is as busy a machine as there can be."""
    child = subprocess.Popen([sys.executable, "-P", "-c", STOPPED], cwd=PROJECT)
    os.waitpid(child.pid, os.WUNTRACED)
    time.sleep(0.6)
    child.send_signal(signal.SIGCONT)
    assert child.wait(60) == 0

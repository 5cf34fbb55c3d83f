"""A fork does not cut a look-up of another thread in two: a child could never end it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from hostshift.base import forks

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")

# The world imports something slow when it is first asked, as the engine's SDK is; the
# program forks while that is going on in a thread, and the child asks the same.
PROGRAM = """
import os, signal, sys, threading, time
from hostshift import detect
from hostshift.machine import answers
from hostshift.resolution import resolver
import logging

class Importing(answers.Machine):
    def look(self, policy, deadline):
        started.set()
        import slow
        return super().look(policy, deadline)

def ask():
    return made.dial("localhost", 5999)

started, seconds = threading.Event(), float(sys.argv[1])
stands = detect.detect(declared={"network": "own", "isolation": "docker", "naming": "docker"})
made = resolver.Resolver(Importing())
made._machine.vantage = lambda policy: stands
thread = threading.Thread(target=ask)
thread.start()
assert started.wait(5)
began = time.monotonic()
child = os.fork()
if child == 0:
    signal.alarm(3)
    ask()
    os._exit(0)
took = time.monotonic() - began
_, status = os.waitpid(child, 0)
thread.join()
print(status, took > seconds / 2)
"""


# A logger is made with the lock that logging itself takes before a fork.
SLOW = "import logging, time\ntime.sleep({})\nlogging.getLogger('slow')\n"
SECONDS = 0.3


def _ran(program: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-W", "ignore", "-c", program, *words],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_a_child_goes_on_after_a_fork_in_the_middle(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW.format(SECONDS), encoding="utf-8")
    (tmp_path / "program.py").write_text(PROGRAM, encoding="utf-8")
    said = subprocess.run(
        [sys.executable, "-W", "ignore", "program.py", str(SECONDS)],
        cwd=tmp_path,
        env={**os.environ, "HOSTSHIFT_PROBE": "never", "HOSTSHIFT_SOURCES": "saved"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert said.stdout.split() == ["0", "True"], said.stderr


# A look-up that never ends must not hold a fork for ever.
STUCK = """
import os, threading, time
from hostshift.base import forks
forks.install_fork_hook()
forks.PATIENCE = 0.2
entered = threading.Event()

def stuck():
    with forks.in_flight():
        entered.set()
        time.sleep(60)

threading.Thread(target=stuck, daemon=True).start()
assert entered.wait(5)
began = time.monotonic()
child = os.fork()
if child == 0:
    os._exit(len(forks._under_way))
print(os.waitpid(child, 0)[1], 0.2 <= time.monotonic() - began < 5, flush=True)
os._exit(0)
"""


def test_a_fork_waits_no_longer_than_its_patience() -> None:
    said = _ran(STUCK)
    assert said.stdout.split() == ["0", "True"], said.stderr


# One thread imports one module after the other; each import is a look-up of its own.
CHAIN = """
import importlib, os, signal, sys, threading
from hostshift.base import forks
import logging

def use():
    for number in range(20):
        with forks.in_flight():
            begun.set()
            importlib.import_module(f"slow{number}")

begun = threading.Event()
thread = threading.Thread(target=use)
thread.start()
assert begun.wait(5)
child = os.fork()
if child == 0:
    signal.alarm(5)
    use()
    os._exit(0)
has_all = "slow19" in sys.modules
print(os.waitpid(child, 0)[1], has_all)
thread.join()
"""


def test_a_look_up_lets_a_fork_go_first_that_waits_already(tmp_path: Path) -> None:
    """The child would hang on the module that the next look-up has begun to import."""
    for number in range(20):
        (tmp_path / f"slow{number}.py").write_text("import time; time.sleep(0.02)", "utf-8")
    (tmp_path / "program.py").write_text(CHAIN, encoding="utf-8")
    said = subprocess.run(
        [sys.executable, "-W", "ignore", "program.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (said.stdout.split(), said.stderr) == (["0", "False"], "")


# A part of a look-up that a fork waits for, in another thread: it must not wait for the fork.
PARTS = """
import os, threading, time
from hostshift.base import forks
forks.install_fork_hook()
begun = threading.Event()

def part():
    with forks.in_flight(is_part=True):
        time.sleep(0.05)

def whole():
    with forks.in_flight():
        begun.set()
        time.sleep(0.1)
        for _ in range(5):
            thread = threading.Thread(target=part)
            thread.start()
            thread.join()
        with forks.in_flight():  # the same thread goes on, too
            over.append(time.monotonic())

over = []
thread = threading.Thread(target=whole)
thread.start()
assert begun.wait(5)
began = time.monotonic()
child = os.fork()
if child == 0:
    os._exit(0)
forked = time.monotonic()
thread.join()
os.waitpid(child, 0)
print(over[0] <= forked, over[0] - began < 0.35 + 5 * 0.09)
"""


def test_a_fork_waits_for_a_look_up_and_its_parts() -> None:
    said = _ran(PARTS)
    assert said.stdout.split() == ["True", "True"], said.stderr


# The lock is held for the whole fork, and free on both sides of it, in each order of imports.
LOCK = """
import os, sys, threading, time
from hostshift.base import forks
if sys.argv[1] == "before": import logging
forks.install_fork_hook(takes_lock=True)
import logging
with forks.in_flight(): pass
entered, over = threading.Event(), []

def hold():
    with forks.FORK_LOCK:
        entered.set()
        time.sleep(0.2)
        logging.getLogger("made").debug("while it is held")
        over.append(True)

thread = threading.Thread(target=hold)
thread.start()
assert entered.wait(5)
child = os.fork()

def take():
    took = []
    def other(): took.append(forks.FORK_LOCK.acquire(timeout=5)); forks.FORK_LOCK.release()
    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    return took == [True]

if child == 0:
    os._exit(0 if take() and over else 1)
print(os.waitpid(child, 0)[1], take(), over)
"""


@pytest.mark.parametrize("logging", ["before", "after"])
def test_a_fork_takes_the_lock_and_gives_it_back(logging: str) -> None:
    said = _ran(LOCK, logging)
    assert (said.stdout.split(), said.stderr) == (["0", "True", "[True]"], "")


class InterruptError(Exception):
    """What a signal handler raises in the middle of something."""


def _interrupted(step: int, kept: list[Exception]) -> None:
    """Look something up, and raise at one step of this inside the module."""
    seen = 0

    def trace(frame: FrameType, event: str, arg: object) -> Any:  # noqa: ARG001
        nonlocal seen
        if frame.f_code.co_filename == forks.__file__:
            seen += 1
            if seen == step:
                raise InterruptError
        return trace

    sys.settrace(trace)
    try:
        with forks.in_flight():
            pass
    except InterruptError as error:
        kept.append(error)  # and with it all frames that it came through
    finally:
        sys.settrace(None)


@pytest.mark.parametrize("step", range(1, 16))
def test_an_interrupted_look_up_holds_up_no_fork(step: int) -> None:
    kept: list[Exception] = []
    thread = threading.Thread(target=_interrupted, args=(step, kept))
    thread.start()
    thread.join()
    began = time.monotonic()
    forks._settle()
    assert time.monotonic() - began < 0.1


def test_a_look_up_that_is_over_is_forgotten() -> None:
    before = len(forks._under_way)
    with forks.in_flight():
        assert len(forks._under_way) == before + 1
    assert len(forks._under_way) == before


def test_a_thread_that_logs_while_another_one_imports_logging() -> None:
    """The statement waits until it is imported; ``sys.modules`` alone has half of it."""
    program = """
import sys, threading, time, importlib.machinery, importlib.abc
from hostshift.base import log

class Slow(importlib.abc.Loader):
    def __init__(self, spec): self.inner = spec.loader
    def create_module(self, spec): return None
    def exec_module(self, module):
        started.set(); time.sleep(0.3); self.inner.exec_module(module)

class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name != "logging": return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        spec.loader = Slow(spec)
        return spec

started = threading.Event()
sys.meta_path.insert(0, Finder())
thread = threading.Thread(target=lambda: __import__("logging"))
thread.start(); started.wait()
assert "logging" in sys.modules
log.info("said"); log.debug("said")
thread.join(); print("well")
"""
    ran = subprocess.run(
        [sys.executable, "-P", "-c", program], capture_output=True, text=True, check=False
    )
    assert (ran.stdout, ran.stderr) == ("well\n", "")

"""An interrupt at any moment leaves the process as it was."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from hostshift import Policy, detect
from hostshift.detect import kernel_facts, netlink, rootfs, sources
from hostshift.machine import answers

INTERRUPTS = int(os.environ.get("HOSTSHIFT_TEST_INTERRUPTS", "4000"))
"""The whole run has 100,000 of them; what CI has time for is less."""

PROGRAM = """
import json, os, random, signal, socket, sys, threading, time

import hostshift
from hostshift import Policy
from hostshift.base import workers
from hostshift.resolution import resolver

def no_thread(*_):
    raise RuntimeError("can't start new thread")

if sys.argv[3] == "in place":
    workers.start_new_thread = no_thread

# Something that listens nowhere, something that answers, names that exist and do not.
server = socket.create_server(("127.0.0.1", 0))
port = server.getsockname()[1]
policy = Policy(network="own", isolation="docker", naming="docker", host_address="127.0.0.9",
                sources=("engine", "saved", "compose"))
texts = [f"redis://localhost:{port}/0", "http://localhost:9/", "redis://localhost:45678/0",
         "redis://ledger:6379/0", "postgresql://host.docker.internal:9/x", "redis://10.255.1.2:1/0"]

real = socket.getaddrinfo

def getaddrinfo(host, port, *more, flags=0, **others):
    # No name server of this machine takes part: how busy it is must not matter.
    if flags & socket.AI_NUMERICHOST or host == "localhost":
        return real(host, port, *more, flags=flags, **others)
    time.sleep(0.001)
    raise socket.gaierror(socket.EAI_NONAME, "no such name")

socket.getaddrinfo = getaddrinfo

class Interrupt(BaseException):
    pass

def interrupt(*_):
    raise Interrupt

def ask():
    hostshift.resolve(random.choice(texts), policy=policy)
    resolver.current().look_again()

for text in texts:
    hostshift.resolve(text, policy=policy)
before = [hostshift.explain(text, policy=policy).after for text in texts]
resolver.current().look_again()
descriptors = len(os.listdir("/proc/self/fd"))
signal.signal(signal.SIGALRM, interrupt)
caught, wanted, ends = 0, int(sys.argv[1]), time.monotonic() + float(sys.argv[2])
while caught < wanted and time.monotonic() < ends:
    try:
        signal.setitimer(signal.ITIMER_REAL, random.uniform(0.00002, 0.002))
        try:
            # Python drops what is raised in a `__del__`: such an interrupt is not caught here.
            until = time.monotonic() + 0.1
            while time.monotonic() < until:
                ask()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    except Interrupt:
        caught += 1
signal.signal(signal.SIGALRM, signal.SIG_IGN)
began = time.monotonic()
after = [hostshift.explain(text, policy=policy).after for text in texts]
took = time.monotonic() - began
time.sleep(0.3)
began = time.monotonic()
child = os.fork()
if child == 0:
    os._exit(0)
os.waitpid(child, 0)
print(json.dumps({"caught": caught, "same": before == after, "took": took,
    "fork": time.monotonic() - began, "left": len(os.listdir("/proc/self/fd")) - descriptors,
    "threads": sum(one.name.startswith("hostshift") for one in threading.enumerate())}))
"""


@pytest.fixture(scope="module", params=["by a worker", "in place"])
def run(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Interrupt a process that looks by its workers, and one that can start no thread."""
    done = subprocess.run(
        [
            sys.executable,
            "-P",
            "-W",
            "ignore",
            "-c",
            PROGRAM,
            str(INTERRUPTS),
            "240",
            request.param,
        ],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "DOCKER_HOST": "unix:///nonexistent/engine.sock"},
        cwd="/",
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_it_was_interrupted_often(run: dict[str, Any]) -> None:
    assert run["caught"] == INTERRUPTS


def test_the_next_answers_are_the_same_and_in_time(run: dict[str, Any]) -> None:
    assert run["same"]
    assert run["took"] < 10


def test_the_next_fork_does_not_wait(run: dict[str, Any]) -> None:
    assert run["fork"] < 0.1


def test_nothing_is_left_behind(run: dict[str, Any]) -> None:
    assert run["left"] <= 2, "descriptors"
    assert run["threads"] <= 8


class TimeLimitError(Exception):
    """What a task queue's signal handler raises: no BaseException, so many handlers catch it."""


@pytest.mark.parametrize("error", [TimeLimitError(), TimeoutError(), TimeoutError("too slow")])
@pytest.mark.parametrize("function", ["_bytes", "os.stat", "os.readlink"])
def test_what_a_signal_handler_raises_is_not_taken_for_an_unread_file(
    function: str, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raising(_: str) -> None:
        raise error

    this = answers.Machine()
    before = detect.detect()
    with monkeypatch.context() as patch:
        patch.setattr(f"hostshift.detect.rootfs.{function}", raising)
        with pytest.raises(type(error)):
            this.vantage(Policy())
    assert this.vantage(Policy()) == before


@pytest.mark.parametrize("error", [TimeLimitError(), TimeoutError()])
@pytest.mark.parametrize("function", ["interfaces", "listeners"])
def test_nor_for_a_kernel_that_does_not_answer(
    function: str, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raising() -> None:
        raise error

    monkeypatch.setattr(netlink, function, raising)
    with pytest.raises(type(error)):
        kernel_facts.asked(rootfs.RootFs("/"))


def test_a_socket_that_waited_in_vain_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def raising() -> None:
        raise TimeoutError("timed out")

    monkeypatch.setattr(netlink, "interfaces", raising)
    at = rootfs.RootFs("/")
    assert kernel_facts.asked(at)[0] is None
    assert sources.INTERFACES in at.unread


READING = """
import os, random, signal, time
from hostshift.detect import facts

class Interrupt(Exception):
    pass

def interrupt(*_):
    raise Interrupt

facts.read()
descriptors = len(os.listdir("/proc/self/fd"))
signal.signal(signal.SIGALRM, interrupt)
caught, ends = 0, time.monotonic() + 60
while caught < 3000 and time.monotonic() < ends:
    try:
        signal.setitimer(signal.ITIMER_REAL, random.uniform(0.00002, 0.0005))
        while True:
            facts.read()
    except Interrupt:
        caught += 1
print(caught, len(os.listdir("/proc/self/fd")) - descriptors)
"""


def test_no_descriptor_stays_open_where_reading_was_interrupted() -> None:
    """A handler that raises runs between the call that opens a file and what stores it."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", READING],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.stdout.split() == ["3000", "0"], done.stderr[-2000:]

"""What a command does beside its forwarder, again and again: nothing breaks, and nothing is left.

``HOSTSHIFT_TEST_ROUNDS=100`` runs a hundred rounds of each, which takes some minutes.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.unit.forwarders import ROUNDS, SECONDS, eventually, server
from tests.unit.test_forward_exec import (
    FIRST,
    PATH,
    ROOT,
    _forwarder_of,
    _free,
    _is_open,
    _to,
    none_is_left,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it needs Linux")
__all__ = ["none_is_left"]

SLEEPS = "print(flush=True)\nimport time\ntime.sleep(60)"
IGNORES = f"import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n{SLEEPS}"
CLOSES = "import os, time\nos.write(1, b'\\n')\nos.closerange(0, 4096)\ntime.sleep(60)"
FORKS = """
import os, time
if os.fork() == 0:
    os.close(1)
    time.sleep(1)
    os._exit(0)
print(flush=True)
os._exit(5)
"""
GOES = """
import os, time
if os.fork():
    os._exit(5)
os.setsid()
print(flush=True)
if os.fork():
    os._exit(0)
os.closerange(0, 64)
time.sleep(1)
"""
WAITS = """
import os, sys
print(flush=True)
sys.stdin.readline()
for code in range(9):
    if os.fork() == 0:
        os._exit(code)
codes = sorted(os.wait()[1] >> 8 for _ in range(9))
try:
    codes.append(os.wait())
except ChildProcessError:
    os._exit(5 if codes == list(range(9)) else 1)
"""


@pytest.fixture
def there() -> Iterator[tuple[int, int]]:
    """Give a free port, and one on which a server listens that accepts in the kernel alone."""
    with server() as listener:
        yield _free(), listener.getsockname()[1]


@contextmanager
def _running(ports: tuple[int, int], program: str, *before: str) -> Iterator[subprocess.Popen[str]]:
    words = [*before, *_to(*ports, sys.executable, "-S", "-c", program)]
    with subprocess.Popen(
        words,
        env={"OF_TEST": str(ports[0]), "PATH": PATH},
        cwd="/",
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "\n"
            yield process
        finally:
            process.kill()
    assert eventually(lambda: not _is_open(ports[0]))


@pytest.mark.parametrize("program", [IGNORES, CLOSES], ids=["ignores SIGTERM", "closes all"])
def test_a_command_is_killed(program: str, there: tuple[int, int]) -> None:
    for _ in range(ROUNDS):
        with _running(there, program) as process:
            if program == IGNORES:
                process.terminate()
            assert _is_open(there[0])
            assert process.poll() is None
            process.kill()
            assert process.wait(SECONDS) == -signal.SIGKILL


def test_a_command_is_stopped_and_goes_on(there: tuple[int, int]) -> None:
    for number in range(ROUNDS):
        with _running(there, SLEEPS) as process:
            process.send_signal(signal.SIGSTOP)
            assert _is_open(there[0])
            if number % 2:
                process.send_signal(signal.SIGCONT)
            process.kill()
            assert process.wait(SECONDS) == -signal.SIGKILL


@pytest.mark.parametrize("program", [FORKS, GOES], ids=["child", "daemon"])
def test_a_command_ends_and_leaves_a_child(program: str, there: tuple[int, int]) -> None:
    for _ in range(ROUNDS):
        with _running(there, program) as process:
            assert process.wait(SECONDS) == 5


@pytest.mark.parametrize("before", [[], pytest.param(FIRST, marks=ROOT)], ids=["child", "first"])
@pytest.mark.parametrize("killed", [False, True])
def test_a_command_has_its_own_children_alone(
    killed: bool, before: list[str], there: tuple[int, int]
) -> None:
    """Also after its forwarder was killed."""
    for _ in range(ROUNDS):
        with _running(there, WAITS, *before) as process:
            if killed:
                os.kill(_forwarder_of(there[0]), signal.SIGKILL)
                assert eventually(lambda: not _is_open(there[0]))
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
            assert process.wait(SECONDS) == 5

"""Forks of a program with ``hostshift.forwarding()``: no child keeps a socket, or hangs."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from tests.unit.forwarders import ROUNDS, SECONDS, a_port, read_all, server, spec_for

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it counts in /proc")


@pytest.fixture
def target() -> Iterator[socket.socket]:
    with server() as listener:
        yield listener


def _output(program: str, *words: object) -> list[str]:
    """Run a program, which must not fail or write to standard error; return its lines."""
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-P", "-c", program, *map(str, words)],
        env={name: value for name, value in os.environ.items() if "HOSTSHIFT_TEST" not in name},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout.splitlines()


FORKS = """
import os, socket, sys, threading
import hostshift
spec, port = sys.argv[1], int(sys.argv[2])
with hostshift.forwarding(spec):
    reading, writing = os.pipe()
    forked, ready = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(writing)
        os.write(ready, b"!")  # what a fork has to close is closed
        os.read(reading, 1)
        os._exit(0)
    os.read(forked, 1)
    with socket.create_connection(("localhost", port)) as client:
        client.sendall(b"hello")
        client.shutdown(socket.SHUT_WR)
        print(client.recv(5).decode())
with socket.socket() as late:
    print(late.connect_ex(("127.0.0.1", port)) != 0)
os.close(writing)
os.waitpid(child, 0)
"""


def test_a_forked_child_does_not_keep_the_port(target: socket.socket) -> None:
    """It has no thread that serves, so a client of it would wait for ever."""
    port, spec = spec_for(target)

    def serve() -> None:
        with target.accept()[0] as accepted:
            accepted.sendall(read_all(accepted)[::-1])

    thread = threading.Thread(target=serve)
    thread.start()
    assert _output(FORKS, spec, port) == ["olleh", "True"]
    thread.join(SECONDS)


WAITS = """
import os, socket, sys, threading
import logging
import hostshift
from hostshift.forward.target import Locator

logging.disable(logging.CRITICAL)
port, decided, look = int(sys.argv[1]), threading.Event(), Locator.look
Locator.look = lambda locator: decided.wait() and look(locator)
base = len(os.listdir("/proc/self/fd"))
with hostshift.forwarding(f"{port}=127.0.0.1:{sys.argv[2]}"):
    with socket.create_connection(("127.0.0.1", port), 20) as client:
        while not any(each.attempts for each in hostshift.forward.thread._running):
            pass
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            client.close()
            os.close(writing)
            open_ones = len(os.listdir("/proc/self/fd")) - base - 1
            os.write(1, f"{open_ones}\\n".encode())
            os.read(reading, 1)
            os._exit(0)
        decided.set()
        try:
            print(client.recv(1))
        except ConnectionResetError:
            print("reset", flush=True)
os.close(writing)
os.waitpid(child, 0)
"""


def test_a_forked_child_does_not_keep_a_client_that_waits(target: socket.socket) -> None:
    """A client that is refused would wait for the end of the child: it has a copy of the socket."""
    port, _ = spec_for(target)
    with a_port() as missing:
        number = missing.number
    assert sorted(_output(WAITS, port, number)) == ["0", "reset"]


# Other threads of the program connect and end as fast as they can while it forks: children list
# what they have.
BUSY = """
import collections, logging, os, socket, sys, threading, time
import hostshift

logging.disable(logging.CRITICAL)
port, target, forks, how = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
def clients():
    while True:
        with socket.socket() as client:
            client.settimeout(10)
            try:
                client.connect(("127.0.0.1", port))
                client.sendall(b"x")
                client.recv(1)
            except OSError:
                pass

def serve(listener):
    while True:
        with listener.accept()[0] as accepted:
            accepted.settimeout(10)
            accepted.sendall(accepted.recv(1))

other = os.fork()
if other == 0:
    if how == "answered":
        listener = socket.create_server(("127.0.0.1", target), backlog=100)
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
    for _ in range(4):
        threading.Thread(target=clients, daemon=True).start()
    time.sleep(120)
    os._exit(0)
kept = collections.Counter()
with hostshift.forwarding(f"{port}=127.0.0.1:{target}") as forwarding:
    loop = next(iter(hostshift.forward.thread._running))
    while loop.entries[0].stats.accepted < 20:
        time.sleep(0.01)
    base = {0, 1, 2}
    for _ in range(forks):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            have = {int(fd) for fd in os.listdir("/proc/self/fd")} - base - {reading, writing}
            names = []
            for fd in have:
                try: names.append(os.readlink(f"/proc/self/fd/{fd}").partition(":")[0])
                except OSError: pass  # the one that listed them
            os.write(writing, " ".join(names).encode())
            os._exit(0)
        os.close(writing)
        kept.update(os.read(reading, 4096).decode().split())
        os.close(reading)
        os.waitpid(child, 0)
os.kill(other, 9)
os.waitpid(other, 0)
print(dict(kept), loop.entries[0].stats.accepted > forks / 10, loop.entries[0].stats.open)
"""


@pytest.mark.parametrize("how", ["answered", "refused"])
def test_no_child_has_a_descriptor_of_the_forwarder(target: socket.socket, how: str) -> None:
    port, number = spec_for(target)[0], target.getsockname()[1]
    target.close()
    assert _output(BUSY, port, number, 20 * ROUNDS, how) == ["{} True 0"]


# The main thread forks while another one enters or leaves; the child lives on.
AROUND = """
import logging, os, signal, socket, sys, threading, time
import hostshift

logging.disable(logging.CRITICAL)
port, target, rounds, at = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
children, reset = [], 0
for number in range(rounds):
    forwarding = hostshift.forwarding(f"{port}=127.0.0.1:{target}")
    if at == "exit":
        forwarding.__enter__()
        client = socket.create_connection(("127.0.0.1", port), 20)
        client.sendall(b"x")
    thread = threading.Thread(target=getattr(forwarding, f"__{at}__"))
    thread.start()
    time.sleep(0.0005 * (number % 20))
    child = os.fork()
    if child == 0:
        time.sleep(120)
        os._exit(0)
    children.append(child)
    thread.join()
    if at == "enter":
        forwarding.__exit__()
    else:
        try:
            client.recv(1)
        except ConnectionResetError:
            reset += 1
        client.close()
    with socket.socket() as late:
        assert late.connect_ex(("127.0.0.1", port)), "somebody accepts"
    with forwarding:
        pass
for child in children:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
print(reset)
"""


def test_a_fork_while_another_thread_enters_leaves_no_listener(target: socket.socket) -> None:
    port = spec_for(target)[0]
    assert _output(AROUND, port, target.getsockname()[1], 5 * ROUNDS, "enter") == ["0"]


def test_a_fork_while_another_thread_leaves_keeps_no_client(target: socket.socket) -> None:
    port, rounds = spec_for(target)[0], max(5, ROUNDS // 2)
    printed = _output(AROUND, port, target.getsockname()[1], rounds, "exit")
    assert printed == [str(rounds)]


# A fork in the middle of the first use of a function; the child uses it too.
FIRST_USES = {
    "forwarding": "hostshift.forwarding(f'{free()}=127.0.0.1:9').__enter__()",
    "resolve": "hostshift.resolve('postgresql://app@db.example:5432/shop')",
    "resolve_environ": "hostshift.resolve_environ({'REDIS_HOST': 'localhost'})",
    "explain": "hostshift.explain('redis://localhost:6379')",
    "vantage": "hostshift.vantage()",
    "resolve_address": "hostshift.resolve_address('localhost', 5432)",
}
FIRST = """
import os, signal, socket, sys, threading, time
import hostshift

def free():
    with FREE, socket.socket() as each:
        each.bind(("127.0.0.1", 0))
        return each.getsockname()[1]

FREE = threading.Lock()
def use(): {use}
thread = threading.Thread(target=use, daemon=True)
thread.start()
time.sleep(float(sys.argv[1]))
with FREE:
    child = os.fork()
if child == 0:
    FREE = threading.Lock()
    signal.alarm(20)
    use()
    os._exit(0)
print(os.waitpid(child, 0)[1])
thread.join()
"""


@pytest.mark.parametrize("use", FIRST_USES.values(), ids=FIRST_USES)
def test_a_child_of_a_fork_in_the_first_use_does_not_hang(use: str) -> None:
    rounds = max(4, ROUNDS // 2)
    program = FIRST.replace("{use}", use)
    printed = [_output(program, 0.08 * each / rounds) for each in range(rounds)]
    assert printed == [["0"]] * rounds


def _echo_one_byte(target: socket.socket) -> None:
    """Send one client its first byte back, whenever it comes."""
    target.settimeout(None)

    def serve() -> None:
        with target.accept()[0] as accepted:
            accepted.sendall(accepted.recv(1))

    threading.Thread(target=serve, daemon=True).start()


# Each fork lasts so long that the timer's signal comes during it, and is handled after it.
SIGNALS = """
import os, signal, socket, sys
import hostshift

def handler(*_): raise InterruptedError
port, target, kept = int(sys.argv[1]), int(sys.argv[2]), bytearray(200 << 20)
for place in range(0, len(kept), 4096): kept[place] = 1
caught = 0
sys.unraisablehook = lambda _: None
with hostshift.forwarding(f"{port}=127.0.0.1:{target}"):
    signal.signal(signal.SIGALRM, handler)
    for number in range(int(sys.argv[3])):
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.0001 + 0.0003 * (number % 20))
            child = os.fork()
            if child == 0:
                os._exit(0)
            signal.setitimer(signal.ITIMER_REAL, 0)
            os.waitpid(child, 0)
        except InterruptedError:
            caught += 1
    signal.setitimer(signal.ITIMER_REAL, 0)
    with socket.create_connection(("127.0.0.1", port), 20) as client:
        client.sendall(b"x")
        print(client.recv(1).decode(), caught > 0)
"""


def test_a_signal_handler_that_raises_in_a_fork_does_not_stop_the_forwarder(
    target: socket.socket,
) -> None:
    _echo_one_byte(target)
    port = spec_for(target)[0]
    assert _output(SIGNALS, port, target.getsockname()[1], 20 * ROUNDS) == ["x True"]


# The log's handler waits for a lock that a thread has while it forks.
LOGS = """
import logging, os, socket, sys, threading, time
import hostshift

port, target, lock, logged = int(sys.argv[1]), int(sys.argv[2]), threading.Lock(), threading.Event()
passed = threading.Event()

class Handler(logging.Handler):
    def emit(self, record):
        if "refused" in record.getMessage():
            logged.set()
            with lock:
                passed.set()

logging.getLogger("hostshift").addHandler(Handler())
logging.getLogger("hostshift").setLevel("DEBUG")
logging.getLogger("hostshift").propagate = False
slowest = 0.0
with hostshift.forwarding(f"{port}=127.0.0.1:{target}"):
    for _ in range(5):
        logged.clear()
        passed.clear()
        with lock, socket.socket() as client:
            client.connect_ex(("127.0.0.1", port))  # it may be reset before it knows of its accept
            assert logged.wait(20)
            began = time.monotonic()
            child = os.fork()
            if child == 0:
                os._exit(0)
            slowest = max(slowest, time.monotonic() - began)
            os.waitpid(child, 0)
        assert passed.wait(20)
print(slowest < 1)
"""


def test_a_handler_of_the_log_that_blocks_holds_up_no_fork(target: socket.socket) -> None:
    port, number = spec_for(target)[0], target.getsockname()[1]
    target.close()
    assert _output(LOGS, port, number) == ["True"]


# A signal handler forks at each line of hostshift's that the main thread runs while it enters, and
# an exception of the child's ends what it was in the middle of.
HANDLER_FORKS = """
import os, socket, sys
import hostshift
from hostshift.base import forks
from hostshift.forward import ports

class Child(Exception): pass

port, target, steps, wrong = int(sys.argv[1]), int(sys.argv[2]), 0, []
forwarding = hostshift.forwarding(f"{port}=127.0.0.1:{target}")
with forwarding: pass

def trace(frame, event, _):
    global steps
    if not frame.f_code.co_filename.startswith(os.path.dirname(ports.__file__)):
        return None
    if event == "line":
        steps += 1
        child = os.fork()
        if child == 0:
            sys.settrace(None)
            raise Child
        wrong.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    return trace

sys.settrace(trace)
try:
    forwarding.__enter__()
except Child:
    forks.FORK_LOCK.acquire(timeout=5)
    os._exit(0)
except BaseException:
    os._exit(1)
sys.settrace(None)
with socket.create_connection(("127.0.0.1", port), 20) as client:
    client.sendall(b"x")
    print(client.recv(1).decode(), steps > 50, sorted(set(wrong)))
forwarding.__exit__()
"""


def test_a_child_of_a_signal_handlers_fork_leaves_the_parents_listener_alone(
    target: socket.socket,
) -> None:
    _echo_one_byte(target)
    port = spec_for(target)[0]
    assert _output(HANDLER_FORKS, port, target.getsockname()[1]) == ["x True [0]"]


def test_a_client_that_waits_at_the_end_is_counted_as_refused() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, socket.socket() as first:
        number = full.getsockname()[1]
        first.connect(("127.0.0.1", number))  # the queue has no room for a second one
        with socket.socket() as second, a_port() as free:
            second.setblocking(False)
            second.connect_ex(("127.0.0.1", number))
            port = free.number
        command = [sys.executable, "-P", "-m", "hostshift", "forward", "--stats"]
        with subprocess.Popen(
            [*command, f"{port}=127.0.0.1:{number}"], stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stderr is not None
            while "is open" not in process.stderr.readline():
                assert process.poll() is None
            clients = [socket.create_connection(("127.0.0.1", port), SECONDS) for _ in range(5)]
            for each in clients:
                each.sendall(b"x")
            process.send_signal(signal.SIGINT)
            printed = process.stderr.read()
            for each in clients:
                with each, pytest.raises(ConnectionResetError):
                    each.recv(1)
    assert ": 0 open, 5 accepted, " in printed
    assert "failed: 5, the forwarder ended" in printed

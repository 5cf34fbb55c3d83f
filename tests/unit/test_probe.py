"""Dialling: every outcome against real sockets, and never longer than allowed."""

from __future__ import annotations

import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hostshift.base.deadline import Deadline
from hostshift.machine import probe
from hostshift.machine.handshakes import GREETINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def serving(handle: Callable[[socket.socket], None]) -> Iterator[int]:
    """Listen on a loopback port and hand each connection to a function."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    handle(connection)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def _wait(connection: socket.socket) -> None:
    connection.settimeout(5)
    connection.recv(1)


def _unused() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def test_a_server_that_waits_is_open() -> None:
    with serving(_wait) as port:
        assert probe.reach([("127.0.0.1", port)], Deadline(2)) == ("open",)


def test_a_server_that_speaks_first_is_open() -> None:
    def speak(connection: socket.socket) -> None:
        connection.sendall(b"hello")

    with serving(speak) as port:
        assert probe.reach([("127.0.0.1", port)], Deadline(2)) == ("open",)


def test_a_proxy_that_hangs_up_is_closed() -> None:
    with serving(lambda _: None) as port:
        assert probe.reach([("127.0.0.1", port)], Deadline(2)) == ("closed",)


def test_nobody_there_is_refused() -> None:
    assert probe.reach([("127.0.0.1", _unused())], Deadline(2)) == ("refused",)
    assert probe.reach([("::1", _unused())], Deadline(2))[0] in ("refused", "unreachable")


def test_all_at_once_and_in_order() -> None:
    with serving(_wait) as one, serving(lambda _: None) as two:
        wanted = [("127.0.0.1", port) for port in (two, _unused(), one)]
        assert probe.reach(wanted, Deadline(2)) == ("closed", "refused", "open")
    assert probe.reach([], Deadline(2)) == ()


def test_a_full_backlog_is_silent_and_costs_only_the_budget() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        address = server.getsockname()
        crowd = [socket.socket() for _ in range(4)]
        for one in crowd:
            one.setblocking(False)
            one.connect_ex(address)
        started = time.monotonic()
        assert probe.reach([address] * 16, Deadline(0.3)) == ("silent",) * 16
        assert probe.greets([address], "redis", Deadline(0.1)) == (None,)
        assert time.monotonic() - started < 0.3 + 1  # generous: the machine may be busy
        for one in crowd:
            one.close()


HERE = "127.0.0.1"


@pytest.mark.parametrize(
    "address",
    [
        pytest.param((HERE, 0), id="port 0"),
        pytest.param((HERE, -1), id="a negative port"),
        pytest.param((HERE, 65536), id="a port that is too high"),
        pytest.param((HERE, 1 << 80), id="a port that fits nowhere"),
        pytest.param((HERE, "21000"), id="a port as text"),
        pytest.param((HERE, 21000.0), id="a port with a point"),
        pytest.param((HERE, True), id="a port that is a truth"),
        pytest.param((HERE, None), id="no port"),
        pytest.param(("", 21000), id="no host"),
        pytest.param((None, 21000), id="None for a host"),
        pytest.param(("db.example.com", 21000), id="a name"),
        pytest.param(("127.0.0.1\0", 21000), id="a zero in the host"),
        pytest.param(("\udc80", 21000), id="a surrogate"),
        pytest.param(("a" * 300, 21000), id="a label that is too long"),
        pytest.param(("fe80::1%no-such-device", 21000), id="a scope that is not here"),
        pytest.param(("fe80::1", 21000), id="link-local without a scope"),
        pytest.param(("1::2::3", 21000), id="no number with colons"),
        pytest.param(("255.255.255.255", 21000), id="broadcast"),
    ],
)
def test_what_cannot_be_dialled_raises_nothing(address: Any) -> None:
    (outcome,) = probe.reach([address], Deadline(2))
    assert outcome in ("failed", "unreachable")
    assert probe.greets([address], "redis", Deadline(2))[0] is not True
    assert probe.proves([address], "postgresql", Deadline(2))[0] is not True


def test_more_than_are_dialled_have_failed_and_are_not_silent() -> None:
    with serving(_wait) as port:
        addresses = [(HERE, port)] * (probe.MOST_AT_ONCE + 3)
        outcomes = probe.reach(addresses, Deadline(10))
        assert outcomes == ("open",) * probe.MOST_AT_ONCE + ("failed",) * 3
        greeted = probe.greets(addresses, "memcached", Deadline(0.1))
    assert greeted == (None,) * len(addresses)


def test_a_scoped_address_is_dialled() -> None:
    """A connection to a link-local address needs its interface, which is in the text."""
    rows = [row for row in map(str.split, _lines("/proc/net/if_inet6")) if row[3] == "20"]
    if not rows:
        pytest.skip("no interface has a link-local address")
    text, device = rows[0][0], rows[0][5]
    number = ":".join(text[at : at + 4] for at in range(0, 32, 4)) + f"%{device}"
    with socket.socket(socket.AF_INET6) as server:
        server.bind(socket.getaddrinfo(number, 0)[0][4])
        server.listen()
        assert probe.reach([(number, server.getsockname()[1])], Deadline(2)) == ("open",)


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="ascii").splitlines()
    except OSError:
        return []


def test_a_connection_to_itself_is_nobody() -> None:
    """The kernel may give the dialled port to the dialling socket: nobody else has it."""
    program = """
from hostshift.machine import probe
from hostshift.base.deadline import Deadline
print({probe.reach([("127.0.0.1", 41000)], Deadline(2))[0] for _ in range(40)})
"""
    narrow = "ip link set lo up; echo 41000 41001 > /proc/sys/net/ipv4/ip_local_port_range"
    assert _printed_in_a_namespace(narrow, program) == "{'refused'}\n"


def _printed_in_a_namespace(prepare: str, program: str) -> str:
    """Run a program in a network namespace of its own, and return what it prints."""
    done = subprocess.run(
        ["unshare", "-n", "sh", "-c", f"{prepare}; exec '{sys.executable}' -P -c '{program}'"],
        capture_output=True,
        text=True,
        check=False,
    )
    if "Operation not permitted" in done.stderr:
        pytest.skip("no network namespace may be made here")
    assert done.stderr == ""
    return done.stdout


NO_IPV6 = """
from hostshift.machine import probe
from hostshift.base.deadline import Deadline
print(probe.reach([("::1", 21000), ("127.0.0.1", 21000)], Deadline(2)))
print(probe.greets([("::1", 21000), ("127.0.0.1", 21000)], "mysql", Deadline(2)))
"""


def test_without_ipv6_nothing_is_raised() -> None:
    off = "echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6; ip link set lo up"
    assert _printed_in_a_namespace(off, NO_IPV6) == "('unreachable', 'refused')\n(False, False)\n"


def test_a_kernel_without_ipv6_raises_nothing() -> None:
    """A filter of system calls stands in for the kernel: the address family is not supported."""
    program = f"""
import socket
made = socket.socket
def without(family=-1, *more, **named):
    if family == socket.AF_INET6:
        raise OSError(97, "Address family not supported by protocol")
    return made(family, *more, **named)
socket.socket = without
{NO_IPV6}"""
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "('unreachable', 'refused')\n(False, False)\n"


def test_without_descriptors_nothing_is_raised() -> None:
    program = """
import resource
from hostshift.machine import probe
from hostshift.base.deadline import Deadline
resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
print(probe.reach([("127.0.0.1", 21000)] * 2, Deadline(2)))
print(probe.greets([("127.0.0.1", 21000)], "amqp", Deadline(2)))
resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
"""
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "('failed', 'failed')\n(None,)\n"


def test_a_descriptor_beyond_1023_is_waited_for() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    held = [os.dup(0) for _ in range(1100)]
    try:
        with serving(_wait) as port:
            assert probe.reach([(HERE, port)], Deadline(2)) == ("open",)
    finally:
        for descriptor in held:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _reset(connection: socket.socket) -> None:
    """Close with a reset instead of an end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.parametrize(
    ("protocol", "after"),
    [
        ("mysql", 0),
        *((name, after) for name in GREETINGS if name != "mysql" for after in (0, 1, 8)),
    ],
)
def test_who_resets_while_greeting_is_not_told(protocol: str, after: int) -> None:
    def reset(connection: socket.socket) -> None:
        connection.settimeout(0.3)
        with suppress(OSError):
            if after:
                connection.recv(after)
        _reset(connection)

    with serving(reset) as port:
        for ask in (probe.greets, probe.proves):
            assert ask([(HERE, port)] * 20, protocol, Deadline(5)) == (None,) * 20
        assert set(probe.reach([(HERE, port)] * 20, Deadline(5))) <= {"closed", "open"}


def _descriptors() -> set[str]:
    return {path.name for path in Path("/proc/self/fd").iterdir()}


def test_nothing_stays_open() -> None:
    def count() -> int:
        return len(_descriptors())

    with serving(_wait) as port:
        before = count()
        probe.reach([(HERE, port), (HERE, _unused()), ("nobody", 1)], Deadline(2))
        probe.greets([(HERE, port), (HERE, _unused()), ("nobody", 1)], "redis", Deadline(0.1))
        assert count() <= before + 1  # the server's end of a connection


def test_an_interrupt_closes_what_was_opened() -> None:
    """A signal's handler raises in the middle of a talk with somebody who is silent."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with serving(_wait) as port:
        before = _descriptors()
        handler = signal.signal(signal.SIGALRM, interrupt)
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        try:
            with pytest.raises(KeyboardInterrupt):
                probe.greets([(HERE, port)] * 8, "mysql", Deadline(20, 20))
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, handler)
        left = {name for name in _descriptors() - before if _peer(int(name)) == (HERE, port)}
        assert left == set()


def _peer(descriptor: int) -> Any:
    try:
        with socket.socket(fileno=os.dup(descriptor)) as one:
            return one.getpeername()
    except OSError:
        return None


SLEEPS = """
import sys
from hostshift.machine import probe
from hostshift.base.deadline import Deadline
print("asking", flush=True)
deadline = Deadline(0.5, 20)
print(probe.greets([("127.0.0.1", int(sys.argv[1]))], "redis", deadline), flush=True)
"""


def test_time_in_which_this_process_does_not_run_is_nobodys_silence() -> None:
    def speak(connection: socket.socket) -> None:
        connection.settimeout(5)
        connection.recv(100)
        time.sleep(0.15)
        connection.sendall(b"+PONG\r\n")

    with (
        serving(speak) as port,
        subprocess.Popen(
            [sys.executable, "-P", "-c", SLEEPS, str(port)], stdout=subprocess.PIPE, text=True
        ) as asking,
    ):
        assert asking.stdout is not None
        asking.stdout.readline()
        while asking.poll() is None:
            os.kill(asking.pid, signal.SIGSTOP)
            time.sleep(0.7)
            os.kill(asking.pid, signal.SIGCONT)
            time.sleep(0.05)
        assert asking.stdout.read() == "(True,)\n"

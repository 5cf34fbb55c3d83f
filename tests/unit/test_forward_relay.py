"""The bytes of a connection through a forwarder, with real sockets: ends, resets, slow readers."""

from __future__ import annotations

import errno
import hashlib
import os
import random
import resource
import socket
import struct
import subprocess
import sys
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.unit.forwarders import (
    SECONDS,
    connected,
    descriptors,
    eventually,
    local,
    read_all,
    running,
    server,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hostshift.forward.loop import Loop

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it counts in /proc")

ROUNDS = 100
LINGER = struct.pack("ii", 1, 0)
WAYS = pytest.mark.parametrize("splices", [True, False], ids=["splice", "copy"])


@pytest.fixture(autouse=True)
def no_leak() -> Iterator[None]:
    """Whatever a test does, no descriptor is left."""
    before = descriptors()
    yield
    assert eventually(lambda: descriptors() == before)


def _is_idle(loop: Loop) -> bool:
    return loop.entries[0].stats.open == 0


def _reset(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER)
    sock.close()


@WAYS
@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 3_000_001])
def test_every_byte_arrives_both_ways_at_once(splices: bool, size: int) -> None:
    data = random.Random(size).randbytes(size)
    with server() as listener, running(listener.getsockname()[1], splices=splices) as loop:
        with connected(loop, listener) as (client, accepted):
            back: list[bytes] = []

            def serve() -> None:
                received = read_all(accepted)
                accepted.sendall(received[::-1])
                accepted.shutdown(socket.SHUT_WR)

            threads = [
                threading.Thread(target=serve),
                threading.Thread(target=lambda: back.append(read_all(client))),
            ]
            for thread in threads:
                thread.start()
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            for thread in threads:
                thread.join(SECONDS)
            assert back == [data[::-1]]
        assert eventually(lambda: _is_idle(loop))
        stats = loop.entries[0].stats
        assert (stats.sent, stats.received, stats.failures) == (size, size, {})


@WAYS
@pytest.mark.parametrize("who", ["client", "server"])
def test_a_half_close_arrives_and_the_answer_after_it_a_hundred_times(
    splices: bool, who: str
) -> None:
    with server() as listener, running(listener.getsockname()[1], splices=splices) as loop:
        for _ in range(ROUNDS):
            with connected(loop, listener) as ends:
                first, second = ends if who == "client" else reversed(ends)
                first.sendall(b"request")
                first.shutdown(socket.SHUT_WR)
                assert read_all(second) == b"request"
                second.sendall(b"answer")
                second.shutdown(socket.SHUT_WR)
                assert read_all(first) == b"answer"
        assert eventually(lambda: _is_idle(loop))
        assert loop.entries[0].stats.failures == {}


@WAYS
@pytest.mark.parametrize("who", ["client", "server"])
def test_a_reset_arrives_as_a_reset_a_hundred_times(splices: bool, who: str) -> None:
    with server() as listener, running(listener.getsockname()[1], splices=splices) as loop:
        for _ in range(ROUNDS):
            with connected(loop, listener) as (client, accepted):
                client.sendall(b"x")
                assert accepted.recv(1) == b"x"
                first, other = (client, accepted) if who == "client" else (accepted, client)
                _reset(first)
                with pytest.raises(ConnectionResetError):
                    other.recv(1)
        assert eventually(lambda: _is_idle(loop))
        assert loop.entries[0].stats.failures == {"reset": ROUNDS}


def test_a_reset_arrives_while_the_other_side_does_not_read() -> None:
    """The side that does not read has the forwarder wait: it is not even asked for bytes."""
    with server() as listener, running(listener.getsockname()[1]) as loop:
        with connected(loop, listener) as (client, accepted):
            _fill(client)
            _reset(client)
            with pytest.raises(ConnectionResetError):
                read_all(accepted)
        assert eventually(lambda: _is_idle(loop))


def test_a_client_that_closes_without_reading_resets_the_server() -> None:
    """As without a forwarder: its kernel answers further bytes with a reset."""
    with server() as listener, running(listener.getsockname()[1]) as loop:
        with connected(loop, listener) as (client, accepted):
            client.close()
            assert accepted.recv(1) == b""
            with pytest.raises((ConnectionResetError, BrokenPipeError)):
                accepted.sendall(b"x" * (64 << 20))
        assert eventually(lambda: _is_idle(loop))


@WAYS
@pytest.mark.parametrize("ends", ["at_once", "later"])
def test_urgent_data_in_a_busy_stream_does_not_end_or_stop_it(splices: bool, ends: str) -> None:
    """The kernel splices nothing at an urgent byte, which is not carried itself.

    tcp_splice_read() in Linux ("this might happen with URG data") returns 0 there, as at an end,
    if the end has arrived, and EAGAIN if it has not.
    """
    data = os.urandom(8 << 20)
    all_is_read = threading.Event()

    def send(client: socket.socket) -> None:
        client.sendall(data)
        client.send(b"!", socket.MSG_OOB)
        client.sendall(data)
        if ends == "later":
            all_is_read.wait(2 * SECONDS)  # the reader gives up before
        client.shutdown(socket.SHUT_WR)

    with (
        server() as listener,
        running(listener.getsockname()[1], splices=splices) as loop,
        connected(loop, listener) as (client, accepted),
    ):
        sending = threading.Thread(target=send, args=(client,))
        sending.start()
        received = hashlib.sha256(_read(accepted, 2 * len(data)))
        all_is_read.set()
        received.update(read_all(accepted))
        sending.join(SECONDS)
        assert received.digest() == hashlib.sha256(data + data).digest()


def _read(sock: socket.socket, size: int) -> bytes:
    """Read that many bytes, or less at the end of the stream."""
    received = bytearray()
    while len(received) < size and (part := sock.recv(min(size - len(received), 1 << 20))):
        received += part
    return bytes(received)


def _fill(sock: socket.socket) -> int:
    """Send until nothing is taken any more; return how many bytes were."""
    sock.settimeout(0.3)
    sent = 0
    try:
        while True:
            sent += sock.send(b"x" * 65_536)
    except TimeoutError:
        return sent


@WAYS
def test_a_slow_reader_makes_the_writer_wait(splices: bool) -> None:
    """What nobody reads stays with the kernel and in one buffer, not in memory that grows."""
    with server() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        with running(listener.getsockname()[1], splices=splices) as loop:
            with connected(loop, listener) as (client, accepted):
                client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)
                sent = _fill(client)
                assert sent < 32 << 20
                assert _fill(client) == 0
                side = next(iter(loop.entries[0].flows)).client
                assert side.held + len(side.pending or b"") <= 1 << 20
                client.settimeout(SECONDS)
                client.shutdown(socket.SHUT_WR)
                assert len(read_all(accepted)) == sent
                accepted.close()
                assert client.recv(1) == b""
            assert eventually(lambda: _is_idle(loop))


def test_an_end_behind_bytes_that_nobody_reads_costs_no_processor() -> None:
    """Both streams have ended but for bytes in between: the poller has nothing to report."""
    with server() as listener, running(listener.getsockname()[1]) as loop:
        with connected(loop, listener) as (client, accepted):
            accepted.shutdown(socket.SHUT_WR)
            assert client.recv(1) == b""
            sent = _fill(client)
            client.close()
            before = _processor_time()
            threading.Event().wait(0.5)
            assert _processor_time() - before < 0.2
            assert len(read_all(accepted)) == sent
        assert eventually(lambda: _is_idle(loop))


def _processor_time() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def test_busy_connections_share_few_pipes_and_idle_ones_have_none() -> None:
    data = random.Random(1).randbytes(8 << 20)
    with (
        server() as listener,
        running(listener.getsockname()[1]) as loop,
        connected(loop, listener) as (client, accepted),
    ):
        sending = threading.Thread(target=client.sendall, args=(data,))
        sending.start()
        digest, size = hashlib.sha256(), 0
        while size < len(data):
            part = accepted.recv(1 << 20)
            digest.update(part)
            size += len(part)
        sending.join(SECONDS)
        assert digest.digest() == hashlib.sha256(data).digest()
        client.sendall(b"x")
        assert accepted.recv(1) == b"x"
        assert eventually(lambda: loop.pipes.used == 0)


def test_a_system_without_splice_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sandbox may have the call and refuse it."""

    def refused(*_: object, **__: object) -> int:
        raise OSError(errno.EINVAL, "Invalid argument")

    data = os.urandom(1 << 20)
    with server() as listener, running(listener.getsockname()[1]) as loop:
        monkeypatch.setattr(loop.pipes, "splice", refused)
        with connected(loop, listener) as (client, accepted):
            sending = threading.Thread(target=client.sendall, args=(data,))
            sending.start()
            received = b""
            while len(received) < len(data):
                received += accepted.recv(1 << 20)
            sending.join(SECONDS)
            assert received == data
        assert loop.pipes.splice is None


@pytest.mark.parametrize("target", ["none", "closed"])
def test_a_missing_target_is_a_reset_a_hundred_times(target: str) -> None:
    with server() as closed:
        number = closed.getsockname()[1]
    with running(None if target == "none" else number) as loop:
        for _ in range(ROUNDS):
            with (  # the reset may come before connect() returns
                pytest.raises(ConnectionResetError),
                socket.create_connection(("127.0.0.1", local(loop)), SECONDS) as client,
            ):
                client.recv(1)
        failures = loop.entries[0].stats.failures
        assert eventually(lambda: list(failures.values()) == [ROUNDS])
        assert (str(number) in next(iter(failures))) == (target == "closed")


def test_both_addresses_of_localhost_lead_there() -> None:
    with server() as listener, running(listener.getsockname()[1]) as loop:
        for host in ("127.0.0.1", "::1", "localhost"):
            with socket.create_connection((host, local(loop)), SECONDS) as client:
                client.sendall(b"x")
                with listener.accept()[0] as accepted:
                    assert accepted.recv(1) == b"x"


LIMITED = """
import os, resource, sys
from hostshift.base import log
from tests.unit.forwarders import local, running

lines = []
log.to(lambda level, message: lines.append(message))
with running(int(sys.argv[1])) as loop:
    used = len(os.listdir("/proc/self/fd"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + 16, used + 16))
    print(local(loop), flush=True)
    sys.stdin.readline()
    print(len(lines), loop.entries[0].stats.accepted, loop.entries[0].stats.failures, flush=True)
"""


def _answer_one_byte(listener: socket.socket) -> None:
    for _ in range(ROUNDS):
        with listener.accept()[0] as accepted:
            accepted.sendall(accepted.recv(1))


def test_without_a_free_descriptor_clients_wait_and_are_served_in_turn() -> None:
    """100 clients at once, where a handful fits."""
    with server() as listener:
        serving = threading.Thread(target=_answer_one_byte, args=(listener,))
        serving.start()
        with subprocess.Popen(
            [sys.executable, "-P", "-c", LIMITED, str(listener.getsockname()[1])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            port = int(process.stdout.readline())
            with ExitStack() as stack:
                clients = [
                    stack.enter_context(socket.create_connection(("127.0.0.1", port), SECONDS))
                    for _ in range(ROUNDS)
                ]
                for client in clients:
                    client.sendall(b"x")
                for client in clients:
                    assert client.recv(1) == b"x"
                    client.close()
            process.stdin.write("\n")
            process.stdin.flush()
            assert process.stdout.readline() == f"1 {ROUNDS} {{}}\n"
        serving.join(SECONDS)


def test_stopping_lets_a_client_that_has_closed_send_its_last_bytes() -> None:
    """A program that writes and ends at once: its bytes arrive, as without a forwarder."""
    data = os.urandom(4 << 20)
    for _ in range(20):
        with server() as listener, running(listener.getsockname()[1]) as loop:
            received: list[bytes] = []

            def serve(listener: socket.socket = listener, into: list[bytes] = received) -> None:
                with listener.accept()[0] as accepted:
                    accepted.settimeout(SECONDS)
                    into.append(read_all(accepted))

            serving = threading.Thread(target=serve)
            serving.start()
            with socket.create_connection(("127.0.0.1", local(loop)), SECONDS) as client:
                client.sendall(data)
            loop.call(lambda loop=loop: loop.stop(SECONDS, last_bytes=True))  # type: ignore[misc]
            serving.join(SECONDS)
            assert received == [data]

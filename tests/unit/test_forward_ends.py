"""A side that breaks: the other gets what it had sent, then its end, then the reset, as without us.

A server may answer and close without reading the rest of what its client sends (HTTP's 413).
"""

from __future__ import annotations

import errno
import fcntl
import socket
import struct
import sys
import threading
import time
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

import pytest

from hostshift.forward.ending import never_ended
from hostshift.forward.entry import Entry
from hostshift.forward.loop import Loop
from hostshift.forward.spec import Endpoint
from tests.unit.forwarders import (
    SECONDS,
    Fixed,
    a_port,
    connected,
    eventually,
    local,
    running,
    server,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="how Linux ends a connection")

ROUNDS = 300
"""A reset in the middle of one ``splice`` is rare."""
ANSWER = b"answer" * 100
BODY = b"x" * (1 << 20)
NO_LINGER = struct.pack("ii", 1, 0)
NOT_ACKNOWLEDGED = 0x5411
"""SIOCOUTQ (tcp(7))."""
WAYS = pytest.mark.parametrize("splices", [True, False], ids=["splice", "copy"])
WHO = pytest.mark.parametrize("who", ["client", "server"])


def _reset(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
    sock.close()


def _read(sock: socket.socket) -> tuple[int, str]:
    """Return how many bytes there are to read, and how the stream ends."""
    size = 0
    try:
        while data := sock.recv(1 << 16):
            size += len(data)
    except OSError as error:
        return size, errno.errorcode[error.errno or 0]
    return size, "end"


def _send(sock: socket.socket) -> str:
    """Send without an end, and return what that ends with."""
    try:
        while True:
            sock.sendall(BODY)
    except OSError as error:
        return errno.errorcode[error.errno or 0]


def _fill(sock: socket.socket) -> None:
    """Send until nothing is taken any more."""
    sock.settimeout(0.3)
    with suppress(TimeoutError):
        while True:
            sock.send(BODY)


def _delivered(sock: socket.socket, sent: int) -> int:
    """Return how many of the bytes that were sent have left this side's kernel."""
    left = fcntl.ioctl(sock, NOT_ACKNOWLEDGED, bytes(4))
    return sent - int.from_bytes(left, sys.byteorder)


@WAYS
@WHO
@pytest.mark.parametrize("ends", [True, False], ids=["ends its stream", "only closes"])
def test_an_answer_arrives_although_its_sender_did_not_read_all(
    splices: bool, who: str, ends: bool
) -> None:
    """The answer, then the end of its stream if that came, then the reset of further writes."""
    with server() as listener, running(listener.getsockname()[1], splices=splices) as loop:
        for _ in range(ROUNDS):
            with connected(loop, listener) as pair:
                first, other = pair if who == "client" else reversed(pair)
                writes: list[str] = []
                sending = threading.Thread(target=lambda: writes.append(_send(other)))  # noqa: B023 - it ends in the round
                sending.start()
                first.recv(1)
                first.sendall(ANSWER)
                if ends:
                    first.shutdown(socket.SHUT_WR)
                first.close()  # not all is read: this resets
                sending.join(SECONDS)
                assert writes == ["EPIPE" if ends else "ECONNRESET"]
                assert _read(other) == (len(ANSWER), "end")
        assert eventually(lambda: loop.entries[0].stats.open == 0)


@pytest.mark.parametrize("ends", [True, False], ids=["ends its stream", "only resets"])
@pytest.mark.parametrize("size", [0, 1, 30_000])
def test_the_kernel_knows_whether_a_stream_had_ended_before_its_reset(
    size: int, ends: bool
) -> None:
    with server() as listener, socket.create_connection(listener.getsockname()) as first:
        other, _ = listener.accept()
        with other:
            first.sendall(b"x" * size)
            if ends:
                first.shutdown(socket.SHUT_WR)
            assert eventually(lambda: _delivered(first, size) == size)
            _reset(first)
            read, _ = _read(other)
            assert read == size
            assert never_ended(other, size) is not ends


@WAYS
@WHO
def test_an_answer_arrives_although_the_question_ended_when_its_sender_had_closed(
    splices: bool, who: str
) -> None:
    """What fails is not a write but passing on the end of the stream."""
    with server() as listener, running(listener.getsockname()[1], splices=splices) as loop:
        for _ in range(ROUNDS):
            with connected(loop, listener) as pair:
                first, other = pair if who == "client" else reversed(pair)
                other.sendall(b"xx")
                first.recv(1)
                first.sendall(ANSWER)
                first.close()
                with suppress(OSError):  # the reset was faster
                    other.shutdown(socket.SHUT_WR)
                size, _ = _read(other)
                assert size == len(ANSWER)
        assert eventually(lambda: loop.entries[0].stats.open == 0)


@WAYS
@WHO
@pytest.mark.parametrize("size", [1, 200_000, 3_000_000])
def test_all_that_was_sent_before_a_reset_arrives(splices: bool, who: str, size: int) -> None:
    """The reader begins a little later: its kernel has not taken all of it by then."""
    with server() as listener, running(listener.getsockname()[1], splices=splices) as loop:
        for _ in range(3):
            with connected(loop, listener) as pair:
                first, other = pair if who == "client" else reversed(pair)
                first.sendall(b"x" * size)
                assert eventually(lambda: _delivered(first, size) == size)  # noqa: B023 - now
                _reset(first)
                time.sleep(0.1)
                assert _read(other) == (size, "ECONNRESET")
        assert eventually(lambda: loop.entries[0].stats.open == 0)


@WHO
def test_a_side_that_goes_on_reading_has_more_than_a_second(who: str) -> None:
    """Only what it does not take for a second is lost."""
    size = 6_000_000
    with server() as listener, running(listener.getsockname()[1]) as loop:
        with connected(loop, listener) as pair:
            first, other = pair if who == "client" else reversed(pair)
            sending = threading.Thread(target=first.sendall, args=(b"x" * size,))
            sending.start()
            got = 0
            while got < size:
                part = other.recv(1 << 16)
                got += len(part)
                time.sleep(0.03)
                if sending.is_alive() or first.fileno() < 0:
                    continue
                if _delivered(first, size) == size:
                    _reset(first)
            with pytest.raises(ConnectionResetError):
                other.recv(1)
        assert eventually(lambda: loop.entries[0].stats.open == 0)


@WAYS
@WHO
def test_all_that_had_come_before_a_reset_arrives_from_behind_a_side_that_did_not_read(
    splices: bool, who: str
) -> None:
    """A part of it is in the forwarder, which did not even read the rest."""
    with server() as listener, running(listener.getsockname()[1], splices=splices) as loop:
        with connected(loop, listener) as pair:
            first, other = pair if who == "client" else reversed(pair)
            _fill(first)
            flow = next(iter(loop.entries[0].flows))
            side = flow.client if who == "client" else flow.target
            least = side.moved
            _reset(first)
            size, end = _read(other)
            assert (size > least, end) == (True, "ECONNRESET")
        assert eventually(lambda: loop.entries[0].stats.open == 0)


@WHO
def test_a_side_that_reads_nothing_gets_the_reset_all_the_same(who: str) -> None:
    with server() as listener, running(listener.getsockname()[1]) as loop:
        with connected(loop, listener) as pair:
            first, other = pair if who == "client" else reversed(pair)
            _fill(first)
            _reset(first)
            assert eventually(
                lambda: other.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNRESET
            )
            assert eventually(lambda: loop.entries[0].stats.open == 0)
        assert loop.entries[0].stats.failures == {"reset": 1}
        assert loop.relay.endings.flows == {}


def _turns(loop: Loop) -> Iterator[None]:
    """Do the work of a loop, a pass at a time."""
    loop.acceptor.resume()
    ends = time.monotonic() + SECONDS
    while time.monotonic() < ends:
        yield
        for fd, mask in loop.poller.wait(0.05):
            loop.handlers[fd](mask)
        loop._work_off()


def test_a_target_that_answers_and_resets_at_once_has_not_refused() -> None:
    """It accepted, and its answer came, before the forwarder could look at its connect."""
    with ExitStack() as stack:
        listener, port = stack.enter_context(server()), a_port()
        endpoint = Endpoint(local=port.number, port=1)
        target = listener.getsockname()[1]
        loop = Loop([Entry(endpoint, port, Fixed(endpoint, target))])
        stack.callback(loop.close)
        client = stack.enter_context(socket.create_connection(("127.0.0.1", local(loop)), SECONDS))
        listener.setblocking(False)
        for _ in _turns(loop):
            with suppress(BlockingIOError):
                accepted, _ = listener.accept()
                accepted.sendall(ANSWER)
                _reset(accepted)
                break
        for _ in _turns(loop):
            if not loop.entries[0].stats.open:
                break
        assert _read(client) == (len(ANSWER), "ECONNRESET")
        assert loop.entries[0].stats.failures == {"reset": 1}

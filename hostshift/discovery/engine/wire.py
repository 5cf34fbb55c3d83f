"""A connection to an engine. Each of its waits counts against a deadline.

A socket's time-out limits the time between two bytes, so a server that sends one now and
then could hold us for ever. So the socket never blocks, and each wait goes through
:meth:`hostshift.base.deadline.Deadline.wait`. That needs no thread.
"""

from __future__ import annotations

import errno
import os
import selectors
import socket
import time
from typing import TYPE_CHECKING

from hostshift.base.record import Record
from hostshift.discovery.engine import listener
from hostshift.discovery.engine.listener import Foreign
from hostshift.discovery.engine.problems import Late

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed import ReadableBuffer, WriteableBuffer

    from hostshift.base.deadline import Deadline

_UNDER_WAY = (errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EALREADY)
_AFTERWARDS = 1 << 20
"""Bytes that we read after the time is up, if they have arrived: an answer that arrived while
this process did not run is not late."""
_Selector = getattr(selectors, "PollSelector", selectors.SelectSelector)
"""Not epoll, which takes a descriptor of its own."""


class Endpoint(Record):
    """The address of an engine."""

    name: str
    """A path, or a URL, to show to people. It contains no secret."""
    path: str = ""
    """The unix socket; "" for an engine over TCP."""
    addresses: tuple[str, ...] = ()
    """The IP addresses of an engine over TCP."""
    port: int = 0
    guarded: bool = False
    """True if only root or this user may listen there: it is on loopback."""


class Turn:
    """The time that one engine may take.

    Args:
        deadline: this engine's own; it shares its silence with the whole question.
        reserve: seconds of the total limit that it must leave for other engines.

    """

    def __init__(self, deadline: Deadline, reserve: float = 0.0) -> None:
        self.deadline, self._reserve = deadline, reserve

    @property
    def left(self) -> float:
        """Seconds that it may take in total, 0 or more."""
        return max(0.0, self.deadline.left - self._reserve)

    def wait(self, answered: Callable[[float], bool]) -> None:
        """Wait for the other side.

        Raises:
            Late: it was silent for too long, or has used all its time.

        """
        in_time = self.deadline.wait(answered) if self.left else answered(0.0)
        if not in_time:
            raise Late

    def within(self, silence: float) -> Turn:
        """Return a turn that is part of this one, with less silence, in seconds."""
        return Turn(self.deadline.part(silence), self._reserve)


class Wire(socket.socket):
    """A stream socket that waits as its turn allows. ``http.client`` reads and writes it."""

    def __init__(self, family: int, turn: Turn) -> None:
        """Create a socket that is not connected."""
        super().__init__(family, socket.SOCK_STREAM)
        self.setblocking(False)
        self.turn = turn
        self._afterwards = 0
        """Bytes that we read after the time was up."""

    def reach(self, address: str | tuple[str, int]) -> None:
        """Connect.

        Raises:
            OSError: nobody listens, or this user may not connect.
            Late: it took too long.

        """
        unix = isinstance(address, str)

        def connected(seconds: float) -> bool:
            code = self.connect_ex(address)
            if code == errno.EAGAIN and unix:
                # The queue of waiting clients is full, and no event reports free places.
                time.sleep(seconds)
                return False
            if code not in (0, errno.EISCONN, *_UNDER_WAY):
                raise OSError(code, os.strerror(code))
            return True

        self.turn.wait(connected)
        if not unix:
            self._await(selectors.EVENT_WRITE)
            code = self.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code:
                raise OSError(code, os.strerror(code))

    def sendall(self, data: ReadableBuffer, flags: int = 0, /) -> None:
        """Send all data."""
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[self.send(rest, flags) :]
            except BlockingIOError:
                self._await(selectors.EVENT_WRITE)

    def recv_into(self, buffer: WriteableBuffer, nbytes: int = 0, flags: int = 0) -> int:
        """Receive the bytes that have arrived, or wait for the next ones.

        Raises:
            Late: nothing arrived for too long, or all the time is used up.

        """
        while True:
            try:
                received = super().recv_into(buffer, nbytes, flags)
            except BlockingIOError:
                self._await(selectors.EVENT_READ)
                continue
            if not self.turn.left:
                self._afterwards += max(received, 1)
                if self._afterwards > _AFTERWARDS:
                    raise Late
            return received

    def _await(self, event: int) -> None:
        with _Selector() as selector:
            selector.register(self, event)
            self.turn.wait(lambda seconds: bool(selector.select(seconds)))


def reach(endpoint: Endpoint, turn: Turn) -> Wire:
    """Connect to an engine, at the first of its addresses that accepts.

    Raises:
        OSError: no address accepts; this is the last one's error.
        Foreign: another user listens, or may listen, at its socket or one of its addresses.
        Late: no address accepted in time.

    """
    if endpoint.path:
        return _connect(socket.AF_UNIX, endpoint.path, turn)
    failure: Exception = ConnectionRefusedError()
    for at, address in enumerate(endpoint.addresses):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        part = turn.within(turn.deadline.silence / (len(endpoint.addresses) - at))
        try:
            wire = _connect(family, (address, endpoint.port), part, guarded=endpoint.guarded)
        except (OSError, Late, Foreign) as error:
            failure = failure if isinstance(failure, Foreign) else error
        else:
            wire.turn = turn
            return wire
    raise failure


def _connect(
    family: int, address: str | tuple[str, int], turn: Turn, *, guarded: bool = False
) -> Wire:
    """Connect, and ask after that whose the listener is; on loopback, ask before that, too."""
    if guarded and isinstance(address, tuple):
        listener.check(*address)
    wire = Wire(family, turn)
    try:
        wire.reach(address)
        if isinstance(address, str):
            listener.check_peer(wire, address)
        elif guarded:
            listener.check_connected(wire)
    except BaseException:
        wire.close()
        raise
    return wire

"""A connection to an engine: every wait of it counts against a deadline.

A time limit of a socket is one between two bytes: who sends one now and then would
hold us for ever. So the socket never blocks, and each wait goes through
:meth:`hostshift.deadline.Deadline.wait`. No thread is needed for that.
"""

from __future__ import annotations

import errno
import os
import selectors
import socket
import time
from typing import TYPE_CHECKING, Any

from hostshift._record import Record
from hostshift.topology.engine.problems import Late

if TYPE_CHECKING:
    from collections.abc import Callable

    from hostshift.deadline import Deadline

_UNDER_WAY = (errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EALREADY)
_AFTERWARDS = 1 << 20
"""Bytes that are read when the time is up, if they are there already: an answer that came
while this process did not run is none that came late."""
_Selector = getattr(selectors, "PollSelector", selectors.SelectSelector)
"""Not epoll: that takes a descriptor of its own."""


class Endpoint(Record):
    """Where an engine listens."""

    name: str
    """A path, or a URL: what people are told, and no secret."""
    path: str = ""
    """The unix socket; "" for an engine that is asked by TCP."""
    addresses: tuple[str, ...] = ()
    """The numbers by which it is asked over TCP."""
    port: int = 0


class Turn:
    """The time that one engine may take.

    Args:
        deadline: of this engine; it shares its silence with the whole question.
        reserve: seconds of the total limit that have to be left for others.

    """

    def __init__(self, deadline: Deadline, reserve: float = 0.0) -> None:
        self.deadline, self._reserve = deadline, reserve

    @property
    def left(self) -> float:
        """Seconds that it may take all in all, 0 or more."""
        return max(0.0, self.deadline.left - self._reserve)

    def wait(self, answered: Callable[[float], bool]) -> None:
        """Wait for the other side.

        Raises:
            Late: it said nothing for too long, or has taken all its time.

        """
        came = self.deadline.wait(answered) if self.left else answered(0.0)
        if not came:
            raise Late

    def within(self, silence: float) -> Turn:
        """Return a turn that is part of this one, with less silence, in seconds."""
        return Turn(self.deadline.part(silence), self._reserve)


class Wire(socket.socket):
    """A stream socket that waits as its turn allows. ``http.client`` reads and writes it."""

    def __init__(self, family: int, turn: Turn) -> None:
        """Connect to nothing yet."""
        super().__init__(family, socket.SOCK_STREAM)
        self.setblocking(False)
        self.turn = turn
        self._afterwards = 0
        """Bytes that were read when the time was up."""

    def reach(self, address: str | tuple[str, int]) -> None:
        """Connect.

        Raises:
            OSError: nobody listens, or nobody may.
            Late: it took too long.

        """
        unix = isinstance(address, str)

        def connected(seconds: float) -> bool:
            code = self.connect_ex(address)
            if code == errno.EAGAIN and unix:
                # The queue of those that wait is full, and no event tells when it is not.
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

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        """Send all of it."""
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[self.send(rest, flags) :]
            except BlockingIOError:
                self._await(selectors.EVENT_WRITE)

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        """Receive what is there, or wait for the next of it.

        Raises:
            Late: nothing came for too long, or all the time is up.

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
    """Connect to an engine, by the first of its addresses that takes the call.

    Raises:
        OSError: none does; the error is the last one's.
        Late: none did in time.

    """
    if endpoint.path:
        return _reached(socket.AF_UNIX, endpoint.path, turn)
    failure: Exception = ConnectionRefusedError()
    for at, address in enumerate(endpoint.addresses):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        mine = turn.within(turn.deadline.silence / (len(endpoint.addresses) - at))
        try:
            wire = _reached(family, (address, endpoint.port), mine)
        except (OSError, Late) as error:
            failure = error
        else:
            wire.turn = turn
            return wire
    raise failure


def _reached(family: int, address: str | tuple[str, int], turn: Turn) -> Wire:
    wire = Wire(family, turn)
    try:
        wire.reach(address)
    except BaseException:
        wire.close()
        raise
    return wire

"""HTTP to an engine's socket, by the standard library alone.

The Docker SDK would do, but loading it takes 0.1 s of processor time, in which it keeps
the interpreter's lock for 10 ms and more at a time: an event loop in another thread of
the process would be late by as much.
"""

from __future__ import annotations

import socket
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING

from hostshift.topology.engine.problems import GoneError, Problem

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from hostshift.topology.engine.problems import Clock

_CHUNK = 1 << 14
_HOST = "docker"
"""HTTP wants one named; engines take any."""


class _UnixConnection(HTTPConnection):
    """A connection to a path in place of a host."""

    def __init__(self, path: str) -> None:
        super().__init__(_HOST)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket, within the time limit that was set last."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Transport:
    """Questions to one engine, within one time limit: a context that closes what it opened."""

    def __init__(self, path: str, clock: Clock, limit: int) -> None:
        """Connect to nothing yet.

        Args:
            path: the engine's socket.
            clock: the time that all questions may take together.
            limit: bytes of one answer, at most.

        """
        self._connection = _UnixConnection(path)
        self._clock, self._limit = clock, limit

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Hang up."""
        self._connection.close()

    def body(self, path: str) -> bytes:
        """Ask for a path and return what is answered. Redirections are not followed.

        Raises:
            Problem: the answer is none, too long, or not in time.
            GoneError: there is no such thing.
            OSError: the socket failed.

        """
        try:
            return self._body(path)
        except (HTTPException, ValueError):
            raise Problem("does not answer as an engine does (no HTTP)") from None

    def _body(self, path: str) -> bytes:
        self._limit_time()
        self._connection.request("GET", path)
        body = bytearray()
        with self._connection.getresponse() as answer:
            if answer.status != 200:
                self._connection.close()  # What it says of it is not read.
                raise _refusal(answer.status)
            while chunk := answer.read1(_CHUNK):
                body += chunk
                self._limit_time()
                if len(body) > self._limit:
                    raise Problem(f"answers with more than {self._limit >> 20} MB")
            if answer.length:
                raise Problem("hung up in the middle of an answer")
        return bytes(body)

    def _limit_time(self) -> None:
        """Give the socket what is left of the time; it cannot be given 0."""
        self._clock.check()
        seconds = max(self._clock.left, 0.001)
        self._connection.timeout = seconds
        if self._connection.sock is not None:
            self._connection.sock.settimeout(seconds)


def _refusal(status: int) -> Problem:
    return (GoneError if status == 404 else Problem)(f"answers HTTP {status}")

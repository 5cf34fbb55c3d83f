"""HTTP to an engine's socket, by the standard library alone.

The Docker SDK would do, but loading it takes 0.1 s of processor time, in which it keeps
the interpreter's lock for 10 ms and more at a time: an event loop in another thread of
the process would be late by as much.
"""

from __future__ import annotations

import json
from http.client import (
    BadStatusLine,
    HTTPConnection,
    HTTPException,
    HTTPResponse,
    IncompleteRead,
    RemoteDisconnected,
)
from typing import TYPE_CHECKING

from hostshift.topology.engine import problems
from hostshift.topology.engine.problems import GoneError, HungUp, NoPlainHTTP, Problem
from hostshift.topology.engine.wire import Wire, reach

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from hostshift.topology.engine.wire import Endpoint, Turn

_CHUNK = 1 << 14
_HOST = "docker"
"""HTTP wants one named; engines take any."""
_NO_JSON = "does not answer as an engine does: no JSON"


class Transport(HTTPConnection):
    """Questions to one engine: a context that closes what it opened.

    No path has a version: engines take that for their newest.
    """

    def __init__(self, endpoint: Endpoint, turn: Turn, limit: int) -> None:
        """Connect to nothing yet.

        Args:
            endpoint: where the engine listens.
            turn: the time that its answers may take together.
            limit: bytes of one answer, at most.

        """
        super().__init__(_HOST)
        self._endpoint, self._turn, self._limit = endpoint, turn, limit
        self.sock: Wire | None = None

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
        self.close()

    def connect(self) -> None:
        """Connect to the engine; :mod:`http.client` calls this."""
        self.sock = reach(self._endpoint, self._turn)

    def ask(self, path: str, silence: float | None = None) -> object:
        """Ask for a path and return what is answered, as JSON. Redirections are not followed.

        Args:
            path: the path, with its query.
            silence: seconds that the engine may be silent here, all that are left by default.

        Raises:
            Problem: the answer is none, too long, or not in time.
            GoneError: there is no such thing.

        """
        whole = self._turn
        try:
            if silence is not None:
                self._turn = whole.within(silence)
            return self._ask(path)
        except BaseException as error:
            self.close()  # The rest of an answer must not be taken for the next one.
            if isinstance(error, OSError) and not isinstance(error, HTTPException):
                raise problems.of_error(error) from None
            raise
        finally:
            self._turn = whole

    def _ask(self, path: str) -> object:
        if not self._turn.left:
            raise problems.Late
        if self.sock is None:
            return self._exchange(path)
        self.sock.turn = self._turn
        try:
            return self._exchange(path)
        except (HungUp, ConnectionError):
            # A server may close a connection that it used to keep, without a word: then a
            # client asks again on another one (RFC 9112, 9.3.1).
            self.close()
            return self._exchange(path)

    def _exchange(self, path: str) -> object:
        try:
            self.request("GET", path)
            with self.getresponse() as answer:
                return self._read(answer)
        except (BadStatusLine, IncompleteRead) as error:
            raise _cut(error) from None
        except (HTTPException, ValueError):
            raise NoPlainHTTP from None

    def _read(self, answer: HTTPResponse) -> object:
        if answer.status != 200:
            raise _refusal(answer.status)
        marked = answer.chunked or answer.length is not None
        body = bytearray()
        while chunk := answer.read1(_CHUNK):
            body += chunk
            if len(body) > self._limit:
                raise Problem(f"answers with more than {self._limit >> 20} MB")
        if answer.length:
            raise HungUp
        try:
            found: object = json.loads(body)
        except (ValueError, RecursionError):
            # Engines mark where an answer ends. Without a mark it was cut in its head.
            raise (Problem(_NO_JSON) if marked else HungUp()) from None
        return found


def _cut(error: HTTPException) -> Problem:
    """Return what an answer is that ended too early, or did not begin as one."""
    line = str(error.args[0]) if error.args else ""
    if isinstance(error, (RemoteDisconnected, IncompleteRead)):
        return HungUp()
    cut = "HTTP/".startswith(line[:5]) and not line.endswith("\n")
    return HungUp() if cut else NoPlainHTTP()


def _refusal(status: int) -> Problem:
    """Return what a status means: an engine that starts or stumbles answers 5xx.

    Go's TLS server answers plain HTTP with 400 (net/http/server.go, conn.serve).
    """
    what = f"answers HTTP {status}"
    if status == 400:
        return NoPlainHTTP(what)
    return GoneError(what) if status == 404 else Problem(what, passing=status >= 500)

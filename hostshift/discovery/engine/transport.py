"""HTTP to an engine's socket, with the standard library alone.

The Docker SDK would work, but its import takes 0.1 s of processor time, and keeps the
interpreter's lock for 10 ms and more at a time. That would delay an event loop in another
thread of the process by as much.
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

from hostshift.discovery.engine import problems
from hostshift.discovery.engine.problems import GoneError, HungUp, NoPlainHTTP, Problem
from hostshift.discovery.engine.wire import Wire, reach

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from hostshift.base.json_tree import Tree
    from hostshift.discovery.engine.wire import Endpoint, Turn

_CHUNK = 1 << 14
_HOST = "docker"
"""HTTP requires a host; engines accept any."""
_NO_JSON = "does not answer with JSON as an engine does"


class Transport(HTTPConnection):
    """Questions to one engine: a context that closes its connection.

    No path contains a version, which engines take as their newest one.
    """

    def __init__(self, endpoint: Endpoint, turn: Turn, limit: int) -> None:
        """Store the arguments, and connect at the first question.

        Args:
            endpoint: where the engine listens.
            turn: the time that all answers may take together.
            limit: bytes of one answer, at most.

        """
        super().__init__(_HOST)
        self._endpoint, self._turn, self._limit = endpoint, turn, limit
        self.sock: Wire | None = None

    def __enter__(self) -> Self:
        """Return this transport."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection."""
        self.close()

    def connect(self) -> None:
        """Connect to the engine; :mod:`http.client` calls this."""
        self.sock = reach(self._endpoint, self._turn)

    def ask(self, path: str, silence: float | None = None) -> Tree:
        """Ask for a path and return the JSON of the answer. Follow no redirection.

        Args:
            path: the path, with its query.
            silence: seconds that the engine may be silent here; all that are left by default.

        Raises:
            Problem: the answer is not an engine's, too long, or not in time.
            GoneError: the object of the path does not exist.

        """
        whole = self._turn
        try:
            if silence is not None:
                self._turn = whole.within(silence)
            return self._ask(path)
        except BaseException as error:
            self.close()  # The rest of this answer must not count as the next one.
            if isinstance(error, OSError) and not isinstance(error, HTTPException):
                raise problems.of_error(error) from None
            raise
        finally:
            self._turn = whole

    def _ask(self, path: str) -> Tree:
        if not self._turn.left:
            raise problems.Late
        if self.sock is None:
            return self._exchange(path)
        self.sock.turn = self._turn
        try:
            return self._exchange(path)
        except (HungUp, ConnectionError):
            # A server may close an idle connection at any time. Then a client asks again on
            # another one (RFC 9112, 9.3.1).
            self.close()
            return self._exchange(path)

    def _exchange(self, path: str) -> Tree:
        try:
            self.request("GET", path)
            with self.getresponse() as answer:
                return self._read(answer)
        except (BadStatusLine, IncompleteRead) as error:
            raise _cut(error) from None
        except (HTTPException, ValueError):
            raise NoPlainHTTP from None

    def _read(self, answer: HTTPResponse) -> Tree:
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
            parsed: Tree = json.loads(body)
        except (ValueError, RecursionError):
            # Engines mark the end of an answer. An answer without a mark was cut in its head.
            raise (Problem(_NO_JSON) if marked else HungUp()) from None
        return parsed


def _cut(error: HTTPException) -> Problem:
    """Return the problem with an answer that ended too early, or did not begin as HTTP."""
    line = str(error.args[0]) if error.args else ""
    if isinstance(error, (RemoteDisconnected, IncompleteRead)):
        return HungUp()
    cut = "HTTP/".startswith(line[:5]) and not line.endswith("\n")
    return HungUp() if cut else NoPlainHTTP()


def _refusal(status: int) -> Problem:
    """Return the problem that a status means: an engine that starts or fails answers 5xx.

    Go's TLS server answers plain HTTP with 400 (net/http/server.go, conn.serve).
    """
    what = f"answers HTTP {status}"
    if status == 400:
        return NoPlainHTTP(what)
    return GoneError(what) if status == 404 else Problem(what, passing=status >= 500)

"""One connection that finds out who listens: connect, talk or listen, hang up.

This module raises nothing: if this process fails, the outcome is ``failed``.
"""

from __future__ import annotations

import errno
import selectors
import socket

from hostshift.machine.tls_hello import ALERT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.machine.handshakes import Follow, Turn
    from hostshift.routing.queries import Outcome

SETTLE = 0.05
"""Seconds that a connection must stay open to count: the proxy of a published port
accepts at once, and hangs up if its container is not ready."""

PARTING = 0.25
"""Seconds that the end of a talk may take once the verdict is final."""

ENOUGH = 4096
"""Bytes after which an answer without a verdict is not in the protocol."""

_OUTCOMES: dict[int, Outcome] = {
    0: "open",
    errno.ECONNREFUSED: "refused",
    errno.ECONNRESET: "closed",
    errno.EPIPE: "closed",
    errno.ETIMEDOUT: "silent",
    errno.ENETUNREACH: "unreachable",
    errno.EHOSTUNREACH: "unreachable",
    errno.ENETDOWN: "unreachable",
    errno.EHOSTDOWN: "unreachable",
    errno.EAFNOSUPPORT: "unreachable",
}
"""Outcomes by error number. Any other error is this process's or its machine's, such as no free
descriptor, memory or port, or a firewall's rule for outgoing connections."""

_PENDING = (errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EINTR)


class Dial:
    """One connection on its way: connecting, then talking or listening, then done."""

    def __init__(
        self,
        host: str,
        port: int,
        opening: Turn | None = None,
        ending: Follow | None = None,
        proof: Follow | None = None,
    ) -> None:
        self.host, self.port = host, port
        self.outcome: Outcome = "silent"
        self.verdict: bool | None = None
        self.hung_up = False
        self.done = False
        self.socket: socket.socket | None = None
        self._turn, self._ending, self._proof = opening, ending, proof
        self._counts = True
        """False once the verdict is final and only the end of the talk is missing."""
        self._pending, self._received = b"", b""
        self._connected = False
        self._until: float | None = None

    @property
    def events(self) -> int:
        """The events of the selector to wait for."""
        if self._connected and not self._pending:
            return selectors.EVENT_READ
        return selectors.EVENT_READ | selectors.EVENT_WRITE

    def open(self) -> None:
        """Start to connect."""
        try:
            code = self._begin()
        except OSError as error:
            known = error.errno == errno.EAFNOSUPPORT  # this kernel has no such family
            code = errno.EAFNOSUPPORT if known else errno.EINVAL
        except (ValueError, TypeError, OverflowError):
            code = errno.EINVAL  # not an address
        if code not in (0, *_PENDING):
            self._finish(self._outcome(code))

    def _outcome(self, code: int) -> Outcome:
        """Return the outcome that an error number means: for the route, or for this process."""
        if code == errno.EADDRNOTAVAIL and not _has_source(self.host, self.port):
            return "unreachable"
        return _OUTCOMES.get(code, "failed")

    def _begin(self) -> int:
        """Start to connect, and return the error number."""
        # The C library cuts a text at a zero, and takes an empty host for loopback.
        if not self.host or "\0" in self.host:
            return errno.EINVAL
        if type(self.port) is not int or not 0 < self.port < 1 << 16:
            return errno.EINVAL
        flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
        infos = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM, flags=flags)
        family, kind, number, _, address = infos[0]
        self.socket = socket.socket(family, kind, number)
        self.socket.setblocking(False)
        return self.socket.connect_ex(address)

    def settle(self, now: float) -> None:
        """Finish a connection that stayed open long enough, or a goodbye that took too long."""
        if self._until is not None and now >= self._until:
            self._finish("open")

    def ready(self, now: float) -> None:
        """Continue: the socket is writable (connected), readable or broken."""
        try:
            if not self._connected:
                self._accepted(now)
            if self._pending and not self.done:
                self._send()
            if self._connected and not self.done:
                self._listen(now)
        except OSError:
            self._lost()

    def _accepted(self, now: float) -> None:
        connection = self._open_socket()
        code = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        # The kernel may give an unused port to this very socket, which then connects to itself.
        if not code and connection.getsockname() == connection.getpeername():
            code = errno.ECONNREFUSED
        if code:
            self._finish(self._outcome(code))
            return
        self._connected, self.outcome = True, "open"
        if self._turn is None:
            self._until = now + SETTLE
        else:
            self._pending = self._turn.question

    def _send(self) -> None:
        try:
            self._pending = self._pending[self._open_socket().send(self._pending) :]
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            # A server that hung up may have sent its reason before.
            self._pending = b""

    def _listen(self, now: float) -> None:
        try:
            data = self._open_socket().recv(ENOUGH)
        except (BlockingIOError, InterruptedError):
            return
        if not data:
            self._lost()
        elif self._turn is None:
            self._finish("open")
        else:
            self._received += data
            self._judge(self._turn, now)

    def _judge(self, turn: Turn, now: float) -> None:
        """Judge the received bytes, and continue with the next turn if there is one."""
        verdict = turn.judge(self._received)
        if verdict is None and len(self._received) >= ENOUGH:
            verdict = False
        if verdict is None:
            return
        if verdict is False and self._counts and _is_alert(self._received):
            self._lost()
            return
        following = self._following(turn, verdict=verdict)
        if following is None:
            self._finish("open")
            return
        if not self._counts and self._until is None:
            self._until = now + PARTING
        self._turn, self._pending, self._received = following, following.question, b""

    def _following(self, turn: Turn, *, verdict: bool) -> Turn | None:
        """Record a verdict and return the next turn: the proof, the next question, or the end."""
        if not verdict:
            self.verdict = False if self._counts else self.verdict
            return None
        proof, self._proof = self._proof, None
        following = _after(proof, self._received)
        if following is None and self._counts:
            self.verdict, self._counts = True, False
            following = _after(self._ending, self._received)
        elif following is None:
            following = _after(turn.then, self._received)
        return following

    def _lost(self) -> None:
        """Finish a connection that the other side closed or reset."""
        self.hung_up = True
        self._finish("open" if self._received or self.verdict else "closed")

    def _open_socket(self) -> socket.socket:
        if self.socket is None:
            raise OSError(errno.EBADF, "not open")
        return self.socket

    def _finish(self, outcome: Outcome) -> None:
        self.outcome, self.done = outcome, True
        self.close()

    def close(self) -> None:
        """Close the socket."""
        if self.socket is not None:
            self.socket.close()


def _is_alert(data: bytes) -> bool:
    """Return True if bytes begin as a TLS alert, so the server speaks TLS and no plain text."""
    return data[0] == ALERT and b"\3".startswith(data[1:2])


def _after(follow: Follow | None, answer: bytes) -> Turn | None:
    return follow(answer) if follow is not None else None


def _has_source(host: str, port: int) -> bool:
    """Return False if this machine has no source address to dial an IP address.

    EADDRNOTAVAIL means that no port is free, or that IPv6 is off (``disable_ipv6``, which Docker
    sets on networks without IPv6). Only the second stops datagrams. We send none: to connect
    such a socket only looks up the route.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as datagrams:
            return datagrams.connect_ex((host, port)) != errno.EADDRNOTAVAIL
    except OSError:
        return True

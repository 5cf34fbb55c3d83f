"""Reachability within a budget: dial many addresses at once, listen briefly, hang up.

Only numeric addresses are dialled; whoever calls decides which ones may be. Nothing
is raised: what this process cannot do is the outcome ``failed``.
"""

from __future__ import annotations

import errno
import selectors
import socket
import time

from hostshift.greetings import GREETINGS, tls_opening
from hostshift.tls_hello import ALERT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from hostshift.deadline import Deadline
    from hostshift.greetings import Follow, Greeting, Turn
    from hostshift.questions import Outcome

SETTLE = 0.05
"""Seconds that a connection must stay open to count: a published port's proxy
accepts at once and hangs up when it finds its container not ready."""

PARTING = 0.25
"""Seconds that the end of a talk may take once the verdict is there."""

ENOUGH = 4096
"""Bytes after which an answer that is none yet is not going to be one."""

MOST_AT_ONCE = 64

_SLICE = 0.02
"""Seconds that one step may count for: what took longer was time in which this process slept."""

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
}
"""What a connection ended in. Any other error is of this process or its machine, such as no
descriptor, no memory, no IPv6, no free port, or a firewall's rule for what goes out."""

_PENDING = (errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EINTR)


def reach(addresses: Sequence[tuple[str, int]], deadline: Deadline) -> tuple[Outcome, ...]:
    """Dial all addresses at once and return what became of each.

    Args:
        addresses: numeric hosts with ports. Those beyond :data:`MOST_AT_ONCE` are not
            dialled: ``failed``.
        deadline: bounds the waiting for them.

    """
    dials = _run([_Dial(*address) for address in addresses[:MOST_AT_ONCE]], deadline)
    outcomes: list[Outcome] = [dial.outcome for dial in dials]
    left_out: list[Outcome] = ["failed"] * (len(addresses) - len(dials))
    return (*outcomes, *left_out)


def greets(
    addresses: Sequence[tuple[str, int]], protocol: str, deadline: Deadline
) -> tuple[bool | None, ...]:
    """Ask each address the first question of a protocol and return which ones answer in it.

    True: it answers in the protocol, or it speaks TLS from the first byte, where nobody
    can say what is spoken inside. False: it answers something else, refuses, or cannot
    be reached. None: it could not be told. It accepts and says nothing, which a server
    that starts or is overloaded does as well, or hangs up without a word, as the proxy
    of a published port does while its container is not ready; it was not dialled; or
    no first question of the protocol is known.

    Args:
        addresses: numeric hosts with ports.
        protocol: its name, as in :data:`hostshift.greetings.GREETINGS`.
        deadline: bounds the waiting for them.

    """
    dials = _greeted(addresses, protocol, deadline, proving=False)
    hung_up = [dial for dial in dials if dial.verdict is None and dial.hung_up]
    hellos = [_Dial(dial.host, dial.port, tls_opening(protocol)) for dial in hung_up]
    _run(hellos, deadline)
    for dial, hello in zip(hung_up, hellos, strict=True):
        dial.verdict = hello.verdict
    return _verdicts(dials, len(addresses))


def proves(
    addresses: Sequence[tuple[str, int]], protocol: str, deadline: Deadline
) -> tuple[bool | None, ...]:
    """Like :func:`greets`, but True only for an answer that the protocol's servers alone give.

    The two differ for PostgreSQL, whose log gets a line for it, and where only TLS is
    spoken: that proves no protocol, None.
    """
    return _verdicts(_greeted(addresses, protocol, deadline, proving=True), len(addresses))


def talk(
    address: tuple[str, int], opening: Turn, ending: Follow | None, deadline: Deadline
) -> tuple[Outcome, bool | None]:
    """Have one talk and return what became of the connection and how the answer was judged."""
    (dial,) = _run([_Dial(*address, opening, ending)], deadline)
    if dial.verdict is None and dial.hung_up:
        return "closed", None
    return dial.outcome, dial.verdict


def _greeted(
    addresses: Sequence[tuple[str, int]], protocol: str, deadline: Deadline, *, proving: bool
) -> list[_Dial]:
    greeting = GREETINGS.get(protocol)
    if greeting is None:
        return []
    return _run(
        [
            _Dial(*address, greeting.opening, greeting.ending, _proof(greeting, proving))
            for address in addresses[:MOST_AT_ONCE]
        ],
        deadline,
    )


def _proof(greeting: Greeting, proving: bool) -> Follow | None:
    proof = greeting.proof
    return None if proof is None else lambda answer: proof(answer, proving)


def _verdicts(dials: Sequence[_Dial], number: int) -> tuple[bool | None, ...]:
    found = [
        False if dial.outcome in ("refused", "unreachable") else dial.verdict for dial in dials
    ]
    return (*found, *([None] * (number - len(found))))


class _Dial:
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
        """False once the verdict is final and only the end is missing."""
        self._pending, self._received = b"", b""
        self._connected = False
        self._until: float | None = None

    @property
    def events(self) -> int:
        """What to wait for."""
        if self._connected and not self._pending:
            return selectors.EVENT_READ
        return selectors.EVENT_READ | selectors.EVENT_WRITE

    def open(self) -> None:
        """Begin to connect."""
        try:
            code = self._begin()
        except (OSError, ValueError, TypeError, OverflowError):
            code = errno.EINVAL  # not an address, or none of a kind that this machine has
        if code not in (0, *_PENDING):
            self._finish(_OUTCOMES.get(code, "failed"))

    def _begin(self) -> int:
        """Return the error number that connecting begins with."""
        # A text ends at a zero for the C library, and no host at all is loopback for it.
        if not self.host or "\0" in self.host:
            return errno.EINVAL
        if type(self.port) is not int or not 0 < self.port < 1 << 16:
            return errno.EINVAL
        flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
        found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM, flags=flags)
        family, kind, number, _, address = found[0]
        self.socket = socket.socket(family, kind, number)
        self.socket.setblocking(False)
        return self.socket.connect_ex(address)

    def settle(self, now: float) -> None:
        """Finish a connection that has stayed open, or a goodbye that has lasted, long enough."""
        if self._until is not None and now >= self._until:
            self._finish("open")

    def ready(self, now: float) -> None:
        """Go on: the socket is writable (connected), readable or broken."""
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
        # A port that nobody has may be given to this very socket: it connects to itself.
        if not code and connection.getsockname() == connection.getpeername():
            code = errno.ECONNREFUSED
        if code:
            self._finish(_OUTCOMES.get(code, "failed"))
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
            # Who hangs up may have said why before.
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
        """Judge what was received, and go on to the next turn where there is one."""
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
        """Take a verdict and return the next turn: the proof, what follows, or the end."""
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
        """Finish where the other side hung up or reset the connection."""
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
        """Close what was opened."""
        if self.socket is not None:
            self.socket.close()


def _is_alert(data: bytes) -> bool:
    """Return True if bytes begin as a TLS alert: so TLS is spoken there, and no plain text."""
    return data[0] == ALERT and b"\3".startswith(data[1:2])


def _after(follow: Follow | None, answer: bytes) -> Turn | None:
    return follow(answer) if follow is not None else None


def _run(dials: list[_Dial], deadline: Deadline) -> list[_Dial]:
    """Drive all connections until each is done or the time is up."""
    try:
        for dial in dials:
            dial.open()
        deadline.wait(_Steps(dials).step)
    finally:
        for dial in dials:
            dial.close()
    return dials


class _Steps:
    """Connections, driven a step at a time. The clock runs only while this process does."""

    def __init__(self, dials: Sequence[_Dial]) -> None:
        self._dials = dials
        self._clock = 0.0

    def step(self, seconds: float) -> bool:
        """Wait up to some seconds until something happens, and return True if all is done."""
        began, now = time.monotonic(), self._clock
        waiting = [dial for dial in self._dials if not dial.done]
        if waiting:
            for dial in _happened(waiting, seconds):
                dial.ready(now)
            # Only who has been looked at since then has stayed open.
            for dial in waiting:
                if not dial.done:
                    dial.settle(now)
            self._clock += min(time.monotonic() - began, _SLICE)
        return all(dial.done for dial in self._dials)


def _happened(waiting: Sequence[_Dial], seconds: float) -> list[_Dial]:
    """Return the connections on which something happened.

    By poll: it needs no descriptor of its own and takes those beyond 1023.
    """
    with getattr(selectors, "PollSelector", selectors.DefaultSelector)() as selector:
        for dial in waiting:
            if dial.socket is not None:
                selector.register(dial.socket, dial.events, dial)
        return [key.data for key, _ in selector.select(max(0.0, seconds))]

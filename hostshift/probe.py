"""Reachability within a budget: dial many addresses at once, listen briefly, hang up.

Only numeric addresses are dialled; whoever calls decides which ones may be.
"""

from __future__ import annotations

import errno
import selectors
import socket
import time

from hostshift.greetings import GREETINGS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hostshift.questions import Outcome

SETTLE = 0.05
"""Seconds that a connection must stay open to count: a published port's proxy
accepts at once and hangs up when it finds its container not ready."""

ENOUGH = 64
"""Bytes of an answer that tell what it is."""

MOST_AT_ONCE = 64


def reach(addresses: Sequence[tuple[str, int]], seconds: float) -> tuple[Outcome, ...]:
    """Dial all addresses at once and say what became of each, within a time in seconds."""
    dials = _run([_Dial(*address) for address in addresses[:MOST_AT_ONCE]], seconds)
    outcomes: list[Outcome] = [dial.outcome for dial in dials]
    missed: list[Outcome] = ["silent"] * (len(addresses) - len(dials))
    return (*outcomes, *missed)


def greets(addresses: Sequence[tuple[str, int]], protocol: str, seconds: float) -> tuple[bool, ...]:
    """Ask each address the first question of a protocol and say which ones answer in it."""
    greeting = GREETINGS.get(protocol)
    if greeting is None:
        return (False,) * len(addresses)
    dials = _run(
        [
            _Dial(*address, greeting.question, greeting.answered)
            for address in addresses[:MOST_AT_ONCE]
        ],
        seconds,
    )
    answers = [greeting.answered(dial.received) for dial in dials]
    return (*answers, *([False] * (len(addresses) - len(dials))))


class _Dial:
    """One connection on its way: connecting, then listening, then done."""

    def __init__(
        self,
        host: str,
        port: int,
        question: bytes = b"",
        answered: Callable[[bytes], bool] | None = None,
    ) -> None:
        self.outcome: Outcome = "silent"
        self.received = b""
        self.done = False
        self._question, self._answered = question, answered
        self._connected = False
        self.until: float | None = None
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.setblocking(False)
        code = self.socket.connect_ex((host, port))
        if code not in (0, errno.EINPROGRESS, errno.EWOULDBLOCK):
            self._finish(_outcome(code))

    @property
    def events(self) -> int:
        """What to wait for."""
        return selectors.EVENT_READ if self._connected else selectors.EVENT_WRITE

    def expired(self, now: float) -> bool:
        """Tell whether it has stayed open long enough, and finish it then."""
        if self.until is not None and now >= self.until:
            self._finish("open")
        return self.done

    def ready(self, now: float) -> None:
        """Go on: the socket is writable (connected), readable or broken."""
        if self._connected:
            self._listen()
            return
        code = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            self._finish(_outcome(code))
            return
        self._connected, self.outcome = True, "open"
        if self._answered is None:
            self.until = now + SETTLE
        elif self._question:
            self.socket.send(self._question)

    def _listen(self) -> None:
        try:
            data = self.socket.recv(4096)
        except OSError:
            data = b""
        self.received += data
        if not data:
            self._finish("open" if self.received else "closed")
        elif (
            self._answered is None or self._answered(self.received) or len(self.received) >= ENOUGH
        ):
            self._finish("open")

    def _finish(self, outcome: Outcome) -> None:
        self.outcome, self.done = outcome, True
        self.socket.close()


def _outcome(code: int) -> Outcome:
    return "refused" if code == errno.ECONNREFUSED else "unreachable"


def _run(dials: list[_Dial], seconds: float) -> list[_Dial]:
    """Drive all connections until each is done or the time is up."""
    deadline = time.monotonic() + seconds
    while True:
        now = time.monotonic()
        waiting = [dial for dial in dials if not dial.done and not dial.expired(now)]
        if not waiting or now >= deadline:
            break
        ends = [dial.until for dial in waiting if dial.until is not None]
        _step(waiting, min([deadline, *ends]) - now)
    for dial in dials:
        dial.socket.close()
    return dials


def _step(waiting: list[_Dial], seconds: float) -> None:
    """Wait until something happens on one of the connections, and let those go on."""
    with selectors.DefaultSelector() as selector:
        for dial in waiting:
            selector.register(dial.socket, dial.events, dial)
        for key, _ in selector.select(max(0.0, seconds)):
            key.data.ready(time.monotonic())

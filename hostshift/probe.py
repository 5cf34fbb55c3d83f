"""Reachability within a budget: dial many addresses at once, listen briefly, hang up.

Only numeric addresses are dialled; whoever calls decides which ones may be. Nothing
is raised: what this process cannot do is the outcome ``failed``.
"""

from __future__ import annotations

import selectors
import time

from hostshift.deadline import SLICE
from hostshift.dialling import Dial
from hostshift.greetings import GREETINGS, tls_opening

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from hostshift.deadline import Deadline
    from hostshift.greetings import Follow, Greeting, Turn
    from hostshift.questions import Outcome

MOST_AT_ONCE = 64


def counts_hang_ups(protocol: str) -> bool:
    """Return True if servers of a protocol block who hangs up on them, as MySQL does."""
    greeting = GREETINGS.get(protocol)
    return greeting is not None and greeting.ending is not None


def reach(
    addresses: Sequence[tuple[str, int]], deadline: Deadline, protocol: str = ""
) -> tuple[Outcome, ...]:
    """Dial all addresses at once and return what became of each.

    Args:
        addresses: numeric hosts with ports. Those beyond :data:`MOST_AT_ONCE` are not
            dialled: ``failed``.
        deadline: bounds the waiting for them.
        protocol: what is probably spoken there. Where such servers count who hangs up on
            them, the talk goes on until they do not.

    """
    if counts_hang_ups(protocol):
        dials = _greeted(addresses, protocol, deadline, proving=False)
    else:
        dials = _run([Dial(*address) for address in addresses[:MOST_AT_ONCE]], deadline)
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
    hellos = [Dial(dial.host, dial.port, tls_opening(protocol)) for dial in hung_up]
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
    (dial,) = _run([Dial(*address, opening, ending)], deadline)
    if dial.verdict is None and dial.hung_up:
        return "closed", None
    return dial.outcome, dial.verdict


def _greeted(
    addresses: Sequence[tuple[str, int]], protocol: str, deadline: Deadline, *, proving: bool
) -> list[Dial]:
    greeting = GREETINGS.get(protocol)
    if greeting is None:
        return []
    return _run(
        [
            Dial(*address, greeting.opening, greeting.ending, _proof(greeting, proving))
            for address in addresses[:MOST_AT_ONCE]
        ],
        deadline,
    )


def _proof(greeting: Greeting, proving: bool) -> Follow | None:
    proof = greeting.proof
    return None if proof is None else lambda answer: proof(answer, proving)


def _verdicts(dials: Sequence[Dial], number: int) -> tuple[bool | None, ...]:
    found = [
        False if dial.outcome in ("refused", "unreachable") else dial.verdict for dial in dials
    ]
    return (*found, *([None] * (number - len(found))))


def _run(dials: list[Dial], deadline: Deadline) -> list[Dial]:
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

    def __init__(self, dials: Sequence[Dial]) -> None:
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
            self._clock += min(time.monotonic() - began, SLICE)
        return all(dial.done for dial in self._dials)


def _happened(waiting: Sequence[Dial], seconds: float) -> list[Dial]:
    """Return the connections on which something happened.

    By poll: it needs no descriptor of its own and takes those beyond 1023.
    """
    with getattr(selectors, "PollSelector", selectors.DefaultSelector)() as selector:
        for dial in waiting:
            if dial.socket is not None:
                selector.register(dial.socket, dial.events, dial)
        return [key.data for key, _ in selector.select(max(0.0, seconds))]


_BETTER: tuple[Outcome, ...] = ("open", "closed", "silent", "failed", "refused", "unreachable")
"""Outcomes, what counts first. Silence at one address of a host is no refusal by that host."""


def best(outcomes: Sequence[Outcome]) -> Outcome:
    """Return the best of what several addresses of one host gave."""
    return min(outcomes, key=_BETTER.index) if outcomes else "unreachable"

"""Reachability within a budget: dial many addresses at once, listen briefly, hang up.

This module only dials numeric addresses, and its callers decide which ones. It raises
nothing: if this process fails, the outcome is ``failed``.
"""

from __future__ import annotations

import selectors
import time

from hostshift.base.deadline import SLICE
from hostshift.machine.connection import Dial
from hostshift.machine.handshakes import GREETINGS, tls_opening

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from hostshift.base.deadline import Deadline
    from hostshift.machine.handshakes import Follow, Handshake, Turn
    from hostshift.routing.queries import Outcome

MOST_AT_ONCE = 64


def dials(
    by_host: Sequence[tuple[str, ...] | None], endpoints: Sequence[tuple[str, int]]
) -> list[tuple[str, int]]:
    """Pair the IP addresses of each host with its port, each pair once."""
    pairs = [
        (ip, port) for ips, (_, port) in zip(by_host, endpoints, strict=True) for ip in ips or ()
    ]
    return list(dict.fromkeys(pairs))


def counts_hang_ups(protocol: str) -> bool:
    """Return True if servers of a protocol block clients that hang up, as MySQL does."""
    handshake = GREETINGS.get(protocol)
    return handshake is not None and handshake.ending is not None


def reach(
    addresses: Sequence[tuple[str, int]], deadline: Deadline, protocol: str = ""
) -> tuple[Outcome, ...]:
    """Dial all addresses at once and return the outcome of each.

    Args:
        addresses: numeric hosts with ports. Those after the first :data:`MOST_AT_ONCE`
            have the outcome ``failed`` without a dial.
        deadline: bounds the waiting for them.
        protocol: the probable protocol. If its servers count clients that hang up, the talk
            goes on until they do not.

    """
    if counts_hang_ups(protocol):
        dials = _greet(addresses, protocol, deadline, proving=False)
    else:
        dials = _run([Dial(*address) for address in addresses[:MOST_AT_ONCE]], deadline)
    outcomes: list[Outcome] = [dial.outcome for dial in dials]
    left_out: list[Outcome] = ["failed"] * (len(addresses) - len(dials))
    return (*outcomes, *left_out)


def greets(
    addresses: Sequence[tuple[str, int]], protocol: str, deadline: Deadline
) -> tuple[bool | None, ...]:
    """Ask each address the first question of a protocol and return which ones answer in it.

    True: it answers in the protocol, or it speaks TLS from the first byte, so we cannot see
    the protocol inside. False: it answers in another protocol, refuses, or is unreachable.
    None: we do not know. It accepts and stays silent, as a server does that starts or is
    overloaded; or it hangs up without an answer, as the proxy of a published port does
    while its container is not ready; or we did not dial it; or we know no first question
    of the protocol.

    Args:
        addresses: numeric hosts with ports.
        protocol: its name, as in :data:`hostshift.machine.handshakes.GREETINGS`.
        deadline: bounds the waiting for them.

    """
    dials = _greet(addresses, protocol, deadline, proving=False)
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

    The two differ for PostgreSQL, whose log gets a line, and for servers that only speak
    TLS: that proves no protocol, None.
    """
    return _verdicts(_greet(addresses, protocol, deadline, proving=True), len(addresses))


def talk(
    address: tuple[str, int], opening: Turn, ending: Follow | None, deadline: Deadline
) -> tuple[Outcome, bool | None]:
    """Hold one talk and return the outcome of the connection and the verdict on the answer."""
    (dial,) = _run([Dial(*address, opening, ending)], deadline)
    if dial.verdict is None and dial.hung_up:
        return "closed", None
    return dial.outcome, dial.verdict


def _greet(
    addresses: Sequence[tuple[str, int]], protocol: str, deadline: Deadline, *, proving: bool
) -> list[Dial]:
    handshake = GREETINGS.get(protocol)
    if handshake is None:
        return []
    return _run(
        [
            Dial(*address, handshake.opening, handshake.ending, _proof(handshake, proving))
            for address in addresses[:MOST_AT_ONCE]
        ],
        deadline,
    )


def _proof(handshake: Handshake, proving: bool) -> Follow | None:
    proof = handshake.proof
    return None if proof is None else lambda answer: proof(answer, proving)


def _verdicts(dials: Sequence[Dial], number: int) -> tuple[bool | None, ...]:
    verdicts = [
        False if dial.outcome in ("refused", "unreachable") else dial.verdict for dial in dials
    ]
    return (*verdicts, *([None] * (number - len(verdicts))))


def _run(dials: list[Dial], deadline: Deadline) -> list[Dial]:
    """Drive all connections until each is done or the time is used up."""
    try:
        for dial in dials:
            dial.open()
        deadline.wait(_Steps(dials).step)
    finally:
        for dial in dials:
            dial.close()
    return dials


class _Steps:
    """Drives connections a step at a time. Its clock only runs while this process does."""

    def __init__(self, dials: Sequence[Dial]) -> None:
        self._dials = dials
        self._clock = 0.0

    def step(self, seconds: float) -> bool:
        """Wait up to some seconds until something happens, and return True if all is done."""
        began, now = time.monotonic(), self._clock
        waiting = [dial for dial in self._dials if not dial.done]
        if waiting:
            for dial in _with_events(waiting, seconds):
                dial.ready(now)
            # A connection has only stayed open if we have looked at it since then.
            for dial in waiting:
                if not dial.done:
                    dial.settle(now)
            self._clock += min(time.monotonic() - began, SLICE)
        return all(dial.done for dial in self._dials)


def _with_events(waiting: Sequence[Dial], seconds: float) -> list[Dial]:
    """Return the connections with an event.

    We use poll, which needs no descriptor of its own and takes descriptors above 1023.
    """
    with getattr(selectors, "PollSelector", selectors.DefaultSelector)() as selector:
        for dial in waiting:
            if dial.socket is not None:
                selector.register(dial.socket, dial.events, dial)
        return [key.data for key, _ in selector.select(max(0.0, seconds))]


_BETTER: tuple[Outcome, ...] = ("open", "closed", "silent", "failed", "refused", "unreachable")
"""Outcomes, the best first. Silence at one address of a host is no refusal by that host."""


def best(outcomes: Sequence[Outcome]) -> Outcome:
    """Return the best outcome of several addresses of one host."""
    return min(outcomes, key=_BETTER.index) if outcomes else "unreachable"

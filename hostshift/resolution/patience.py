"""More time for a source that is late, where a driver could dial another server meanwhile.

A driver dials a name that stays. While an engine or a name server is too busy to answer whose
name it is, the name may lead to another project's server. So before such a dial those sources
get all the time that a dial may take, once. A source that stays silent for so long gets the
usual budget again for a while, and holds up nobody.
"""

from __future__ import annotations

import time

from hostshift.base import bounded
from hostshift.base.addresses import is_loopback
from hostshift.base.deadline import Deadline
from hostshift.routing.numeric import may_be_anothers, rests_on_a_look, seconds_of_a_look

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from hostshift.routing.model import Address, Decision, RouteRequest

    _Key = tuple[str, int | None, str, Address | None]

PAUSE = 60.0
"""Seconds without another long wait, after a source was silent for a whole dial."""

RECENT = 5.0
"""Seconds before the first dial at which a source is late, in which its answer counts."""

LATE = 15.0
"""Seconds after that dial in which it still counts. An engine that hangs gives no container an
address; so a connect that had to wait for it, and the look after that connect, have one answer."""

MOST = 1024
"""Endpoints of which we remember that."""


class Patience:
    """Whether this process waits for sources that are late."""

    def __init__(self) -> None:
        """Start as one that waits."""
        self._waited_in_vain = float("-inf")
        self._seen: dict[_Key, tuple[Decision, float]] = {}
        """Where a service was at the last dial, and when that was, by endpoint and announcer."""
        self._late_since: dict[_Key, float] = {}
        """When the first dial began at which a source was late, and has been since."""

    def decide(
        self,
        request: RouteRequest,
        ask: Callable[[Deadline], Decision],
        first: Deadline,
        look_again: Callable[[float], None],
        announcer: Address | None = None,
    ) -> Decision:
        """Decide for a dial at this moment; again if more time or a newer look may change it.

        Args:
            request: the endpoint.
            ask: decides it by the rules, within a deadline.
            first: the time for the first attempt, and in total.
            look_again: drops what was seen of the services before a time.
            announcer: where the server is that announced the endpoint as a member; None for an
                endpoint that the user wrote.

        """
        began = time.monotonic()
        decision = ask(first)
        seen, moving = rests_on_a_look(decision), may_be_anothers(decision)
        patient = self.is_left and (moving or _is_worth_it(request, decision, announcer))
        if patient or seen or decision.misleads:
            look_again(began - seconds_of_a_look(decision) if seen else began)
            # Silence may take all the time that is left.
            decision = ask(Deadline(first.left, first.left) if patient else first)
            self._learn(decision, waited=patient)
        key = (request.host, request.port, request.protocol, announcer)
        return self._recalled(key, decision, began)

    @property
    def is_left(self) -> bool:
        """Return True unless a source was silent for a whole dial a short while ago."""
        return time.monotonic() - self._waited_in_vain > PAUSE

    def _recalled(self, key: _Key, decision: Decision, began: float) -> Decision:
        """Return a decision; if a source is late, the one of some seconds ago in its place.

        As it is written, the address may be another server's meanwhile.
        """
        if may_be_anothers(decision):
            bounded.put(self._seen, key, (decision, time.monotonic()), MOST)
        if not decision.late or decision.changed:
            self._late_since.pop(key, None)
            return decision
        since = self._late_since.get(key, began)
        bounded.put(self._late_since, key, since, MOST)
        before, at = self._seen.get(key, (decision, 0.0))
        return before if since - at <= RECENT and began - since <= LATE else decision

    def _learn(self, decision: Decision, *, waited: bool) -> None:
        """Remember a wait that was in vain."""
        if waited and decision.late:
            self._waited_in_vain = time.monotonic()


def _is_worth_it(request: RouteRequest, decision: Decision, announcer: Address | None) -> bool:
    """Return True if the source that is late may show where the endpoint is."""
    from hostshift.routing.services import could_name_one

    if not decision.late or decision.changed:
        return False
    # An engine shows whose loopback it is that a server announces.
    return could_name_one(request) or (announcer is not None and is_loopback(request.host))

"""More time for a source that is late, where a driver could dial another server meanwhile.

A driver dials a name that stays. While an engine or a name server is too busy to answer whose
name it is, the name may lead to another project's server. So before such a dial those sources
get all the time that a dial may take, once. A source that stays silent for so long gets the
usual budget again for a while, and holds up nobody.
"""

from __future__ import annotations

import time

from hostshift.base import bounded
from hostshift.base.deadline import Deadline
from hostshift.routing.numeric import may_be_anothers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.routing.model import Decision, RouteRequest

PAUSE = 60.0
"""Seconds without another long wait, after a source was silent for a whole dial."""


RECENT = 5.0
"""Seconds before a dial in which an answer counts for it, if its source is late now."""

MOST = 1024
"""Endpoints of which we remember that."""


class Patience:
    """Whether this process waits for sources that are late."""

    def __init__(self) -> None:
        """Start as one that waits."""
        self._waited_in_vain = float("-inf")
        self._seen: dict[tuple[str, int | None, str], tuple[Decision, float]] = {}
        """Where a service was at the last dial, and when that was, by endpoint."""

    def is_worth(self, request: RouteRequest, decision: Decision) -> bool:
        """Return True if the rules should decide again with more time.

        Args:
            request: the endpoint.
            decision: the decision that a late source may change.

        """
        if not decision.late or decision.changed or not self.is_left:
            return False
        from hostshift.routing.services import could_name_one

        return could_name_one(request)

    @property
    def is_left(self) -> bool:
        """Return True unless a source was silent for a whole dial a short while ago."""
        return time.monotonic() - self._waited_in_vain > PAUSE

    @staticmethod
    def deadline(first: Deadline) -> Deadline:
        """Return the time left for a query. Silence may take all of it."""
        return Deadline(first.left, first.left)

    def recalled(self, request: RouteRequest, decision: Decision, began: float) -> Decision:
        """Return a decision; if a source is late, the one of some seconds ago in its place.

        As it is written, the address may be another server's meanwhile.

        Args:
            request: the endpoint.
            decision: what is decided now.
            began: when the dial began, by :func:`time.monotonic`.

        """
        key = (request.host, request.port, request.protocol)
        if may_be_anothers(decision):
            bounded.put(self._seen, key, (decision, time.monotonic()), MOST)
        if not decision.late or decision.changed:
            return decision
        before, at = self._seen.get(key, (decision, 0.0))
        return before if began - at <= RECENT else decision

    def learn(self, decision: Decision, *, waited: bool) -> None:
        """Remember a wait that was in vain."""
        if waited and decision.late:
            self._waited_in_vain = time.monotonic()

"""More time for a source that is late, where a driver could dial another server meanwhile.

A driver dials a name that stays. While an engine or a name server is too busy to answer whose
name it is, the name may lead to another project's server. So before such a dial those sources
get all the time that a dial may take, once. A source that stays silent for so long gets the
usual budget again for a while, and holds up nobody.
"""

from __future__ import annotations

import time

from hostshift.base.deadline import Deadline

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.routing.model import Decision, RouteRequest

PAUSE = 60.0
"""Seconds without another long wait, after a source was silent for a whole dial."""


class Patience:
    """Whether this process waits for sources that are late."""

    def __init__(self) -> None:
        """Start as one that waits."""
        self._waited_in_vain = float("-inf")

    def is_worth(self, request: RouteRequest, decision: Decision) -> bool:
        """Return True if the rules should decide again with more time.

        Args:
            request: the endpoint.
            decision: the decision that a late source may change.

        """
        if not decision.late or decision.changed:
            return False
        if time.monotonic() - self._waited_in_vain <= PAUSE:
            return False
        from hostshift.routing.services import could_name_one

        return could_name_one(request)

    @staticmethod
    def deadline(first: Deadline) -> Deadline:
        """Return the time left for a query. Silence may take all of it."""
        return Deadline(first.left, first.left)

    def learn(self, decision: Decision, *, waited: bool) -> None:
        """Remember a wait that was in vain."""
        if waited and decision.late:
            self._waited_in_vain = time.monotonic()

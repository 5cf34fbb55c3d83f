"""Time for who is late, where another server could be dialled meanwhile.

A name that stays as it is written is dialled as it is written. While an engine or a name
server is too busy to say whose it is, it may lead to another project's server. So before such
a dial they get all the time that a dial may take, once: who stays silent for so long is asked
with the usual budget again for a while, and holds up nobody.
"""

from __future__ import annotations

import time

from hostshift.deadline import Deadline

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.decision import Asked, Decision

PAUSE = 60.0
"""Seconds for which somebody who was silent for a whole dial is not waited for again."""


class Patience:
    """Whom this process still waits for."""

    def __init__(self) -> None:
        """Wait for everybody."""
        self._in_vain = float("-inf")

    def is_worth(self, asked: Asked, decision: Decision) -> bool:
        """Return True if a decision should be made again with more time.

        Args:
            asked: the endpoint.
            decision: what was decided while somebody could not say in time.

        """
        if not decision.late or decision.changed or time.monotonic() - self._in_vain <= PAUSE:
            return False
        from hostshift.routes.services import could_name_one

        return could_name_one(asked)

    @staticmethod
    def deadline(first: Deadline) -> Deadline:
        """Return what is left of the time for a question, all of which may be spent on silence."""
        return Deadline(first.left, first.left)

    def learn(self, decision: Decision, *, waited: bool) -> None:
        """Note whether a wait was in vain."""
        if waited and decision.late:
            self._in_vain = time.monotonic()

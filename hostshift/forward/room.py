"""How many descriptors are left for clients, and for the looks that decide about them."""

from __future__ import annotations

import time

from hostshift.forward.descriptors import limit, used

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.forward.contract import Serving

_EACH = 2
"""Descriptors of a connection (the client's and the target's), and of a pipe."""
SPARE = 16
"""The most descriptors that stay free for looks, which read the kernel's tables and files, ask
name servers and dial; several at a time. Where there are few, a quarter of them does."""
PAUSE = 0.1
"""The least seconds between two counts: a count takes longer the more is open."""
_COUNTS = 20
"""A count may take one in so many seconds."""


class Room:
    """Counts for a loop.

    What others in this process have open, as the program around ``hostshift.forwarding()``, is
    counted from time to time, and what connections have as they come. The number of a new
    descriptor says little: it is the lowest that is free (open(2)), and connections end in any
    order.
    """

    def __init__(self, loop: Serving) -> None:
        """Know nothing yet: see :meth:`count`."""
        self.loop = loop
        self.connections = 0
        """Clients that were accepted, whose target is connected, or is to be."""
        self._others = self._spare = 0
        self._counts_again = 0.0

    def count(self) -> None:
        """Count the descriptors of others, but not more often than it should."""
        began = time.monotonic()
        if began < self._counts_again:
            return
        missing = sum(1 for attempt in self.loop.attempts if not attempt.has_socket)
        self._others = used() + missing - self._own()
        self._spare = min(SPARE, max(0, limit() - self._others) // 4)
        ended = time.monotonic()
        self._counts_again = ended + max(PAUSE, _COUNTS * (ended - began))

    def is_full(self) -> bool:
        """Return True if there is no room for one more client, without pipes that nobody uses."""
        most = limit()
        if most and self._lacks(most) and self.loop.pipes.spare:
            self.loop.pipes.close()
        return bool(most) and self._lacks(most)

    def _lacks(self, most: int) -> bool:
        return most - self._others - self._own() < self._spare + _EACH

    def _own(self) -> int:
        return _EACH * (self.connections + self.loop.pipes.open)

"""Counts the time in which others were silent, and not the time in which this process did not run.

A process that is stopped (SIGSTOP), or that gets no processor, sees an hour pass between two of
its steps. Whoever it waits for may have answered at once.
"""

from __future__ import annotations

import time

TICK = 0.25
"""Seconds between two looks at the clock while clients wait for their target, and the most that
one pass of the loop counts for."""
_STALLED = 2 * TICK
"""A process that has missed more seconds than this did not run."""


class Clock:
    """The time of one loop; only its thread may use it."""

    def __init__(self) -> None:
        """Begin now."""
        self._counted, self._last = 0.0, time.monotonic()

    def now(self) -> float:
        """Return the seconds that count so far."""
        return self._counted + min(time.monotonic() - self._last, TICK)

    def count(self) -> None:
        """Count the pass of the loop that ends now."""
        now = time.monotonic()
        self._counted += min(now - self._last, TICK)
        self._last = now

    def missed(self) -> float:
        """Return the seconds that have not counted so far."""
        return time.monotonic() - self.now()

    def stalled(self, since: float) -> bool:
        """Return True if this process did not run for a while.

        Args:
            since: what :meth:`missed` returned before.

        """
        return self.missed() - since > _STALLED

"""One look for all who want the same at once: a database that moves breaks a whole pool.

Each of its connections asks anew where the service is. Who comes while another is
looking waits for that answer, up to its own deadline, if it cannot be of before the
trouble; else the next look serves all who wait. So a burst costs two looks, not one a
connection. No look waits for anything.
"""

from __future__ import annotations

import os
import time
from _thread import allocate_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from typing import Any


class _Flight:
    """A look under way; its lock is free when it is over."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.answer: Any = None
        self.process = os.getpid()
        self.over = allocate_lock()
        self.over.acquire()


class Flights:
    """The looks under way, by what is looked for."""

    def __init__(self) -> None:
        """Begin with none."""
        self._flying: dict[Hashable, _Flight] = {}

    def share(
        self, key: Hashable, since: float, deadline: float, look: Callable[[], Any]
    ) -> tuple[float, Any]:
        """Look, or take the answer of another thread's look.

        Args:
            key: what is looked for.
            since: no look that began earlier counts, of :func:`time.monotonic`.
            deadline: how long to wait for another thread's look; then one's own is made.
            look: looks.

        Returns:
            When the look began, and its answer.

        """
        mine = _Flight()
        while (other := self._flying.setdefault(key, mine)) is not mine:
            if other.process != mine.process:  # a fork left its thread behind
                self._drop(key, other)
            elif not other.over.acquire(timeout=max(0.0, deadline - time.monotonic())):
                return time.monotonic(), look()
            else:
                other.over.release()
                if other.answer is not None and other.began >= since:
                    return other.began, other.answer
                mine.began = time.monotonic()
        try:
            mine.answer = look()
        finally:
            self._drop(key, mine)
            mine.over.release()
        return mine.began, mine.answer

    def _drop(self, key: Hashable, flight: _Flight) -> None:
        """Forget a look, unless another one has its place."""
        if self._flying.get(key) is flight:
            self._flying.pop(key, None)

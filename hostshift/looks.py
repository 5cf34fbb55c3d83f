"""What was looked for: kept for a while, and looked for once for all who ask at the same time.

One thread at a time looks for the answer to a question. Who asks meanwhile waits for it
while the own deadline lasts; no lock is held.
"""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from typing import Any


class _Look:
    """One answer, from the moment that somebody begins to look for it."""

    def __init__(self) -> None:
        from threading import Event

        self.began = self.ended = time.monotonic()
        self.answer: Any = None
        self.done = Event()
        self.outdated = False
        """Something failed at an address that was known before."""


class Looks:
    """The answers of late and the looks under way, by what is looked for."""

    def __init__(self, seconds: float) -> None:
        """Know nothing yet.

        Args:
            seconds: how long an answer stands.

        """
        self._seconds = seconds
        self._last: dict[Hashable, _Look] = {}
        self._under_way: dict[tuple[Hashable, int], _Look] = {}

    def kept(self, key: Hashable) -> Any:
        """Return an answer that still stands; None: there is none."""
        last = self._last.get(key)
        if last is None or last.outdated or time.monotonic() - last.ended >= self._seconds:
            return None
        return last.answer

    def share(
        self,
        key: Hashable,
        ask: Callable[[], Any],
        keeps: Callable[[Any], bool],
        deadline: float,
    ) -> Any:
        """Look, or wait for who is looking; after a look that began too early, look anew.

        Args:
            key: what is looked for.
            ask: looks; its answer is not None.
            keeps: tells whether an answer is one to keep.
            deadline: how long to wait for another's look, by :func:`time.monotonic`.

        """
        # What a fork finds under way is nobody's here: only the thread that forks goes on.
        here = (key, os.getpid())
        while (other := self._under_way.setdefault(here, mine := _Look())) is not mine:
            useful = not other.outdated
            if not other.done.wait(max(0.0, deadline - time.monotonic())):
                return ask()
            if useful and other.answer is not None:
                return other.answer
        try:
            known = self.kept(key)
            if known is not None:  # Somebody ended in between.
                return known
            mine.answer = ask()
            mine.ended = time.monotonic()
            if keeps(mine.answer):
                self._last[key] = mine
            return mine.answer
        finally:
            del self._under_way[here]
            mine.done.set()

    def outdate(self, concerns: Callable[[Any], bool], since: float) -> None:
        """Let answers stand no longer.

        Args:
            concerns: tells by what was looked for whether it is meant.
            since: only looks that began earlier, by :func:`time.monotonic`.

        """
        # Those under way first: one that ends meanwhile is among the last by then.
        for (key, _), look in list(self._under_way.items()):
            look.outdated = look.outdated or (concerns(key) and look.began <= since)
        for key, look in list(self._last.items()):
            look.outdated = look.outdated or (concerns(key) and look.began <= since)

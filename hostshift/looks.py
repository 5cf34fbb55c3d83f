"""A short-lived cache with single-flight: callers who ask the same at once share one look.

The look is made in a worker (:mod:`hostshift.workers`). Who asks meanwhile waits for it
while the own deadline lasts; no lock is held.
"""

from __future__ import annotations

import os
import time

from hostshift import bounded as tables
from hostshift.workers import Job, Workers, await_job

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from typing import Any

    from hostshift.deadline import Deadline

MOST = 1024
"""Answers that are kept; the oldest leaves."""


class Looks:
    """The answers of late and the looks under way, by what is looked for."""

    def __init__(self, workers: Workers | None = None) -> None:
        """Know nothing yet.

        Args:
            workers: who looks; some of its own by default.

        """
        self.workers = Workers() if workers is None else workers
        self._last: dict[Hashable, tuple[Job, float]] = {}
        """Each answer with the time at which it is too old."""
        self._under_way: dict[tuple[Hashable, int], Job] = {}

    def kept(self, key: Hashable) -> Any:
        """Return an answer that still stands; None: there is none."""
        found = self._last.get(key)
        if found is None or found[0].outdated or time.monotonic() >= found[1]:
            return None
        return found[0].answer

    def put(self, key: Hashable, answer: Any, seconds: float) -> None:
        """Keep an answer that was found without a worker, unless it is None."""
        if answer is not None:
            job = Job(lambda: answer, lambda _: None, lambda _: None, bounded=True, seconds=0)
            job.answer = answer
            self._keep(key, job, seconds)

    def share(
        self,
        key: Hashable,
        ask: Callable[[Deadline], Any],
        *,
        failed: Callable[[BaseException], Any],
        keeps: Callable[[Any], float],
        deadline: Deadline,
        bounded: bool = True,
    ) -> Any:
        """Return the answer to a question: a recent one, or that of one look for all who ask.

        After a look that began too early, there is one more.

        Args:
            key: what is looked for.
            ask: looks, within its own deadline; its answer is not None.
            failed: makes the answer "nobody could say" of an exception.
            keeps: returns for how many seconds an answer stands.
            deadline: how long to wait.
            bounded: ``ask`` ends by itself within the deadline that it is given.

        """
        while True:
            known = self.kept(key)
            if known is not None:
                return known
            if not deadline.left:
                return failed(TimeoutError("there was no time left"))
            job = self._job(key, ask, failed, keeps, deadline, bounded=bounded)
            outdated, began = job.outdated, time.monotonic()
            if not await_job(job, deadline, self.workers):
                return failed(TimeoutError("not answered in time"))
            deadline.spend(min(job.silence, time.monotonic() - began))
            if not outdated:
                return job.answer

    def _job(
        self,
        key: Hashable,
        ask: Callable[[Deadline], Any],
        failed: Callable[[BaseException], Any],
        keeps: Callable[[Any], float],
        deadline: Deadline,
        *,
        bounded: bool,
    ) -> Job:
        """Return the look that is under way, or begin one."""
        # What a fork finds under way is nobody's here: only the thread that forks goes on.
        here = (key, os.getpid())
        if (job := self._under_way.get(here)) is not None:
            return job
        silence, limit = deadline.silence, deadline.left

        def look() -> Any:
            own = type(deadline)(silence, limit)
            try:
                return ask(own)
            finally:
                mine.silence = own.spent

        def ended(job: Job) -> None:
            self._keep(key, job, keeps(job.answer))
            if self._under_way.get(here) is job:
                del self._under_way[here]

        mine = Job(look, failed, ended, bounded=bounded, seconds=limit if bounded else silence)
        job = self._under_way.setdefault(here, mine)
        if job is mine:
            self.workers.push(job)
        return job

    def _keep(self, key: Hashable, job: Job, seconds: float) -> None:
        if seconds:
            self._last.pop(key, None)
            tables.put(self._last, key, (job, job.ended + seconds), MOST)

    def outdate(self, concerns: Callable[[Any], bool], since: float) -> None:
        """Let answers stand no longer.

        Args:
            concerns: returns True for what was looked for if it is meant.
            since: only looks that began earlier, by :func:`time.monotonic`.

        """
        # Those under way first: one that ends meanwhile is among the last by then.
        for (key, _), job in list(self._under_way.items()):
            job.outdated = job.outdated or (concerns(key) and job.began <= since)
        for key, (job, _) in list(self._last.items()):
            job.outdated = job.outdated or (concerns(key) and job.began <= since)

"""A short-lived cache with single-flight: concurrent callers share one look-up.

A worker (:mod:`hostshift.base.workers`) makes the look-up. Callers wait for it as long as their
own deadline lasts, and hold no lock.
"""

from __future__ import annotations

import os
import time

from hostshift.base import bounded as tables
from hostshift.base.await_job import await_job
from hostshift.base.deadline import SLICE
from hostshift.base.record import Generic, Record
from hostshift.base.workers import Job, Workers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from typing import Any, TypeVar

    from hostshift.base.deadline import Deadline

    Answer = TypeVar("Answer")
    Key = TypeVar("Key", bound=Hashable)
else:
    Answer = Key = None

MOST = 1024
"""The most answers that the cache keeps; the oldest ones leave first."""


class Question(Record, Generic[Key, Answer]):
    """What to look up, and how."""

    key: Key
    """Callers with the same key share a look-up."""
    ask: Callable[[Deadline], Answer]
    """Makes the look-up within its own deadline. It returns None if there is no answer."""
    failed: Callable[[BaseException], Answer]
    """Turns an exception into the answer that the look-up failed."""
    keeps: Callable[[Answer], float]
    """Returns for how many seconds an answer is valid."""
    bounded: bool = True
    """``ask`` ends by itself within its deadline."""


class _Look(Job[Answer]):
    """A job, with the time that it had."""

    suits_silence = suits_limit = float("inf")
    """It does not answer callers who have more time: they might get a better answer."""

    def suits(self, deadline: Deadline) -> bool:
        """Return True unless this look-up ran out of time, and the caller has more of it."""
        return (
            deadline.silence <= self.suits_silence + SLICE
            and deadline.left <= self.suits_limit + SLICE
        )


class SingleFlight(Generic[Key]):
    """Recent answers and the look-ups under way, by key.

    It holds answers of all types. The key alone decides which type an answer has.
    """

    def __init__(self, workers: Workers | None = None) -> None:
        """Know nothing yet.

        Args:
            workers: they make the look-ups; a set of its own by default.

        """
        self.workers = Workers() if workers is None else workers
        self._last: dict[Key, tuple[_Look[Any], float]] = {}
        """Each answer with the time at which it expires."""
        self._under_way: dict[tuple[Key, int], _Look[Any]] = {}

    def _recent(self, key: Key, deadline: Deadline | None = None) -> Any:
        """Return an answer that is still valid and suits the caller's time, None without one."""
        entry = self._last.get(key)
        if entry is None:
            return None
        job, expires = entry
        if job.outdated or time.monotonic() >= expires:
            return None
        if deadline is not None and not job.suits(deadline):
            return None
        return job.answer

    def here(self, key: Key, ask: Callable[[], Answer | None], seconds: float) -> Answer | None:
        """Return a recent answer, or that of a look-up in this thread.

        Args:
            key: what to look up.
            ask: makes the look-up at once. It returns None if there is no answer.
            seconds: for how long an answer is valid.

        """
        known: Answer | None = self._recent(key)
        if known is None and (answer := ask()) is not None:
            job = _Look(lambda: answer, lambda _: answer, lambda _: None, bounded=True, seconds=0)
            job.answer = known = answer
            self._keep(key, job, seconds)
        return known

    def do(self, question: Question[Key, Answer], deadline: Deadline) -> Answer:
        """Return a recent answer to a question, or that of a look-up that all callers share.

        If that look-up began too early, or had less time than this caller has, another follows.

        Args:
            question: what to look up.
            deadline: how long to wait.

        """
        while True:
            known: Answer | None = self._recent(question.key, deadline)
            if known is not None:
                return known
            if not deadline.left:
                return question.failed(TimeoutError("there was no time left"))
            job = self._job(question, deadline)
            outdated, began = job.outdated, time.monotonic()
            if not await_job(job, deadline, self.workers):
                return question.failed(TimeoutError("not answered in time"))
            deadline.spend(min(job.silence, time.monotonic() - began))
            if not outdated and job.suits(deadline):
                return job.answer

    def _job(self, question: Question[Key, Answer], deadline: Deadline) -> _Look[Answer]:
        """Return the look-up that is under way, or begin one."""
        # A forked child never ends the look-ups of its parent: only the forking thread goes on.
        flight = (question.key, os.getpid())
        if (job := self._under_way.get(flight)) is not None:
            return job
        silence, limit = deadline.silence, deadline.left

        def look() -> Answer:
            job_deadline = type(deadline)(silence, limit)
            try:
                answer = question.ask(job_deadline)
            finally:
                new.silence = job_deadline.spent
                new.suits_silence = silence if job_deadline.was_silent else float("inf")
                new.suits_limit = float("inf") if job_deadline.left else limit
            if answer is None:
                raise LookupError("no answer")
            return answer

        def ended(job: Job[Answer]) -> None:
            # First, because all callers would wait for an entry that stays under way.
            if self._under_way.get(flight) is job:
                del self._under_way[flight]
            self._keep(question.key, new, question.keeps(job.answer))

        seconds = limit if question.bounded else silence
        new = _Look(look, question.failed, ended, bounded=question.bounded, seconds=seconds)
        job = self._under_way.setdefault(flight, new)
        if job is new:
            self.workers.push(job)
        return job

    def _keep(self, key: Key, job: _Look[Any], seconds: float) -> None:
        if seconds:
            self._last.pop(key, None)
            tables.put(self._last, key, (job, job.ended + seconds), MOST)

    def invalidate(self, concerns: Callable[[Key], bool], since: float) -> None:
        """Invalidate answers, also those of look-ups under way.

        Args:
            concerns: returns True for the keys to invalidate.
            since: a time of :func:`time.monotonic`; only look-ups that began by then count.

        """
        # Those under way first: one that ends meanwhile is in `_last` by then.
        for (key, _), job in list(self._under_way.items()):
            job.outdated = job.outdated or (concerns(key) and job.began <= since)
        for key, (job, _) in list(self._last.items()):
            job.outdated = job.outdated or (concerns(key) and job.began <= since)

"""A short-lived cache with single-flight: callers who ask the same at once share one look.

The look is made in a worker (:mod:`hostshift.workers`). Who asks meanwhile waits for it
while the own deadline lasts; no lock is held.
"""

from __future__ import annotations

import os
import time

from hostshift import bounded as tables
from hostshift._record import Record
from hostshift.deadline import SLICE
from hostshift.workers import Job, Workers, await_job

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from typing import Any

    from hostshift.deadline import Deadline

MOST = 1024
"""Answers that are kept; the oldest leaves."""


class Question(Record):
    """What is looked for, and how."""

    key: Hashable
    """Those who ask with the same key share a look."""
    ask: Callable[[Deadline], Any]
    """Looks, within its own deadline. None means that it could not say."""
    failed: Callable[[BaseException], Any]
    """Makes the answer "nobody could say" of an exception."""
    keeps: Callable[[Any], float]
    """Returns for how many seconds an answer stands."""
    bounded: bool = True
    """``ask`` ends by itself within the deadline that it is given."""


class _Look(Job):
    """A job, with the time that it had."""

    suits_silence = suits_limit = float("inf")
    """It is no answer to those who have more: with more time they might get a better one."""

    def suits(self, deadline: Deadline) -> bool:
        """Return True unless somebody was silent for it, and has more time to answer now."""
        return (
            deadline.silence <= self.suits_silence + SLICE
            and deadline.left <= self.suits_limit + SLICE
        )


class Looks:
    """The answers of late and the looks under way, by what is looked for."""

    def __init__(self, workers: Workers | None = None) -> None:
        """Know nothing yet.

        Args:
            workers: who looks; some of its own by default.

        """
        self.workers = Workers() if workers is None else workers
        self._last: dict[Hashable, tuple[_Look, float]] = {}
        """Each answer with the time at which it is too old."""
        self._under_way: dict[tuple[Hashable, int], _Look] = {}

    def kept(self, key: Hashable, deadline: Deadline | None = None) -> Any:
        """Return an answer that still stands, for whoever has that much time; None: there is none.

        Args:
            key: what is looked for.
            deadline: the time of whoever asks; None where it does not matter.

        """
        found = self._last.get(key)
        if found is None or found[0].outdated or time.monotonic() >= found[1]:
            return None
        if deadline is not None and not found[0].suits(deadline):
            return None
        return found[0].answer

    def put(self, key: Hashable, answer: Any, seconds: float) -> None:
        """Keep an answer that was found without a worker, unless it is None."""
        if answer is not None:
            job = _Look(lambda: answer, lambda _: None, lambda _: None, bounded=True, seconds=0)
            job.answer = answer
            self._keep(key, job, seconds)

    def share(self, question: Question, deadline: Deadline) -> Any:
        """Return the answer to a question: a recent one, or that of one look for all who ask.

        After a look that began too early, or had less time than there is here, there is one more.

        Args:
            question: what is looked for.
            deadline: how long to wait.

        """
        while True:
            known = self.kept(question.key, deadline)
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

    def _job(self, question: Question, deadline: Deadline) -> _Look:
        """Return the look that is under way, or begin one."""
        # What a fork finds under way is nobody's here: only the thread that forks goes on.
        here = (question.key, os.getpid())
        if (job := self._under_way.get(here)) is not None:
            return job
        silence, limit = deadline.silence, deadline.left

        def look() -> Any:
            own = type(deadline)(silence, limit)
            try:
                answer = question.ask(own)
            finally:
                mine.silence = own.spent
                mine.suits_silence = silence if own.was_silent else float("inf")
                mine.suits_limit = float("inf") if own.left else limit
            return question.failed(LookupError("no answer")) if answer is None else answer

        def ended(job: Job) -> None:
            # First: what is under way for ever would be the answer to all who ask.
            if self._under_way.get(here) is job:
                del self._under_way[here]
            self._keep(question.key, mine, question.keeps(job.answer))

        seconds = limit if question.bounded else silence
        mine = _Look(look, question.failed, ended, bounded=question.bounded, seconds=seconds)
        job = self._under_way.setdefault(here, mine)
        if job is mine:
            self.workers.push(job)
        return job

    def _keep(self, key: Hashable, job: _Look, seconds: float) -> None:
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

"""Wait for a look-up that a worker makes: for the worker first, then for the answer."""

from __future__ import annotations

import time

from hostshift.base.forks import PATIENCE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.base.deadline import Deadline
    from hostshift.base.workers import Job, Workers

_AGAIN = 0.1
"""Seconds after which a caller pushes a job again that no worker has taken."""


def await_job(job: Job[object], deadline: Deadline, workers: Workers) -> bool:
    """Wait for a job as long as a question may take, and return True if it is done.

    A bounded look-up ends by itself, so callers wait for it up to the total limit, however long
    it takes on a busy machine. Waiting for a call without a time limit counts as silence.
    """
    queue = _Queue(job, deadline, workers)
    while not job.done.is_set():
        # At once, not after a wait: every caller may have less time than that.
        if not job.taken and time.monotonic() - job.pushed_at > _AGAIN:
            workers.push(job)
        if not deadline.left:
            return job.done.is_set()
        if not job.taken:
            goes_on = queue.wait()
        elif job.bounded:
            # No further wait for one that is past its own limit (a file system that hangs).
            is_over = time.monotonic() - job.taken_at > job.seconds
            goes_on = job.done.wait(min(deadline.left, _AGAIN)) or not is_over
        else:
            answered = deadline.wait(job.done.wait, most=_AGAIN)
            goes_on = answered or bool(deadline.silence and not _is_stuck(job))
        if not goes_on:
            return job.done.is_set()
    return True


class _Queue:
    """A caller's wait for a worker.

    It counts as silence until another job of this kind is answered: then those who are asked
    are not silent, many ask at once, and what the wait has cost is given back.
    """

    def __init__(self, job: Job[object], deadline: Deadline, workers: Workers) -> None:
        self._job, self._workers = job, workers
        self._turn = deadline.part(deadline.silence)
        self._answered = workers.answered(job)

    def wait(self) -> bool:
        """Wait for a moment, and return True if more may come of it."""
        has_moved = self._turn.wait(self._has_moved, most=_AGAIN)
        answered = self._workers.answered(self._job)
        if answered != self._answered:
            self._answered = answered
            self._turn.spend(-self._turn.spent)
            return True
        return has_moved or self._turn.silence > 0

    def _has_moved(self, seconds: float) -> bool:
        job = self._job
        return job.done.wait(seconds) or job.taken or self._workers.answered(job) != self._answered


def _is_stuck(job: Job[object]) -> bool:
    """Return True if a call without a time limit has been silent for long.

    Then later callers do not have to find that out again.
    """
    return job.taken and not job.bounded and time.monotonic() - job.taken_at > PATIENCE

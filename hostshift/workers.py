"""A few shared threads in which all looking happens that may have to wait.

At most :data:`MOST` run at a time, however many callers there are: a name server that
is dead must not leave a thread for every call. A thread ends when there is nothing to do.

A look is done in a worker because an exception from outside (KeyboardInterrupt, a signal
handler that raises) only ever reaches a caller's thread: a caller that goes away leaves
nothing half done.
"""

from __future__ import annotations

import os
import time

from hostshift._forks import PATIENCE, Look

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Thread
    from typing import Any

    from hostshift.deadline import Deadline

MOST = 8
"""Threads at a time."""

MOST_UNBOUNDED = 4
"""Of them, those in a call that has no time limit: ``getaddrinfo`` takes 10 to 40 seconds where
a name server is dead, and the other looks must go on meanwhile."""


class Job:
    """One look: waiting for a worker, under way, or done."""

    def __init__(
        self,
        look: Callable[[], Any],
        failed: Callable[[BaseException], Any],
        ended: Callable[[Job], None],
        *,
        bounded: bool,
        seconds: float,
    ) -> None:
        """Begin nothing yet.

        Args:
            look: returns the answer.
            failed: makes the answer that nobody could say, of an exception.
            ended: is called in the worker once there is an answer, before callers wake up.
            bounded: the look ends by itself in time.
            seconds: how long it may take, and a fork waits for it at most.

        """
        from threading import Event

        self.began = self.ended = time.monotonic()
        self.answer: Any = None
        self.done = Event()
        self.taken = False
        self.bounded = bounded
        self.silence = 0.0
        """Seconds of it that were spent waiting for somebody who then said nothing."""
        self.outdated = False
        """Something failed at an address that was known before."""
        self.seconds = seconds
        self._look, self._failed, self._ended = look, failed, ended

    def run(self) -> None:
        """Look, and let all who wait go on, whatever happens."""
        try:
            with Look(self.seconds):
                self.answer = self._look()
        except Exception as error:  # noqa: BLE001 - whatever it is, it means: could not say
            self.answer = self._failed(error)
        finally:
            self._end()

    def give_up(self, error: Exception) -> None:
        """Answer that nobody could say."""
        try:
            self.answer = self._failed(error)
        finally:
            self._end()

    def _end(self) -> None:
        self.ended = time.monotonic()
        try:
            self._ended(self)
        finally:
            self.done.set()


class Workers:
    """The threads of a process. A forked child has none of its parent's, and gets its own."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._by_process: dict[int, _Pool] = {}

    def push(self, job: Job) -> None:
        """See that a job is done: by a worker, or here and now where no thread can be started.

        Pushing a job again is harmless. One whose caller was interrupted in the middle of
        this is pushed again by whoever waits for it.
        """
        process = os.getpid()
        pool = self._by_process.get(process)
        if pool is None:
            pool = self._by_process.setdefault(process, _Pool())
        pool.push(job)


class _Pool:
    """The threads of one process, and what waits for them."""

    def __init__(self) -> None:
        from threading import Lock

        self._lock = Lock()
        self._jobs: list[Job] = []
        self._threads: dict[Thread, float] = {}
        """Those at work, and when each was made."""
        self._doing: dict[Thread, Job] = {}

    def push(self, job: Job) -> None:
        from threading import Thread

        with self._lock:
            if job.taken:
                return
            if job not in self._jobs:
                self._jobs.append(job)
            if not self._has_room(job):
                return
            thread = Thread(target=self._work, daemon=True, name="hostshift-look")
            self._threads[thread] = time.monotonic()
        try:
            thread.start()
        except RuntimeError:  # no more threads, the interpreter ends, or a subinterpreter
            self._threads.pop(thread, None)
            self._in_place(job)

    def _has_room(self, job: Job) -> bool:
        """Return True if one more thread may be started for a job."""
        for thread, made in list(self._threads.items()):
            # Whoever made it was interrupted before it was started.
            if thread.ident is None and time.monotonic() - made > _AGAIN:
                self._threads.pop(thread, None)
        return len(self._threads) < MOST and (job.bounded or self._may_be_unbounded())

    def _may_be_unbounded(self) -> bool:
        unbounded = [job for job in list(self._doing.values()) if not job.bounded]
        return len(unbounded) < MOST_UNBOUNDED

    def _in_place(self, job: Job) -> None:
        """Do a job in the caller's thread; one without a time limit is not done at all."""
        with self._lock:
            mine, job.taken = not job.taken, True
        if mine:
            job.run() if job.bounded else job.give_up(RuntimeError("no thread can be started"))

    def _work(self) -> None:
        """Do what waits, until nothing does."""
        from threading import current_thread

        me = current_thread()
        while (job := self._next(me)) is not None:
            job.run()

    def _next(self, me: Thread) -> Job | None:
        """Take the first job that may be done now; without one the thread ends."""
        with self._lock:
            self._doing.pop(me, None)
            unbounded = self._may_be_unbounded()
            for job in tuple(self._jobs):
                if job.taken or job.bounded or unbounded:
                    self._jobs.remove(job)
                if not job.taken and (job.bounded or unbounded):
                    job.taken = True
                    self._doing[me] = job
                    return job
            self._threads.pop(me, None)
            return None


def await_job(job: Job, deadline: Deadline, workers: Workers) -> bool:
    """Wait for a job as long as a question may take, and return True if it is done.

    A bounded look ends by itself: it is waited for up to the total limit, however long it
    takes on a busy machine. Waiting for a worker, or for a call without a time limit, is
    waiting for somebody who is silent.
    """

    def moved(seconds: float) -> bool:
        return job.done.wait(seconds) or (job.taken and job.bounded)

    while not job.done.is_set():
        if not deadline.left:
            return False
        if job.taken and job.bounded:
            # One that is over its own limit (a file system that hangs) is not waited for again.
            over = job.began + job.seconds - time.monotonic()
            if not job.done.wait(min(deadline.left, max(over, _AGAIN))) and over <= 0:
                return False
        elif not deadline.wait(moved, most=_AGAIN):
            if not deadline.silence or _is_stuck(job):
                return job.done.is_set()
            workers.push(job)
    return True


_AGAIN = 0.1
"""Seconds after which a job that nobody has taken is pushed again."""


def _is_stuck(job: Job) -> bool:
    """Return True if a call without a time limit has been silent for long.

    Then not everybody who asks has to find it out again.
    """
    return job.taken and not job.bounded and time.monotonic() - job.began > PATIENCE

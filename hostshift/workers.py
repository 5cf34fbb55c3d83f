"""A few shared threads in which all looking happens that may have to wait.

At most :data:`MOST` run at a time, however many callers there are: a name server that
is dead must not leave a thread for every call. A thread ends when there is nothing to do.

A look is done in a worker because an exception from outside (KeyboardInterrupt, a signal
handler that raises) only ever reaches the main thread: a caller that goes away leaves
nothing half done. For the same reason callers wait by plain locks, and start no
:class:`threading.Thread` themselves: an interrupt inside of ``Condition.__enter__``, which
both rest on, leaves its lock held for ever (seen with CPython 3.11).
"""

from __future__ import annotations

import os
import time
from _thread import allocate_lock, start_new_thread

from hostshift._forks import PATIENCE, Look

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _thread import LockType
    from collections.abc import Callable
    from typing import Any

    from hostshift.deadline import Deadline

MOST = 8
"""Threads at a time."""

MOST_UNBOUNDED = 4
"""Of them, those in a call that has no time limit: ``getaddrinfo`` takes 10 to 40 seconds where
a name server is dead, and the other looks must go on meanwhile."""


class Signal:
    """Like an event of :mod:`threading`, but nothing stays held if a waiter is interrupted."""

    def __init__(self) -> None:
        """Begin unset."""
        self._is_set = False
        self._waiting: list[LockType] = []

    def is_set(self) -> bool:
        """Return True once it was set."""
        return self._is_set

    def set(self) -> None:
        """Let all who wait go on."""
        self._is_set = True
        for lock in tuple(self._waiting):
            if lock.locked():
                lock.release()

    def wait(self, seconds: float) -> bool:
        """Wait up to some seconds, and return True if it was set."""
        if self._is_set:
            return True
        lock = allocate_lock()
        lock.acquire()
        self._waiting.append(lock)
        if not self._is_set:
            lock.acquire(timeout=max(0.0, seconds))
        self._waiting.remove(lock)
        return self._is_set


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
        self.began = self.ended = time.monotonic()
        self.answer: Any = None
        self.done = Signal()
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


class _Slot:
    """A thread that works, or is about to."""

    def __init__(self) -> None:
        self.made = time.monotonic()
        self.started = False
        self.job: Job | None = None


class _Pool:
    """The threads of one process, and what waits for them."""

    def __init__(self) -> None:
        self._lock = allocate_lock()
        self._jobs: list[Job] = []
        self._slots: set[_Slot] = set()

    def push(self, job: Job) -> None:
        with self._lock:
            if job.taken:
                return
            if job not in self._jobs:
                self._jobs.append(job)
            if not self._has_room(job):
                return
            slot = _Slot()
            self._slots.add(slot)
        try:
            start_new_thread(self._begin, (slot,))
        except RuntimeError:  # no more threads, the interpreter ends, or a subinterpreter
            self._slots.discard(slot)
            self._in_place(job)

    def _begin(self, slot: _Slot) -> None:
        """Start the thread that works; where there can be no second one, work here.

        A thread of :mod:`threading` has a name, and is seen by whoever looks for it.
        """
        slot.started = True
        try:
            from threading import Thread

            Thread(target=self._work, args=(slot,), daemon=True, name="hostshift-look").start()
        except RuntimeError:
            self._work(slot)

    def _has_room(self, job: Job) -> bool:
        """Return True if one more thread may be started for a job."""
        now = time.monotonic()
        # Whoever made such a slot was interrupted before the thread was started.
        lost = [slot for slot in self._slots if not slot.started and now - slot.made > _LOST]
        self._slots.difference_update(lost)
        return len(self._slots) < MOST and (job.bounded or self._may_be_unbounded())

    def _may_be_unbounded(self) -> bool:
        jobs = [slot.job for slot in self._slots]
        return sum(1 for job in jobs if job and not job.bounded) < MOST_UNBOUNDED

    def _in_place(self, job: Job) -> None:
        """Do a job in the caller's thread; one without a time limit is not done at all."""
        with self._lock:
            mine, job.taken = not job.taken, True
        if mine:
            job.run() if job.bounded else job.give_up(RuntimeError("no thread can be started"))

    def _work(self, slot: _Slot) -> None:
        """Do what waits, until nothing does."""
        while (job := self._next(slot)) is not None:
            job.run()

    def _next(self, slot: _Slot) -> Job | None:
        """Take the first job that may be done now; without one the thread ends."""
        with self._lock:
            slot.job = None
            unbounded = self._may_be_unbounded()
            for job in tuple(self._jobs):
                if job.taken or job.bounded or unbounded:
                    self._jobs.remove(job)
                if not job.taken and (job.bounded or unbounded):
                    job.taken, slot.job = True, job
                    return job
            self._slots.discard(slot)
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

_LOST = 1.0
"""Seconds after which a thread that has not begun is taken for one that never will."""


def _is_stuck(job: Job) -> bool:
    """Return True if a call without a time limit has been silent for long.

    Then not everybody who asks has to find it out again.
    """
    return job.taken and not job.bounded and time.monotonic() - job.began > PATIENCE

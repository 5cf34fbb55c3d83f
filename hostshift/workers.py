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

MOST_BOUNDED = 6
"""Of them, those in looks that end by themselves. In the middle of one an engine's name
(``DOCKER_HOST=tcp://NAME``) is looked up by another worker: if such looks had all threads, each
would wait for a thread that none of them gives up."""


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
        try:
            self._waiting.append(lock)
            if not self._is_set:
                lock.acquire(timeout=max(0.0, seconds))
        finally:  # also where the waiter is interrupted
            if lock in self._waiting:
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
                What it raises changes nothing: the answer is there.
            bounded: the look ends by itself in time.
            seconds: how long it may take, and a fork waits for it at most.

        """
        self.began = self.ended = time.monotonic()
        self.answer: Any = None
        self.done = Signal()
        self.pushed_at = 0.0
        """When somebody last saw to it that a worker takes it; 0 if nobody did."""
        self.taken = False
        self.taken_at = 0.0
        """When it was taken: the time in which it waited for a worker is none of its own."""
        self.bounded = bounded
        self.silence = 0.0
        """Seconds of it that were spent waiting for somebody who then said nothing."""
        self.outdated = False
        """Something failed at an address that was known before."""
        self.seconds = seconds
        self._look, self._failed, self._ended = look, failed, ended

    def run(self) -> None:
        """Look, and let all who wait go on.

        An exception from outside (KeyboardInterrupt) goes to the caller and ends nothing:
        the job has no answer then, and can be run again.
        """
        try:
            with Look(self.seconds):
                self.answer = self._look()
        except Exception as error:  # noqa: BLE001 - whatever it is, it means: could not say
            self.give_up(error)
        else:
            self.end()

    def give_up(self, error: BaseException) -> None:
        """Answer that nobody could say."""
        self.answer = self._failed(error)
        self.end()

    def end(self) -> None:
        """Let all who wait go on with the answer that there is."""
        self.ended = time.monotonic()
        try:  # noqa: SIM105 - contextlib is not loaded for this
            self._ended(self)
        except Exception:  # noqa: BLE001, S110 - there is an answer all the same
            pass  # Not logged in a worker: the parent of a fork may have held logging's lock.
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
            job.pushed_at = time.monotonic()
            if job not in self._jobs:
                self._jobs.append(job)
            if not self._has_room(job):
                return
            slot = _Slot()
            self._slots.add(slot)
        try:
            start_new_thread(self._begin, (slot,))
        except (RuntimeError, MemoryError):  # no more threads, or the interpreter ends
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
        except Exception:  # noqa: BLE001 - whatever it is, this thread is here to work
            self._work(slot)

    def _has_room(self, job: Job) -> bool:
        """Return True if one more thread may be started for a job."""
        now = time.monotonic()
        # Whoever made such a slot was interrupted before the thread was started.
        # In one step: others leave without the lock.
        slots = tuple(self._slots)
        lost = [slot for slot in slots if not slot.started and now - slot.made > _LOST]
        self._slots.difference_update(lost)
        return len(self._slots) < MOST and self._may_begin(job)

    def _may_begin(self, job: Job) -> bool:
        """Return True if fewer jobs of its kind are under way than may be."""
        jobs = [slot.job for slot in tuple(self._slots)]
        of_its_kind = sum(1 for other in jobs if other and other.bounded == job.bounded)
        return of_its_kind < (MOST_BOUNDED if job.bounded else MOST_UNBOUNDED)

    def _in_place(self, job: Job) -> None:
        """Do a job in the caller's thread; one without a time limit is not done at all.

        Interrupts reach this thread. After one the job is nobody's, and whoever asks next
        pushes it again.
        """
        now, mine = time.monotonic(), False
        try:
            with self._lock:
                mine, job.taken = not job.taken, True
                job.taken_at = now if mine else job.taken_at
                if job in self._jobs:
                    self._jobs.remove(job)
            if mine:
                job.run() if job.bounded else job.give_up(RuntimeError("no thread can be started"))
        except BaseException:
            if mine:
                job.pushed_at, job.taken = 0.0, False
            raise

    def _work(self, slot: _Slot) -> None:
        """Do what waits, until nothing does."""
        try:
            while (job := self._next(slot)) is not None:
                _do(job)
        finally:
            self._slots.discard(slot)

    def _next(self, slot: _Slot) -> Job | None:
        """Take the first job that may be done now; without one the thread ends."""
        with self._lock:
            slot.job = None
            for job in tuple(self._jobs):
                may_begin = self._may_begin(job)
                if job.taken or may_begin:
                    self._jobs.remove(job)
                if not job.taken and may_begin:
                    job.taken_at = time.monotonic()
                    job.taken, slot.job = True, job
                    return job
            self._slots.discard(slot)
            return None


def _do(job: Job) -> None:
    """Do a job in a worker, which goes on whatever comes of it."""
    try:
        job.run()
    except BaseException as error:  # noqa: BLE001 - SystemExit, say: nobody is here to see it
        try:
            job.give_up(error)
        except Exception:  # noqa: BLE001 - nothing makes an answer: then it is None
            job.end()


def await_job(job: Job, deadline: Deadline, workers: Workers) -> bool:
    """Wait for a job as long as a question may take, and return True if it is done.

    A bounded look ends by itself: it is waited for up to the total limit, however long it
    takes on a busy machine. Waiting for a worker, or for a call without a time limit, is
    waiting for somebody who is silent.
    """

    def moved(seconds: float) -> bool:
        return job.done.wait(seconds) or (job.taken and job.bounded)

    while not job.done.is_set():
        # At once, not after a wait: those who ask may all have less time than that.
        if not job.taken and time.monotonic() - job.pushed_at > _AGAIN:
            workers.push(job)
        if not deadline.left:
            return False
        if job.taken and job.bounded:
            # One that is over its own limit (a file system that hangs) is not waited for again.
            is_over = time.monotonic() - job.taken_at > job.seconds
            if not job.done.wait(min(deadline.left, _AGAIN)) and is_over:
                return False
        elif not deadline.wait(moved, most=_AGAIN) and (not deadline.silence or _is_stuck(job)):
            return job.done.is_set()
    return True


_AGAIN = 0.1
"""Seconds after which a job that nobody has taken is pushed again."""

_LOST = 1.0
"""Seconds after which a thread that has not begun is taken for one that never will."""


def _is_stuck(job: Job) -> bool:
    """Return True if a call without a time limit has been silent for long.

    Then not everybody who asks has to find it out again.
    """
    return job.taken and not job.bounded and time.monotonic() - job.taken_at > PATIENCE

"""A few shared threads for all look-ups that may have to wait.

At most :data:`MOST` run at a time, however many callers there are: a dead name server must not
leave a thread for every call. A thread ends when it has nothing to do.

Look-ups run in workers because an exception from outside (KeyboardInterrupt, a signal
handler that raises) only ever reaches the main thread: a caller that it stops leaves
nothing half done. For the same reason callers wait by plain locks, and start no
:class:`threading.Thread` themselves. Both rest on ``Condition.__enter__``, and an interrupt
inside it leaves its lock locked for ever (seen with CPython 3.11).
"""

from __future__ import annotations

import os
import time
from _thread import allocate_lock, start_new_thread

from hostshift.base.forks import in_flight
from hostshift.base.record import Generic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _thread import LockType
    from collections.abc import Callable
    from typing import TypeVar

    Answer_co = TypeVar("Answer_co", covariant=True)
else:
    Answer_co = None

MOST = 8
"""The most threads at a time."""

MOST_UNBOUNDED = 4
"""The most of them in calls without a time limit. ``getaddrinfo`` takes 10 to 40 seconds where a
name server is dead, and the other look-ups must go on meanwhile."""

MOST_BOUNDED = 6
"""The most of them in look-ups that end by themselves. In the middle of one, another worker
looks up an engine's name (``DOCKER_HOST=tcp://NAME``). If such look-ups had all threads, each
would wait for a thread that none of them gives up."""


class Signal:
    """Like an event of :mod:`threading`, but no lock stays locked if a waiter is interrupted."""

    def __init__(self) -> None:
        """Begin unset."""
        self._is_set = False
        self._waiting: list[LockType] = []

    def is_set(self) -> bool:
        """Return True if it is set."""
        return self._is_set

    def set(self) -> None:
        """Set it, and wake up all who wait."""
        self._is_set = True
        for lock in tuple(self._waiting):
            if lock.locked():
                lock.release()

    def wait(self, seconds: float) -> bool:
        """Wait up to some seconds, and return True if it is set."""
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


class Job(Generic[Answer_co]):
    """One look-up: waiting for a worker, under way, or done."""

    def __init__(
        self,
        look: Callable[[], Answer_co],
        failed: Callable[[BaseException], Answer_co],
        ended: Callable[[Job[Answer_co]], None],
        *,
        bounded: bool,
        seconds: float,
    ) -> None:
        """Begin nothing yet.

        Args:
            look: returns the answer.
            failed: turns an exception into the answer that the look-up failed.
            ended: the worker calls it once it has an answer, before callers wake up. An
                exception of it changes nothing, because there is an answer.
            bounded: True if the look-up ends by itself in time.
            seconds: how long the look-up may take, and the longest that a fork waits for it.

        """
        self.began = self.ended = time.monotonic()
        self.answer: Answer_co = None  # type: ignore[assignment]  # until it is done
        self.done = Signal()
        self.pushed_at = 0.0
        """When a caller last pushed it to the workers; 0 if none did."""
        self.taken = False
        self.taken_at = 0.0
        """When a worker took it. The time that it waited for a worker does not count as its own."""
        self.bounded = bounded
        self.silence = 0.0
        """Seconds that it waited for a peer that then did not answer."""
        self.failed = False
        """True once it has ended without an answer of whom it asked."""
        self.outdated = False
        """True once a connection failed at an address that it found."""
        self.seconds = seconds
        self._look, self._answer_failed, self._ended = look, failed, ended

    def run(self) -> None:
        """Make the look-up, and wake up all who wait.

        An exception from outside (KeyboardInterrupt) goes to the caller and ends nothing:
        the job has no answer then, and can run again.
        """
        try:
            with in_flight(self.seconds, is_part=True):
                self.answer = self._look()
        except Exception as error:  # noqa: BLE001 - whatever it is, the look-up failed
            self.give_up(error)
        else:
            self.end()

    def give_up(self, error: BaseException) -> None:
        """Answer that the look-up failed."""
        self.failed = True
        self.answer = self._answer_failed(error)
        self.end()

    def end(self) -> None:
        """Wake up all who wait; they take the answer."""
        self.ended = time.monotonic()
        try:  # noqa: SIM105 - contextlib is not loaded for this
            self._ended(self)
        except Exception:  # noqa: BLE001, S110 - there is an answer anyway
            pass  # A worker does not log: the parent of a fork may have held logging's lock.
        self.done.set()


class Workers:
    """The threads of a process. A forked child has none of its parent's, and gets its own."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._by_process: dict[int, _Pool] = {}

    def push(self, job: Job[object]) -> None:
        """Have a worker do a job; do it here and now if no thread can start.

        Pushing a job again is harmless. If an interrupt stops the caller in the middle of
        this, another caller that waits for the job pushes it again.
        """
        process = os.getpid()
        pool = self._by_process.get(process)
        if pool is None:
            pool = self._by_process.setdefault(process, _Pool())
        pool.push(job)

    def answered(self, job: Job[object]) -> int:
        """Return how many jobs of a job's kind were answered in the threads of this process."""
        pool = self._by_process.get(os.getpid())
        return pool.answered[job.bounded] if pool is not None else 0


class _Slot:
    """A thread that works, or is about to."""

    def __init__(self) -> None:
        self.created = time.monotonic()
        self.started = False
        self.job: Job[object] | None = None


class _Pool:
    """The threads of one process, and the jobs that wait for them."""

    def __init__(self) -> None:
        self._lock = allocate_lock()
        self._jobs: list[Job[object]] = []
        self._slots: set[_Slot] = set()
        self.answered = {True: 0, False: 0}
        """Jobs whose peers all answered: the bounded ones, and the others."""

    def push(self, job: Job[object]) -> None:
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
        """Start the thread that works; if there can be no second one, work in this one.

        A thread of :mod:`threading` has a name, and tools that list threads show it.
        """
        slot.started = True
        try:
            from threading import Thread

            Thread(target=self._work, args=(slot,), daemon=True, name="hostshift-look").start()
        except Exception:  # noqa: BLE001 - whatever it is, this thread can work
            self._work(slot)

    def _has_room(self, job: Job[object]) -> bool:
        """Return True if one more thread may start for a job."""
        now = time.monotonic()
        # An interrupt stopped the caller that made a lost slot before it started the thread.
        # Copied in one step: other threads remove their slots without the lock.
        slots = tuple(self._slots)
        lost = [slot for slot in slots if not slot.started and now - slot.created > _LOST]
        self._slots.difference_update(lost)
        return len(self._slots) < MOST and self._may_begin(job)

    def _may_begin(self, job: Job[object]) -> bool:
        """Return True if one more job of its kind may be under way."""
        jobs = [slot.job for slot in tuple(self._slots)]
        of_its_kind = sum(1 for other in jobs if other and other.bounded == job.bounded)
        return of_its_kind < (MOST_BOUNDED if job.bounded else MOST_UNBOUNDED)

    def _in_place(self, job: Job[object]) -> None:
        """Do a job in the caller's thread; give up one without a time limit.

        Interrupts reach this thread. After one, no thread has the job, and the next caller
        pushes it again.
        """
        now, took = time.monotonic(), False
        try:
            with self._lock:
                took, job.taken = not job.taken, True
                job.taken_at = now if took else job.taken_at
                if job in self._jobs:
                    self._jobs.remove(job)
            if took:
                job.run() if job.bounded else job.give_up(RuntimeError("no thread can be started"))
        except BaseException:
            if took:
                job.pushed_at, job.taken = 0.0, False
            raise

    def _work(self, slot: _Slot) -> None:
        """Do the jobs that wait, until none does."""
        try:
            while (job := self._next(slot)) is not None:
                _do(job)
                if not job.failed and not job.silence:
                    self.answered[job.bounded] += 1  # no lock: a lost one only costs patience
        finally:
            self._slots.discard(slot)

    def _next(self, slot: _Slot) -> Job[object] | None:
        """Take the first job that may begin now; without one the thread ends."""
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


def _do(job: Job[object]) -> None:
    """Do a job in a worker, which goes on whatever the job raises."""
    try:
        job.run()
    except BaseException as error:  # noqa: BLE001 - SystemExit, say: it ends no worker
        try:
            job.give_up(error)
        except Exception:  # noqa: BLE001 - no answer at all: it stays None
            job.end()


_LOST = 1.0
"""Seconds after which a thread that has not begun counts as one that never will."""

"""A few threads for what may block: decisions and name look-ups. The event loop never waits."""

from __future__ import annotations

import threading
from collections import deque

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from hostshift.forward.clock import Clock

MOST = 32
"""The most threads: each port asks one question at a time, and shares its answer. So a port waits
for others only where there are more."""


class Work:
    """Something to do that may block, and who gets its result."""

    __slots__ = ("began", "do", "is_failure", "missed", "then")

    def __init__(
        self,
        do: Callable[[], object],
        then: Callable[[object], None],
        is_failure: Callable[[object], bool],
    ) -> None:
        """Take what :meth:`Workers.do` was given."""
        self.do, self.then, self.is_failure = do, then, is_failure
        self.missed = 0.0
        self.began: float | None = None
        """When the loop saw that a thread had begun it, by the loop's clock."""


class Workers:
    """Threads that start when there is work, and end with the loop."""

    def __init__(self, wake: Callable[[], None], clock: Clock) -> None:
        """Start nothing yet.

        Args:
            wake: wakes the event loop up; is called after each piece of work.
            clock: the event loop's.

        """
        self.done: deque[Callable[[], None]] = deque()
        """What the loop has to call, with the results."""
        self.under_way = 0
        """Pieces of work whose results the loop has not got yet."""
        self._wake, self._clock = wake, clock
        self._waiting: deque[Work] = deque()
        self._lock = threading.Condition()
        self._idle = self._threads = 0
        self._ended = False

    def do(
        self,
        work: Callable[[], object],
        then: Callable[[object], None],
        is_failure: Callable[[object], bool],
    ) -> Work:
        """Do some work in a thread, and give its result to the loop.

        Work has limits of its own, which go on while this process does not run. So if it failed
        then, that says nothing about the others, and it is done again.

        Args:
            work: may block.
            then: gets the result, or the exception, in the loop's thread.
            is_failure: returns True for a result that more time might have changed.

        Returns:
            The work, which says when a thread began it.

        """
        new = Work(work, then, is_failure)
        self.under_way += 1
        self._begin(new)
        return new

    def _begin(self, work: Work) -> None:
        work.missed, work.began = self._clock.missed(), None
        with self._lock:
            self._waiting.append(work)
            if self._idle >= len(self._waiting) or self._threads >= MOST:
                self._lock.notify()
                return
            self._threads += 1
        try:
            threading.Thread(target=self._run, name="hostshift-forward-look", daemon=True).start()
        except RuntimeError:  # no thread can start now: another one does it, or the loop itself
            self._threads -= 1
            if not self._threads:
                self._one(self._waiting.popleft())

    def _note(self, work: Work) -> None:
        work.began = self._clock.now()

    def _end(self, work: Work, result: object) -> None:
        """Give a result to who waits for it, unless this process did not run meanwhile."""
        stalled = self._clock.stalled(work.missed)
        if work.is_failure(result) and stalled and not self._ended:
            self._begin(work)
        else:
            self.under_way -= 1
            work.then(result)

    def end(self) -> None:
        """End the threads once their work is done. Nobody waits for them."""
        with self._lock:
            self._ended = True
            self._waiting.clear()
            self._lock.notify_all()

    def _run(self) -> None:
        while True:
            with self._lock:
                while not self._waiting and not self._ended:
                    self._idle += 1
                    self._lock.wait()
                    self._idle -= 1
                if self._ended:
                    return
                work = self._waiting.popleft()
            self._one(work)

    def _one(self, work: Work) -> None:
        self.done.append(lambda: self._note(work))  # the loop need not wake up for this
        try:
            result: object = work.do()
        except BaseException as error:  # noqa: BLE001 - whatever it is, a connection waits for it
            result = error
        self.done.append(lambda: self._end(work, result))
        self._wake()

"""A few threads for what may block: decisions and name look-ups. The event loop never waits."""

from __future__ import annotations

import threading
from collections import deque

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from hostshift.forward.clock import Clock

MOST = 4
"""The most threads: each port asks one question at a time, and shares its answer."""


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
        self._waiting: deque[tuple[Callable[[], object], Callable[[object], None]]] = deque()
        self._lock = threading.Condition()
        self._idle = self._threads = 0
        self._ended = False

    def do(
        self,
        work: Callable[[], object],
        then: Callable[[object], None],
        failed: Callable[[object], bool],
    ) -> None:
        """Do some work in a thread, and give its result to the loop.

        Work has limits of its own, which go on while this process does not run. So if it failed
        then, that says nothing about the others, and it is done again.

        Args:
            work: may block.
            then: gets the result, or the exception, in the loop's thread.
            failed: returns True for a result that more time might have changed.

        """
        missed = self._clock.missed()
        self.under_way += 1

        def done(result: object) -> None:
            self.under_way -= 1
            if failed(result) and self._clock.stalled(missed) and not self._ended:
                self.do(work, then, failed)
            else:
                then(result)

        self._begin(work, done)

    def _begin(self, work: Callable[[], object], then: Callable[[object], None]) -> None:
        with self._lock:
            self._waiting.append((work, then))
            if self._idle >= len(self._waiting) or self._threads >= MOST:
                self._lock.notify()
                return
            self._threads += 1
        try:
            threading.Thread(target=self._run, name="hostshift-forward-look", daemon=True).start()
        except RuntimeError:  # no thread can start now: another one does it, or the loop itself
            self._threads -= 1
            if not self._threads:
                self._one(*self._waiting.popleft())

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
                work, then = self._waiting.popleft()
            self._one(work, then)

    def _one(self, work: Callable[[], object], then: Callable[[object], None]) -> None:
        try:
            result: object = work()
        except BaseException as error:  # noqa: BLE001 - whatever it is, a connection waits for it
            result = error
        self.done.append(lambda: then(result))
        self._wake()

"""What reading one source's files may cost: processor time, time in all, and entries.

We limit our own work by its processor time, not by the wall clock, so a process that gets
a twentieth of a processor still reads an ordinary file.
"""

from __future__ import annotations

import time

from hostshift.discovery.problems import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.base.deadline import Deadline

PROCESSOR = 2.0
"""Seconds of processor time for the files of one source. A thousand services need a tenth."""
ENTRIES = 100_000
"""Ports, networks and aliases of all containers of a project, at most: one container may
have every possible port, forty may not."""


class Budget:
    """The budget of one reading. It belongs to the thread that created it."""

    def __init__(self, deadline: Deadline | None, processor: float = PROCESSOR) -> None:
        """Begin now.

        Args:
            deadline: the limit of the whole question; None for no limit.
            processor: seconds of this thread's processor time.

        """
        self.deadline = deadline
        self._processor, self._began = processor, time.thread_time()
        self._entries = ENTRIES

    def check(self) -> None:
        """Raise Problem if the time is used up."""
        if time.thread_time() - self._began > self._processor:
            raise Problem(
                f"takes longer than {self._processor:g} s of processor time to read",
                fix="make it smaller",
            )
        if self.deadline is not None and not self.deadline.left:
            raise Problem(
                "could not be read in time",
                fix="give this process more of a processor",
                passing=True,
            )

    def has_time(self) -> bool:
        """Return False if the time is used up."""
        try:
            self.check()
        except Problem:
            return False
        return True

    def take(self, entries: int) -> None:
        """Count ports, networks and aliases; raise Problem if a project has too many."""
        self._entries -= entries
        if self._entries < 0:
            raise Problem(
                f"has more than {ENTRIES:,} ports, networks and aliases",
                fix="publish and attach fewer",
            )

"""How long a question may take: two limits, one for silence and one for the total.

An answer must not depend on how busy the machine is, so each has a limit of its own.
*Silence* is the time spent waiting for a peer that then did not answer. All sources and
probes of one question share what the user allows for it (``HOSTSHIFT_BUDGET``).
A peer that answers, and our own work, may take longer, up to the *limit*.
"""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

START_LIMIT = 10.0
"""Seconds in total for one question where a program starts: resolve, explain, exec."""

DIAL_LIMIT = 5.0
"""Seconds in total where a driver is about to connect."""

SLICE = 0.02
"""Seconds of one slice of a wait, and the most that one step counts for. In a step that took
longer this process slept; see :meth:`Deadline.wait`."""

_STARVED = 2 * SLICE
"""A slice that takes longer is one in which this process got no processor time."""


class Deadline:
    """The time that is left for one question.

    It has no lock: threads that share one may spend a little more than is left.
    """

    def __init__(self, silence: float, limit: float = START_LIMIT) -> None:
        """Begin now.

        Args:
            silence: seconds that may go into waiting for peers that do not answer.
            limit: seconds that everything together may take. It counts as ``silence`` if it is
                less.

        """
        self._silence = silence
        self._ends = time.monotonic() + max(limit, silence)
        self._parent: Deadline | None = None
        self.spent = 0.0
        """Seconds of silence so far."""
        self.was_silent = False
        """True once a wait ended only because no silence was left: more might help."""

    @property
    def left(self) -> float:
        """Seconds until the limit, 0 or more."""
        return max(0.0, self._ends - time.monotonic())

    @property
    def silence(self) -> float:
        """Seconds that may still go into silence, 0 or more."""
        left = max(0.0, min(self._silence, self.left))
        return left if self._parent is None else min(left, self._parent.silence)

    def part(self, silence: float) -> Self:
        """Return a deadline for a part of the question.

        Args:
            silence: seconds that the part may spend on silence. What it spends, this deadline
                spends too.

        """
        part = type(self)(silence)
        part._ends = self._ends  # noqa: SLF001 - of the same class
        part._parent = self  # noqa: SLF001
        return part

    def check(self) -> None:
        """Raise TimeoutError if the limit has been reached."""
        if not self.left:
            raise TimeoutError("the time limit of this question is over")

    def wait(self, answered: Callable[[float], bool], most: float | None = None) -> bool:
        """Wait for an answer, and return True if it came.

        Args:
            answered: waits up to that many seconds, or not at all for 0, and returns True if
                there is an answer.
            most: the most seconds of silence that this wait may cost; all that is left by
                default.

        """
        allowed = self.silence if most is None else min(most, self.silence)
        spent = 0.0
        while True:
            began = time.monotonic()
            step = min(SLICE, allowed - spent)
            # If a slice takes much longer than it should, this process did not run. The answer
            # may have come meanwhile, so that time does not count as silence.
            if answered(max(0.0, step)):
                return True
            if spent >= allowed or not self.left:
                if step > 0 and answered(0.0):  # it came while this process did not run
                    return True
                self.spend(spent)
                if not self.silence:
                    self._note_silence()
                return False
            took = time.monotonic() - began
            spent += took if took < _STARVED else SLICE

    def _note_silence(self) -> None:
        self.was_silent = True
        if self._parent is not None:
            self._parent._note_silence()  # noqa: SLF001 - of the same class

    def spend(self, seconds: float) -> None:
        """Subtract seconds of silence from what is left."""
        self._silence -= seconds
        self.spent += seconds
        if self._parent is not None:
            self._parent.spend(seconds)

"""How long a question may take: waiting for somebody who is silent, and all in all.

An answer must not depend on how busy the machine is. So the two are bounded apart.
*Silence* is time spent waiting for somebody who then said nothing. All sources and
probes of one question share what the user allows for it (``HOSTSHIFT_BUDGET``).
Whoever answers, and our own work, may take longer, up to the *limit*.
"""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

START_LIMIT = 10.0
"""Seconds that one question may take all in all where a program starts: resolve, explain, exec."""

DIAL_LIMIT = 5.0
"""The same where a driver is about to connect."""

SLICE = 0.02
"""Seconds of one slice of a wait, and what a step may count for at most: what took longer was
time in which this process slept; see :meth:`Deadline.wait`."""

_STARVED = 2 * SLICE
"""A slice that takes longer is one in which this process got no processor time."""


class Deadline:
    """What is left of the time for one question.

    Not locked: threads that share one may spend a little more than there is.
    """

    def __init__(self, silence: float, limit: float = START_LIMIT) -> None:
        """Begin now.

        Args:
            silence: seconds that may be spent waiting for those who say nothing.
            limit: seconds that all may take, whatever it is spent on. Not less than ``silence``.

        """
        self._silence = silence
        self._ends = time.monotonic() + max(limit, silence)
        self._parent: Deadline | None = None
        self.spent = 0.0
        """Seconds that were spent on silence so far."""
        self.was_silent = False
        """True once a wait ended only because the silence was used up: more might help."""

    @property
    def left(self) -> float:
        """Seconds until the limit, 0 or more."""
        return max(0.0, self._ends - time.monotonic())

    @property
    def silence(self) -> float:
        """Seconds for which somebody may still stay silent, 0 or more."""
        mine = max(0.0, min(self._silence, self.left))
        return mine if self._parent is None else min(mine, self._parent.silence)

    def part(self, silence: float) -> Self:
        """Return a deadline for a part of the question.

        Args:
            silence: seconds that the part may spend on silence. They are spent of this one's too.

        """
        made = type(self)(silence)
        made._ends = self._ends  # noqa: SLF001 - of the same class
        made._parent = self  # noqa: SLF001
        return made

    def check(self) -> None:
        """Raise TimeoutError if the limit has been reached."""
        if not self.left:
            raise TimeoutError("the time limit of this question is over")

    def wait(self, answered: Callable[[float], bool], most: float | None = None) -> bool:
        """Wait for somebody's answer, and return True if it came.

        Args:
            answered: waits up to as many seconds as it is given, 0 included, and returns
                True if there is an answer.
            most: seconds of silence that this wait may cost at most; all there is by default.

        """
        allowed = self.silence if most is None else min(most, self.silence)
        spent = 0.0
        while True:
            began = time.monotonic()
            step = min(SLICE, allowed - spent)
            # In a slice that takes much longer than it should this process did not run: the
            # answer may have come meanwhile, so that time is nobody's silence.
            if answered(max(0.0, step)):
                return True
            if spent >= allowed or not self.left:
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
        """Take seconds of silence off what is left."""
        self._silence -= seconds
        self.spent += seconds
        if self._parent is not None:
            self._parent.spend(seconds)

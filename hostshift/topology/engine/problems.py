"""Why an engine is not believed, and the time that asking may take."""

from __future__ import annotations

import time

from hostshift.topology.model import Note

SOURCE = "engine"


class Problem(Exception):  # noqa: N818 - it is what the user reads about, not a failure of ours
    """An engine cannot be asked, or what it says is not what an engine says.

    Args:
        what: what is wrong, without anything of what it answered.

    """

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class Late(Problem):
    """It is there, and did not answer in time."""


class GoneError(Problem):
    """What was asked about is no longer there."""


def note(where: str, what: str) -> Note:
    """Make a note about a socket, a file or a variable."""
    return Note(source=SOURCE, where=where, what=what)


class Clock:
    """The time that is left for something, in seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._deadline = seconds, time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds that are left, 0 or more."""
        return max(0.0, self._deadline - time.monotonic())

    @property
    def nearly_up(self) -> bool:
        """Tell whether only the last tenth is left."""
        return self.left < self._seconds / 10

    def check(self) -> None:
        """Raise Problem if the time is up."""
        if not self.left:
            raise Late("does not answer in time")

"""Why a compose file is not believed. Caught at the rim and turned into a note.

No message holds a value out of a file: values may be secrets. Names of
services, networks, keys and variables are told.
"""

from __future__ import annotations

import time

from hostshift.topology.model import Note

SOURCE = "compose"


class Problem(Exception):  # noqa: N818 - it is what the user reads about, not a failure of ours
    """Something is wrong with a file, or with what it says.

    Args:
        what: what is wrong, without values.
        where: the file; filled in at the rim where it is not known.
        line: its line, counted from 1.

    """

    def __init__(self, what: str, where: str = "", line: int | None = None) -> None:
        super().__init__(what)
        self.what, self.where, self.line = what, where, line

    def note(self, where: str) -> Note:
        """Describe it; ``where`` is used if no file is known."""
        at = self.where or where
        return Note(
            source=SOURCE, where=at if self.line is None else f"{at}:{self.line}", what=self.what
        )


class Beyond(Problem):
    """The file is in order, but only compose itself can say what it means."""


class Clock:
    """The time that one reading may take."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._deadline = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds that are left, 0 or more."""
        return max(0.0, self._deadline - time.monotonic())

    def check(self) -> None:
        """Raise Problem if the time is up."""
        if time.monotonic() > self._deadline:
            raise Problem(f"reading it takes longer than {self._seconds:g} s")

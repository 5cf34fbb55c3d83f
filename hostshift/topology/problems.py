"""Why a source could not read what is there: a note for the reader, a gap for the decision.

No message holds a value out of a file, because values may be secrets. Names of
services, networks, keys and variables may be told.
"""

from __future__ import annotations

import errno

from hostshift import redaction
from hostshift.topology.model import Gap, Neighbourhood, Note

_PASSING = frozenset(
    (
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOMEM,
        errno.EAGAIN,
        errno.EINTR,
        errno.EIO,
        errno.EBUSY,
        errno.ESTALE,
        errno.ETIMEDOUT,
    )
)
"""Errors that may be over at the next look: something is short, or a network drive hangs."""
_FIXES = {
    errno.EMFILE: "allow this process more open files (ulimit -n)",
    errno.ENFILE: "allow more open files on this machine",
    errno.EACCES: "let this user read it",
    errno.EPERM: "let this user read it",
    errno.ENOENT: "correct its name, or write it",
}


class Problem(Exception):  # noqa: N818 - it is what the user reads about, not a failure of ours
    """A source cannot use something, and this is why.

    Args:
        what: what is wrong, without values. It reads on after the name of a file.
        where: the file; filled in by the caller where it is not known.
        line: its line, counted from 1, where it is known.
        fix: what the user can do about it; "" leaves it to the source's usual advice.
        passing: True where the next look may succeed without any change by the user.

    """

    def __init__(
        self,
        what: str,
        where: str = "",
        line: int | None = None,
        *,
        fix: str = "",
        passing: bool = False,
    ) -> None:
        super().__init__(what)
        self.what, self.where, self.line = what, where, line
        self.fix, self.passing = fix, passing

    def outcome(self, source: str, where: str, fix: str) -> Neighbourhood:
        """Return what a source answers that has this problem: nothing, a note and a gap.

        Args:
            source: the source.
            where: the file, if the problem does not know it.
            fix: the advice, if the problem has none of its own.

        """
        at = redaction.place(self.where or where)
        at = at if self.line is None else f"{at}:{self.line}"
        gap = Gap(
            source=source, where=at, what=self.what, fix=self.fix or fix, passing=self.passing
        )
        return Neighbourhood(notes=(Note(source=source, where=at, what=self.what),), gaps=(gap,))


def nowhere(error: OSError) -> Problem:
    """Describe that the working directory is gone, or that this user may not search it."""
    return Problem(
        f"cannot be searched: {(error.strerror or type(error).__name__).lower()}",
        "the working directory",
        fix="start the program in a directory that it may read, or name the file",
        passing=error.errno in _PASSING,
    )


def out_of_memory() -> Problem:
    """Describe that there was not enough memory. Ask for it where what was read is free again."""
    return Problem(
        "cannot be read: not enough memory", fix="give this process more memory", passing=True
    )


def describe(error: Exception, where: str = "") -> Problem:
    """Describe any exception as a problem.

    Args:
        error: what was raised while something was read.
        where: the file, "" where it is not known.

    """
    if isinstance(error, Problem):
        return error
    if isinstance(error, OSError):
        number = error.errno or 0
        why = (error.strerror or type(error).__name__).lower()
        passing = number in _PASSING
        return Problem(f"cannot be read: {why}", where, fix=_FIXES.get(number, ""), passing=passing)
    return Problem(f"cannot be read: {type(error).__name__}", where)

"""Why a source could not read something: a note for the reader, a gap for the decision.

No message contains a value out of a file, because values may be secrets. Messages may
contain the names of services, networks, keys and variables.
"""

from __future__ import annotations

import errno

from hostshift.base import redaction
from hostshift.discovery.model import Gap, Note, Topology

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
"""Errors that may be gone at the next look: a resource is short, or a network drive hangs."""
_FIXES = {
    errno.EMFILE: "allow this process more open files (ulimit -n)",
    errno.ENFILE: "allow more open files on this machine",
    errno.EACCES: "let this user read it",
    errno.EPERM: "let this user read it",
    errno.ENOENT: "correct its name, or write it",
}


class Problem(Exception):  # noqa: N818 - it is what the user reads about, not a failure of ours
    """The reason why a source cannot use something.

    Args:
        what: what is wrong, without values. The text follows the name of a file.
        where: the file; the caller fills it in if it is "".
        line: its line, counted from 1; None if unknown.
        fix: what the user can do about it; "" for the source's usual advice.
        passing: True if the next look may succeed without any change by the user.

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

    def outcome(self, source: str, where: str, fix: str) -> Topology:
        """Return the answer of a source with this problem: no services, a note and a gap.

        Args:
            source: the source.
            where: the file, if the problem has none.
            fix: the advice, if the problem has none.

        """
        at = redaction.place(self.where or where)
        at = at if self.line is None else f"{at}:{self.line}"
        gap = Gap(
            source=source, where=at, what=self.what, fix=self.fix or fix, passing=self.passing
        )
        return Topology(notes=(Note(source=source, where=at, what=self.what),), gaps=(gap,))


def nowhere(error: OSError) -> Problem:
    """Describe a working directory that no longer exists, or that this user may not search."""
    return Problem(
        f"cannot be searched: {(error.strerror or type(error).__name__).lower()}",
        "the working directory",
        fix="start the program in a directory that it may read, or name the file",
        passing=error.errno in _PASSING,
    )


def out_of_memory() -> Problem:
    """Describe a lack of memory. Call this after the memory of what was read is free again."""
    return Problem(
        "cannot be read: not enough memory", fix="give this process more memory", passing=True
    )


def describe(error: Exception, where: str = "") -> Problem:
    """Describe any exception as a problem.

    Args:
        error: the exception that reading raised.
        where: the file; "" if unknown.

    """
    if isinstance(error, Problem):
        return error
    if isinstance(error, OSError):
        number = error.errno or 0
        why = (error.strerror or type(error).__name__).lower()
        passing = number in _PASSING
        return Problem(f"cannot be read: {why}", where, fix=_FIXES.get(number, ""), passing=passing)
    return Problem(f"cannot be read: {type(error).__name__}", where)

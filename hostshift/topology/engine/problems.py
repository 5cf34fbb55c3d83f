"""Why an engine could not say what is around, and how that is passed on."""

from __future__ import annotations

import errno

from hostshift import redaction
from hostshift.topology.model import Gap, Note

SOURCE = "engine"
_START = "start that engine, or choose another with DOCKER_HOST"
_LOOK = "see what keeps that engine (docker ps), or choose another with DOCKER_HOST"
_OTHER = "choose an engine with DOCKER_HOST, or leave engine out of HOSTSHIFT_SOURCES"
_ALLOW = (
    "let this user use the socket, for example by its group, or leave engine out of"
    " HOSTSHIFT_SOURCES"
)


class Problem(Exception):  # noqa: N818 - it is what the user reads about, not a failure of ours
    """An engine is there and could not say, or not in words that an engine uses.

    Args:
        what: what is wrong, without anything of what it answered.
        passing: whether the next look may find it.
        fix: what the user can do about it.

    """

    def __init__(self, what: str, *, passing: bool = False, fix: str = "") -> None:
        super().__init__(what)
        self.what, self.passing, self.fix = what, passing, fix


class Late(Problem):
    """It is there, and did not answer in time."""

    def __init__(self, what: str = "does not answer in time") -> None:
        super().__init__(what, passing=True)


class Refused(Problem):
    """Nobody listens there: it restarts, or somebody left its socket behind."""

    def __init__(self, what: str = "is there, but nobody listens") -> None:
        super().__init__(what, passing=True, fix=_START)


class HungUp(Problem):
    """It closed the connection before the answer was complete."""

    def __init__(self) -> None:
        super().__init__("hung up before its answer was complete", passing=True)


class NoPlainHTTP(Problem):
    """It answers, but not in plain HTTP: it is no engine, or one that wants TLS."""

    def __init__(self, what: str = "does not answer as an engine does: no HTTP") -> None:
        super().__init__(what)


class GoneError(Problem):
    """What was asked about is no longer there."""


def of_error(error: OSError) -> Problem:
    """Return what a failure of the operating system means for an engine."""
    if isinstance(error, PermissionError):
        return Problem("cannot be used by this user", fix=_ALLOW)
    if isinstance(error, (ConnectionRefusedError, FileNotFoundError)):
        return Refused()
    if isinstance(error, (ConnectionResetError, BrokenPipeError, ConnectionAbortedError)):
        return HungUp()
    # Without a number it is Python's own: the path is too long for a socket's address.
    passing = error.errno not in (None, errno.ENOTSOCK, errno.ELOOP, errno.EPROTOTYPE)
    what = (error.strerror or str(error)).lower()
    return Problem(f"cannot be asked: {what}", passing=passing)


def note(where: str, what: str) -> Note:
    """Make a note about a socket, a file or a variable."""
    return Note(source=SOURCE, where=redaction.place(where), what=what)


def gap(where: str, problem: Problem) -> Gap:
    """Make a gap of a problem with a socket, a file or a variable."""
    fix = problem.fix or (_LOOK if problem.passing else _OTHER)
    place = redaction.place(where)
    return Gap(source=SOURCE, where=place, what=problem.what, fix=fix, passing=problem.passing)

"""The reasons why an engine could not say, and the notes and gaps for them."""

from __future__ import annotations

import errno

from hostshift.base import redaction
from hostshift.discovery.model import Gap, Note

SOURCE = "engine"
_START = "start that engine, or choose another with DOCKER_HOST"
_LOOK = "check why that engine is slow (docker ps), or choose another with DOCKER_HOST"
_CHECK = "check that engine (docker version), or choose another with DOCKER_HOST"
_OTHER = "choose an engine with DOCKER_HOST, or leave engine out of HOSTSHIFT_SOURCES"
_ALLOW = (
    "let this user use the socket, for example by its group, or leave engine out of"
    " HOSTSHIFT_SOURCES"
)


class Problem(Exception):  # noqa: N818 - it is what the user reads about, not a failure of ours
    """An engine exists and could not say, or sent an answer that no engine sends.

    Args:
        what: what is wrong, without any part of its answer.
        passing: True if the next look may succeed.
        fix: what the user can do about it.

    """

    def __init__(self, what: str, *, passing: bool = False, fix: str = "") -> None:
        super().__init__(what)
        self.what, self.passing, self.fix = what, passing, fix


class Late(Problem):
    """The engine exists, and did not answer in time."""

    def __init__(self, what: str = "does not answer in time") -> None:
        super().__init__(what, passing=True)


class Refused(Problem):
    """Nobody listens there: the engine restarts, or left its socket behind."""

    def __init__(self, what: str = "exists, but nobody listens") -> None:
        super().__init__(what, passing=True, fix=_START)


class HungUp(Problem):
    """The engine closed the connection before its answer was complete."""

    def __init__(self) -> None:
        super().__init__("hung up before its answer was complete", passing=True)


class NoPlainHTTP(Problem):
    """The answer is not plain HTTP: this is not an engine, or one that requires TLS."""

    def __init__(self, what: str = "does not answer with HTTP as an engine does") -> None:
        super().__init__(what)


class GoneError(Problem):
    """The object of the question no longer exists."""


def of_error(error: OSError) -> Problem:
    """Return the problem that an error of the operating system means for an engine."""
    if isinstance(error, PermissionError):
        return Problem("cannot be used by this user", fix=_ALLOW)
    if isinstance(error, (ConnectionRefusedError, FileNotFoundError)):
        return Refused()
    if isinstance(error, (ConnectionResetError, BrokenPipeError, ConnectionAbortedError)):
        return HungUp()
    # An error without a number is Python's own: the path is too long for a socket's address.
    passing = error.errno not in (None, errno.ENOTSOCK, errno.ELOOP, errno.EPROTOTYPE)
    what = (error.strerror or str(error)).lower()
    return Problem(f"cannot be asked: {what}", passing=passing)


def note(where: str, what: str) -> Note:
    """Return a note about a socket, a file or a variable."""
    return Note(source=SOURCE, where=redaction.place(where), what=what)


def gap(where: str, problem: Problem) -> Gap:
    """Return the gap for a problem with a socket, a file or a variable."""
    passing = _LOOK if isinstance(problem, Late) else _CHECK
    fix = problem.fix or (passing if problem.passing else _OTHER)
    place = redaction.place(where)
    return Gap(source=SOURCE, where=place, what=problem.what, fix=fix, passing=problem.passing)

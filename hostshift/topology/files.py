"""Reading a file that is to be believed: whose it is, how large, what kind."""

from __future__ import annotations

import errno

from hostshift import trust
from hostshift.topology import problems
from hostshift.topology.problems import Problem

LIMIT = 8 << 20
"""Bytes of a file at most. A compose file of 10,000 services has half of that."""


def read(path: str, limit: int = LIMIT) -> bytes:
    """Read a file that may decide: see :mod:`hostshift.trust`.

    Args:
        path: an absolute path.
        limit: bytes that it may have at most.

    Raises:
        Problem: it is not there, not a plain file, not to be believed, or too large.

    """
    try:
        data = trust.read(path, limit + 1)
    except trust.UntrustedError as error:
        raise _distrust(error, path) from None
    except (OSError, ValueError) as error:  # ValueError: a name with a null byte
        raise _unreadable(error, path) from None
    if len(data) > limit:
        raise Problem(f"is larger than {limit >> 20} MB", path, fix="make it smaller")
    return data


def check_trust(path: str) -> None:
    """Raise Problem unless a file may decide."""
    try:
        trust.check_file(path)
    except trust.UntrustedError as error:
        raise _distrust(error, path) from None
    except (OSError, ValueError) as error:
        raise _unreadable(error, path) from None


def check_private(directory: str) -> None:
    """Raise Problem unless nobody else can put a file into a directory."""
    try:
        trust.check_private_directory(directory)
    except trust.UntrustedError as error:
        raise _distrust(error, directory) from None
    except (OSError, ValueError) as error:
        raise _unreadable(error, directory) from None


def _distrust(error: trust.UntrustedError, path: str) -> Problem:
    return Problem(f"is not believed: {error.rule}", path, fix=error.fix)


def _unreadable(error: OSError | ValueError, path: str) -> Problem:
    if isinstance(error, IsADirectoryError):
        return Problem("is a directory", path, fix="put a file in its place")
    if isinstance(error, OSError) and error.errno == errno.EINVAL:
        return Problem("is not a plain file", path, fix="put a plain file in its place")
    return problems.describe(error, path)

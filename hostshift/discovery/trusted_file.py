"""Read a file that may decide: check its owner, its size and its kind."""

from __future__ import annotations

import errno
import os

from hostshift.discovery import problems
from hostshift.discovery.problems import Problem
from hostshift.trust import gate, shared_directory

LIMIT = 8 << 20
"""Bytes of a file at most. A compose file of 10,000 services has half of that."""


def read(path: str, limit: int = LIMIT) -> bytes:
    """Read a file that may decide: see :mod:`hostshift.trust.gate`.

    Args:
        path: an absolute path.
        limit: the file's size at most, in bytes.

    Raises:
        Problem: the file does not exist, is not a plain file, may not be believed, or is too
            large.

    """
    try:
        data = gate.read(path, limit + 1)
    except gate.UntrustedError as error:
        raise Problem(f"is not believed: {error.rule}", path, fix=error.fix) from None
    except (OSError, ValueError) as error:  # ValueError: a name with a null byte
        raise _unreadable(error, path) from None
    if len(data) > limit:
        raise Problem(f"is larger than {limit >> 20} MB", path, fix="make it smaller")
    return data


def check_place(path: str, variable: str) -> None:
    """Raise Problem if a file that nobody named lies where others can move one of this user's.

    Args:
        path: the file that a search found.
        variable: the variable that names such a file.

    """
    if shared_directory.is_shared(os.path.dirname(path)):
        raise Problem(
            f"is not believed: it {shared_directory.RULE}",
            path,
            fix=f"name it in {variable} if it is yours, else remove it",
        )


def check_private(directory: str) -> None:
    """Raise Problem if another user can put a file into a directory."""
    try:
        gate.check_private_directory(directory)
    except gate.UntrustedError as error:
        raise _distrust(error, directory) from None
    except (OSError, ValueError) as error:
        raise _unreadable(error, directory) from None


def _distrust(error: gate.UntrustedError, path: str) -> Problem:
    return Problem(f"is not believed: {error.rule}", path, fix=error.fix)


def _unreadable(error: OSError | ValueError, path: str) -> Problem:
    if isinstance(error, IsADirectoryError):
        return Problem("is a directory", path, fix="put a file in its place")
    if isinstance(error, OSError) and error.errno == errno.EINVAL:
        return Problem("is not a plain file", path, fix="put a plain file in its place")
    return problems.describe(error, path)

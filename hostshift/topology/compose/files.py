"""Reading a file that is to be believed: whose it is, how large, what kind."""

from __future__ import annotations

import os
import stat

from hostshift.settings import is_trusted
from hostshift.topology.compose.problems import Problem

LIMIT = 8 << 20
"""Bytes of a file at most. A compose file of 10,000 services has half of that."""


def read_file(path: str) -> bytes:
    """Read a file that belongs to this user or root and that nobody else may write.

    Raises:
        Problem: it is not there, not a file, not to be believed, or too large.

    """
    try:
        status = os.stat(path)
        if stat.S_ISDIR(status.st_mode):
            raise Problem("is a directory", path)
        if not stat.S_ISREG(status.st_mode):  # a pipe would be waited for
            raise Problem("is not a plain file", path)
        check_trust(path)
        with open(path, "rb") as file:
            data = file.read(LIMIT + 1)
    except OSError as error:
        raise Problem(f"cannot be read: {error.strerror}", path) from None
    if len(data) > LIMIT:
        raise Problem(f"is larger than {LIMIT >> 20} MB", path)
    return data


def check_trust(path: str) -> None:
    """Raise Problem unless a file, and what it is a link to, are only this user's or root's."""
    if not (is_trusted(path) and is_trusted(os.path.realpath(path))):
        raise Problem("is not believed: it belongs to another user or others may write it", path)

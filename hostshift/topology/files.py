"""Reading a file that is to be believed: whose it is, how large, what kind."""

from __future__ import annotations

import os
import stat

from hostshift import _regular_file
from hostshift.settings import is_trusted
from hostshift.topology import problems
from hostshift.topology.problems import Problem

LIMIT = 8 << 20
"""Bytes of a file at most. A compose file of 10,000 services has half of that."""


def read(path: str, limit: int = LIMIT) -> bytes:
    """Read a file that belongs to this user or root and that nobody else may write.

    Args:
        path: an absolute path.
        limit: bytes that it may have at most.

    Raises:
        Problem: it is not there, not a plain file, not to be believed, or too large.

    """

    def most(status: os.stat_result) -> int:
        _check_kind(status, path)
        # Files of /proc have no size and may never end, such as the kernel's log.
        return limit + 1 if status.st_size else 0

    try:
        # Looked at before it is opened: opening a device can have an effect.
        _check_kind(os.stat(path), path)
        check_trust(path)
        data = _regular_file.read(path, most)
    except (OSError, ValueError) as error:  # ValueError: a name with a null byte
        raise problems.describe(error, path) from None
    if len(data) > limit:
        raise Problem(f"is larger than {limit >> 20} MB", path, fix="make it smaller")
    return data


def _check_kind(status: os.stat_result, path: str) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise Problem("is a directory", path, fix="put a file in its place")
    if not _regular_file.is_regular(status):
        raise Problem("is not a plain file", path, fix="put a plain file in its place")


def check_trust(path: str) -> None:
    """Raise Problem unless a file, and what it is a link to, are only this user's or root's."""
    for place in dict.fromkeys((path, os.path.realpath(path))):
        if not is_trusted(place):
            what = "is not believed: it belongs to another user or others may write it"
            raise Problem(what, path, fix=_fix(place))


def _fix(path: str) -> str:
    """Name the command that makes a file one that is believed."""
    file, directory = os.stat(path), os.path.dirname(path)
    if file.st_uid not in (0, os.geteuid()):
        return f"chown it to this user, if you trust it: chown {os.geteuid()} {path}"
    if file.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"chmod go-w {path}"
    return f"chmod o-w {directory}"

"""Writing files: whole or not at all, and never through a link that somebody else put there."""

from __future__ import annotations

import os
from contextlib import suppress

_NEW = (
    os.O_WRONLY
    | os.O_CREAT
    | os.O_EXCL  # what is there, a link as well, is an error
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
)
MODE = 0o644
"""Not by the umask: a file that a group may write would not be believed."""


def create(path: str, data: bytes) -> None:
    """Write a file that is not there yet.

    Raises:
        OSError: it is there, or cannot be written.

    """
    descriptor = os.open(path, _NEW, MODE)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), MODE)
        file.write(data)


def replace(path: str, data: bytes) -> None:
    """Write a file beside the one that it replaces, then put it in its place.

    A link is replaced, and what it leads to is not touched. Whoever reads meanwhile finds the
    old file or the new one.

    Raises:
        OSError: it cannot be written.

    """
    beside = f"{path}.{os.urandom(8).hex()}.new"
    try:
        create(beside, data)
        os.replace(beside, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(beside)
        raise

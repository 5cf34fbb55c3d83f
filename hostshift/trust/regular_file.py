"""Reading a file of unknown kind: bounded, without waiting, and always closed."""

from __future__ import annotations

import errno
import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CHUNK = 1 << 20
FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)  # do not wait for a pipe in a file's place
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_BINARY", 0)
)
"""Flags to open a file of unknown kind."""


def read(path: str, most: Callable[[os.stat_result], int]) -> bytes:
    """Read a file.

    Not by ``open(os.open(path, ...))``: that raises for a directory, and leaves it open.

    Args:
        path: its name.
        most: returns the most bytes to read, for the status of the open file; raises if the
            file must not be read.

    Raises:
        OSError: it cannot be read.
        ValueError: its name holds a NUL.

    """
    open_fds: list[int] = []
    try:
        # Stored in one step, as in detect/rootfs.py: an interrupt leaves no descriptor open.
        open_fds.extend(map(os.open, (path,), (FLAGS,)))
        (descriptor,) = open_fds
        return b"".join(parts(descriptor, most(os.fstat(descriptor))))
    finally:
        for descriptor in open_fds:
            os.close(descriptor)


def read_unchanged(path: str, most: int) -> tuple[bytes, os.stat_result]:
    """Read a file that nobody writes meanwhile.

    Returns:
        What it holds, and its status.

    Raises:
        OSError: it cannot be read; EINVAL if it is no regular file, EFBIG if it is longer than
            ``most`` bytes, EAGAIN if it changed while it was read.
        ValueError: its name holds a NUL.

    """
    open_fds: list[int] = []
    try:
        open_fds.extend(map(os.open, (path,), (FLAGS,)))
        (descriptor,) = open_fds
        before = os.fstat(descriptor)
        if not is_regular(before):
            raise OSError(errno.EINVAL, "it is no regular file")
        data = b"".join(parts(descriptor, most + 1))
        after = os.fstat(descriptor)
    finally:
        for descriptor in open_fds:
            os.close(descriptor)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"it is longer than {most:,} bytes")
    if _version(before) != _version(after) or len(data) != after.st_size:
        raise OSError(errno.EAGAIN, "it changed while it was read")
    return data, after


def _version(status: os.stat_result) -> tuple[int, int]:
    """Return what differs after a file was written."""
    return status.st_size, status.st_mtime_ns


def parts(descriptor: int, most: int) -> Iterator[bytes]:
    """Yield the content of an open file, up to a number of bytes."""
    while most > 0 and (part := os.read(descriptor, min(most, _CHUNK))):
        most -= len(part)
        yield part


def is_regular(status: os.stat_result) -> bool:
    """Return True for a plain file, False for a directory, pipe, socket or device."""
    return stat.S_ISREG(status.st_mode)

"""Reading a file of whose kind nothing is known: bounded, never waited for, always closed."""

from __future__ import annotations

import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_CHUNK = 1 << 20
_READ = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)  # a pipe in a file's place is not waited for
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_BINARY", 0)
)


def read(path: str, most: Callable[[os.stat_result], int]) -> bytes:
    """Read a file.

    Not by ``open(os.open(path, ...))``: that raises for a directory, and leaves it open.

    Args:
        path: its name.
        most: returns how many bytes to read at most, for what was opened; raises where it is
            not to be read.

    Raises:
        OSError: it cannot be read.
        ValueError: its name holds a NUL.

    """
    held: list[int] = []
    try:
        # Stored in one step, as in root.py: an interrupt leaves no descriptor open.
        held.extend(map(os.open, (path,), (_READ,)))
        (descriptor,) = held
        left = most(os.fstat(descriptor))
        parts: list[bytes] = []
        while left and (part := os.read(descriptor, min(left, _CHUNK))):
            parts.append(part)
            left -= len(part)
        return b"".join(parts)
    finally:
        for descriptor in held:
            os.close(descriptor)


def is_regular(status: os.stat_result) -> bool:
    """Return True for a plain file: no directory, pipe, socket or device."""
    return stat.S_ISREG(status.st_mode)

"""Reading a file of whose kind nothing is known: bounded, never waited for, always closed."""

from __future__ import annotations

import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CHUNK = 1 << 20
FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)  # a pipe in a file's place is not waited for
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_BINARY", 0)
)
"""How a file is opened of which nothing is known."""


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
        held.extend(map(os.open, (path,), (FLAGS,)))
        (descriptor,) = held
        return b"".join(parts(descriptor, most(os.fstat(descriptor))))
    finally:
        for descriptor in held:
            os.close(descriptor)


def parts(descriptor: int, most: int) -> Iterator[bytes]:
    """Yield what is in an open file, up to a number of bytes."""
    while most > 0 and (part := os.read(descriptor, min(most, _CHUNK))):
        most -= len(part)
        yield part


def is_regular(status: os.stat_result) -> bool:
    """Return True for a plain file: no directory, pipe, socket or device."""
    return stat.S_ISREG(status.st_mode)

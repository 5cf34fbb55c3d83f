"""Pipes for ``splice(2)``: a few, which the connections that are busy share.

A pipe holds bytes that never come into this process. Idle connections have none, so they cost
no descriptor and no memory.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

MOST = 64
"""The most pipes. Connections beyond that copy, which needs no pipe."""
MOST_SPARE = 4
"""Pipes that are kept open for the next busy connection."""
SIZE = 1 << 20
"""Bytes of a pipe where the kernel allows it: its own limit for users (pipe(7), pipe-max-size)."""
_SMALLEST = 65_536
"""A pipe that is smaller is of no use: a user who is over the limit of all pipes gets one page."""
_SET_SIZE, _GET_SIZE = 1031, 1032
"""F_SETPIPE_SZ and F_GETPIPE_SZ (fcntl.h)."""


class Pipe:
    """One pipe."""

    __slots__ = ("reading", "size", "writing")

    def __init__(self, reading: int, writing: int, size: int) -> None:
        """Take both ends."""
        self.reading, self.writing, self.size = reading, writing, size

    def close(self) -> None:
        """Close both ends; bytes in it are lost."""
        os.close(self.reading)
        os.close(self.writing)


class Pipes:
    """The pipes of one event loop."""

    def __init__(self, *, splices: bool = True) -> None:
        """Open none yet.

        Args:
            splices: False makes all connections copy, as on systems without ``splice``.

        """
        self.splice: Callable[..., int] | None = getattr(os, "splice", None) if splices else None
        self.flags = 0
        if self.splice is not None and sys.platform == "linux":
            self.flags = os.SPLICE_F_NONBLOCK | os.SPLICE_F_MOVE
        self.used = 0
        self._spare: list[Pipe] = []

    @property
    def spare(self) -> int:
        """Return how many nobody uses."""
        return len(self._spare)

    @property
    def open(self) -> int:
        """Return how many are open."""
        return self.used + len(self._spare)

    def take(self) -> Pipe | None:
        """Return an empty pipe; None if there are too many, or none can be opened."""
        if self.splice is None or self.used >= MOST:
            return None
        pipe = self._spare.pop() if self._spare else _opened()
        if pipe is not None:
            self.used += 1
        return pipe

    def give_back(self, pipe: Pipe, *, empty: bool) -> None:
        """Take a pipe back. One that still holds bytes is closed."""
        self.used -= 1
        if empty and len(self._spare) < MOST_SPARE:
            self._spare.append(pipe)
        else:
            pipe.close()

    def give_up(self) -> None:
        """Splice no more: this system cannot (gVisor, some sandboxes)."""
        self.splice = None

    def close(self) -> None:
        """Close the pipes that nobody uses: the loop ends, or has no other descriptor left."""
        for pipe in self._spare:
            pipe.close()
        self._spare = []


def _opened() -> Pipe | None:
    import fcntl

    try:
        reading, writing = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:  # no descriptor is free
        return None
    for size in (SIZE, SIZE // 4):
        try:
            fcntl.fcntl(writing, _SET_SIZE, size)
            break
        except OSError:  # more than this user may have
            continue
    got = fcntl.fcntl(writing, _GET_SIZE)
    pipe = Pipe(reading, writing, got)
    if got < _SMALLEST:
        pipe.close()
        return None
    return pipe

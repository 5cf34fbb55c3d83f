"""Standard error that leaves out what nobody takes, for a program that must not stop for its log.

A pipe that nobody reads, a terminal that is stopped (Ctrl-S) and a socket make who writes wait
for ever, and Python goes on waiting after a signal (PEP 475).
"""

from __future__ import annotations

import io
import os
import select
import stat
import sys
import time
from contextlib import suppress

STREAM = 2
_AT_A_TIME = 512
"""Bytes that a pipe takes as a whole once it takes any (PIPE_BUF, the least by POSIX)."""


class Dropping(io.TextIOBase):
    """Writes to a descriptor as far as that takes it now."""

    def __init__(self, fd: int, encoding: str, patience: float) -> None:
        """Take the descriptor.

        Args:
            fd: the descriptor.
            encoding: of what is written.
            patience: seconds that all writes together may wait.

        """
        self._fd, self._encoding, self.patience = fd, encoding, patience
        self._is_cut = False

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._fd

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, text: str) -> int:
        """Write a text; leave the rest out once it would have to wait."""
        data = ("\n" * self._is_cut + text).encode(self._encoding, "backslashreplace")
        sent = 0
        while sent < len(data) and self._takes_some():
            try:
                sent += os.write(self._fd, data[sent : sent + _AT_A_TIME])
            except BlockingIOError:
                break
        if sent:
            self._is_cut = sent < len(data)
        return len(text)

    def _takes_some(self) -> bool:
        """Return True if a write does not wait, or fails at once."""
        if not hasattr(select, "poll"):  # Windows
            return True
        poll = select.poll()
        poll.register(self._fd, select.POLLOUT)
        began = time.monotonic()
        ready = poll.poll(1000 * self.patience)
        self.patience = max(0.0, self.patience - (time.monotonic() - began))
        return bool(ready)


def never_wait(patience: float = 0.0) -> Dropping:
    """Let standard error leave out what nobody takes, if it is the process's own; return it.

    A pipe or a terminal is opened once more, because other processes share what this one has
    open, with its flags. Others that write to it could fill it between a look and a write.

    Args:
        patience: seconds that all writes together may wait.

    """
    stream = Dropping(STREAM, getattr(sys.stderr, "encoding", None) or "utf-8", patience)
    try:
        if sys.stderr is None or sys.stderr.fileno() != STREAM:
            return stream
        mode = os.fstat(STREAM).st_mode
    except (OSError, ValueError):  # a program has put something else in its place
        return stream
    if stat.S_ISFIFO(mode) or stat.S_ISCHR(mode):
        _open_again()
    sys.stderr = stream
    return stream


def _open_again() -> None:
    with suppress(OSError, AttributeError):  # no /proc, or another user's; or not POSIX
        own = os.open(f"/proc/self/fd/{STREAM}", os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
        os.dup2(own, STREAM)
        os.close(own)

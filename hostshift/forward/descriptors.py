"""Descriptors of this process: how many it may have, has, and whether some are free."""

from __future__ import annotations

import errno
import os
import sys

from hostshift.base.forks import FORK_LOCK

NO_ROOM = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM))
"""Errors that pass: too many descriptors are open, or there is no memory."""
OF_A_LOOK = 4
"""What a look needs at a time: it lists the sockets here, and asks the kernel about one."""


def is_short() -> bool:
    """Return True if this process cannot open as many descriptors as a look needs.

    A fork waits meanwhile: the child would have copies that nobody closes.
    """
    with FORK_LOCK:
        return _is_short()


def _is_short() -> bool:
    opened: list[int] = []
    try:
        while len(opened) < OF_A_LOOK:
            opened.append(os.open("/", os.O_RDONLY))
    except OSError as error:
        return error.errno in NO_ROOM
    finally:
        for each in opened:
            os.close(each)
    return False


def limit() -> int:
    """Return how many descriptors this process may have; 0 if that is unknown."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(0, soft)


def used() -> int:
    """Return how many descriptors are open; where nobody can say, the least number of them.

    Who calls it holds :data:`FORK_LOCK`, because it opens one itself.
    """
    try:
        return len(os.listdir("/dev/fd")) - 1  # without the one that lists them
    except OSError:  # no descriptor is free, or there is no /proc
        pass
    try:
        lowest = os.open("/", os.O_RDONLY)
    except OSError as error:
        return sys.maxsize if error.errno in NO_ROOM else 0
    os.close(lowest)
    return lowest

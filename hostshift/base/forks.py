"""A fork waits for the look-ups under way, because a child could not end what they began.

A forked child has one thread. A lock that another thread of the parent held at that moment
stays locked in the child for ever: the lock of a module during its import (CPython's
importlib has no handler for forks), or the C library's own during a look-up of a name. A
server that loads its application and then forks (``gunicorn --preload``) meets that
moment often: just then a driver's monitor makes its first connect, and hostshift its first
imports. For the same reason pymongo imports the codec ``idna`` early.

Nothing here delays a look-up.
"""

from __future__ import annotations

import os
import sys
import time
from _thread import LockType, allocate_lock, get_ident
from _weakref import ref

PATIENCE = 3.0
"""The most seconds that a fork waits."""

_STEP = 0.002


def in_flight(seconds: float = PATIENCE) -> LockType:
    """Return a look-up, as a context: forks in other threads wait until it is over.

    It is a lock, which the ``with`` statement holds during the look-up. An exception from
    outside (KeyboardInterrupt, a signal handler that raises) may come at any step of Python's,
    so an ``__exit__`` written here might not run to its end. A lock's is one step. Only the
    ``with`` statement refers to the lock, so a look-up whose lock no longer exists is over too.

    Args:
        seconds: the longest that a fork waits for this look-up.

    """
    if not _watching and "logging" in sys.modules:
        install_fork_hook()
    lock = allocate_lock()
    _under_way[ref(lock, _under_way.pop)] = (get_ident(), time.monotonic() + seconds)
    return lock


_under_way: dict[ref[LockType], tuple[int, float]] = {}
"""Thread and latest end of each look-up. An entry goes with its lock, in one step too."""
_watching: list[bool] = []


def install_fork_hook() -> None:
    """Make forks wait from now on; a second call changes nothing.

    This imports :mod:`logging` first, but only here, so ``import hostshift`` does not load it.
    logging takes its lock before a fork too, and the handler registered last runs first. In the
    other order the fork would hold that lock while it waits, and a look-up that logs, or
    imports a module that makes a logger, could not end.
    """
    import logging  # noqa: F401

    if not _watching and hasattr(os, "register_at_fork"):  # Windows has none
        _watching.append(True)
        os.register_at_fork(before=_settle, after_in_child=_under_way.clear)


def _settle() -> None:
    """Wait for the look-ups of other threads. One that begins later finds its modules loaded."""
    this_thread = get_ident()
    waiting = {
        look_up: end for look_up, (thread, end) in list(_under_way.items()) if thread != this_thread
    }
    deadline = time.monotonic() + PATIENCE
    while waiting and time.monotonic() < deadline:
        now = time.monotonic()
        waiting = {
            look_up: end for look_up, end in waiting.items() if end > now and _is_under_way(look_up)
        }
        if waiting:
            time.sleep(_STEP)


def _is_under_way(look_up: ref[LockType]) -> bool:
    """Return True if a look-up is neither over nor abandoned by its caller."""
    lock = look_up()
    return lock is not None and lock.locked()

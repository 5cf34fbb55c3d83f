"""A fork waits for the look-ups under way: what they were in the middle of, no child could end.

A forked child has one thread. What another thread of the parent held at that moment
stays held in it for ever: the lock of a module that was being imported (CPython's
importlib has no handler for forks), the C library's own while a name is looked up. A
server that loads its application and then forks (``gunicorn --preload``) meets that
moment often: a driver's monitor makes its first connect, and so hostshift its first
imports, right then. The same reason has pymongo import the codec ``idna`` early.

Nothing here holds up a look-up.
"""

from __future__ import annotations

import os
import sys
import time
from _thread import LockType, allocate_lock, get_ident
from _weakref import ref

PATIENCE = 3.0
"""Seconds that a fork waits at most."""

_STEP = 0.002


def Look(seconds: float = PATIENCE) -> LockType:  # noqa: N802 - a context, as classes are
    """Return a look-up, as a context: forks in other threads wait until it is over.

    It is a lock, held while the look-up is under way. An exception from outside
    (KeyboardInterrupt, a signal handler that raises) may come at any step of Python's, so
    that no ``__exit__`` of ours would run to its end. A lock's is one step, and what is
    no more, because nothing but the ``with`` statement holds it, is over as well.

    Args:
        seconds: how long a fork waits for this look-up at most.

    """
    if not _watching and "logging" in sys.modules:
        watch()
    lock = allocate_lock()
    _under_way[ref(lock, _under_way.pop)] = (get_ident(), time.monotonic() + seconds)
    return lock


_under_way: dict[ref[LockType], tuple[int, float]] = {}
"""Thread and latest end of each look-up. It leaves with its lock, in one step too."""
_watching: list[bool] = []


def watch() -> None:
    """Have forks wait from now on; again changes nothing.

    :mod:`logging` comes first, and so late that ``import hostshift`` does not load it. It
    takes its lock before a fork as well, last registered first: a look-up that logs, or
    imports what makes a logger, could not end while a fork that has that lock waits for it.
    """
    import logging  # noqa: F401

    if not _watching and hasattr(os, "register_at_fork"):  # Windows has none
        _watching.append(True)
        os.register_at_fork(before=_settle, after_in_child=_under_way.clear)


def _settle() -> None:
    """Wait for what other threads look up now; what begins meanwhile finds its modules loaded."""
    me = get_ident()
    waiting = {one: end for one, (thread, end) in list(_under_way.items()) if thread != me}
    deadline = time.monotonic() + PATIENCE
    while waiting and time.monotonic() < deadline:
        now = time.monotonic()
        waiting = {one: end for one, end in waiting.items() if end > now and _is_under_way(one)}
        if waiting:
            time.sleep(_STEP)


def _is_under_way(look: ref[LockType]) -> bool:
    """Return True if a look-up is neither over nor given up by who began it."""
    lock = look()
    return lock is not None and lock.locked()

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
from _thread import get_ident

PATIENCE = 3.0
"""Seconds that a fork waits at most."""

_STEP = 0.002


class Look:
    """A look-up, as a context: forks in other threads wait until it is over.

    An exception from outside (KeyboardInterrupt, a signal handler that raises) may keep
    ``__exit__`` from running. So nothing but the ``with`` statement holds this object,
    and a look-up also ends when the object goes away.
    """

    def __init__(self, seconds: float = PATIENCE) -> None:
        """Begin nothing yet.

        Args:
            seconds: how long a fork waits for this look-up at most.

        """
        self._seconds = seconds

    def __enter__(self) -> None:
        """Begin."""
        if not _watching and "logging" in sys.modules:
            watch()
        _under_way[id(self)] = (get_ident(), time.monotonic() + self._seconds)

    def __exit__(self, *_: object) -> None:
        """End."""
        _under_way.pop(id(self), None)

    def __del__(self) -> None:
        """End, where an exception came in between."""
        _under_way.pop(id(self), None)


_under_way: dict[int, tuple[int, float]] = {}
"""Thread and latest end of each look-up, by the id of its object."""
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
    waiting = {key: end for key, (thread, end) in list(_under_way.items()) if thread != me}
    deadline = time.monotonic() + PATIENCE
    while waiting and time.monotonic() < deadline:
        now = time.monotonic()
        waiting = {key: end for key, end in waiting.items() if key in _under_way and end > now}
        if waiting:
            time.sleep(_STEP)

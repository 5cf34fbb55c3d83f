"""A fork waits for the look-ups under way, because a child could not end what they began.

A forked child has one thread. A lock that another thread of the parent held at that moment
stays locked in the child for ever: the lock of a module during its import (CPython's
importlib has no handler for forks), or the C library's own during a look-up of a name. A
server that loads its application and then forks (``gunicorn --preload``) meets that
moment often: just then a driver's monitor makes its first connect, and hostshift its first
imports. For the same reason pymongo imports the codec ``idna`` early.

A look-up that begins while a fork waits lets it go first, for a moment at most.
"""

from __future__ import annotations

import os
import sys
import time
from _thread import LockType, RLock, allocate_lock, get_ident
from _weakref import ref

PATIENCE = 3.0
"""The most seconds that a fork waits for look-ups, and for :data:`FORK_LOCK`."""
FORK_LOCK = RLock()
"""Held by who opens or closes descriptors and notes it: a fork waits until what is noted is true.

A fork takes it, as it does Go's ``syscall.ForkLock``, so nobody can begin between the wait and the
fork. Hold it for moments only, and never while another thread looks something up for you.
"""

_STEP = 0.002
_MOMENT = 0.1
"""The most seconds for which a look-up lets forks go first."""
_FOR_LATER_ONES = 0.25
"""The most seconds that a fork waits for look-ups that began after it."""
_NEW = 0.05
"""Seconds for which a look-up counts, though its ``with`` statement has not begun."""


def in_flight(seconds: float = PATIENCE, *, is_part: bool = False) -> LockType:
    """Return a look-up, as a context: forks in other threads wait until it is over.

    It is a lock, which the ``with`` statement holds during the look-up. An exception from
    outside (KeyboardInterrupt, a signal handler that raises) may come at any step of Python's,
    so an ``__exit__`` written here might not run to its end. A lock's is one step. Only the
    ``with`` statement refers to the lock, so a look-up whose lock no longer exists is over too.

    Args:
        seconds: the longest that a fork waits for this look-up.
        is_part: a look-up in another thread waits for this one, so it begins at once.

    """
    if not _hooks or (_LOGGING not in _hooks and "logging" in sys.modules):
        install_fork_hook()
    return _look_up(seconds) if is_part else _begun(seconds)


def _begun(seconds: float) -> LockType:
    look_up = _look_up(seconds)
    if _forking:
        this_thread, ends = get_ident(), time.monotonic() + _MOMENT
        while _lets_forks_go_first(this_thread, ends):
            del look_up  # a fork waits for it
            time.sleep(_STEP)
            look_up = _look_up(seconds)
    return look_up


def _look_up(seconds: float) -> LockType:
    lock, now = allocate_lock(), time.monotonic()
    _under_way[ref(lock, _under_way.pop)] = (get_ident(), now, now + seconds)
    return lock


def _lets_forks_go_first(this_thread: int, ends: float) -> bool:
    """Return True while another thread forks, unless it waits for a look-up of this thread."""
    if time.monotonic() >= ends or not any(thread != this_thread for thread in list(_forking)):
        return False
    return all(
        thread != this_thread or not _is_locked(look_up)
        for look_up, (thread, *_) in list(_under_way.items())
    )


_under_way: dict[ref[LockType], tuple[int, float, float]] = {}
"""Thread, begin and latest end of each look-up. An entry goes with its lock, in one step too."""
_forking: list[int] = []
"""The threads that fork: one for each hook. Which of them is taken off is no matter."""
_LOOK_UPS, _LOGGING, _LOCK = "look-ups", "after logging", "lock"
_hooks: list[str] = []
"""Which hooks are installed."""


def install_fork_hook(*, takes_lock: bool = False) -> None:
    """Make forks wait from now on; a second call changes nothing.

    Where :mod:`logging` is loaded later, this is to be called again. It takes its own lock before a
    fork too, and the handler registered last runs first. In the other order the fork would hold
    that lock while it waits, and a look-up that logs, or imports a module that makes a logger,
    could not end.

    Args:
        takes_lock: a fork takes :data:`FORK_LOCK` too.

    """
    missing, began = _missing(takes_lock=takes_lock), time.monotonic()
    if not missing or not hasattr(os, "register_at_fork"):  # Windows has none
        _hooks.extend(missing)
        return
    if _LOOK_UPS in missing:
        _hooks.append(_LOOK_UPS)
        _settle_before_forks()
        os.register_at_fork(after_in_child=_under_way.clear)
    if _LOGGING in missing:
        import logging  # noqa: F401 - another thread may be in the middle of it
    while _lets_forks_go_first(get_ident(), began + PATIENCE):
        time.sleep(_STEP)  # they would call one half of the new hooks
    if takes_lock or _LOCK in _hooks:
        _take_lock_before_forks()
    _hooks.extend(_missing(takes_lock=takes_lock))
    _settle_before_forks()


def _missing(*, takes_lock: bool) -> list[str]:
    needed = [_LOOK_UPS]
    needed += [_LOGGING] if "logging" in sys.modules else []
    needed += [_LOCK] if takes_lock else []
    return [each for each in needed if each not in _hooks]


# A signal that came during a fork is handled at the first step of Python's after it. So what a
# parent calls is written in C, which has no such step: nothing stays behind. A bound method is
# such a call with one argument more. There may be two hooks of a kind.
_bound = type(in_flight.__get__(0))


def _settle_before_forks() -> None:
    os.register_at_fork(
        before=_settle,
        after_in_parent=_bound(_forking.__delitem__, slice(1)),
        after_in_child=_forking.clear,
    )


def _take_lock_before_forks() -> None:
    os.register_at_fork(
        before=_bound(_bound(FORK_LOCK.acquire, True), PATIENCE),
        after_in_parent=FORK_LOCK.release,
        after_in_child=_free_in_child,
    )


def _free_in_child() -> None:
    """Release the lock, also if a thread holds it that the child does not have.

    This thread may hold it once more, if a signal handler forks. Then it still does.
    """
    try:
        FORK_LOCK.release()
    except RuntimeError:
        getattr(FORK_LOCK, "_at_fork_reinit", bool)()


def _settle() -> None:
    """Wait for the look-ups of other threads, and a little for those that begin meanwhile."""
    this_thread, began = get_ident(), time.monotonic()
    _forking.append(this_thread)
    _wait(this_thread, before=began, ends=began + PATIENCE)
    ends = min(time.monotonic() + _FOR_LATER_ONES, began + PATIENCE)
    _wait(this_thread, before=ends, ends=ends)


def _wait(this_thread: int, *, before: float, ends: float) -> None:
    """Wait for the look-ups of other threads that began before a time."""
    while (now := time.monotonic()) < ends and any(
        _is_under_way(look_up, began, now)
        for look_up, (thread, began, end) in list(_under_way.items())
        if thread != this_thread and began <= before and end > now
    ):
        time.sleep(_STEP)


def _is_under_way(look_up: ref[LockType], began: float, now: float) -> bool:
    """Return True if a look-up is neither over nor abandoned by its caller."""
    return _is_locked(look_up) or (look_up() is not None and now - began < _NEW)


def _is_locked(look_up: ref[LockType]) -> bool:
    lock = look_up()
    return lock is not None and lock.locked()

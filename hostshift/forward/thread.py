"""``with hostshift.forwarding(5432):``: a forwarder in a thread of this process."""

from __future__ import annotations

import os
import threading
import weakref

from hostshift.base.forks import FORK_LOCK, in_flight, install_fork_hook
from hostshift.errors import ForwardError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self

    from hostshift.forward.loop import Loop

GRACE = 1.0
"""Seconds for bytes of clients that have closed."""


class Forwarding:
    """A context in which ports of this namespace's loopback lead to where they mean.

    It works in a ``with`` statement and in an ``async with``. It may be entered again once it
    was left.
    """

    def __init__(self, *specs: str | int) -> None:
        """Take the SPECs as `hostshift forward` takes them, ports as numbers too."""
        self._words = tuple(map(str, specs)) or ("auto",)
        self._loop: Loop | None = None
        self._thread: threading.Thread | None = None
        self._entered = False

    @property
    def ports(self) -> tuple[int, ...]:
        """Return the ports that are forwarded at this moment."""
        if self._loop is None:
            return ()
        return tuple(each.endpoint.local for each in self._loop.entries if each.port.sockets)

    def __enter__(self) -> Self:
        """Listen.

        Raises:
            ForwardError: a SPEC is wrong, a port is not free, or no thread can start; or it was
                entered already.
            SettingError: a ``HOSTSHIFT_*`` variable or settings file is wrong.
            UndecidedError: only with STRICT, if an address stays for want of certainty.

        """
        if self._entered:
            raise ForwardError("this forwarding() is entered already: make another one")
        install_fork_hook(takes_lock=True)
        loop = _listening(self._words)
        if loop is not None:
            self._thread = _started(loop)
        self._loop, self._entered = loop, True
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening; connections that their client has not closed are reset."""
        loop, thread = self._loop, self._thread
        self._loop = self._thread = None
        self._entered = False
        if loop is None or thread is None:
            return
        loop.call(lambda: loop.stop(GRACE, last_bytes=True))
        thread.join()
        _running.discard(loop)  # not before: until then a forked child has sockets to close

    async def __aenter__(self) -> Self:
        """Do the same without blocking the event loop; nothing listens if it is cancelled."""
        from asyncio import CancelledError, to_thread

        first = threading.Lock()  # who finds it taken leaves again

        def enter() -> None:
            self.__enter__()
            if not first.acquire(blocking=False):
                self.__exit__()

        try:
            await to_thread(enter)
        except CancelledError:
            if not first.acquire(blocking=False):
                await to_thread(self.__exit__)
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Do the same without blocking the event loop."""
        from asyncio import to_thread

        await to_thread(self.__exit__)


_running: weakref.WeakSet[Loop] = weakref.WeakSet()
"""The loops of this process."""


def _listening(words: tuple[str, ...]) -> Loop | None:
    """Listen; a fork in another thread waits, or finds a loop whose sockets it can close."""
    with in_flight():
        from hostshift.forward import plan, service

        endpoints = plan.with_something_to_do(plan.endpoints(words, os.environ))
    return service.opened(endpoints, _running.add)


def _started(loop: Loop) -> threading.Thread:
    """Run a loop in a thread.

    Raises:
        ForwardError: no thread can start, as at the end of the interpreter; nothing listens then.

    """
    thread = threading.Thread(target=loop.run, name="hostshift-forward", daemon=True)
    try:
        thread.start()
    except RuntimeError as error:
        with FORK_LOCK:
            loop.close()
        _running.discard(loop)
        raise ForwardError(f"the forwarder cannot start: {error}") from error
    return thread


def _close_in_child() -> None:
    """Close the sockets in a forked child, which has no thread that serves them.

    Otherwise the ports would stay taken for as long as the child lives.
    """
    for loop in list(_running):
        loop.abandon()
    _running.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_in_child)

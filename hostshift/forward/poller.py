"""Waits until sockets are ready: by epoll on Linux, by poll or select elsewhere."""

from __future__ import annotations

import select
from functools import partial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    class Poller(Protocol):
        """What waits for a set of descriptors."""

        def register(self, fd: int, mask: int) -> object:
            """Add a descriptor."""
            ...

        def modify(self, fd: int, mask: int) -> object:
            """Wait for other events of a descriptor."""
            ...

        def unregister(self, fd: int) -> object:
            """Forget a descriptor."""
            ...

        def wait(self, seconds: float | None, /) -> list[tuple[int, int]]:
            """Return the descriptors that are ready, and why."""
            ...

        def close(self) -> object:
            """Give up."""
            ...


IN, OUT, ERR, HUP = 1, 4, 8, 16
"""Events, with the numbers that epoll and poll have for them."""
MOST_EVENTS = 256
"""The most descriptors of one wait: then accepting and the clock get their turn."""


class _Epoll:
    """Linux' epoll, level-triggered."""

    def __init__(self) -> None:
        """Open it."""
        epoll: Any = select.epoll()  # type: ignore[attr-defined,unused-ignore]  # Linux only
        self.register, self.modify = epoll.register, epoll.modify
        self.unregister, self.close = epoll.unregister, epoll.close
        # Each message comes by here, so nothing of Python's is in between.
        self.wait: Callable[[float | None], list[tuple[int, int]]]
        self.wait = partial(epoll.poll, maxevents=MOST_EVENTS)


class _Poll:
    """POSIX' poll (macOS)."""

    def __init__(self) -> None:
        """Have no descriptor yet."""
        poll: Any = select.poll()  # type: ignore[attr-defined,unused-ignore]  # not on Windows
        self._poll = poll
        self.register, self.modify, self.unregister = poll.register, poll.modify, poll.unregister

    def wait(self, seconds: float | None) -> list[tuple[int, int]]:
        milliseconds = None if seconds is None else max(0, round(seconds * 1000))
        ready: list[tuple[int, int]] = self._poll.poll(milliseconds)
        return ready

    def close(self) -> None:
        """Do nothing: it has no descriptor of its own."""


class _Select:
    """Windows' select."""

    def __init__(self) -> None:
        """Have no descriptor yet."""
        self._masks: dict[int, int] = {}
        self.modify = self.register

    def register(self, fd: int, mask: int) -> None:
        self._masks[fd] = mask

    def unregister(self, fd: int) -> None:
        del self._masks[fd]

    def wait(self, seconds: float | None) -> list[tuple[int, int]]:
        reading = [fd for fd, mask in self._masks.items() if mask & IN]
        writing = [fd for fd, mask in self._masks.items() if mask & OUT]
        # A connect that failed is an exception there, and no event of writing.
        r, w, x = select.select(reading, writing, list(self._masks), seconds)
        ready: dict[int, int] = {}
        for fds, event in ((r, IN), (w, OUT), (x, ERR)):
            for fd in fds:
                ready[fd] = ready.get(fd, 0) | event
        return list(ready.items())

    def close(self) -> None:
        """Do nothing: it has no descriptor of its own."""


def best() -> Poller:
    """Return the best that this system has."""
    if hasattr(select, "epoll"):
        return _Epoll()
    return _Poll() if hasattr(select, "poll") else _Select()

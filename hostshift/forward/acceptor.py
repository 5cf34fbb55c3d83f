"""Accepts clients, and pauses where no descriptor is free: they wait in the kernel meanwhile."""

from __future__ import annotations

import time
from functools import partial

from hostshift.base.log import warning
from hostshift.forward.attempt import Attempt
from hostshift.forward.descriptors import NO_ROOM
from hostshift.forward.inquiry import Inquiries
from hostshift.forward.poller import IN
from hostshift.forward.ports import BACKLOG
from hostshift.forward.room import PAUSE, Room

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

    from hostshift.forward.contract import Serving, Waiting
    from hostshift.forward.entry import Entry

MOST_ACCEPTED = 64
"""Connections that are accepted at a time, before those that are open get their turn."""


class Acceptor:
    """Accepts for a loop."""

    def __init__(self, loop: Serving) -> None:
        """Accept nothing yet: see :meth:`resume`."""
        self.loop = loop
        self.room = Room(loop)
        self.inquiries = Inquiries(loop, self._pause)
        self.paused_until = 0.0
        """When to accept again, by :func:`time.monotonic`; 0 if it does not pause."""
        self._starved: list[Waiting] = []
        self._accepting = False
        self._was_full = False

    def resume(self) -> None:
        """Listen to all ports, and go on with the connections that had no descriptor."""
        self.paused_until = 0.0
        starved, self._starved = self._starved, []
        for attempt in starved:
            if attempt in self.loop.attempts:
                attempt.go_on()
        if self._accepting or self.paused_until:
            return
        self.room.count()
        if self.room.is_full():
            self._pause()
            return
        self._accepting = True
        for sock, handler in self._handlers():
            if sock.fileno() not in self.loop.handlers:
                self.loop.watch(sock.fileno(), handler)

    def _handlers(self) -> Iterator[tuple[socket.socket, Callable[[int], None]]]:
        """Yield the sockets that accept, and what each event calls."""
        for entry in self.loop.entries:
            for listener in entry.port.sockets:
                yield listener, partial(self._accept, entry, listener)
            for sign in entry.port.marks:
                yield sign, partial(self.inquiries.accept, entry, sign)

    def _pause(self) -> None:
        """Stop accepting for a moment: clients wait in the kernel's queue meanwhile."""
        if not self._was_full:
            self._was_full = True
            text = "no descriptor is free: connections wait (raise `ulimit -n`)"
            self.loop.messages.keep(warning, text)
        self.paused_until = time.monotonic() + PAUSE
        if self._accepting:
            self._accepting = False
            for sock, _ in self._handlers():
                self.loop.unwatch(sock.fileno())

    def starve(self, attempt: Waiting) -> None:
        """Let a client wait until a descriptor is free."""
        self._starved.append(attempt)
        self._pause()

    def _accept(self, entry: Entry, listener: socket.socket, _: int) -> None:
        for _ in range(MOST_ACCEPTED):
            try:
                client, _address = listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno in NO_ROOM:
                    self._pause()
                return
            client.setblocking(False)
            entry.stats.accepted += 1
            entry.stats.open += 1
            self.room.connections += 1
            Attempt(self.loop, entry, client)
            if self.room.is_full():
                self._pause()
            if not self._accepting:  # the port was given away, or no descriptor is free
                return

    def drain(self, entry: Entry) -> None:
        """Accept what the kernel has accepted already: those clients count as connected."""
        for listener in list(entry.port.sockets):
            accepted = -1
            for _ in range(BACKLOG // MOST_ACCEPTED + 1):
                if not self._accepting or accepted == entry.stats.accepted:
                    break
                accepted = entry.stats.accepted
                self._accept(entry, listener, IN)

    def unlisten(self, entry: Entry) -> None:
        """Close a port's sockets, and then its marks."""
        for each in (*entry.port.sockets, *entry.port.marks):
            self.loop.unwatch(each.fileno())
        entry.port.close()

    def ended(self) -> None:
        """Accept again at once after a pause: a connection has ended."""
        self.room.connections -= 1
        if self.paused_until:
            self.paused_until = time.monotonic()

"""One of the two sockets of a connection: reads from it, and writes to the other one.

Small messages are copied: that is one ``recv`` and one ``send``. Where a read fills the whole
buffer, the direction is busy, and ``splice(2)`` moves its bytes through a pipe without a copy.
No byte is looked at.
"""

from __future__ import annotations

import errno
import os
import socket

from hostshift.forward.ending import Endings
from hostshift.forward.poller import ERR, HUP, IN, OUT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from hostshift.forward.pipes import Pipe, Pipes
    from hostshift.forward.poller import Poller

    class Carrying(Protocol):
        """A connection, as its two sides see it."""

        relay: Relay
        broken: Side | None

        def finish(self) -> None:
            """Close both sides: both streams have ended."""
            ...

        def broke(self, side: Side, error: OSError | int, *, drained: bool = False) -> None:
            """End the connection, because a side cannot be written to or read any more."""
            ...

        def drained(self, *, ended: bool) -> None:
            """Go on with the end: nothing is left of what the broken side had sent."""
            ...


BUFFER = 65_536
"""Bytes of one read. All connections share the buffer: only what a peer does not take is kept."""
ROUNDS = 4
"""How often a busy direction may read before the other connections get their turn."""
_LEAST = 16_384
"""A direction that moves less at a time is not busy any more."""
_CANNOT = frozenset((errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM))
"""What ``splice`` ends with where a sandbox does not have it."""
OUTSIDE, OVER = -1, -2
"""Masks of a side that the poller does not have: for now, or for good."""


class Relay:
    """What the connections of one event loop share."""

    def __init__(
        self, poller: Poller, pipes: Pipes, handlers: dict[int, Callable[[int], None]]
    ) -> None:
        """Take them.

        Args:
            poller: waits for the sockets.
            pipes: for busy directions.
            handlers: receives what to call when a descriptor is ready.

        """
        self.poller, self.pipes, self.handlers = poller, pipes, handlers
        self.endings = Endings()
        self.view = memoryview(bytearray(BUFFER))


class Side:
    """One of the two sockets of a connection, with the direction that begins at it."""

    __slots__ = (
        *("busy", "ended", "fd", "flow", "held", "mask", "moved", "other", "pending", "pipe"),
        *("recv_into", "send", "shut", "sock", "view"),
    )

    def __init__(self, flow: Carrying, sock: socket.socket) -> None:
        """Take the socket, which does not block."""
        self.flow, self.sock, self.fd = flow, sock, sock.fileno()
        self.recv_into, self.send = sock.recv_into, sock.send
        self.view = flow.relay.view
        self.other = self
        self.mask = OUTSIDE
        self.ended = self.shut = self.busy = False
        self.pending: memoryview | None = None
        """What was copied from here and is not written yet."""
        self.pipe: Pipe | None = None
        self.held = 0
        """Bytes of this side in the pipe."""
        self.moved = 0

    # --- events ---------------------------------------------------------------------------------

    def ready(self, mask: int) -> None:
        """Do what the events of this side allow."""
        if mask == IN == self.mask and not self.busy:  # most of all, and so without a detour
            self._copy()
            return
        if mask & OUT and self.mask > 0 and self.mask & OUT:
            self.other.flush()
            if self.mask == OVER:
                return
        if mask & IN and self.mask > 0 and self.mask & IN:
            self.read()
        elif mask & (ERR | HUP) and self.mask != OVER:
            self._in_trouble()

    def _in_trouble(self) -> None:
        """End after an error. A hang-up without one is the end of both streams, and waits.

        The poller would report it all the time, so it forgets this side until there is work.
        """
        error = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            self.flow.broke(self, error)
        elif self.mask == 0:
            self.flow.relay.poller.unregister(self.fd)
            self.mask = OUTSIDE

    def update(self) -> None:
        """Wait for what this side can do now."""
        other = self.other
        reads = not self.ended and not self.held and self.pending is None
        reads = reads and self.flow.broken is not other  # nobody takes it
        writes = bool(other.held) or other.pending is not None
        mask = (IN if reads else 0) | (OUT if writes else 0)
        if self.mask in (mask, OVER):
            return
        relay = self.flow.relay
        if self.mask == OUTSIDE:
            if mask:
                relay.poller.register(self.fd, mask)
                relay.handlers[self.fd] = self.ready
                self.mask = mask
        else:
            relay.poller.modify(self.fd, mask)
            self.mask = mask

    def leave(self) -> None:
        """Leave the poller for good, and give the pipe back."""
        if self.mask != OUTSIDE:
            self.flow.relay.poller.unregister(self.fd)
        self.mask = OVER
        self.flow.relay.handlers.pop(self.fd, None)
        self._drop_pipe()
        self.pending = None
        # They refer back to the socket: without them it goes at once, not at the next collection.
        del self.recv_into, self.send

    # --- reading --------------------------------------------------------------------------------

    def read(self) -> None:
        """Move what this side has to the other."""
        if self.busy and self._has_pipe():
            self._splice()
        else:
            self._copy()

    def _copy(self) -> None:
        view = self.view
        try:
            size = self.recv_into(view)
        except (BlockingIOError, InterruptedError):
            if self.flow.broken is self:
                self.flow.drained(ended=False)
            return
        except OSError as error:
            self.flow.broke(self, error, drained=True)
            return
        if not size:
            self._end()
            return
        self.moved += size
        try:
            sent = self.other.send(view[:size])
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError as error:
            self.flow.broke(self.other, error)
            return
        if sent < size:
            self.pending = memoryview(bytes(view[sent:size]))
            self._wait_for_other()
        elif size == BUFFER:
            self.busy = True

    def _splice(self) -> None:
        pipes = self.flow.relay.pipes
        splice, pipe = pipes.splice, self.pipe
        if splice is None or pipe is None:
            self.busy = False
            return
        for turn in range(ROUNDS):
            try:
                size = splice(self.fd, pipe.writing, pipe.size, flags=pipes.flags)
            except (BlockingIOError, InterruptedError):
                if not turn:  # there is something to read: urgent data is next
                    self._copy_on()
                return
            except OSError as error:
                if error.errno in _CANNOT:
                    pipes.give_up()
                    self._drop_pipe()
                else:
                    self.flow.broke(self, error, drained=True)
                return
            if not size:  # the end of the stream, or urgent data: only a read can tell
                self._copy_on()
                return
            self.held = size
            self.moved += size
            if not self._write_held():
                return
            if size < _LEAST:
                self._drop_pipe()
                return

    def _copy_on(self) -> None:
        self._drop_pipe()
        self._copy()

    def _end(self) -> None:
        """Pass the end of this side's stream on. It has nothing that is not written."""
        self.ended = True
        if self.flow.broken is self:
            self.flow.drained(ended=True)
        else:
            self._shut_other()

    def _shut_other(self) -> None:
        other = self.other
        if not other.shut_down():
            return
        if other.ended and not other.held and other.pending is None:
            self.flow.finish()
            return
        self.update()
        other.update()

    # --- writing --------------------------------------------------------------------------------

    def shut_down(self) -> bool:
        """End the stream to this side; return False if it is broken."""
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError as error:  # it is reset
            self.flow.broke(self, error)
            return False
        self.shut = True
        return True

    def flush(self) -> None:
        """Write what this side has read and the other did not take, as far as it takes it now."""
        if not (self._write_pending() and self._write_held()):
            return
        if self.ended:
            self._shut_other()
        else:
            self.update()
            self.other.update()

    def drain(self) -> None:
        """Move what this side had sent before it broke: what it takes now, and the rest later."""
        if self.ended:
            self.flow.drained(ended=False)
        elif self.pending is not None or self.held:
            self._wait_for_other()
        else:
            self.update()
            self.other.update()
            self.read()

    def drop(self) -> None:
        """Forget what this side has sent and the other did not take: it is broken."""
        self.pending = None
        self._drop_pipe()

    def _write_pending(self) -> bool:
        """Return True if nothing that was copied is left."""
        if self.pending is None:
            return True
        try:
            sent = self.other.send(self.pending)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError as error:
            self.flow.broke(self.other, error)
            return False
        rest = self.pending[sent:]
        self.pending = rest if len(rest) else None
        return self.pending is None

    def _write_held(self) -> bool:
        """Return True if the pipe is empty; else the poller waits for the other side."""
        pipes, pipe = self.flow.relay.pipes, self.pipe
        splice = pipes.splice or getattr(os, "splice", None)
        while self.held and pipe is not None and splice is not None:
            try:
                self.held -= splice(pipe.reading, self.other.fd, self.held, flags=pipes.flags)
            except (BlockingIOError, InterruptedError):
                self._wait_for_other()
                return False
            except OSError as error:
                self.flow.broke(self.other, error)
                return False
        return True

    def _wait_for_other(self) -> None:
        self.update()
        self.other.update()

    # --- the pipe -------------------------------------------------------------------------------

    def _has_pipe(self) -> bool:
        if self.pipe is None:
            self.pipe = self.flow.relay.pipes.take()
        return self.pipe is not None

    def _drop_pipe(self) -> None:
        """Give the pipe back, and copy from now on."""
        self.busy = False
        pipe, self.pipe = self.pipe, None  # before it is closed: a fork may come in between
        if pipe is not None:
            self.flow.relay.pipes.give_back(pipe, empty=not self.held)
            self.held = 0

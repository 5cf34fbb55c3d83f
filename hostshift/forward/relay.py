"""Carries the bytes of one connection, both ways, as if there were nobody between.

* The end of one side's stream is passed on as such (FIN), and the other direction goes on.
* A reset is passed on as a reset (RST), and so is a write that fails; but first what the broken
  side had sent (:mod:`hostshift.forward.ending`).
* A side that does not read makes the other wait: nothing is read before what was read is written.
"""

from __future__ import annotations

from hostshift.forward.ending import AFTER_ITS_END, never_ended, reset, unsent
from hostshift.forward.side import OVER, Relay, Side

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

__all__ = ["Flow", "Relay"]


class Flow:
    """One connection: two sides, until both streams have ended or one side is broken."""

    __slots__ = ("_closed", "_has_end", "_is_drained", "broken", "client", "relay", "target")

    def __init__(
        self,
        relay: Relay,
        client: socket.socket,
        target: socket.socket,
        closed: Callable[[Flow, str], None],
    ) -> None:
        """Begin to carry.

        Args:
            relay: what all connections share.
            client: the side that connected to us.
            target: the side that we connected to.
            closed: is called once it is over, with the reason if that is no usual end.

        """
        self.relay, self._closed = relay, closed
        self.broken: Side | None = None
        """The side that takes nothing any more. The other gets what is left of it."""
        self._has_end, self._is_drained = True, False
        self.client, self.target = Side(self, client), Side(self, target)
        self.client.other, self.target.other = self.target, self.client
        self.client.update()
        self.target.update()

    def finish(self) -> None:
        """Close both sides: all bytes are with the kernel, which sends them."""
        self._leave()
        self.client.sock.close()
        self.target.sock.close()
        self._closed(self, "")

    def abort(self, why: str = "reset") -> None:
        """Reset both sides at once."""
        if self.client.mask != OVER:
            self._leave()
            reset(self.client.sock)
            reset(self.target.sock)
            self._closed(self, why)

    def abandon(self) -> None:
        """Close the descriptors in a forked child: neither side notices."""
        for side in (self.client, self.target):
            side.sock.close()
            if side.pipe is not None:
                side.pipe.close()

    # --- a side that is broken ------------------------------------------------------------------

    def broke(self, side: Side, error: OSError | int, *, drained: bool = False) -> None:
        """Give the other side what this one had sent, and then a reset.

        Args:
            side: cannot be written to or read any more.
            error: what that ended with, or its number.
            drained: nothing of it is left in the kernel.

        """
        if self.broken is side.other:
            self.abort()  # nobody is left
            return
        number = error.errno if isinstance(error, OSError) else error
        self._has_end = self._has_end and number in AFTER_ITS_END
        if self.broken is None:
            self.broken = side
            side.other.drop()
            self.relay.endings.begin(self)
        if drained:
            self.drained(ended=False)
        else:
            side.drain()

    def drained(self, *, ended: bool) -> None:
        """Pass the end of the broken side on, whose bytes have all been written.

        Args:
            ended: reading it came to an end. After an error that was reported before, that
                says nothing.

        """
        side = self.broken
        if side is None:
            return
        ended = ended and self._has_end and not never_ended(side.sock, side.moved)
        if ended and not side.other.shut_down():
            return
        side.ended = self._is_drained = True
        side.update()
        side.other.update()
        self.end_if_sent()

    def left(self) -> tuple[int, int]:
        """Return what has moved of the broken side, and what the kernel has not sent of it yet."""
        side = self.broken
        return (side.moved, unsent(side.other.sock)) if side is not None else (0, 0)

    def end_if_sent(self) -> None:
        """Reset the other side, if the kernel has sent it all that it is to get."""
        side = self.broken
        if side is not None and self._is_drained and not unsent(side.other.sock):
            self.abort()

    def _leave(self) -> None:
        self.relay.endings.forget(self)
        for side in (self.client, self.target):
            side.leave()

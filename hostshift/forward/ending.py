"""The end of a connection of which one side is broken: the other gets what that side had sent.

A server may answer and close without reading what its client still sends, as HTTP servers do
with a body that is too large. Its kernel resets the connection then (RFC 2525, 2.17), and a
write to it fails. Its answer is in our receive queue all the same, because Linux clears only
the queue of what is still to be sent (``tcp_reset()``). A client without a forwarder reads that
answer, and so it gets it through us.

To close with a reset clears the queue of what is to be sent, too (``tcp_disconnect()``). So the
reset of the other side waits for a moment until the kernel has sent that.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
import sys
import time
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Ending(Protocol):
        """A connection of which one side is broken."""

        def left(self) -> tuple[int, int]:
            """Return what changes while the other side takes something."""
            ...

        def end_if_sent(self) -> None:
            """End it, if the kernel has sent all that the other side is to get."""
            ...

        def abort(self) -> None:
            """End it at once."""
            ...


STEP = 0.02
"""Seconds between two looks at connections that end."""
MOST_LOOKS = 50
"""How many looks may see no change. A side that takes nothing for that long gets its reset: without
us it would have got it at once, and lost what its own queue had no room for."""
AFTER_ITS_END = frozenset((errno.EPIPE, errno.ENOTCONN))
"""What writing to a side ends with whose stream had ended before the reset came: EPIPE
(``tcp_reset()`` in the state CLOSE_WAIT). Without an end it is ECONNRESET. Two calls do not show
which it was: shutting a side down ends with ENOTCONN, and a ``splice`` that meets ECONNRESET
behind bytes that it moved returns their number, so that the next one ends with EPIPE. Then
reading shows it, or the kernel's count: :func:`never_ended`."""
_INFO = struct.Struct("20xI104xQ")
"""``tcpi_rcv_mss`` and ``tcpi_bytes_received`` of ``struct tcp_info`` (linux/tcp.h). gVisor has
the structure, but leaves both 0; a kernel's segment size never is."""
_UNSENT = 0x894B
"""SIOCOUTQNSD (linux/sockios.h): the bytes that were written and are not sent yet."""
_RESET = struct.pack("HH" if os.name == "nt" else "ii", 1, 0)
"""SO_LINGER with no time: closing resets (tcp(7))."""


def reset(sock: socket.socket) -> None:
    """Close a socket so that its peer sees a reset."""
    with suppress(OSError):  # the peer was faster
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    sock.close()


def unsent(sock: socket.socket) -> int:
    """Return how many bytes the kernel still has to send; 0 where it does not say."""
    try:
        import fcntl

        answer = fcntl.ioctl(sock, _UNSENT, bytes(4))
    except (ImportError, OSError):  # not Linux, or a sandbox that does not know it
        return 0
    return int.from_bytes(answer, sys.byteorder)


def never_ended(sock: socket.socket, read: int) -> bool:
    """Return True if the kernel knows that no end of the stream came before its reset.

    The end has a place in the sequence of bytes, so the kernel counts it as one more than there
    was to read (``tcp_rcv_nxt_update()``). It counts a byte of urgent data as well, which is not
    read with the others: behind one the kernel does not show it.

    Args:
        sock: a socket of which everything was read.
        read: the number of bytes that were.

    """
    if sys.platform != "linux":
        return False
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO.size)
    except OSError:  # a sandbox that does not know it
        return False
    segment, received = _INFO.unpack(info) if len(info) == _INFO.size else (0, 0)
    return bool(segment) and received == read


class Endings:
    """The connections of one event loop that end."""

    def __init__(self) -> None:
        """Have none yet."""
        self.flows: dict[Ending, int] = {}
        """How many looks each has left. Time in which this process does not run is no look."""
        self._seen: dict[Ending, tuple[int, int]] = {}
        self._at = 0.0

    def begin(self, flow: Ending) -> None:
        """Look at a connection from now on."""
        self.flows[flow] = MOST_LOOKS

    def forget(self, flow: Ending) -> None:
        """Look no more at a connection that has ended."""
        self.flows.pop(flow, None)
        self._seen.pop(flow, None)

    def look(self) -> None:
        """End what is sent, and what takes too long; but do not look more often than it should."""
        now = time.monotonic()
        if now - self._at < STEP:
            return
        self._at = now
        for flow, left in list(self.flows.items()):
            before, self._seen[flow] = self._seen.get(flow), flow.left()
            if left or self._seen[flow] != before:
                self.flows[flow] = left - 1 if self._seen[flow] == before else MOST_LOOKS
                flow.end_if_sent()
            else:
                flow.abort()

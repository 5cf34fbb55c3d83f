"""Ends connections whose clients are gone, once the bytes that they wrote have been written.

The kernel sends what a process wrote before its end, so a client may be gone while its last
bytes and its end of the stream have not come yet. A client that is silent and does not end is
somebody else's, who still lives: it is not waited for.
"""

from __future__ import annotations

import socket
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from hostshift.forward.relay import Flow

PAUSE = 0.1
"""Seconds between two looks. A client from which nothing came in between is silent."""


class Sweep:
    """Looks at the connections of a loop that stops."""

    def __init__(self) -> None:
        """Have seen none yet."""
        self._moved: dict[Flow, int] = {}
        self._at = 0.0

    def look(self, flows: Iterable[Flow]) -> None:
        """End what is done, and reset what is silent; but not more often than it should."""
        now = time.monotonic()
        due = now - self._at >= PAUSE
        for flow in flows:
            client = flow.client
            if client.held or client.pending is not None or flow.broken is not None:
                continue
            if client.ended:
                flow.finish()
            elif due and self._moved.get(flow) == client.moved:
                if not _has_come(client.sock):
                    flow.abort()
            elif due:
                self._moved[flow] = client.moved
        self._at = now if due else self._at


def _has_come(sock: socket.socket) -> bool:
    """Return True if there is something to read: it came while this process did not run."""
    try:
        sock.recv(1, socket.MSG_PEEK)
    except OSError:  # nothing, or a reset
        return False
    return True

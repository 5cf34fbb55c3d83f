"""Counts of what a forwarder carries: ports, addresses and numbers, nothing of the contents."""

from __future__ import annotations

from hostshift.base import bounded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

MOST = 32
"""The most targets and reasons that one port remembers."""


class Stats:
    """The counts of one port."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.accepted = self.open = 0
        self.sent = self.received = 0
        """Bytes from clients, and bytes to them, of connections that are over."""
        self.targets: dict[str, int] = {}
        self.failures: dict[str, int] = {}

    def connected(self, address: str) -> None:
        """Count a connection to an address."""
        bounded.put(self.targets, address, self.targets.get(address, 0) + 1, MOST)

    def failed(self, reason: str) -> bool:
        """Count a connection that failed; return True if it is the first for this reason."""
        count = self.failures.get(reason, 0) + 1
        bounded.put(self.failures, reason, count, MOST)
        return count == 1

    def lines(self, title: str, sent: int = 0, received: int = 0) -> Iterator[str]:
        """Describe the counts.

        Args:
            title: the port and what it is for.
            sent: bytes from clients of connections that are open.
            received: bytes to them.

        """
        yield (
            f"{title}: {self.open} open, {self.accepted} accepted,"
            f" {self.sent + sent} bytes sent, {self.received + received} bytes received"
        )
        for address, count in self.targets.items():
            yield f"  to {address}: {count}"
        for reason, count in self.failures.items():
            yield f"  failed: {count}, {reason}"

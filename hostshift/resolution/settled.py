"""Answers that asking again could not change. A resolver keeps them, and drops them on a reset."""

from __future__ import annotations

from hostshift.base import bounded
from hostshift.routing.model import is_address, port_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.routing.model import Decision

MOST_CACHED = 1024
"""Entries of each table at most: a flood of strings costs no memory; the oldest leaves."""


class SettledAnswers:
    """Settled answers: for texts, for the addresses of simple URIs, and for dials."""

    def __init__(self) -> None:
        """Start with no answer."""
        self.texts: dict[tuple[str, str | None], str] = {}
        """Answers by the text and the dialect."""
        self.addresses: dict[tuple[str, str], str] = {}
        """New addresses by the scheme and the address of a simple URI."""
        self._dials: dict[tuple[str, int | None, str], Decision] = {}

    def keep_text(self, text: str, dialect: str | None, after: str) -> None:
        """Keep the answer for a text."""
        bounded.put(self.texts, (text, dialect), after, MOST_CACHED)

    def keep_address(self, scheme: str, address: str, after: str) -> None:
        """Keep the new address for the address of a simple URI."""
        bounded.put(self.addresses, (scheme, address), after, MOST_CACHED)

    def dial(self, host: str, port: int | None, protocol: str) -> Decision | None:
        """Return the decision for an endpoint that a driver dialled before."""
        port = port_of(port)
        return self._dials.get((host, port, protocol)) if is_address(host, port) else None

    def keep_dial(self, host: str, port: int | None, protocol: str, decision: Decision) -> None:
        """Keep the decision for an endpoint that a driver dials."""
        bounded.put(self._dials, (host, port_of(port), protocol), decision, MOST_CACHED)

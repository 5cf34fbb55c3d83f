"""Answers that asking again could not change. A resolver keeps them, and drops them on a reset."""

from __future__ import annotations

from hostshift.base import bounded
from hostshift.dsn.fast_path import address_span, may_verify, outline
from hostshift.routing.model import is_address, port_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.dsn.fast_path import Outline
    from hostshift.routing.model import Decision

MOST_CACHED = 1024
"""Entries of each table at most: a flood of strings costs no memory; the oldest leaves."""


class SettledAnswers:
    """Settled answers: for texts, for what an answer depends on in simple ones, and for dials."""

    def __init__(self) -> None:
        """Start with no answer."""
        self.texts: dict[tuple[str, str | None], str] = {}
        """Answers by the text and the dialect."""
        self._addresses: dict[tuple[str, str], str] = {}
        """New addresses by the scheme and the address of a simple URI."""
        self._outlines: dict[tuple[str, ...], dict[int, str]] = {}
        """The parts that change, by the outline of a text."""
        self._dials: dict[tuple[str, int | None, str], Decision] = {}

    def answer(self, text: str, dialect: str | None) -> str | None:
        """Return the answer for a text, None if it is not known."""
        texts, key = self.texts, (text, dialect)
        after = texts.get(key)
        if after is not None or dialect is not None or not isinstance(text, str):
            return after
        span = address_span(text)
        after = self._outlined(text) if span is None else self._by_address(text, span)
        if after is not None:
            texts[key] = after
            if len(texts) > MOST_CACHED:
                bounded.halve(texts)
        return after

    def _by_address(self, text: str, span: tuple[str, int, int]) -> str | None:
        scheme, start, end = span
        address = text[start:end]
        new = self._addresses.get((scheme, address))
        if new == address:
            return text
        # What a new address means for certificates depends on more than the address.
        return None if new is None or may_verify(text) else text[:start] + new + text[end:]

    def _outlined(self, text: str) -> str | None:
        outlined = outline(text)
        changes = None if outlined is None else self._outlines.get(outlined.key)
        if outlined is None or changes is None:
            return None
        return outlined.joined(changes)

    def keep(self, text: str, dialect: str | None, after: str) -> None:
        """Keep the answer for a text, and for what it depends on."""
        bounded.put(self.texts, (text, dialect), after, MOST_CACHED)
        if dialect is not None or not isinstance(text, str):
            return
        span = address_span(text)
        if span is not None:
            scheme, start, end = span
            new = after[start : len(after) - len(text) + end]
            bounded.put(self._addresses, (scheme, text[start:end]), new, MOST_CACHED)
        elif (outlined := outline(text)) is not None:
            self._keep_outline(outlined, after)

    def _keep_outline(self, outlined: Outline, after: str) -> None:
        """Keep what changes, unless a part changes that is not all in the outline."""
        new = outline(after)
        if new is None or len(new.parts) != len(outlined.parts):
            return
        pairs = enumerate(zip(outlined.parts, new.parts, strict=True))
        changes = {at: part for at, (old, part) in pairs if part != old}
        if all(outlined.key[at] == outlined.parts[at] for at in changes):
            bounded.put(self._outlines, outlined.key, changes, MOST_CACHED)

    def dial(self, host: str, port: int | None, protocol: str) -> Decision | None:
        """Return the decision for an endpoint that a driver dialled before."""
        port = port_of(port)
        return self._dials.get((host, port, protocol)) if is_address(host, port) else None

    def keep_dial(self, host: str, port: int | None, protocol: str, decision: Decision) -> None:
        """Keep the decision for an endpoint that a driver dials."""
        bounded.put(self._dials, (host, port_of(port), protocol), decision, MOST_CACHED)

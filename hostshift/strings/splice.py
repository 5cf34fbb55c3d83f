"""Writing new hosts and ports into a text, and not one byte besides."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from hostshift.strings.model import Endpoint


def splice(
    text: str, endpoints: Sequence[Endpoint], wanted: Sequence[tuple[str, int | None]]
) -> str:
    """Return the text with each endpoint's host and port replaced.

    What already has the wanted value keeps its spelling. A port that was written
    nowhere is added only where the wanted one is not the consumer's default.

    Args:
        text: the connection string that the endpoints were found in.
        endpoints: what :func:`hostshift.strings.read` found, in any order.
        wanted: the new host and port of each; a port of None leaves it alone.

    """
    edits: list[tuple[int, int, str]] = []
    for endpoint, (host, port) in zip(endpoints, wanted, strict=True):
        if host != endpoint.host:
            at = endpoint.host_at
            edits.append((at.start, at.end, at.write(host)))
        if port is not None and port != endpoint.effective_port:
            at = endpoint.port_at
            edits.append((at.start, at.end, at.write(str(port))))
    if not edits:
        return text
    return _apply(text, sorted(edits, key=lambda edit: edit[:2]))


def _apply(text: str, edits: list[tuple[int, int, str]]) -> str:
    """Apply edits that are in order and do not overlap, in time linear in the text."""
    parts, done = [], 0
    for start, end, value in edits:
        parts += [text[done:start], value]
        done = end
    parts.append(text[done:])
    return "".join(parts)

"""Writing new hosts and ports into a text, and not one byte besides."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hostshift.strings.model import Endpoint

    Edit = tuple[int, int, str]
    Wanted = Sequence[tuple[str, int | None]]


def splice(text: str, endpoints: Sequence[Endpoint], wanted: Wanted) -> str:
    """Return the text with each endpoint's host and port replaced.

    What already has the new value keeps its spelling. A port that was written
    nowhere is added only where the new one is not the consumer's default.

    Args:
        text: the connection string that the endpoints were found in.
        endpoints: what :func:`hostshift.strings.read` found, in any order.
        wanted: the new host and port of each; a port of None leaves it alone.

    Raises:
        Unwritable: a place cannot hold its new value.

    """
    edits = [*_hosts(endpoints, wanted), *_ports(endpoints, wanted)]
    if not edits:
        return text
    # Stable: a host and a port written at one offset stay in this order.
    return _apply(text, sorted(edits, key=lambda edit: edit[:2]))


def _hosts(endpoints: Sequence[Endpoint], wanted: Wanted) -> Iterator[Edit]:
    """Yield the edits of hosts that change."""
    for endpoint, (host, _) in zip(endpoints, wanted, strict=True):
        if host != endpoint.host:
            at = endpoint.host_at
            yield at.start, at.end, at.write(host)


def _ports(endpoints: Sequence[Endpoint], wanted: Wanted) -> Iterator[Edit]:
    """Yield the edits of ports that change; a port that hosts share is written once."""
    shared: dict[int, list[int | None]] = {}
    for endpoint, (_, port) in zip(endpoints, wanted, strict=True):
        effective = endpoint.effective_port
        chosen = effective if port is None else port
        if endpoint.port_at.shared:
            shared.setdefault(endpoint.port_at.start, []).append(chosen)
        elif chosen != effective:
            at = endpoint.port_at
            yield at.start, at.end, at.write(str(chosen))
    for endpoint in endpoints:
        ports = shared.pop(endpoint.port_at.start, None) if endpoint.port_at.shared else None
        if ports and any(port != endpoint.effective_port for port in ports):
            at = endpoint.port_at
            several = len(set(ports)) > 1
            value = ",".join(str(port) for port in ports) if several else str(ports[0])
            yield at.start, at.end, at.write(value)


def _apply(text: str, edits: list[Edit]) -> str:
    """Apply edits that are in order and do not overlap, in time linear in the text."""
    parts, done = [], 0
    for start, end, value in edits:
        parts += [text[done:start], value]
        done = end
    parts.append(text[done:])
    return "".join(parts)

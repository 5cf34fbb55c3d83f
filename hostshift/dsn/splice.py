"""Write new hosts and ports into a text, and change no other byte."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hostshift.dsn.model import Endpoint

    Edit = tuple[int, int, str]
    Addresses = Sequence[tuple[str, int | None]]


def splice(text: str, endpoints: Sequence[Endpoint], addresses: Addresses) -> str:
    """Return the text with each endpoint's host and port replaced.

    A host or port that already has the new value keeps its spelling. Where the text
    names no port, the new one is added only if it is not the consumer's default.

    Args:
        text: the connection string that the endpoints are from.
        endpoints: what :func:`hostshift.dsn.read` found, in any order.
        addresses: the new host and port of each; a port of None leaves it alone.

    Raises:
        Unwritable: a place cannot hold its new value.

    """
    edits = [*_hosts(endpoints, addresses), *_ports(endpoints, addresses)]
    if not edits:
        return text
    # Stable: a host and a port written at one offset stay in this order.
    return _apply(text, sorted(edits, key=lambda edit: edit[:2]))


def _hosts(endpoints: Sequence[Endpoint], addresses: Addresses) -> Iterator[Edit]:
    """Yield the edits of hosts that change."""
    for endpoint, (host, _) in zip(endpoints, addresses, strict=True):
        if host != endpoint.host:
            at = endpoint.host_at
            yield at.start, at.end, at.write(host)


def _ports(endpoints: Sequence[Endpoint], addresses: Addresses) -> Iterator[Edit]:
    """Yield the edits of ports that change, one for a port that several hosts share."""
    shared: dict[int, list[int | None]] = {}
    for endpoint, (_, port) in zip(endpoints, addresses, strict=True):
        effective = endpoint.effective_port
        new = effective if port is None else port
        if endpoint.port_at.shared:
            shared.setdefault(endpoint.port_at.start, []).append(new)
        elif new != effective:
            at = endpoint.port_at
            yield at.start, at.end, at.write(str(new))
    for endpoint in endpoints:
        ports = shared.pop(endpoint.port_at.start, None) if endpoint.port_at.shared else None
        if ports and any(port != endpoint.effective_port for port in ports):
            at = endpoint.port_at
            several = len(set(ports)) > 1
            value = ",".join(str(port) for port in ports) if several else str(ports[0])
            yield at.start, at.end, at.write(value)


def _apply(text: str, edits: list[Edit]) -> str:
    """Apply edits, in order and without overlap, in time linear in the text."""
    parts, done = [], 0
    for start, end, value in edits:
        parts += [text[done:start], value]
        done = end
    parts.append(text[done:])
    return "".join(parts)

"""Hosts in the query of SQLAlchemy's PostgreSQL URLs (postgresql/base.py).

``?host=a:1&host=b:2``, or ``?host=a,b&port=1,2``; both override the authority
(_split_multihost_from_url). SQLAlchemy takes one ``host=a:1`` alone for the first form
if its name has only letters, digits, dots and hyphens.
"""

from __future__ import annotations

from hostshift.dsn.dialects._host_lists import Entry, entries, in_query, pair_lists
from hostshift.dsn.dialects._nested import one_port
from hostshift.dsn.host_port import after_colon, as_is, port_number
from hostshift.dsn.model import Endpoint, Slot, Unreadable, Unwritable

TYPE_CHECKING = False
if TYPE_CHECKING:
    Spans = dict[str, list[tuple[int, int]]]

PORT = 5432


def dialled(
    text: str, at: tuple[int, int], endpoints: list[Endpoint], parameters: Spans
) -> list[Endpoint] | tuple[Endpoint, ...]:
    """Return what PostgreSQL's drivers dial if the query has hosts or ports.

    Args:
        text: the URL.
        at: the span of the authority behind the user information.
        endpoints: the authority's.
        parameters: the spans of ``host`` and ``port`` in the query.

    """
    hosts, ports = parameters.get("host", []), parameters.get("port", [])
    default_port = endpoints[0].default_port if endpoints else PORT
    if not hosts:
        return _port_only(text, endpoints, ports)
    if len(hosts) > 1:
        if ports:
            raise Unreadable("hosts with ports and a list of ports are mixed", refused=True)
        return _integrated(text, hosts, default_port)
    ((start, end),) = hosts
    names = entries(text, start, end, in_query, decoded)
    if not ports:
        if len(names) == 1 and _with_port(names[0].value):
            return _one_with_port(text, hosts, at, default_port)
        return pair_lists(names, [], [_place(text, at, end, len(names))], default_port, full=True)
    listed = [entry for span in ports for entry in entries(text, *span, as_is, decoded)]
    if len(listed) != len(names):
        raise Unreadable("there are not as many ports as hosts", refused=True)
    return pair_lists(names, [], listed, default_port)


def decoded(raw: str) -> str:
    """Undo the escapes of a query's value."""
    if "%" not in raw and "+" not in raw:
        return raw
    from urllib.parse import unquote_plus

    return unquote_plus(raw)


def _port_only(
    text: str, endpoints: list[Endpoint], ports: list[tuple[int, int]]
) -> list[Endpoint]:
    """Return the authority's host with the port from the query."""
    listed = [entry for span in ports for entry in entries(text, *span, as_is, decoded)]
    if len(listed) > 1:
        raise Unreadable("the query has more ports than hosts", refused=True)
    (port,) = listed
    at = port.at
    if len(endpoints) > 1:  # the drivers hand it on to libpq, for which one port serves all hosts
        at = at.replace(write=one_port(at.write), shared=True)
    return [endpoint.replace(port=port_number(port.value), port_at=at) for endpoint in endpoints]


def _with_port(value: str) -> bool:
    """Return True if SQLAlchemy takes a single value for ``host:port``."""
    host, colon, port = value.partition(":")
    if not colon or ":" in port:
        return False
    plain = host.replace("-", "").replace(".", "")
    return (not plain or (plain.isascii() and plain.isalnum())) and (not port or port.isdecimal())


def _one_with_port(
    text: str, hosts: list[tuple[int, int]], at: tuple[int, int], default_port: int | None
) -> tuple[Endpoint, ...]:
    """Read one ``host=a:1``; if its port is empty, the authority's stays in force."""
    endpoints = _integrated(text, hosts, default_port)
    if any(endpoint.port is None for endpoint in endpoints) and ":" in text[at[0] : at[1]]:
        raise Unreadable("the port is named in another place than the host")
    return endpoints


def _integrated(
    text: str, hosts: list[tuple[int, int]], default_port: int | None
) -> tuple[Endpoint, ...]:
    """Read ``host[:port]`` in each of several parameters."""
    names, ports = [], []
    for start, end in hosts:
        colon, behind = _colon(text, start, end)
        name = decoded(text[start:colon])
        if "," in name or (name.startswith("/") and behind != colon):
            raise Unreadable("a host holds something that drivers read differently")
        names.append(Entry(value=name, at=Slot(start=start, end=colon, write=_without_colon)))
        port = Slot(start=behind, end=end, write=as_is if behind != colon else after_colon)
        ports.append(Entry(value=decoded(text[behind:end]), at=port))
    # One entry here is an empty host with a port: the driver's own default.
    return pair_lists(names, [], ports, default_port)


def _colon(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the span of the colon in a ``host:port``, escaped or not; else an empty one."""
    raw = text[start:end].lower()
    if raw.count(":") + raw.count("%3a") > 1:
        raise Unreadable("a host holds more than one colon")
    for colon in (":", "%3a"):
        at = raw.find(colon)
        if at >= 0:
            return start + at, start + at + len(colon)
    return end, end


def _without_colon(host: str) -> str:
    """Write a host that SQLAlchemy splits at its colon."""
    if ":" in host:
        raise Unwritable("an IPv6 address cannot stand in such a list")
    return in_query(host)


def _place(text: str, at: tuple[int, int], end: int, count: int) -> Entry:
    """Return the port in force, which may be the authority's, or the place for a new one."""
    colon = text.rfind(":", *at)
    if count == 1 and colon >= 0 and text.find("]", colon, at[1]) < 0:
        return Entry(
            value=text[colon + 1 : at[1]], at=Slot(start=colon + 1, end=at[1], write=as_is)
        )
    return Entry(value="", at=Slot(start=end, end=end, write=lambda ports: f"&port={ports}"))

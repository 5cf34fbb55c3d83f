"""libpq's URIs (fe-connect.c, conninfo_uri_parse_options and conninfo_uri_parse_params).

User information ends at the first ``@``, if no ``/`` comes before it. Behind it
stands a comma list of hosts, each with its port. ``host``, ``hostaddr`` and
``port`` in the query override that, and the last of each wins. libpq undoes escapes
everywhere.
"""

from __future__ import annotations

from hostshift.dsn.authority import first_of, secrets, start_of
from hostshift.dsn.dialects._host_lists import (
    Entry,
    check_numeric,
    entries,
    has_values,
    in_query,
    numeric,
    pair_lists,
    refuse_issuer,
)
from hostshift.dsn.host_port import after_colon, as_is, bracketed
from hostshift.dsn.masking import parameters
from hostshift.dsn.model import Reading, Slot, Unreadable

_ADDRESS = frozenset(("host", "hostaddr", "port", "service", "oauth_issuer"))
_HEX = frozenset("0123456789abcdefABCDEF")


def read(text: str, default_port: int) -> Reading:
    """Find the endpoints of a URI."""
    start = start_of(text)
    at = text.find("@", start, first_of(text, "/", start))
    first = at + 1 if at >= 0 else start
    end = first_of(text, "/?", first)
    hosts, ports = _authority(text, first, end)
    query = _parameters(text, text.find("?", end))
    if "service" in query:
        raise Unreadable("the query names a service, which may name another address")
    if "oauth_issuer" in query:
        refuse_issuer(text[slice(*query["oauth_issuer"])])
    names = _listed(text, query.get("host"), hosts)
    addresses = _addresses(text, query.get("hostaddr"))
    ports = _ports(text, query, hosts, ports)
    return Reading(
        dialect="libpq",
        endpoints=pair_lists(names, addresses, ports, default_port),
        secrets=tuple(secrets(text, start, at, end)),
    )


def _authority(text: str, start: int, end: int) -> tuple[list[Entry], list[Entry]]:
    """Read ``host[:port]`` entries; each has a place for a port, even if an empty one."""
    hosts, ports = [], []
    while True:
        host_end = _bracket(text, start, end) if text.startswith("[", start) else -1
        stop = text.find(",", max(start, host_end), end)
        stop = stop if stop >= 0 else end
        if host_end < 0:
            colon = text.find(":", start, stop)
            host_end = colon if colon >= 0 else stop
        hosts.append(_host(text, start, host_end))
        ports.append(_port(text, host_end, stop))
        if stop >= end:
            return hosts, ports
        start = stop + 1


def _bracket(text: str, start: int, end: int) -> int:
    """Return the offset behind a bracketed address."""
    close = text.find("]", start, end)
    if close < start + 2:
        raise Unreadable("a bracket is not closed, or empty", refused=True)
    if ":" not in text[start:close]:
        raise Unreadable("brackets hold something that is no IPv6 address")
    if close + 1 < end and text[close + 1] not in ":,":
        raise Unreadable("something stands behind a bracket that is no port", refused=True)
    return close + 1


def _host(text: str, start: int, end: int) -> Entry:
    """Read a host; a new one gets brackets if it needs them."""
    raw = text[start + 1 : end - 1] if text.startswith("[", start) else text[start:end]
    return Entry(value=decoded(raw), at=Slot(start=start, end=end, write=bracketed))


def _port(text: str, start: int, end: int) -> Entry:
    """Read the port behind a host."""
    if start == end:
        return Entry(value="", at=Slot(start=end, end=end, write=after_colon))
    value = decoded(text[start + 1 : end])
    return Entry(value=value, at=Slot(start=start + 1, end=end, write=as_is))


def decoded(raw: str) -> str:
    """Undo percent escapes as conninfo_uri_decode does, which refuses malformed ones."""
    if "%" not in raw:
        return raw
    for part in raw.split("%")[1:]:
        if not _HEX.issuperset(part[:2]) or len(part) < 2 or part[:2] == "00":
            raise Unreadable("a percent sign begins no escape", refused=True)
    from urllib.parse import unquote

    return unquote(raw)


def _parameters(text: str, query: int) -> dict[str, tuple[int, int]]:
    """Return the spans of the values that decide where to connect; the last of a name wins."""
    values: dict[str, tuple[int, int]] = {}
    for start, end in parameters(text, query):
        equals = text.find("=", start, end)
        if equals < 0 or text.find("=", equals + 1, end) >= 0:
            raise Unreadable("a parameter is not one name=value", refused=True)
        name = decoded(text[start:equals])
        if name.strip() in _ADDRESS:  # newer releases strip spaces, older ones refuse them
            value = text[equals + 1 : end]
            first = end - len(value.lstrip(" "))
            values[name.strip()] = first, first + len(value.strip(" "))
    return values


def _listed(text: str, span: tuple[int, int] | None, otherwise: list[Entry]) -> list[Entry]:
    """Return the list in a parameter, or the one from the authority."""
    return entries(text, *span, in_query, decoded) if span else otherwise


def _addresses(text: str, span: tuple[int, int] | None) -> list[Entry]:
    """Return the numeric addresses that libpq dials in place of the names."""
    addresses = entries(text, *span, _escaped_numeric, decoded) if span else []
    for entry in addresses:
        if entry.value:
            check_numeric(entry.value)
    return addresses


def _escaped_numeric(host: str) -> str:
    """Write a numeric address in a query."""
    return numeric(host).replace("%", "%25")


def _ports(
    text: str, query: dict[str, tuple[int, int]], hosts: list[Entry], ports: list[Entry]
) -> list[Entry]:
    """Return the ports that libpq takes, or the place for a new one."""
    if "port" in query:
        return entries(text, *query["port"], as_is, decoded)
    numeric_only = "hostaddr" in query and not has_values(hosts)
    named = query.get("hostaddr" if numeric_only else "host")
    if named is None:
        return ports
    if len(ports) == 1 and has_values(ports):
        # A comma would begin a new host there, but libpq undoes escapes.
        at = ports[0].at
        return entries(text, at.start, at.end, _escaped_list, decoded)
    if has_values(ports):
        return ports
    return [Entry(value="", at=Slot(start=named[1], end=named[1], write=_as_parameter))]


def _escaped_list(ports: str) -> str:
    """Write a list where a comma would separate hosts."""
    return ports.replace(",", "%2C")


def _as_parameter(ports: str) -> str:
    """Write a port as a further parameter."""
    return f"&port={ports}"

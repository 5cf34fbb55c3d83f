"""``jdbc:sqlserver:`` as Microsoft's driver reads it (Util.parseUrl, SQLServerDriver).

``//host[:port]`` and then ``;name=value``, with braces around values that hold a ``;``
(``}}`` stands for one brace). The host may also stand in ``serverName``. The port of a
named instance comes from the SQL Server Browser, unless the text names one.
"""

from __future__ import annotations

from hostshift.dsn import authority, host_port, second_addresses
from hostshift.dsn.dialects._nested import trimmed
from hostshift.dsn.dialects.jdbc import shared
from hostshift.dsn.masking import is_secret
from hostshift.dsn.model import Endpoint, Reading, Scheme, Slot, Unreadable

_NAMES = {
    "servername": "server",
    "server": "server",
    "portnumber": "port",
    "port": "port",
    "instancename": "instance",
    "failoverpartner": "partner",
    "socketfactoryclass": "factory",
}
"""Properties that decide where to connect, by their names and synonyms in lower case."""


def read(text: str, start: int, scheme: Scheme) -> Reading:
    """Find the endpoints behind ``jdbc:sqlserver:``."""
    if not text.startswith("//", start):
        raise Unreadable("no slashes stand behind jdbc:sqlserver:", refused=True)
    start += 2
    end = authority.first_of(text, ";", start)
    endpoint = _authority(text, start, end, scheme.port)
    properties: dict[str, shared.Span] = {}
    secrets = []
    for name, at, stop in _properties(text, end + 1):
        known = _NAMES.get(name.lower())
        if known in properties and known != "instance":
            raise Unreadable("it names its server or port twice")
        if known:
            properties[known] = at, stop
            continue
        if text.find("://", at, stop) >= 0 and second_addresses.holds_one(name, text[at:stop]):
            raise Unreadable(second_addresses.REASON)  # enclaveAttestationUrl
        if is_secret(name):
            secrets.append((at, stop))
    return Reading(
        dialect="jdbc",
        protocol=scheme.protocol,
        endpoints=tuple(_endpoints(text, endpoint, properties, scheme.port)),
        secrets=tuple(secrets),
    )


def _authority(text: str, start: int, end: int, default_port: int | None) -> Endpoint | None:
    """Read ``host[:port]``; this driver takes a first colon or bracket for part of the name."""
    start, end = trimmed(text, start, end)
    if start == end:
        return None
    if text[start] in ":[":
        raise Unreadable("this driver reads no such server name; serverName= takes IPv6")
    endpoint = host_port.host_port(text, start, end, default_port, authority.refuse_escapes)
    if endpoint.port is None and text[end - 1] == ":":
        raise Unreadable("the port is empty", refused=True)
    return endpoint.replace(host_at=endpoint.host_at.replace(write=shared.no_ipv6))


def _properties(text: str, at: int) -> list[tuple[str, int, int]]:
    """Return the name of each property and the span of its value, inside the braces if any."""
    properties = []
    while at < len(text):
        end = authority.first_of(text, ";", at)
        equals = text.find("=", at, end)
        name = text[at : equals if equals >= 0 else end].strip()
        if equals >= 0:
            if not name:
                raise Unreadable("a property has no name", refused=True)
            start, stop, end = _value(text, equals + 1, end)
            properties.append((name, start, stop))
        elif name:
            raise Unreadable("a property has no value", refused=True)
        at = end + 1
    return properties


def _value(text: str, start: int, end: int) -> tuple[int, int, int]:
    """Return the span of a value and the end of its property."""
    start, stop = trimmed(text, start, end)
    if start == stop or text[start] != "{":
        if text.find("{", start, stop) >= 0:
            raise Unreadable("a brace stands inside a value", refused=True)
        return start, stop, end
    close = text.find("}", start)
    while close >= 0 and text.startswith("}}", close):
        close = text.find("}", close + 2)
    if close < 0:
        raise Unreadable("a brace is not closed", refused=True)
    end = authority.first_of(text, ";", close)
    if text[close + 1 : end].strip(" "):
        raise Unreadable("something stands behind a closing brace", refused=True)
    return start + 1, close, end


def _endpoints(
    text: str, endpoint: Endpoint | None, properties: dict[str, shared.Span], port: int | None
) -> list[Endpoint]:
    """Combine the authority's endpoint with the properties."""
    if "factory" in properties:
        raise Unreadable("a socket factory decides where to connect")
    if endpoint is not None and "server" in properties:
        raise Unreadable("it names its server or port twice")
    if endpoint is None and "server" in properties:
        endpoint = _named(text, *properties["server"], port)
    if endpoint is None:
        return []
    if "port" in properties:
        endpoint = _with_port(text, endpoint, *properties["port"])
    if "instance" in properties:
        endpoint = endpoint.replace(default_port=None)
    partner = _partner(text, *properties["partner"]) if "partner" in properties else None
    return [endpoint] if partner is None else [endpoint, partner]


def _named(text: str, start: int, end: int, default_port: int | None) -> Endpoint | None:
    """Read the host that ``serverName`` names; a new port becomes a property behind it."""
    host = text[start:end]
    if not host:
        return None
    host_port.check_host(host)
    if ":" in host and not shared.is_ipv6(host):
        raise Unreadable("a server name holds a colon")
    behind = end + 1 if text.startswith("}", end) else end
    return Endpoint(
        host=host,
        port=None,
        default_port=default_port,
        host_at=Slot(start=start, end=end, write=host_port.as_is),
        port_at=Slot(start=behind, end=behind, write=_as_property),
    )


def _as_property(port: str) -> str:
    """Write a port behind the property that names the server."""
    return f";portNumber={port}"


def _with_port(text: str, endpoint: Endpoint, start: int, end: int) -> Endpoint:
    """Take the port from its property."""
    if endpoint.port is not None:
        raise Unreadable("it names its server or port twice")
    return endpoint.replace(
        port=host_port.port_number(text[start:end]),
        port_at=Slot(start=start, end=end, write=host_port.as_is),
    )


def _partner(text: str, start: int, end: int) -> Endpoint | None:
    """Read the mirror that the driver dials on a failover, at its default port (FailOverInfo)."""
    endpoint = _named(text, start, end, 1433)
    if endpoint is None:
        return None
    reason = "the driver dials a failover partner at the default port only"
    return endpoint.replace(port_at=host_port.nowhere(endpoint.port_at.start, reason))

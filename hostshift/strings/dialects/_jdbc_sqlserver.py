"""``jdbc:sqlserver:`` as Microsoft's driver reads it (Util.parseUrl, SQLServerDriver).

``//host[:port]`` and then ``;name=value``, values with a ``;`` in braces (``}}``
stands for one brace). The host may also stand in ``serverName``. Of a named
instance the port comes from the SQL Server Browser, unless the text gives one.
"""

from __future__ import annotations

from hostshift.strings import authority, places
from hostshift.strings.dialects import _jdbc
from hostshift.strings.masking import is_secret
from hostshift.strings.model import Endpoint, Reading, Scheme, Slot, Unreadable, Unwritable

_NAMES = {
    "servername": "server",
    "server": "server",
    "portnumber": "port",
    "port": "port",
    "instancename": "instance",
    "failoverpartner": "partner",
    "socketfactoryclass": "factory",
}
"""Properties that say where to connect, by their names and synonyms in lower case."""


def read(text: str, start: int, scheme: Scheme) -> Reading:
    """Find the endpoints behind ``jdbc:sqlserver:``."""
    if not text.startswith("//", start):
        raise Unreadable("no slashes stand behind jdbc:sqlserver:", refused=True)
    start += 2
    end = authority.first_of(text, ";", start)
    endpoint = _authority(text, start, end, scheme.port)
    found: dict[str, tuple[int, int]] = {}
    secrets = []
    for name, at, stop in _properties(text, end + 1):
        known = _NAMES.get(name.lower())
        if known in found and known != "instance":
            raise Unreadable("it names its server or port twice")
        if known:
            found[known] = at, stop
        elif is_secret(name):
            secrets.append((at, stop))
    return Reading(
        dialect="jdbc",
        protocol=scheme.protocol,
        endpoints=tuple(_endpoints(text, endpoint, found, scheme.port)),
        secrets=tuple(secrets),
    )


def _authority(text: str, start: int, end: int, default_port: int | None) -> Endpoint | None:
    """Read ``host[:port]``; a first colon or bracket is part of the name to this driver."""
    start, end = _jdbc.trimmed(text, start, end)
    if start == end:
        return None
    if text[start] in ":[":
        raise Unreadable("this driver reads no such server name; serverName= takes IPv6")
    endpoint = places.host_port(text, start, end, default_port, authority.refuse_escapes)
    if endpoint.port is None and text[end - 1] == ":":
        raise Unreadable("the port is empty", refused=True)
    return endpoint.replace(host_at=endpoint.host_at.replace(write=_jdbc.no_ipv6))


def _properties(text: str, at: int) -> list[tuple[str, int, int]]:
    """Return the name of each property and the span of its value, inside the braces if any."""
    found = []
    while at < len(text):
        end = authority.first_of(text, ";", at)
        equals = text.find("=", at, end)
        name = text[at : equals if equals >= 0 else end].strip()
        if equals >= 0:
            if not name:
                raise Unreadable("a property has no name", refused=True)
            start, stop, end = _value(text, equals + 1, end)
            found.append((name, start, stop))
        elif name:
            raise Unreadable("a property has no value", refused=True)
        at = end + 1
    return found


def _value(text: str, start: int, end: int) -> tuple[int, int, int]:
    """Return the span of a value and where its property ends."""
    start, stop = _jdbc.trimmed(text, start, end)
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
    text: str, endpoint: Endpoint | None, found: dict[str, tuple[int, int]], port: int | None
) -> list[Endpoint]:
    """Put together what the authority and the properties say of the server."""
    if "factory" in found:
        raise Unreadable("a socket factory says where to connect")
    if endpoint is not None and "server" in found:
        raise Unreadable("it names its server or port twice")
    if endpoint is None and "server" in found:
        endpoint = _named(text, *found["server"], port)
    if endpoint is None:
        return []
    if "port" in found:
        endpoint = _with_port(text, endpoint, *found["port"])
    if "instance" in found:
        endpoint = endpoint.replace(default_port=None)
    partner = _partner(text, *found["partner"]) if "partner" in found else None
    return [endpoint] if partner is None else [endpoint, partner]


def _named(text: str, start: int, end: int, default_port: int | None) -> Endpoint | None:
    """Read the host that ``serverName`` names; a port that is added becomes a property."""
    host = text[start:end]
    if not host:
        return None
    places.check_host(host)
    if ":" in host and not _jdbc.is_ipv6(host):
        raise Unreadable("a server name holds a colon")
    behind = end + 1 if text.startswith("}", end) else end
    return Endpoint(
        host=host,
        port=None,
        default_port=default_port,
        host_at=Slot(start=start, end=end, write=places.as_is),
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
        port=places.port_number(text[start:end]),
        port_at=Slot(start=start, end=end, write=places.as_is),
    )


def _partner(text: str, start: int, end: int) -> Endpoint | None:
    """Read the mirror that is dialled on a failover, always at the default port (FailOverInfo)."""
    endpoint = _named(text, start, end, 1433)
    if endpoint is None:
        return None
    return endpoint.replace(port_at=endpoint.port_at.replace(write=_no_port))


def _no_port(_: str) -> str:
    raise Unwritable("a failover partner is dialled at the default port only")

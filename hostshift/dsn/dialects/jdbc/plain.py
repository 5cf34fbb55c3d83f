"""Further JDBC drivers whose texts have one ``host[:port]`` between ``//`` and the path.

These are Redshift's (com.amazon.redshift.Driver.parseURL), ClickHouse's (``jdbc:ch:``,
JdbcConfiguration), and those of H2's and HSQLDB's servers. hostshift leaves alone what
these drivers could read differently: lists, and users before the host. H2 and HSQLDB
databases in files or memory, and SQLite, have no host.
"""

from __future__ import annotations

from hostshift.dsn import authority, host_port
from hostshift.dsn.dialects.jdbc import shared
from hostshift.dsn.masking import is_secret
from hostshift.dsn.model import Endpoint, Reading, Scheme, Unreadable

_PORTS: dict[str, int] = {
    "jdbc:redshift://": 5439,
    "jdbc:clickhouse://": 8123,
    "jdbc:clickhouse:http://": 8123,
    "jdbc:clickhouse:https://": 8443,
    "jdbc:ch://": 8123,
    "jdbc:ch:http://": 8123,
    "jdbc:ch:https://": 8443,
    "jdbc:h2:tcp://": 9092,
    "jdbc:h2:ssl://": 9092,
    "jdbc:hsqldb:hsql://": 9001,
    "jdbc:hsqldb:hsqls://": 554,
}
"""Beginnings that a host follows, and the port that the driver takes by default."""

_EMBEDDED = ("jdbc:h2:", "jdbc:hsqldb:", "jdbc:sqlite:")
_BY_SEMICOLON = ("jdbc:h2:", "jdbc:hsqldb:")
"""Drivers for which only a ``;`` ends a value: a password may hold any other mark."""
_SERVERS = ("tcp:", "ssl:", "hsql:", "hsqls:", "http:", "https:")
_CONNECTING = ("host", "port", "protocol", "socket", "proxy")
"""Beginnings of settings that decide where to connect."""


def read(text: str, start: int, scheme: Scheme) -> Reading:
    """Find the endpoint behind ``jdbc:NAME:``."""
    begin = text.find("//", start) + 2
    if text[:begin] not in _PORTS:
        return _embedded(text, start, scheme)
    end = authority.first_of(text, "/?;&#", begin)
    if text.startswith("jdbc:redshift:") and not text.startswith("/", end):
        raise Unreadable("no slash stands behind the host", refused=True)
    settings = _settings(text, authority.first_of(text, "?;", end) + 1)
    if any(name.lower().startswith(_CONNECTING) for name, _, _ in settings):
        raise Unreadable("the settings say where to connect, or by what means")
    mark = ";" if text.startswith(_BY_SEMICOLON) else "&"
    secrets = [
        (at, authority.first_of(text, mark, at)) for name, at, _ in settings if is_secret(name)
    ]
    return Reading(
        dialect="jdbc",
        protocol=scheme.protocol,
        endpoints=tuple(_endpoint(text, begin, end, _port(text, begin, scheme, settings))),
        secrets=(*shared.secrets(text, begin, end), *secrets),
    )


def _embedded(text: str, start: int, scheme: Scheme) -> Reading:
    """Read a text that names a file or memory of the process; hide the name."""
    if not text.startswith(_EMBEDDED) or text.startswith(_SERVERS, start):
        raise Unreadable("no address of a known form stands in it")
    hidden = ((start, len(text)),)
    return Reading(dialect="jdbc", protocol=scheme.protocol, secrets=hidden)


def _settings(text: str, start: int) -> list[tuple[str, int, int]]:
    """Return the name, and the span of the value, of each setting, for any separator."""
    rest = text[start:].replace(";", "&").replace("?", "&")
    return [(name, start + at, start + end) for name, at, end in shared.parameters(rest, 0, "&")]


def _port(
    text: str, begin: int, scheme: Scheme, settings: list[tuple[str, int, int]]
) -> int | None:
    """Return the driver's default port; encryption changes ClickHouse's."""
    if scheme.port is not None:  # the caller knows better
        return scheme.port
    default = _PORTS[text[:begin]]
    encrypted = {text[at:end].lower() for name, at, end in settings if name.lower() == "ssl"}
    if scheme.protocol == "clickhouse" and not encrypted <= {"false"}:
        return 8443 if encrypted == {"true"} else None
    return default


def _endpoint(text: str, begin: int, end: int, port: int | None) -> list[Endpoint]:
    """Read the host; only some of these drivers take IPv6 in brackets."""
    if begin == end:
        return []
    endpoint = host_port.host_port(text, begin, end, port, authority.refuse_escapes)
    if "hsqldb" not in text[:begin]:
        return [endpoint]
    if ":" in endpoint.host:
        raise Unreadable("hostshift does not know how this driver reads IPv6")
    return [endpoint.replace(host_at=endpoint.host_at.replace(write=shared.no_ipv6))]

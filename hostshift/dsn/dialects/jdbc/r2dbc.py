"""``r2dbc:DRIVER[:PROTOCOL]://[user:password@]host[:port][,host…]/path?options``.

As r2dbc-spi reads it (ConnectionUrlParser): it refuses options that name an address, and
``pool`` and ``proxy`` wrap another driver. The drivers for PostgreSQL, MySQL and MariaDB take
lists of hosts, and a socket, which they dial instead (SOCKET, UNIX_SOCKET in the providers of
their ConnectionFactory). H2 in a file or in memory has no host.
"""

from __future__ import annotations

from hostshift.dsn import authority
from hostshift.dsn.dialects._nested import doubtful
from hostshift.dsn.model import Reading, Scheme, Unreadable

_DRIVERS: dict[str, tuple[str, int | None]] = {
    "postgresql": ("postgresql", 5432),
    "postgres": ("postgresql", 5432),
    "mysql": ("mysql", 3306),
    "mariadb": ("mysql", 3306),
    "mssql": ("mssql", 1433),
    "sqlserver": ("mssql", 1433),
    "oracle": ("oracle", 1521),
    "clickhouse": ("clickhouse", 8123),
    "h2": ("h2", 9092),
}
_AROUND = ("pool", "proxy")
_REFUSED = ("driver", "protocol", "user", "password", "host", "port", "database")
_SOCKETS = ("socket", "unixSocket")
_WITHOUT = frozenset(("h2:mem", "h2:file"))


def read(text: str, scheme: Scheme) -> Reading:
    """Find the endpoints."""
    start = authority.start_of(text)
    names = text[: start - 3].split(":")[1:]
    while names and names[0] in _AROUND:
        names = names[1:]
    if not names or names[0] not in _DRIVERS:
        raise Unreadable("no R2DBC driver of this name is known")
    protocol, port = _DRIVERS[names[0]]
    if ":".join(names[:2]) in _WITHOUT:
        return Reading(dialect="jdbc", protocol=protocol, secrets=((start, len(text)),))
    if len(names) > 1 and names[1] not in ("tcp", "ssl", "failover", "loadbalance", "sequential"):
        raise Unreadable("what stands between the driver and the slashes is not known")
    end = authority.first_of(text, "/?#", start)
    authority.refuse_parameters(text, end, (*_REFUSED, *_SOCKETS))
    at = text.rfind("@", start, end)
    known = scheme.replace(
        protocol=scheme.protocol or protocol, port=port if scheme.port is None else scheme.port
    )
    reading = authority.reading("jdbc", text, known, at, end, several=True)
    return reading.replace(secrets=(*reading.secrets, *doubtful(text, start, end)))

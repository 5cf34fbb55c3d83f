"""Which grammar reads a text: the consumer's where it is named, else all plausible ones.

Where nobody says who will read the string, every grammar that plausibly will has
to see the same endpoints in it, or the string is left alone.
"""

from __future__ import annotations

from hostshift.errors import UnknownDialectError
from hostshift.strings import schemes
from hostshift.strings.model import Reading, Scheme, Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Read = Callable[[str, Scheme], Reading]

DIALECTS: dict[str, str] = {
    "uri": "RFC 3986 as urllib reads it: redis-py, kombu, HTTP clients and most others",
    "libpq": "libpq and what is built on it, URIs and key=value: psycopg, psql",
    "sqlalchemy": "SQLAlchemy's URLs",
    "mongodb": "the MongoDB drivers",
    "jdbc": "Java's drivers: PostgreSQL, MySQL, MariaDB, SQL Server, Oracle, …; mysqlx://",
    "oracle": "Oracle's connect strings: EZConnect and descriptors, python-oracledb",
    "hostport": "host:port, or a comma list of them",
    "hosts": "hosts with or without a port, for consumers that take such a list",
    "redis": "redis-py, valkey-py, and clients of their sentinels and clusters",
    "amqp": "kombu and Celery: brokers and result backends of every transport",
    "kafka": "Kafka clients: bootstrap servers and listeners",
    "memcached": "memcached clients, and Django's LOCATION of caches",
    "nats": "NATS clients",
    "uris": "lists of URIs: nodes of Elasticsearch and OpenSearch, etcd endpoints",
    "clickhouse": "clickhouse-driver and clickhouse-go",
    "grpc": "targets of gRPC channels",
    "adonet": "ADO.NET: SqlClient, Npgsql, MySqlConnector",
    "odbc": "ODBC drivers, pyodbc",
    "stackexchange": "StackExchange.Redis",
    "go_mysql": "go-sql-driver/mysql",
    "none": "schemes without an address that could be rewritten",
}
"""Name and consumers of every grammar; the module of that name in ``dialects`` reads it."""

_loaded: dict[str, Read] = {}

_UNKNOWN = Scheme(protocol="", port=None, dialects=("uri",))
_BARE = Scheme(protocol="", port=None, dialects=("hostport",))


def reader(dialect: str) -> Read:
    """Return a dialect's function, loading its module when it is first needed."""
    found = _loaded.get(dialect)
    if found is None:
        module = __import__(f"hostshift.strings.dialects.{dialect}", fromlist=("read",))
        found = _loaded[dialect] = module.read
    return found


def read(
    text: str,
    dialect: str | None = None,
    *,
    protocol: str = "",
    default_port: int | None = None,
) -> Reading:
    """Find the endpoints of a connection string. Never raises for what the text is.

    Args:
        text: the connection string.
        dialect: the grammar of whoever will consume it. Without it the scheme
            decides, and where its plausible readers disagree nothing is found.
        protocol: what is spoken there, where the text does not say it.
        default_port: the port that the consumer takes where the text gives none,
            if it is not the scheme's.

    Raises:
        UnknownDialectError: there is no dialect of that name.

    """
    if dialect is not None and dialect not in DIALECTS:
        known = ", ".join(sorted(DIALECTS))
        raise UnknownDialectError(f"dialect={dialect!r}: unknown; the dialects are {known}")
    trouble = _unfit(text)
    if trouble:
        return Reading(dialect="", trouble=trouble)
    scheme = _scheme(text)
    if scheme is None:
        return Reading(dialect="", trouble="what stands before :// is no scheme")
    if scheme.dialects == ("none",):
        return reader("none")(text, scheme)
    if protocol or default_port is not None:
        scheme = scheme.replace(
            protocol=scheme.protocol or protocol,
            port=scheme.port if default_port is None else default_port,
        )
    return _agreed(text, scheme, (dialect,) if dialect else scheme.dialects)


def _unfit(text: str) -> str:
    """Say why a text cannot be a connection string at all, empty if it may be one."""
    if not text:
        return "the text is empty"
    if text.isascii() and text.isprintable() and "\\" not in text:
        return ""
    if any(character < " " or character == "\x7f" for character in text):
        return "the text holds control characters"
    if "\\" in text:
        return "the text holds a backslash, which clients read differently"
    return ""


def _scheme(text: str) -> Scheme | None:
    """Return what the text's beginning says of it; None where nothing can be told."""
    name, separator, _ = text.partition("://")
    if not separator:
        return _BARE
    plain = name.replace("+", "").replace("-", "").replace(".", "")
    could_be = plain.isascii() and plain.isalnum() and name[0].isalpha()  # RFC 3986, 3.1
    return schemes.find(name) or (_UNKNOWN if could_be else None)


def _agreed(text: str, scheme: Scheme, names: tuple[str, ...]) -> Reading:
    """Read with every grammar that may be the consumer's; they have to agree.

    A grammar that refuses the text does not count, for its consumer refuses it
    as well, whatever is written there.
    """
    readings: list[Reading] = []
    trouble = "no grammar reads it"
    for name in names:
        if (name in _WITHOUT_SCHEME) is ("://" in text):
            return Reading(dialect="", trouble=f"the dialect {name} does not read such a text")
        try:
            readings.append(reader(name)(text, scheme))
        except Unreadable as found:
            if not found.refused:
                return Reading(dialect="", trouble=found.reason)
            trouble = found.reason
    if not readings:
        return Reading(dialect="", trouble=trouble)
    first = readings[0]
    differing = [other.dialect for other in readings if other.endpoints != first.endpoints]
    if differing:
        parties = " and ".join((first.dialect, *differing))
        return Reading(dialect="", trouble=f"{parties} see different hosts in it")
    secrets = tuple(span for found in readings for span in found.secrets)
    return first.replace(secrets=secrets)


_WITHOUT_SCHEME = frozenset(("hostport", "hosts", "adonet", "odbc", "stackexchange", "go_mysql"))

"""Which grammar reads a text: the consumer's where it is named, else all plausible ones.

Where nobody says who will read the string, every grammar that plausibly will has
to see the same endpoints in it, or the string is left alone.
"""

from __future__ import annotations

from hostshift._outside import pass_on
from hostshift.errors import UnknownDialectError
from hostshift.strings import schemes
from hostshift.strings.model import (
    MOST_ADDRESSES,
    MOST_CHARACTERS,
    Reading,
    Scheme,
    Unreadable,
)

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
_NOTHING = Scheme(protocol="", port=None, dialects=())
_JDBC = Scheme(protocol="", port=None, dialects=("jdbc",))
_ORACLE = Scheme(protocol="", port=None, dialects=("oracle",))
_GO_MYSQL = Scheme(protocol="", port=None, dialects=("go_mysql",))
_STACKEXCHANGE = Scheme(protocol="", port=None, dialects=("stackexchange",))
_ADONET = Scheme(protocol="", port=None, dialects=("adonet",))
_ODBC = Scheme(protocol="", port=None, dialects=("odbc",))
_LIBPQ = Scheme(protocol="", port=None, dialects=("libpq",))

_LIBPQ_KEYS = frozenset(("host", "hostaddr", "port", "dbname", "user", "password", "sslmode"))
_ADONET_KEYS = frozenset(("server", "data source", "datasource", "address", "addr"))


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

    A text of more than :data:`MOST_CHARACTERS` characters or :data:`MOST_ADDRESSES` addresses
    is not read: nothing is found in it, and the reading says so. Time is linear in the text.

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
        from hostshift.redaction import shape

        given = shape(dialect) if isinstance(dialect, str) else type(dialect).__name__
        raise UnknownDialectError(f"dialect={given}: unknown; the dialects are {known}")
    trouble = _too_much(text) or _unfit(text)
    if trouble:
        return Reading(dialect="", trouble=trouble)
    scheme = _scheme(text)
    if scheme.dialects == ("none",):
        return reader("none")(text, scheme)
    if protocol or default_port is not None:
        scheme = scheme.replace(
            protocol=scheme.protocol or protocol,
            port=scheme.port if default_port is None else default_port,
        )
    return _agreed(text, scheme, (dialect,) if dialect else scheme.dialects)


_TOO_LONG = f"the text is longer than {MOST_CHARACTERS:,} characters: none is read"
_TOO_MANY = f"the text has more than {MOST_ADDRESSES:,} addresses: it is left as it is"


def _too_much(text: str) -> str:
    """Say why a text is too much to be read; quick, and before anything is read."""
    if len(text) > MOST_CHARACTERS:
        return _TOO_LONG
    if len(text) <= MOST_ADDRESSES:
        return ""
    start = text.find("://") + 3
    end = text.find("/", start) if start > 2 else len(text)
    commas = text.count(",", 0, end if end >= 0 else len(text))
    # Options may be parted by commas as well. What passes here is counted when it is read.
    many = text.count("://") > MOST_ADDRESSES or commas > 2 * MOST_ADDRESSES
    return _TOO_MANY if many else ""


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


def _scheme(text: str) -> Scheme:
    """Return what the text's beginning says of it, or else its shape."""
    name, separator, _ = text.partition("://")
    if text[:5].lower() == "jdbc:":
        return schemes.find(name) or _JDBC
    if separator:
        plain = name.replace("+", "").replace("-", "").replace(".", "")
        if plain.isascii() and plain.isalnum() and name[0].isalpha():  # RFC 3986, 3.1
            return schemes.find(name) or _UNKNOWN
    return _shape(text)


def _shape(text: str) -> Scheme:
    """Tell who plausibly reads a text that does not begin with a scheme."""
    start = text.lstrip()[:1]
    if "@tcp(" in text or text.startswith("tcp("):
        return _GO_MYSQL
    if start == "(":
        return _ORACLE
    first, equals, _ = text.partition("=")
    if not equals:
        return _BARE
    if "," in first and ";" not in first:
        return _STACKEXCHANGE
    key = first.strip().lower()
    if ";" in text or (key in _ADONET_KEYS and " " not in text.strip()):
        lowered = text.lower()
        return _ODBC if "driver=" in lowered or "dsn=" in lowered else _ADONET
    return _LIBPQ if key in _LIBPQ_KEYS else _NOTHING


def _agreed(text: str, scheme: Scheme, names: tuple[str, ...]) -> Reading:
    """Read with every grammar that may be the consumer's; they have to agree.

    A grammar that refuses the text does not count, for its consumer refuses it
    as well, whatever is written there.
    """
    readings: list[Reading] = []
    trouble = "this is no connection string: neither scheme://… nor host:port"
    for name in names:
        try:
            readings.append(reader(name)(text, scheme))
        except (OSError, MemoryError, ImportError) as error:
            pass_on(error)
            return Reading(dialect="", trouble=_not_loaded(error), passing=True)
        except Unreadable as found:
            if not found.refused:
                return Reading(dialect="", trouble=found.reason)
            trouble = found.reason
    if not readings:
        return Reading(dialect="", trouble=trouble)
    first = readings[0]
    if len(first.endpoints) > MOST_ADDRESSES:
        return Reading(dialect="", trouble=_TOO_MANY)
    differing = [other.dialect for other in readings if _places(other) != _places(first)]
    if differing:
        parties = " and ".join((first.dialect, *differing))
        return Reading(dialect="", trouble=f"{parties} see different hosts in it")
    secrets = tuple(span for found in readings for span in found.secrets)
    agreed = first.replace(secrets=secrets)
    return _without_doubt(text, agreed)


def _without_doubt(text: str, found: Reading) -> Reading:
    """Return a reading; one that finds nothing where a host may be a part of a password."""
    last = text.rfind("@")
    if all(end.host_at.start > last for end in found.endpoints):
        return found
    from hostshift.strings import doubt

    return Reading(dialect="", trouble=doubt.REASON) if doubt.is_in(text, found) else found


def _not_loaded(error: Exception) -> str:
    """Say why a grammar could not be loaded: no descriptor is free, say.

    Raises:
        Exception: the same, if a signal handler raised it.

    """
    if isinstance(error, OSError) and error.errno is None:
        raise error
    why = getattr(error, "strerror", None) or type(error).__name__
    return f"the grammar for it could not be loaded ({why})"


def _places(reading: Reading) -> list[tuple[object, ...]]:
    """Return what readings have to agree on: hosts and ports, and where they stand.

    Not how they are written: that may be a function of the reading's own.
    """
    return [
        (
            *(end.host, end.port, end.host_at.start, end.host_at.end),
            *(end.port_at.start, end.port_at.end, end.port_at.shared),
        )
        for end in reading.endpoints
    ]

"""``uri``: RFC 3986 as urllib reads it; redis-py, kombu and most other clients use it.

User information ends at the last ``@`` before the first ``/``, ``?`` or ``#``. Then stands
one host. Several with commas between them are read as well: a client either takes such a list
or refuses it.
"""

from __future__ import annotations

from hostshift.dsn import authority
from hostshift.dsn.model import Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hostshift.dsn.model import Reading, Scheme

_SQLALCHEMY = frozenset(
    (
        *("crate", "db2", "druid", "elasticsearch", "es", "exa", "exasol", "firebird", "hana"),
        *("hive", "ibm_db_sa", "impala", "monetdb", "opensearch", "presto", "questdb"),
        *("teradata", "teradatasql", "tidb", "timescaledb", "trino", "vertica", "yugabytedb"),
    )
)
"""Databases whose URLs SQLAlchemy reads as well, with dialects of other projects."""
_OVERRIDING = (
    *("host", "hostaddr", "hostname", "port", "server"),
    *("socket", "socketPath", "unix_sock", "unix_socket", "unixSocket"),
)
"""Parameters that override the authority for one client or another; not those of HTTP."""

_WITH_NAMES = frozenset(
    (
        *("postgresql", "mysql", "mysqlx", "mssql", "oracle", "db2", "firebird", "hana", "vertica"),
        *("monetdb", "exasol", "teradata", "hive", "impala", "sqlitecloud", "clickhouse"),
        *("mongodb", "neo4j", "cassandra", "couchbase", "redis", "memcached", "amqp", "kafka"),
        *("nats", "pulsar", "beanstalk", "gearman", "stomp", "ldap"),
    )
)
"""Protocols whose URLs have the name of a database, a queue or a virtual host for a path."""
_WITH_SERVICES = frozenset(("tcp", "tcps", "xds"))
"""Schemes before the name of a service, to Oracle's clients and to gRPC."""


def read(text: str, scheme: Scheme) -> Reading:
    """Find the endpoint."""
    reading = parsed(text, scheme)
    start = authority.start_of(text)
    end = authority.first_of(text, "/?#", start)
    hidden = (*_behind(text, scheme, end), *_token(text, scheme, start, end))
    return reading.replace(secrets=(*reading.secrets, *hidden))


def parsed(text: str, scheme: Scheme) -> Reading:
    """Find the endpoint of a text whose path may show."""
    start = authority.start_of(text)
    end = authority.first_of(text, "/?#", start)
    at = text.rfind("@", start, end)
    authority.refuse_properties(text, start, at)
    first = at + 1 if at >= 0 else start
    if first == end and len(scheme.dialects) > 1:
        raise Unreadable("the text names no host", refused=True)
    if scheme.protocol != "http":
        authority.refuse_parameters(text, end, _OVERRIDING)
    several = text.find(",", first, end) >= 0  # clients that take lists take empty entries
    if several and "libpq" not in scheme.dialects:  # in whose own lists any host may have brackets
        authority.refuse_later_brackets(text, first, end)
    reading = authority.reading("uri", text, scheme, at, end, several=several)
    if several and scheme.protocol == "exasol":
        from hostshift.dsn.dialects._nested import port_backwards

        reading = reading.replace(endpoints=port_backwards(reading.endpoints))
    if text.find("@", end) >= 0 and text[: start - 3].lower().partition("+")[0] in _SQLALCHEMY:
        from hostshift.dsn.dialects.sqlalchemy import guarded

        reading = reading.replace(endpoints=tuple(guarded(text, start, reading.endpoints)))
    return reading


def _behind(text: str, scheme: Scheme, end: int) -> Iterator[tuple[int, int]]:
    """Yield what stands behind the address, unless it is a name that may show.

    A path may be a token (hooks.slack.com/services/…, gotify://host/token), and so may any
    parameter of HTTP (?code=…).
    """
    if scheme.protocol == "http":
        yield min(end + 1, len(text)), len(text)
        return
    name = text.partition("://")[0].lower()
    shows = scheme.protocol in _WITH_NAMES or name in _WITH_SERVICES
    if text.startswith("/", end) and not shows:
        yield end + 1, authority.first_of(text, "?#", end)


def _token(text: str, scheme: Scheme, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the user if it may be a token, as in ``https://TOKEN:x-oauth-basic@host``."""
    at = text.rfind("@", start, end)
    colon = text.find(":", start, max(at, start))
    if colon < 0 or scheme.protocol not in ("", "http"):
        return
    from hostshift.dsn import token_users

    if token_users.is_token(text[start:colon], text[colon + 1 : at]):
        yield start, at

"""Secrets in URLs beside the password: a path that is a token, a user that is one. Pure."""

from __future__ import annotations

from hostshift.dsn import authority

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hostshift.dsn.model import Scheme

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


def spans(text: str, scheme: Scheme, start: int, end: int) -> tuple[tuple[int, int], ...]:
    """Return where they stand.

    Args:
        text: the URL.
        scheme: what its scheme shows.
        start: where its authority begins.
        end: where that ends.

    """
    return (*_behind(text, scheme, end), *_token(text, scheme, start, end))


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

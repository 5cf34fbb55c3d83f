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

_NAMED = frozenset(("postgresql", "mysql", "redis", "mongodb", "amqp"))
"""Protocols of most texts, whose path is a name. They load no table for it."""


def read(text: str, scheme: Scheme) -> Reading:
    """Find the endpoint."""
    reading = parsed(text, scheme)
    start = authority.start_of(text)
    end = authority.first_of(text, "/?#", start)
    if scheme.protocol in _NAMED:
        return reading
    if scheme.protocol == "http" and text.find("@", start, end) < 0:
        behind = (min(end + 1, len(text)), len(text))
        return reading.replace(secrets=(*reading.secrets, behind))
    from hostshift.dsn.dialects import _uri_secrets

    hidden = _uri_secrets.spans(text, scheme, start, end)
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

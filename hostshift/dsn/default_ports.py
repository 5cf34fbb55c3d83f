"""Which port a client takes where a text names none, for schemes that clients read differently.

The table of schemes has the usual port of a server. That is not the port of every client: to
libpq behind SQLAlchemy, ``redshift://h`` has the port 5432. Where real clients would dial
different ports, the text does not say which, and hostshift decides nothing by it.
"""

from __future__ import annotations

from hostshift.dsn import schemes
from hostshift.dsn.host_port import nowhere

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from hostshift.dsn.model import Endpoint, Reading

DIFFERING = (
    # 9000 for clickhouse-driver and clickhouse-go, 8123 for clickhouse-sqlalchemy and
    # clickhouse-connect, both for dburl, by version.
    " clickhouse clickhouse+http clickhouse+https"
    # 26257 and 5439 for dburl and dbmate, 5432 for the PostgreSQL drivers behind SQLAlchemy,
    # dj-database-url and django-environ, which hand on no port.
    " cockroachdb cockroach redshift"
    # 5433 is the server's, 5432 that of psycopg2 (sqlalchemy-yugabytedb).
    " yugabytedb ysql"
    # 4000 is the server's, 3306 that of dburl and of MySQL's drivers.
    " tidb"
    # 11210 for gocbconnstr, 8093 for dburl.
    " couchbase"
    # 25 for Django, 25 or 465 for Symfony (EsmtpTransport), 587 for Nodemailer (smtp-connection).
    " smtp"
    # 465 for Nodemailer and Symfony, 25 for django-environ, which asks for STARTTLS.
    " smtps smtp+tls"
    # 990 is that of TLS from the start, 21 that of PHP's wrapper (ftp_fopen_wrapper.c).
    " ftps"
    # 8812 is the server's, 5432 that of psycopg2 (questdb-connect).
    " questdb"
    # 8080, or 443 with a password, for trino-python-client, by version; dburl has 8080.
    " trino presto "
)
"""Schemes whose clients take different ports, with blanks around each."""

NATIVE = 9000
"""ClickHouse's native port, which TLS changes."""

_SQLALCHEMY: tuple[tuple[str, str, int], ...] = (
    (" cockroachdb redshift ", " asyncpg psycopg psycopg2 psycopg2cffi psycopg_async ", 5432),
    (" redshift ", " redshift_connector ", 5439),  # redshift_connector/__init__.py, connect
    (" clickhouse ", " http ", 8123),  # clickhouse_sqlalchemy/drivers/http/base.py
    (" clickhouse ", " asynch native ", NATIVE),  # both hand the URL on
)
"""What SQLAlchemy's drivers take, by the scheme and the driver."""
_USUAL = {"cockroachdb": "psycopg2", "redshift": "psycopg2", "clickhouse": "http"}
"""The drivers of schemes that name none (the entry points of the three projects)."""


def of_sqlalchemy(base: str, driver: str, usual: int | None) -> int | None:
    """Return the port that a driver takes behind SQLAlchemy, None if it is not known.

    Args:
        base: the scheme, without a driver.
        driver: the driver that it names, empty if it names none.
        usual: the port of the server, or what the caller knows of its client.

    """
    if f" {base} " not in DIFFERING or usual not in (None, schemes.default_port(base)):
        return usual
    name = f" {driver or _USUAL.get(base, '')} "
    for bases, drivers, port in _SQLALCHEMY:
        if f" {base} " in bases and name in drivers:
            return port
    return None


def differ(text: str, reading: Reading) -> bool:
    """Return True if clients take different ports for a text that names none.

    ClickHouse's native clients alone take a list of hosts. A scheme with a driver of SQLAlchemy's
    has one client. ``host=…`` alone is EasyNetQ's shortest text, and libpq's.
    """
    name, slashes, _ = text.partition("://")
    name = name.lower()
    if not slashes:
        return reading.dialect == "libpq" and _is_host_alone(text)
    if reading.dialect == "sqlalchemy" and "+" in name and "http" not in name:
        return False
    if reading.dialect == "clickhouse" and len(reading.endpoints) > 1:
        return False
    base = name if schemes.is_listed(name) else name.partition("+")[0]
    return f" {base} " in DIFFERING


def _is_host_alone(text: str) -> bool:
    """Return True for ``host=…`` and nothing else."""
    keyword, _, value = text.partition("=")
    return keyword.strip() == "host" and not any(mark in value.strip() for mark in "= '\\")


PORT_VARIABLES = {"postgresql": "PGPORT", "mysql": "MYSQL_TCP_PORT"}
"""Variables that set the default port of clients: of libpq, asyncpg, node-postgres and pgx; of
MySQL's C libraries."""
_WITHOUT_VARIABLES = frozenset(("adonet", "go_mysql", "jdbc"))
_NOT_THEIRS = frozenset(("aiomysql", "asyncmy", "cymysql", "mysqlconnector", "pymysql", "pg8000"))
"""Drivers of SQLAlchemy that do not read these variables."""


def by_variables(text: str, reading: Reading, variables: Mapping[str, str]) -> Reading:
    """Return a reading, without a default port beside a variable that sets another one.

    Clients that do not know the variable take the usual port, so the text does not say which.
    """
    name = PORT_VARIABLES.get(reading.protocol, "")
    port = variables.get(name, "").strip() if name else ""
    driver = text.partition("://")[0].rpartition("+")[2].lower()
    if not port or reading.dialect in _WITHOUT_VARIABLES or driver in _NOT_THEIRS:
        return reading
    port = port.lstrip("0")
    other = [end for end in reading.endpoints if end.port is None and str(end.default_port) != port]
    return unknown(text, reading) if other else reading


def unknown(text: str, reading: Reading) -> Reading:
    """Return a reading whose ports are not known where the text names none.

    Without a scheme, its clients do not share a protocol, nor a place for a port.
    """
    placed = "://" in text
    ends = tuple(_unknown(endpoint, placed=placed) for endpoint in reading.endpoints)
    return reading.replace(endpoints=ends, protocol=reading.protocol if placed else "")


def _unknown(endpoint: Endpoint, *, placed: bool) -> Endpoint:
    if endpoint.port is not None:
        return endpoint
    at = endpoint.port_at
    if not placed:
        reason = "it is not clear which client reads it, and each has another place for the port"
        at = nowhere(at.start, reason)
    return endpoint.replace(default_port=None, port_at=at)

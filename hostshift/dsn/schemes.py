"""What a scheme shows: protocol, default port, and the dialects that read it."""

from __future__ import annotations

from hostshift.dsn.model import Scheme
from hostshift.dsn.scheme_table import ROWS

SQLALCHEMY_SCHEMES = frozenset(
    (
        *("postgresql", "mysql", "mariadb", "cockroachdb", "redshift", "oracle", "mssql"),
        *("clickhouse", "postgres"),
    )
)
"""Schemes that take a ``+driver``; ``postgres`` until SQLAlchemy 1.4."""

SIMPLE = frozenset(
    (
        *(
            "postgresql",
            "postgres",
            "mysql",
            "mariadb",
            "mongodb",
            "redis",
            "rediss",
            "amqp",
            "amqps",
        ),
        *("postgresql+psycopg", "postgresql+psycopg2", "postgresql+asyncpg", "postgresql+pg8000"),
        *(
            "mysql+pymysql",
            "mysql+mysqldb",
            "mysql+aiomysql",
            "mysql+asyncmy",
            "mysql+mysqlconnector",
        ),
        *("mariadb+pymysql", "mariadb+mariadbconnector", "http", "https", "ws", "wss"),
    )
)
"""Schemes, in this spelling, that :mod:`hostshift.dsn.fast_path` reads."""


def find(scheme: str) -> Scheme | None:
    """Return what hostshift knows of a scheme, None if that is nothing.

    A ``+driver`` behind a database's scheme is SQLAlchemy's. The hosts of ``+srv`` come from DNS
    (RFC 2782), whatever the database. ``+uds`` and ``+unix`` stand before the path of a socket
    (PostgresKit, MySQLKit; limits, Symfony), and a host in between is not dialled.
    """
    name = scheme.lower()
    known = _known(name)
    if known is not None:
        return known
    base, plus, _ = name.partition("+")
    if not plus:
        return None
    if base in ("sqla", "db", "cache"):  # kombu's and Celery's, around another URL
        return Scheme(protocol="", port=None, dialects=("amqp",))
    if name.endswith(("+srv", "+uds", "+unix")) and ":" not in name:
        return Scheme(protocol="", port=None, dialects=("none",))
    known = _known(base)
    if known is not None and base in SQLALCHEMY_SCHEMES:
        return known.replace(dialects=("sqlalchemy",))
    return known if known is not None and known.dialects in (("uri",), ("none",)) else None


def _known(name: str) -> Scheme | None:
    """Return a scheme of the table. A search takes less than to make a dictionary at the start."""
    padded = f" {name} "
    for names, protocol, port, dialects in ROWS:
        if padded in names and " " not in name:
            return Scheme(protocol=protocol, port=port, dialects=dialects)
    return None


def is_listed(name: str) -> bool:
    """Return True if the table has a scheme of just this name."""
    return _known(name) is not None


def default_port(scheme: str) -> int | None:
    """Return the default port of a scheme, None if it has none."""
    row = find(scheme)
    return row.port if row is not None else None


def scheme_protocol(text: str) -> str:
    """Return the protocol of a text's scheme, empty if it has no scheme or an unknown one.

    The rest of the text may be unreadable.
    """
    name, separator, _ = text[:100].partition("://")
    row = find(name) if separator else None
    return row.protocol if row is not None else ""

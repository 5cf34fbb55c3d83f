"""The names that settings give to kinds of servers, with the protocol.

Beside the host of a server stands what it is: ``DB_CONNECTION=pgsql`` (Laravel),
``DB_ENGINE=django.db.backends.postgresql``, ``DATABASE_CLIENT=pg`` (Strapi),
``adapter: mysql2`` (Rails), ``type: postgres`` (dbt), ``driver-class-name`` (Spring).
"""

from __future__ import annotations

_PARTS = (
    ("postg", "postgresql"),  # postgres, postgresql, postgis
    ("pgsql", "postgresql"),
    ("psycopg", "postgresql"),
    ("mysql", "mysql"),
    ("trilogy", "mysql"),  # Rails' other driver of it
    ("mariadb", "mysql"),
    ("mongo", "mongodb"),
    ("sqlserver", "mssql"),
    ("mssql", "mssql"),
    ("redis", "redis"),
    ("valkey", "redis"),
    ("rabbitmq", "amqp"),
    ("amqp", "amqp"),
    ("clickhouse", "clickhouse"),
    ("memcache", "memcached"),
    ("neo4j", "neo4j"),
)

SOCKET_NAMES = frozenset(
    (
        *("SOCKET", "SOCKETS", "SOCK", "SOCKET_PATH", "SOCKETPATH", "SOCKET_FILE", "MYSQL_SOCKET"),
        *("UNIX_SOCKET", "UNIXSOCKET", "UNIX_SOCK", "UNIX_PORT", "UNIX_SOCKET_PATH"),
        *("READ_DEFAULT_FILE", "DEFAULT_FILE"),
    )
)
"""Keys that hold a socket beside a host, of Laravel and Doctrine, Rails, Node's drivers, …, or the
path of MySQL's file of options, which may name one."""


def protocol_of(name: str) -> str:
    """Return the protocol of the server that a setting names, empty for an unknown one.

    Args:
        name: the name of a product, a driver or its class, in any case.

    """
    lower = name.lower()
    if lower == "pg":  # too short to look for in others
        return "postgresql"
    return next((protocol for part, protocol in _PARTS if part in lower), "")

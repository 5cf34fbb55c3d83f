"""The schemes of connection URIs: protocol, default port, and the dialects that read them.

If several families of drivers read a scheme, hostshift changes a string only if all of
them see the same endpoints in it.
"""

from __future__ import annotations

from hostshift.dsn.model import Scheme


def _row(protocol: str, port: int | None, *dialects: str) -> Scheme:
    """Return one row of the table; without dialects, ``uri`` reads the scheme."""
    return Scheme(protocol=protocol, port=port, dialects=dialects or ("uri",))


_POSTGRESQL = _row("postgresql", 5432, "libpq", "sqlalchemy", "uri")
_MYSQL = _row("mysql", 3306, "sqlalchemy", "uri")
_REDIS = _row("redis", 6379, "redis")
_SENTINEL = _row("redis", 26379, "redis")
_NONE = _row("", None, "none")
_NESTED = _row("", None, "amqp")

SCHEMES: dict[str, Scheme] = {
    "postgresql": _POSTGRESQL,
    "postgres": _POSTGRESQL,
    "mysql": _MYSQL,
    "mariadb": _MYSQL,
    "cockroachdb": _row("postgresql", 26257, "sqlalchemy", "uri"),
    "redshift": _row("postgresql", 5439, "sqlalchemy", "uri"),
    "oracle": _row("oracle", 1521, "sqlalchemy"),
    "mssql": _row("mssql", 1433, "sqlalchemy"),
    "mongodb": _row("mongodb", 27017, "mongodb"),
    # One name and no port: the hosts come from DNS, so hostshift has nothing to rewrite.
    "mongodb+srv": _NONE,
    "redis": _REDIS,
    "rediss": _REDIS,
    "valkey": _REDIS,
    "valkeys": _REDIS,
    "redis+sentinel": _SENTINEL,
    "rediss+sentinel": _SENTINEL,
    "redis-sentinel": _SENTINEL,
    "rediss-sentinel": _SENTINEL,
    "valkey+sentinel": _SENTINEL,
    "redis+cluster": _REDIS,
    "rediss+cluster": _REDIS,
    "valkey+cluster": _REDIS,
    "redis+socket": _NONE,
    "redis+unix": _NONE,
    "amqp": _row("amqp", 5672, "amqp"),
    "amqps": _row("amqp", 5671, "amqp"),
    "pyamqp": _row("amqp", 5672, "amqp"),
    "librabbitmq": _row("amqp", 5672, "amqp"),
    "sentinel": _row("redis", 26379, "amqp"),
    "sqs": _row("http", None, "amqp"),
    "confluentkafka": _row("kafka", 9092, "amqp"),
    "sqla+postgresql": _row("postgresql", 5432, "amqp"),
    "sqla+mysql": _row("mysql", 3306, "amqp"),
    "db+postgresql": _row("postgresql", 5432, "amqp"),
    "db+postgresql+psycopg2": _row("postgresql", 5432, "amqp"),
    "db+postgresql+psycopg": _row("postgresql", 5432, "amqp"),
    "db+mysql": _row("mysql", 3306, "amqp"),
    "db+mysql+pymysql": _row("mysql", 3306, "amqp"),
    "cache+memcached": _row("memcached", 11211, "amqp"),
    "kafka": _row("kafka", 9092, "kafka"),
    "plaintext": _row("kafka", 9092, "kafka"),
    "http": _row("http", 80),
    "https": _row("http", 443),
    "ws": _row("http", 80),
    "wss": _row("http", 443),
    "nats": _row("nats", 4222, "nats"),
    "tls": _row("", None),
    "tcp": _row("", None),
    "udp": _row("", None),
    "bolt": _row("neo4j", 7687),
    "bolt+s": _row("neo4j", 7687),
    "bolt+ssc": _row("neo4j", 7687),
    "neo4j": _row("neo4j", 7687),
    "neo4j+s": _row("neo4j", 7687),
    "neo4j+ssc": _row("neo4j", 7687),
    "clickhouse": _row("clickhouse", 9000, "clickhouse"),
    "clickhouses": _row("clickhouse", 9440, "clickhouse"),
    "mqtt": _row("mqtt", 1883),
    "mqtts": _row("mqtt", 8883),
    "stomp": _row("stomp", 61613),
    "ldap": _row("ldap", 389),
    "ldaps": _row("ldap", 636),
    "smtp": _row("smtp", 25),
    "smtps": _row("smtp", 465),
    "submission": _row("smtp", 587),
    "imap": _row("imap", 143),
    "imaps": _row("imap", 993),
    "ftp": _row("ftp", 21),
    "sftp": _row("ssh", 22),
    "ssh": _row("ssh", 22),
    "memcached": _row("memcached", 11211, "memcached"),
    "memcache": _row("memcached", 11211, "memcached"),
    "elasticsearch": _row("http", 9200),
    "grpc": _row("http", None),
    # By driver: the jdbc dialect learns the rest from the text behind.
    "jdbc:postgresql": _row("postgresql", 5432, "jdbc"),
    "jdbc:mysql": _row("mysql", 3306, "jdbc"),
    "jdbc:mysql:loadbalance": _row("mysql", 3306, "jdbc"),
    "jdbc:mysql:replication": _row("mysql", 3306, "jdbc"),
    "jdbc:mysql+srv": _row("mysql", None, "jdbc"),
    "jdbc:mariadb": _row("mysql", 3306, "jdbc"),
    "jdbc:mariadb:loadbalance": _row("mysql", 3306, "jdbc"),
    "jdbc:mariadb:replication": _row("mysql", 3306, "jdbc"),
    "jdbc:mariadb:sequential": _row("mysql", 3306, "jdbc"),
    "mysqlx": _row("mysqlx", 33060, "jdbc"),
    "mysqlx+srv": _row("mysqlx", None, "jdbc"),
    "jdbc:sqlserver": _row("mssql", 1433, "jdbc"),
    "jdbc:redshift": _row("postgresql", 5439, "jdbc"),
    # Encryption changes ClickHouse's default port.
    "jdbc:clickhouse": _row("clickhouse", None, "jdbc"),
    "jdbc:clickhouse:http": _row("clickhouse", None, "jdbc"),
    "jdbc:clickhouse:https": _row("clickhouse", None, "jdbc"),
    "jdbc:ch": _row("clickhouse", None, "jdbc"),
    "jdbc:ch:http": _row("clickhouse", None, "jdbc"),
    "jdbc:ch:https": _row("clickhouse", None, "jdbc"),
    "jdbc:h2:tcp": _row("h2", 9092, "jdbc"),
    "jdbc:h2:ssl": _row("h2", 9092, "jdbc"),
    "jdbc:hsqldb:hsql": _row("hsqldb", 9001, "jdbc"),
    "jdbc:hsqldb:hsqls": _row("hsqldb", 554, "jdbc"),
    "sqlite": _NONE,
    "file": _NONE,
    "unix": _NONE,
    "memory": _NONE,
    "data": _NONE,
}
"""By scheme in lower case. A ``+driver`` behind a database's scheme is SQLAlchemy's."""

SQLALCHEMY_SCHEMES = frozenset(
    ("postgresql", "mysql", "mariadb", "cockroachdb", "redshift", "oracle", "mssql", "clickhouse")
)

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
    """Return the row of a scheme, None if hostshift does not know it."""
    name = scheme.lower()
    if name in SCHEMES:
        return SCHEMES[name]
    base, plus, _ = name.partition("+")
    if plus and base == "sqlite":
        return _NONE
    if plus and base in ("sqla", "db", "cache"):  # kombu's and Celery's, around another URL
        return _NESTED
    if plus and base in SQLALCHEMY_SCHEMES:
        return SCHEMES[base].replace(dialects=("sqlalchemy",))
    return None


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

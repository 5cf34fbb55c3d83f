"""The schemes of connection URIs: protocol, default port, and who reads them.

Where a scheme is read by several families of drivers, a string is only touched
if all of them see the same endpoints in it.
"""

from __future__ import annotations

from hostshift.strings.model import Scheme


def _row(protocol: str, port: int | None, *dialects: str) -> Scheme:
    return Scheme(protocol=protocol, port=port, dialects=dialects or ("uri",))


_POSTGRESQL = _row("postgresql", 5432, "libpq", "sqlalchemy", "uri")
_MYSQL = _row("mysql", 3306, "sqlalchemy", "uri")
_NONE = _row("", None, "none")

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
    # One name and no port: the hosts come from DNS, so there is nothing to rewrite.
    "mongodb+srv": _NONE,
    "redis": _row("redis", 6379),
    "rediss": _row("redis", 6379),
    "valkey": _row("redis", 6379),
    "valkeys": _row("redis", 6379),
    "amqp": _row("amqp", 5672),
    "amqps": _row("amqp", 5671),
    "pyamqp": _row("amqp", 5672),
    "http": _row("http", 80),
    "https": _row("http", 443),
    "ws": _row("http", 80),
    "wss": _row("http", 443),
    "nats": _row("nats", 4222),
    "tls": _row("", None),
    "tcp": _row("", None),
    "udp": _row("", None),
    "bolt": _row("neo4j", 7687),
    "bolt+s": _row("neo4j", 7687),
    "bolt+ssc": _row("neo4j", 7687),
    "neo4j": _row("neo4j", 7687),
    "neo4j+s": _row("neo4j", 7687),
    "neo4j+ssc": _row("neo4j", 7687),
    "clickhouse": _row("clickhouse", 9000),
    "clickhouses": _row("clickhouse", 9440),
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
    "memcached": _row("memcached", 11211),
    "memcache": _row("memcached", 11211),
    "elasticsearch": _row("http", 9200),
    "grpc": _row("http", None),
    # By driver: what stands behind in the text tells the jdbc dialect the rest.
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


def find(scheme: str) -> Scheme | None:
    """Return what is known of a scheme, None if nothing is."""
    name = scheme.lower()
    if name in SCHEMES:
        return SCHEMES[name]
    base, plus, _ = name.partition("+")
    if plus and base == "sqlite":
        return _NONE
    if plus and base in SQLALCHEMY_SCHEMES:
        return SCHEMES[base].replace(dialects=("sqlalchemy",))
    return None


def default_port(scheme: str) -> int | None:
    """Return the port that a scheme stands for, None if it stands for none."""
    found = find(scheme)
    return found.port if found is not None else None

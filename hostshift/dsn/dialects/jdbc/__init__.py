"""``jdbc``: the URLs of Java's drivers; the name behind ``jdbc:`` decides the driver.

Every driver has a grammar of its own, in a module of this package. Drivers recognise
their names in lower case only, so hostshift leaves other spellings alone. ``mysqlx://``
is here because Connector/J reads it with the same code as ``jdbc:mysql://``.
"""

from __future__ import annotations

from hostshift.dsn.dialects._nested import moved_reading
from hostshift.dsn.model import Reading, Scheme, Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Driver = Callable[[str, int, Scheme], Reading]


def _row(protocol: str, port: int | None, module: str) -> Scheme:
    """Return one row of the table."""
    return Scheme(protocol=protocol, port=port, dialects=(module,))


DRIVERS: dict[str, Scheme] = {
    "jdbc:postgresql:": _row("postgresql", 5432, "postgresql"),
    "jdbc:mysql:": _row("mysql", 3306, "mysql"),
    "jdbc:mariadb:": _row("mysql", 3306, "mysql"),
    "mysqlx:": _row("mysqlx", 33060, "mysql"),
    "jdbc:sqlserver:": _row("mssql", 1433, "sqlserver"),
    "jdbc:oracle:": _row("oracle", 1521, "oracle"),
    "jdbc:redshift:": _row("postgresql", None, "plain"),
    "jdbc:clickhouse:": _row("clickhouse", None, "plain"),
    "jdbc:ch:": _row("clickhouse", None, "plain"),
    "jdbc:h2:": _row("h2", None, "plain"),
    "jdbc:hsqldb:": _row("hsqldb", None, "plain"),
    "jdbc:sqlite:": _row("sqlite", None, "plain"),
    "jdbc:duckdb:": _row("sqlite", None, "plain"),
    "jdbc:jtds:": _row("mssql", None, "plain"),
    "jdbc:db2:": _row("db2", None, "plain"),
    "jdbc:as400:": _row("db2", None, "plain"),
    "jdbc:derby:": _row("derby", None, "plain"),
    "jdbc:oceanbase:": _row("mysql", None, "plain"),
    "jdbc:cockroachdb:": _row("postgresql", None, "plain"),
    "jdbc:opengauss:": _row("postgresql", None, "plain"),
    "jdbc:kingbase8:": _row("postgresql", None, "plain"),
    "jdbc:vertica:": _row("vertica", None, "plain"),
    "jdbc:trino:": _row("http", None, "plain"),
    "jdbc:presto:": _row("http", None, "plain"),
    "jdbc:hive2:": _row("hive", None, "plain"),
    "jdbc:impala:": _row("impala", None, "plain"),
    "jdbc:sap:": _row("hana", None, "plain"),
    "jdbc:firebirdsql:": _row("firebird", None, "plain"),
    "jdbc:firebird:": _row("firebird", None, "plain"),
    "jdbc:informix-sqli:": _row("informix", None, "plain"),
    "jdbc:neo4j:": _row("neo4j", None, "plain"),
    "jdbc:arrow-flight-sql:": _row("grpc", None, "plain"),
    "jdbc:dm:": _row("dm", None, "plain"),
}
"""Beginning of the text: protocol, default port, module that reads it (and may know the port)."""

_DNS = ("jdbc:mysql+srv:", "mysqlx+srv:", "jdbc:mongodb+srv:")


WRAPPERS = (
    "jdbc:otel:",  # OpenTelemetry's OpenTelemetryDriver
    "jdbc:tracing:",  # opentracing-contrib/java-jdbc
    "jdbc:p6spy:",
    "jdbc:log4jdbc:",
    "jdbc:datadog:",
    "jdbc:aws-wrapper:",  # aws-advanced-jdbc-wrapper
    "jdbc-secretsmanager:",  # aws-secretsmanager-jdbc
    "vertx-reactive:",  # Quarkus
)
"""Beginnings of drivers that wrap another one, whose URL without ``jdbc:`` follows."""


def read(text: str, scheme: Scheme) -> Reading:
    """Find the endpoints."""
    wrapper = next((one for one in WRAPPERS if text.startswith(one)), "")
    if wrapper:
        # The inner text stands so much further on than it would behind "jdbc:".
        reading = _read(f"jdbc:{text[len(wrapper) :]}", scheme)
        return moved_reading(reading, len(wrapper) - len("jdbc:"))
    return _read(text, scheme)


def _read(text: str, scheme: Scheme) -> Reading:
    """Read a URL that is in no wrapper."""
    if text.startswith("oracle:thin:"):  # Vert.x writes it without jdbc:
        return moved_reading(_read(f"jdbc:{text}", scheme), -len("jdbc:"))
    if text.startswith(("r2dbc:", "r2dbcs:")):
        from hostshift.dsn.dialects.jdbc import r2dbc

        return r2dbc.read(text, scheme)
    if text.startswith(_DNS):
        raise Unreadable("the hosts behind such a name come from DNS")
    start = text.find(":", 5 if text.startswith("jdbc:") else 0) + 1
    driver = DRIVERS.get(text[:start])
    if driver is None:
        raise Unreadable("no JDBC driver of this name is known")
    if "\\" in text and driver.dialects[0] != "sqlserver":
        raise Unreadable("the text holds a backslash, which clients read differently")
    module = __import__(f"hostshift.dsn.dialects.jdbc.{driver.dialects[0]}", fromlist=("read",))
    port = driver.port if scheme.port is None else scheme.port
    reading: Reading = module.read(text, start, driver.replace(port=port))
    return reading

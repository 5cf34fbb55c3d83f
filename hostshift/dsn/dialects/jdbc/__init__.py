"""``jdbc``: the URLs of Java's drivers; the name behind ``jdbc:`` decides the driver.

Every driver has a grammar of its own, in a module of this package. Drivers recognise
their names in lower case only, so hostshift leaves other spellings alone. ``mysqlx://``
is here because Connector/J reads it with the same code as ``jdbc:mysql://``.
"""

from __future__ import annotations

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
}
"""Beginning of the text: protocol, default port, module that reads it (and may know the port)."""

_DNS = ("jdbc:mysql+srv:", "mysqlx+srv:", "jdbc:mongodb+srv:")


def read(text: str, scheme: Scheme) -> Reading:
    """Find the endpoints."""
    if text.startswith(_DNS):
        raise Unreadable("the hosts behind such a name come from DNS")
    start = text.find(":", 5 if text.startswith("jdbc:") else 0) + 1
    driver = DRIVERS.get(text[:start])
    if driver is None:
        raise Unreadable("no JDBC driver of this name is known")
    module = __import__(f"hostshift.dsn.dialects.jdbc.{driver.dialects[0]}", fromlist=("read",))
    port = driver.port if scheme.port is None else scheme.port
    reading: Reading = module.read(text, start, driver.replace(port=port))
    return reading

"""``jdbc``: what Java drivers take, told apart by what follows ``jdbc:``.

Every driver has a grammar of its own; their modules stand beside this one.
Drivers compare their names in lower case only, so a text that spells them
otherwise is left alone. ``mysqlx://`` is here because Connector/J reads it with
the same code as ``jdbc:mysql://``.
"""

from __future__ import annotations

from hostshift.strings.model import Reading, Scheme, Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Driver = Callable[[str, int, Scheme], Reading]


def _row(protocol: str, port: int | None, module: str) -> Scheme:
    return Scheme(protocol=protocol, port=port, dialects=(module,))


DRIVERS: dict[str, Scheme] = {
    "jdbc:postgresql:": _row("postgresql", 5432, "_jdbc_postgresql"),
    "jdbc:mysql:": _row("mysql", 3306, "_jdbc_mysql"),
    "jdbc:mariadb:": _row("mysql", 3306, "_jdbc_mysql"),
    "mysqlx:": _row("mysqlx", 33060, "_jdbc_mysql"),
    "jdbc:sqlserver:": _row("mssql", 1433, "_jdbc_sqlserver"),
    "jdbc:oracle:": _row("oracle", 1521, "_jdbc_oracle"),
    "jdbc:redshift:": _row("postgresql", None, "_jdbc_plain"),
    "jdbc:clickhouse:": _row("clickhouse", None, "_jdbc_plain"),
    "jdbc:ch:": _row("clickhouse", None, "_jdbc_plain"),
    "jdbc:h2:": _row("h2", None, "_jdbc_plain"),
    "jdbc:hsqldb:": _row("hsqldb", None, "_jdbc_plain"),
    "jdbc:sqlite:": _row("sqlite", None, "_jdbc_plain"),
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
    module = __import__(f"hostshift.strings.dialects.{driver.dialects[0]}", fromlist=("read",))
    port = driver.port if scheme.port is None else scheme.port
    reading: Reading = module.read(text, start, driver.replace(port=port))
    return reading

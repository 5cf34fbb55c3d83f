"""The ``do_connect`` listener: other addresses for one connection."""

from __future__ import annotations

from asyncio import to_thread
from typing import TYPE_CHECKING, Any

from sqlalchemy.util import await_only

from hostshift import resolver, strings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Dialect
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

    Pair = tuple[str, int | None]

SOCKET_FOR_LOCALHOST = frozenset(("mysqldb", "mariadbconnector"))
"""MySQL's C clients take the host ``localhost``, spelled so, as the Unix socket,
even where a port is given (mysql_real_connect)."""


def connect(
    dialect: Dialect,
    connection_record: ConnectionPoolEntry,  # noqa: ARG001 - the event's signature
    cargs: Sequence[Any],
    cparams: dict[str, Any],
) -> DBAPIConnection | None:
    """Connect to where the configured address is from here; None: as it is.

    The parameters are copied: in SQLAlchemy 2.0 one dict serves all connections.
    """
    given = _pairs(cparams)
    if not given or (dialect.driver in SOCKET_FOR_LOCALHOST and given[0][0] == "localhost"):
        return None
    port = strings.default_port(dialect.name)
    wanted = [(host, own if own is not None else port) for host, own in given]
    if dialect.is_async:
        found = await_only(to_thread(_addresses, wanted, dialect.name))
    else:
        found = _addresses(wanted, dialect.name)
    if found == wanted:
        return None
    return dialect.connect(*cargs, **{**cparams, **_written(cparams, found)})


def _addresses(wanted: list[Pair], protocol: str) -> list[Pair]:
    """Ask where each address is from here."""
    current = resolver.current()
    decisions = [current.address(host, port, protocol) for host, port in wanted]
    return [(decision.after.host, decision.after.port) for decision in decisions]


def _pairs(cparams: dict[str, Any]) -> list[Pair]:
    """Read hosts and ports: single, comma lists (libpq) or lists (asyncpg); [] if unsure."""
    hosts, ports = _entries(cparams.get("host")), _entries(cparams.get("port"))
    if "hostaddr" in cparams or not hosts or any(_is_no_name(host) for host in hosts):
        return []
    if len(ports) <= 1:  # one port, or none, serves all hosts
        ports = (ports or [None]) * len(hosts)
    if len(ports) != len(hosts):
        return []
    try:
        return [
            (host, int(port) if port else None) for host, port in zip(hosts, ports, strict=True)
        ]
    except (TypeError, ValueError):
        return []


def _entries(value: object) -> list[Any]:
    if value is None or value == "":
        return []
    if isinstance(value, str):
        return value.split(",")
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _is_no_name(host: object) -> bool:
    """Tell whether a host is not one that could be looked up: a socket, or no text."""
    return not isinstance(host, str) or not host or host[0] in "/@"


def _written(cparams: dict[str, Any], found: list[Pair]) -> dict[str, Any]:
    """Write hosts and ports in the form in which they were given."""
    hosts, ports = [host for host, _ in found], [port for _, port in found]
    if not isinstance(cparams["host"], str):
        return {"host": hosts, "port": ports}
    if len(found) == 1:
        port: Any = str(ports[0]) if isinstance(cparams.get("port"), str) else ports[0]
        return {"host": hosts[0], "port": port}
    return {"host": ",".join(hosts), "port": ",".join(str(port or "") for port in ports)}

"""Hosts and ports among a database driver's parameters: read, and written in the same form."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    Pair = tuple[str, int | None]

LIBPQ = frozenset(("psycopg", "psycopg_async", "psycopg2", "psycopg2cffi"))
"""Drivers that hand their parameters to libpq."""

SAY_MORE = ("hostaddr", "service", "dsn", "conninfo", "unix_socket", "unix_sock")
"""Parameters by which the address, or part of it, is said in another place than
``host``: it is left as it is."""

SAY_MORE_VARIABLES = ("PGHOSTADDR", "PGSERVICE")
"""The same for libpq and asyncpg: a variable fills in for a parameter that is not given
(libpq 34.15), so these count although the host is given."""

SOCKET_FOR_LOCALHOST = frozenset(("mysqldb", "mariadbconnector"))
"""MySQL's C clients take the host ``localhost``, spelled so, as the Unix socket,
even where a port is given (mysql_real_connect). MySQL Connector/Python does not: both
its implementations, Python and C, ask for TCP where no socket is given."""


def pairs(driver: str, cparams: Mapping[str, Any]) -> list[Pair]:
    """Read hosts and ports: single, comma lists (libpq) or lists (asyncpg).

    Nothing comes out where a host is no name to look up (a socket), where the
    parameters say the address elsewhere, or where they do not fit together.

    Args:
        driver: its name, as SQLAlchemy spells it.
        cparams: what it is called with.

    """
    hosts, ports = _entries(cparams.get("host")), _entries(cparams.get("port"))
    if not ports and _reads_variables(driver):
        ports = _entries(os.environ.get("PGPORT"))
    if not hosts or any(_is_no_name(host) for host in hosts) or _says_more(driver, cparams):
        return []
    if driver in SOCKET_FOR_LOCALHOST and hosts[0] == "localhost":
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


def written(cparams: Mapping[str, Any], found: list[Pair]) -> dict[str, Any]:
    """Write hosts and ports in the form in which they were given."""
    hosts, ports = [host for host, _ in found], [port for _, port in found]
    if not isinstance(cparams["host"], str):
        return {"host": hosts, "port": ports}
    if len(found) == 1:
        port: Any = str(ports[0]) if isinstance(cparams.get("port"), str) else ports[0]
        return {"host": hosts[0], "port": port}
    return {"host": ",".join(hosts), "port": ",".join(str(port or "") for port in ports)}


def _says_more(driver: str, cparams: Mapping[str, Any]) -> bool:
    """Return True if something beside ``host`` has a say in where is dialled."""
    if any(cparams.get(name) for name in SAY_MORE):
        return True
    return _reads_variables(driver) and any(os.environ.get(name) for name in SAY_MORE_VARIABLES)


def _reads_variables(driver: str) -> bool:
    """Return True if a driver takes libpq's variables for what it is not told."""
    return driver in LIBPQ or driver == "asyncpg"


def _entries(value: object) -> list[Any]:
    if value is None or value == "":
        return []
    if isinstance(value, str):
        return value.split(",")
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _is_no_name(host: object) -> bool:
    """Return True if a host is not one that could be looked up: a socket, or no text."""
    return not isinstance(host, str) or not host or host[0] in "/@"

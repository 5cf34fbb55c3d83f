"""Read hosts and ports from a database driver's parameters, and write them in the same form."""

from __future__ import annotations

import os

from hostshift.dsn.libpq_variables import SAY_MORE_VARIABLES
from hostshift.dsn.mysql_clients import C_DRIVERS, LOCALHOST, OPTION_FILES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    Pair = tuple[str, int | None]

LIBPQ = frozenset(("psycopg", "psycopg_async", "psycopg2", "psycopg2cffi"))
"""Drivers that hand their parameters to libpq."""

SAY_MORE = ("hostaddr", "service", "dsn", "conninfo", "unix_socket", "unix_sock")
"""Parameters that set the address, or part of it, in another place than ``host``. Where one of
them is set, the address stays as it is."""


def pairs(driver: str, cparams: Mapping[str, object]) -> list[Pair]:
    """Read hosts and ports: single, comma lists (libpq) or lists (asyncpg).

    The list is empty where a host is no name to look up (a socket), where the
    parameters set the address elsewhere, or where they do not fit together.

    Args:
        driver: its name, as SQLAlchemy spells it.
        cparams: the driver's parameters.

    """
    hosts, ports = _entries(cparams.get("host")), _entries(cparams.get("port"))
    if not ports and _reads_variables(driver):
        ports = _entries(os.environ.get("PGPORT"))
    if not hosts or any(_is_no_name(host) for host in hosts) or _says_more(driver, cparams):
        return []
    if takes_socket(driver, hosts[0]) and any(cparams.get(name) for name in OPTION_FILES):
        return []
    if len(ports) <= 1:  # one port, or none, counts for all hosts
        ports = (ports or [None]) * len(hosts)
    if len(ports) != len(hosts):
        return []
    try:
        return [
            (host, int(port) if port else None) for host, port in zip(hosts, ports, strict=True)
        ]
    except (TypeError, ValueError):
        return []


def takes_socket(driver: str, host: object) -> bool:
    """Return True if a driver takes a host for the Unix socket of MySQL, even beside a port.

    MySQL Connector/Python does not: both its implementations, Python and C, ask for TCP where no
    socket is given.
    """
    return driver in C_DRIVERS and host == LOCALHOST


def written(cparams: Mapping[str, object], addresses: list[Pair]) -> dict[str, object]:
    """Write hosts and ports in the form that the parameters have.

    Args:
        cparams: the driver's parameters.
        addresses: the new hosts and ports, in order.

    """
    hosts, ports = [host for host, _ in addresses], [port for _, port in addresses]
    if not isinstance(cparams["host"], str):
        return {"host": hosts, "port": ports}
    if len(addresses) == 1:
        port = str(ports[0]) if isinstance(cparams.get("port"), str) else ports[0]
        return {"host": hosts[0], "port": port}
    return {"host": ",".join(hosts), "port": ",".join(str(port or "") for port in ports)}


def _says_more(driver: str, cparams: Mapping[str, object]) -> bool:
    """Return True if something beside ``host`` sets where the driver dials."""
    if any(cparams.get(name) for name in SAY_MORE):
        return True
    return _reads_variables(driver) and any(os.environ.get(name) for name in SAY_MORE_VARIABLES)


def _reads_variables(driver: str) -> bool:
    """Return True if a driver reads libpq's variables for parameters that are not set."""
    return driver in LIBPQ or driver == "asyncpg"


def _entries(value: object) -> list[Any]:
    """Return the entries of a parameter: a value, a comma list or a list."""
    if value is None or value == "":
        return []
    if isinstance(value, str):
        return value.split(",")
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _is_no_name(host: object) -> bool:
    """Return True if nobody could look a host up: it is a socket, or no text."""
    return not isinstance(host, str) or not host or host[0] in "/@"

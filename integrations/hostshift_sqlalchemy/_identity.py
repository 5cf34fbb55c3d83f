"""Dialling another address without changing whose certificate is accepted.

A driver that verifies checks the certificate against the host it was given. That has to
stay the configured one, so the two are kept apart by what each driver offers:

- libpq: ``host`` is checked, ``hostaddr`` is dialled, see :mod:`hostshift.libpq`;
- Python's TLS: a context that asks for the configured name, see :mod:`hostshift.tls`;
- the others check what they dial. They are given the address, fail closed where the
  certificate does not name it, and it is said once.
"""

from __future__ import annotations

from ssl import SSLContext
from typing import TYPE_CHECKING, Any

from hostshift import libpq, resolver
from hostshift._log import warning
from hostshift.parameters import LIBPQ, written
from hostshift.tls import names, pinned
from hostshift_sqlalchemy import _asyncpg
from hostshift_sqlalchemy._off_loop import off_loop

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.engine import Dialect
    from sqlalchemy.engine.interfaces import DBAPIConnection

    from hostshift.parameters import Pair
    from hostshift_sqlalchemy._connect import Connect

CONTEXTS = {"pg8000": "ssl_context", "aiomysql": "ssl", "asyncmy": "ssl"}
"""The parameter that takes a driver's TLS context. All three wrap with
``server_hostname`` set to the host they dialled."""

CHECK_WHAT_THEY_DIAL = {
    "mysqlconnector": ("ssl_verify_identity",),  # network.py: switch_to_ssl(…, self._host)
    "mariadbconnector": ("ssl_verify_cert", "ssl"),  # libmariadb checks the name as well
    "mysqldb": ("ssl", "ssl_mode"),  # libmysqlclient, VERIFY_IDENTITY
    "cymysql": ("ssl",),
}
"""Drivers that have no way to check another name, and the parameters that make them check."""


def dial(
    dialect: Dialect,
    own: Connect,
    cargs: Sequence[Any],
    cparams: Mapping[str, Any],
    wanted: list[Pair],
    found: list[Pair],
) -> DBAPIConnection:
    """Connect to addresses that are not the configured ones.

    Args:
        dialect: the engine's.
        own: what connects.
        cargs: the driver's positional arguments.
        cparams: its parameters, as configured.
        wanted: the configured hosts and ports.
        found: where they are from here, one for each.

    """
    if dialect.driver in LIBPQ:
        return _libpq(dialect, own, cargs, cparams, wanted, found)
    there = {**cparams, **written(cparams, found)}
    if dialect.driver == "pymysql":
        return _pymysql(own, cargs, there, names(wanted, found))
    if dialect.driver == "asyncpg":
        there = {**there, **_asyncpg.parameters(cparams, names(wanted, found))}
    elif (key := CONTEXTS.get(dialect.driver)) and isinstance(cparams.get(key), SSLContext):
        there[key] = pinned(cparams[key], names(wanted, found))
    _tell(dialect.driver, cparams, wanted, found)
    return own(*cargs, **there)


def _libpq(
    dialect: Dialect,
    own: Connect,
    cargs: Sequence[Any],
    cparams: Mapping[str, Any],
    wanted: list[Pair],
    found: list[Pair],
) -> DBAPIConnection:
    """Let libpq keep the host and dial a number; what blocks for that is not for a loop."""
    try:
        if libpq.blocks(wanted, found):
            moved = off_loop(dialect, libpq.parameters, cparams, wanted, found)
        else:
            moved = libpq.parameters(cparams, wanted, found)
    except OSError as error:
        raise dialect.loaded_dbapi.OperationalError(str(error)) from error
    return own(*cargs, **{**cparams, **moved})


def _pymysql(
    own: Connect, cargs: Sequence[Any], there: Mapping[str, Any], checked: Mapping[str, str]
) -> DBAPIConnection:
    """Let PyMySQL make its TLS context, from any of its parameters, and pin that one.

    Without ``ctx`` the driver checks the address it dials: fails closed.
    """
    if not any(value for key, value in there.items() if key.startswith(("ssl", "read_default"))):
        return own(*cargs, **there)
    connection: Any = own(*cargs, **{**there, "defer_connect": True})
    if isinstance(getattr(connection, "ctx", None), SSLContext):
        connection.ctx = pinned(connection.ctx, checked)
    if not there.get("defer_connect"):
        connection.connect()
    made: DBAPIConnection = connection
    return made


def _tell(driver: str, cparams: Mapping[str, Any], wanted: list[Pair], found: list[Pair]) -> None:
    """Say once what a driver cannot do, and the certificate that would help."""
    if not any(cparams.get(name) for name in CHECK_WHAT_THEY_DIAL.get(driver, ())):
        return
    for (host, _), (there, _) in zip(wanted, found, strict=True):
        if host != there and resolver.current().logged.first_time("certificate", driver, host):
            warning(
                "%s can only check the certificate of %s against the address that it dials, %s:"
                " a certificate that names %s as well would help",
                *(driver, host, there, there),
            )

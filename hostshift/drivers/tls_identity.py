"""Dialling another address without changing whose certificate a driver accepts.

A driver that verifies checks the certificate against the host it was given. That has to
stay the configured one, so the two are kept apart by what each driver offers:

- libpq: ``host`` is checked, ``hostaddr`` is dialled, see :mod:`hostshift.drivers.libpq`;
- Python's TLS: a context that asks for the configured name, see :mod:`hostshift.tls`;
- the others check what they dial. They are given the address, fail closed where the
  certificate does not name it, and one warning tells the user so.
"""

from __future__ import annotations

from ssl import SSLContext
from typing import TYPE_CHECKING, Any

from hostshift.base.log import warning
from hostshift.drivers import asyncpg
from hostshift.resolution import resolver
from hostshift.tls import names, pinned

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeVar

    from hostshift.drivers.params import Pair

    T = TypeVar("T")

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


def parameters(
    driver: str, cparams: Mapping[str, object], configured: list[Pair], located: list[Pair]
) -> dict[str, object]:
    """Return the parameters by which a driver checks the configured names.

    Args:
        driver: its name, as SQLAlchemy spells it; not one of libpq's.
        cparams: its parameters, as configured.
        configured: the configured hosts and ports.
        located: where they are dialled, one for each.

    """
    if driver == "asyncpg":
        return asyncpg.parameters(cparams, names(configured, located))
    key = CONTEXTS.get(driver)
    context = cparams.get(key) if key else None
    if key and isinstance(context, SSLContext):
        return {key: pinned(context, names(configured, located))}
    _warn(driver, cparams, configured, located)
    return {}


def connect_pymysql(
    connect: Callable[..., T], cparams: Mapping[str, object], checked: Mapping[str, str]
) -> T:
    """Let PyMySQL make its TLS context, from any of its parameters, and pin that one.

    Without ``ctx`` the driver checks the address it dials, so it fails closed.

    Args:
        connect: makes a connection of PyMySQL's.
        cparams: its parameters, with the address to dial.
        checked: the name to check, by the host that is dialled.

    """
    if not any(value for key, value in cparams.items() if key.startswith(("ssl", "read_default"))):
        return connect(**cparams)
    connection: Any = connect(**{**cparams, "defer_connect": True})
    if isinstance(getattr(connection, "ctx", None), SSLContext):
        connection.ctx = pinned(connection.ctx, checked)
    if not cparams.get("defer_connect"):
        connection.connect()
    made: T = connection
    return made


def _warn(
    driver: str, cparams: Mapping[str, object], configured: list[Pair], located: list[Pair]
) -> None:
    """Warn once of what a driver cannot do, and name the certificate that would help."""
    if not any(cparams.get(name) for name in CHECK_WHAT_THEY_DIAL.get(driver, ())):
        return
    for (host, _), (dialled, _) in zip(configured, located, strict=True):
        if host != dialled and resolver.current().logged.first_time("certificate", driver, host):
            warning(
                "%s can only check the certificate of %s against the address that it dials, %s:"
                " a certificate that names %s as well would help",
                *(driver, host, dialled, dialled),
            )

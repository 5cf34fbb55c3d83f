"""Every address of a project, explained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured
from django.db import connections

from hostshift.base.addresses import format_address
from hostshift.drivers import params
from hostshift.drivers.visitors import Explaining
from hostshift.dsn.mysql_clients import USUAL
from hostshift.resolution import resolver
from hostshift_django import _connect, _settings
from hostshift_django._params import dialer_of, driver

if TYPE_CHECKING:
    from hostshift.resolution.result import Resolution

NOTHING = "names no host to look up: a file, a socket or a service"
STRANGE = "stays as it is: this integration does not know how its engine gets a host"


def explained() -> tuple[list[tuple[str, Resolution]], dict[str, str]]:
    """Explain each address, and find out why a database has none.

    Returns:
        The settings with their resolutions, and what is left alone with the reason:
        databases, and texts in other settings.

    """
    visitor, left = Explaining(), {}
    for alias in connections:
        place = f"DATABASES[{alias!r}]"
        resolution = _database(alias)
        if isinstance(resolution, str):
            left[place] = resolution
        else:
            visitor.explained.append((place, resolution))
    for _ in _settings.visited(_settings.configured(), visitor):
        pass
    return visitor.explained, {**left, **visitor.stays}


def _database(alias: str) -> Resolution | str:
    """Explain a database by the parameters of its driver, or return why it has no address."""
    try:
        connection = connections[alias]
        parameters = _connect.configured(connection)
    except (ImproperlyConfigured, ImportError, NotImplementedError) as error:
        return f"its engine cannot be loaded ({type(error).__name__})"
    if connection.settings_dict.get("HOST") and not driver(connection):
        return STRANGE
    pairs = dialer_of(connection).configured(parameters)
    if not pairs:
        return NOTHING
    text = ",".join(format_address(host, port) for host, port in pairs)
    local = any(params.takes_socket(driver(connection), host) for host, _ in pairs)
    return resolver.current().explain(
        text, "hostport", protocol=connection.vendor, socket=USUAL if local else ""
    )

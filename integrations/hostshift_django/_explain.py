"""Every address of a project, explained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured
from django.db import connections

from hostshift import resolver
from hostshift.addresses import format_address
from hostshift_django import _connect, _settings
from hostshift_django._locate import wanted
from hostshift_django._visitors import Explaining

if TYPE_CHECKING:
    from hostshift.resolution import Resolution

NOTHING = "names no host to look up: a file, a socket or a service"
STRANGE = "stays as it is: this integration does not know how its engine is told a host"


def explained() -> tuple[list[tuple[str, Resolution]], dict[str, str]]:
    """Explain each address, and say why a database has none.

    Returns:
        The settings with their resolutions, and what is left alone with the reason:
        databases, and texts in other settings.

    """
    visitor, left = Explaining(), {}
    for alias in connections:
        place = f"DATABASES[{alias!r}]"
        found = _database(alias)
        if isinstance(found, str):
            left[place] = found
        else:
            visitor.found.append((place, found))
    for _ in _settings.visited(_settings.configured(), visitor):
        pass
    return visitor.found, {**left, **visitor.stays}


def _database(alias: str) -> Resolution | str:
    """Explain a database by the parameters of its driver, or say why there is nothing to."""
    try:
        connection = connections[alias]
        given = _connect.configured(connection)
    except (ImproperlyConfigured, ImportError, NotImplementedError) as error:
        return f"its engine cannot be loaded ({type(error).__name__})"
    if connection.settings_dict.get("HOST") and not _connect.driver(connection):
        return STRANGE
    pairs = wanted(_connect.driver(connection), connection.vendor, given)
    if not pairs:
        return NOTHING
    text = ",".join(format_address(host, port) for host, port in pairs)
    return resolver.current().explain(text, "hostport", protocol=connection.vendor)

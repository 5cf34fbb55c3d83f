"""Who answers behind each of the settings: the lab's servers tell their names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.cache import cache
from django.db import connection

from .celery import app

if TYPE_CHECKING:
    from collections.abc import Callable


def health() -> dict[str, str]:
    """Name the servers that answer, and the errors of those that do not."""
    asked = {"database": database, "cache": cached, "broker": broker, "results": results}
    return {name: _answer(ask) for name, ask in asked.items()}


def _answer(ask: Callable[[], str]) -> str:
    try:
        return ask()
    except Exception as error:  # noqa: BLE001 - each driver has its own
        return type(error).__name__


def database() -> str:
    """Ask the database of this process."""
    with connection.cursor() as cursor:
        cursor.execute("select name from who")
        return str(cursor.fetchone()[0])


def cached() -> str:
    """Ask the cache's server: Django's cache has its own keys, so by the client below it."""
    backend: Any = cache
    return _name(backend._cache.get_client())


def broker() -> str:
    """Ask the server that tasks are sent to."""
    with app.connection_for_write() as made:
        made.ensure_connection(max_retries=1)
        return _name(made.default_channel.client)


def results() -> str:
    """Ask the server that answers are kept in."""
    return _name(app.backend.client)


def _name(client: Any) -> str:
    said = client.get("who")
    return said.decode() if isinstance(said, bytes) else str(said)

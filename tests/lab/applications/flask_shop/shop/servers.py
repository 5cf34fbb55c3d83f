"""Who answers behind each of the settings: the lab's servers tell their names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import current_app
from sqlalchemy import text

from .extensions import cache, db, mongo

if TYPE_CHECKING:
    from collections.abc import Callable


def health() -> dict[str, str]:
    """Name the servers that answer, and the errors of those that do not."""
    asked = {
        "database": database,
        "ledger": lambda: database("ledger"),
        "catalog": catalog,
        "cache": cached,
        "broker": broker,
        "results": results,
    }
    return {name: _answer(ask) for name, ask in asked.items()}


def _answer(ask: Callable[[], str]) -> str:
    try:
        return ask()
    except Exception as error:  # noqa: BLE001 - each driver has its own
        return type(error).__name__


def database(bind: str | None = None) -> str:
    """Ask one of the two databases."""
    with db.engines[bind].connect() as connection:
        return str(connection.execute(text("select name from who")).scalar())


def catalog() -> str:
    """Ask the MongoDB server."""
    database: Any = mongo.db
    return str(database.who.find_one()["name"])


def cached() -> str:
    """Ask the cache's server, by the client below Flask-Caching, whose keys are its own."""
    backend: Any = cache.cache
    return _name(backend._read_client)


def broker() -> str:
    """Ask the server that tasks are sent to."""
    with current_app.extensions["celery"].connection_for_write() as made:
        made.ensure_connection(max_retries=1)
        return _name(made.default_channel.client)


def results() -> str:
    """Ask the server that answers are kept in."""
    return _name(current_app.extensions["celery"].backend.client)


def _name(client: Any) -> str:
    said = client.get("who")
    return said.decode() if isinstance(said, bytes) else str(said)

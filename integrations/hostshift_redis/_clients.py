"""What the clients of redis-py and those of its asyncio form have in common."""

from __future__ import annotations

from typing import Any

from hostshift_redis import _connection, _sentinel


class CoveredPool:
    """Covers a pool as soon as redis-py has made it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what redis-py takes."""
        super().__init__(*args, **kwargs)
        _connection.cover(self)


class CoveredClient:
    """Covers the pool that a client gets, before the client dials by it.

    redis-py makes a pool while it makes a client, and may take a connection at once
    (``single_connection_client``).
    """

    def __setattr__(self, name: str, value: Any) -> None:
        """Cover what becomes the client's pool."""
        if name == "connection_pool":
            _sentinel.cover_pool(value)
        super().__setattr__(name, value)

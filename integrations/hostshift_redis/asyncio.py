"""The clients of :mod:`hostshift_redis` for asyncio.

::

    from hostshift_redis.asyncio import Redis

What has to be looked up for a connection is looked up in a thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redis import asyncio
from redis.asyncio import sentinel

from hostshift_redis import _cluster, _dial, _sentinel

__all__ = ["BlockingConnectionPool", "ConnectionPool", "Redis", "RedisCluster", "Sentinel"]


class ConnectionPool(asyncio.ConnectionPool):
    """:class:`redis.asyncio.ConnectionPool` that dials the addresses that hold from here."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what redis-py takes."""
        super().__init__(*args, **kwargs)
        _dial.cover(self)


class BlockingConnectionPool(asyncio.BlockingConnectionPool):
    """:class:`redis.asyncio.BlockingConnectionPool` with the addresses that hold from here."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what redis-py takes."""
        super().__init__(*args, **kwargs)
        _dial.cover(self)


class Redis(asyncio.Redis):
    """:class:`redis.asyncio.Redis` that dials the addresses that hold from here.

    A ``connection_pool`` of yours is covered as well.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what redis-py takes."""
        super().__init__(*args, **kwargs)
        _sentinel.cover_pool(self.connection_pool)


class RedisCluster(asyncio.RedisCluster):
    """:class:`redis.asyncio.RedisCluster` that reads its nodes from where the cluster stands."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what redis-py takes; an ``address_remap`` of yours comes first."""
        super().__init__(*args, **_cluster.remap(kwargs))
        _cluster.cover_asyncio(self)


class Sentinel(sentinel.Sentinel):
    """:class:`redis.asyncio.Sentinel` that reads its servers from where the sentinels stand."""

    if TYPE_CHECKING:
        hostshift: _sentinel.SentinelDials

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what redis-py takes."""
        super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call]
        _sentinel.cover_sentinels(self)

    def master_for(self, *args: Any, **kwargs: Any) -> Any:
        """Return a client of the master, as redis-py does."""
        client = super().master_for(*args, **kwargs)
        _sentinel.cover_servers(client.connection_pool)
        return client

    def slave_for(self, *args: Any, **kwargs: Any) -> Any:
        """Return a client of a replica, as redis-py does."""
        client = super().slave_for(*args, **kwargs)
        _sentinel.cover_servers(client.connection_pool)
        return client

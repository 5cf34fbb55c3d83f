"""The clients of :mod:`hostshift_redis` for asyncio.

::

    from hostshift_redis.asyncio import Redis

What has to be looked up for a connection is looked up in a thread.
"""

from __future__ import annotations

from typing import Any

from redis import asyncio
from redis.asyncio import sentinel

from hostshift_redis import _cluster
from hostshift_redis._clients import CoveredClient, CoveredPool
from hostshift_redis._sentinel import CoveredSentinel

__all__ = ["BlockingConnectionPool", "ConnectionPool", "Redis", "RedisCluster", "Sentinel"]


class ConnectionPool(CoveredPool, asyncio.ConnectionPool):
    """:class:`redis.asyncio.ConnectionPool` that dials the addresses that hold from here."""


class BlockingConnectionPool(CoveredPool, asyncio.BlockingConnectionPool):
    """:class:`redis.asyncio.BlockingConnectionPool` with the addresses that hold from here."""


class Redis(CoveredClient, asyncio.Redis):  # type: ignore[misc,unused-ignore]
    """:class:`redis.asyncio.Redis` that dials the addresses that hold from here.

    A ``connection_pool`` of yours is covered as well.
    """


class RedisCluster(asyncio.RedisCluster):
    """:class:`redis.asyncio.RedisCluster` that reads its nodes from where the cluster runs."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what redis-py takes; an ``address_remap`` of yours comes first."""
        super().__init__(*args, **_cluster.remap(kwargs))
        _cluster.cover_asyncio(self)


class Sentinel(CoveredSentinel, sentinel.Sentinel):
    """:class:`redis.asyncio.Sentinel` that reads its servers from where the sentinels run."""

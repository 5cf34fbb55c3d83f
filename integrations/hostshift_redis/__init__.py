"""hostshift for redis-py 5.0 and newer: every connection goes to the right address.

::

    from hostshift_redis import Redis

    client = Redis.from_url("redis://localhost:6379/0")

``Redis``, ``RedisCluster``, ``Sentinel`` and the two pools take what redis-py's own
take; their asyncio forms are in :mod:`hostshift_redis.asyncio`. :func:`install` covers
code that makes its own clients. Addresses are looked up when a connection is made: those
that were configured, and those that a cluster or a sentinel announces, read from where it
runs. The driver's own names, its redirects, its failover and the name that TLS checks
stay what they are without hostshift.
"""

from __future__ import annotations

from typing import Any

from hostshift.drivers import frameworks

try:
    import redis
    from redis import sentinel

    from hostshift_redis import _cluster
    from hostshift_redis._clients import CoveredClient, CoveredPool
    from hostshift_redis._install import install, uninstall
    from hostshift_redis._sentinel import CoveredSentinel
except (ImportError, AttributeError) as error:
    raise frameworks.failed(__name__, error) from error
frameworks.check(__name__)

__all__ = [
    "BlockingConnectionPool",
    "ConnectionPool",
    "Redis",
    "RedisCluster",
    "Sentinel",
    "install",
    "uninstall",
]


class ConnectionPool(CoveredPool, redis.ConnectionPool):
    """:class:`redis.ConnectionPool` that dials the addresses that hold from here."""


class BlockingConnectionPool(CoveredPool, redis.BlockingConnectionPool):
    """:class:`redis.BlockingConnectionPool` that dials the addresses that hold from here."""


class Redis(CoveredClient, redis.Redis):
    """:class:`redis.Redis` that dials the addresses that hold from here.

    A ``connection_pool`` of yours is covered as well.
    """


class RedisCluster(redis.RedisCluster):
    """:class:`redis.RedisCluster` that reads its nodes from where the cluster runs."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what redis-py takes; an ``address_remap`` of yours comes first."""
        _cluster.open_seam()
        super().__init__(*args, **_cluster.remap(kwargs))


class Sentinel(CoveredSentinel, sentinel.Sentinel):
    """:class:`redis.sentinel.Sentinel` that reads its servers from where the sentinels run."""

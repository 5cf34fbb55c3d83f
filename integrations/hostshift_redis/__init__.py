"""hostshift for redis-py 5.0 and newer: every connection goes to the right address.

::

    from hostshift_redis import Redis

    client = Redis.from_url("redis://localhost:6379/0")

``Redis``, ``RedisCluster``, ``Sentinel`` and the two pools take what redis-py's own
take; their asyncio forms are in :mod:`hostshift_redis.asyncio`. :func:`install` covers
code that makes its own clients. Addresses are looked up when a connection is made: those
that were configured, and those that a cluster or a sentinel announces, read from where it
stands. The driver's own names, its redirects, its failover and the name that TLS checks
stay what they are without hostshift.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hostshift import _extras

try:
    import redis
    from redis import sentinel

    from hostshift_redis import _cluster, _dial, _sentinel
    from hostshift_redis._install import install, uninstall
except (ImportError, AttributeError) as error:
    raise _extras.failed(__name__, error) from error
_extras.check(__name__)

__all__ = [
    "BlockingConnectionPool",
    "ConnectionPool",
    "Redis",
    "RedisCluster",
    "Sentinel",
    "install",
    "uninstall",
]


class ConnectionPool(redis.ConnectionPool):
    """:class:`redis.ConnectionPool` that dials the addresses that hold from here."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what redis-py takes."""
        super().__init__(*args, **kwargs)
        _dial.cover(self)


class BlockingConnectionPool(redis.BlockingConnectionPool):
    """:class:`redis.BlockingConnectionPool` that dials the addresses that hold from here."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what redis-py takes."""
        super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call]
        _dial.cover(self)


class Redis(redis.Redis):
    """:class:`redis.Redis` that dials the addresses that hold from here.

    A ``connection_pool`` of yours is covered as well.
    """

    def __init__(self, *args: Any, single_connection_client: bool = False, **kwargs: Any) -> None:
        """Take what redis-py takes."""
        super().__init__(*args, **kwargs)
        _sentinel.cover_pool(self.connection_pool)
        if single_connection_client:  # It is dialled at once, so the pool comes first.
            owns = getattr(self, "auto_close_connection_pool", False)  # from 5.0.1
            super().__init__(connection_pool=self.connection_pool, single_connection_client=True)
            self.auto_close_connection_pool = owns


class RedisCluster(redis.RedisCluster):
    """:class:`redis.RedisCluster` that reads its nodes from where the cluster stands."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what redis-py takes; an ``address_remap`` of yours comes first."""
        _cluster.open_seam()
        super().__init__(*args, **_cluster.remap(kwargs))


class Sentinel(sentinel.Sentinel):
    """:class:`redis.sentinel.Sentinel` that reads its servers from where the sentinels stand."""

    if TYPE_CHECKING:
        hostshift: _sentinel.SentinelDials

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what redis-py takes."""
        super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call]
        _sentinel.cover_sentinels(self)

    def master_for(self, *args: Any, **kwargs: Any) -> Any:
        """Return a client of the master, as redis-py does."""
        client = super().master_for(*args, **kwargs)  # type: ignore[no-untyped-call]
        _sentinel.cover_servers(client.connection_pool)
        return client

    def slave_for(self, *args: Any, **kwargs: Any) -> Any:
        """Return a client of a replica, as redis-py does."""
        client = super().slave_for(*args, **kwargs)  # type: ignore[no-untyped-call]
        _sentinel.cover_servers(client.connection_pool)
        return client

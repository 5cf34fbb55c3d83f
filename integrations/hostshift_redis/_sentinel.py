"""Masters and replicas that a Sentinel lists, read from where it runs."""

from __future__ import annotations

from typing import Any

from hostshift.drivers.redis_members import SentinelDialer
from hostshift.routing.model import Address
from hostshift_redis._connection import cover, is_covered
from hostshift_redis._introspect import INTROSPECTING


class CoveredSentinel:
    """Covers a Sentinel client, and the clients of servers that it makes; of either kind."""

    hostshift: SentinelDialer

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what redis-py takes."""
        super().__init__(*args, **kwargs)
        cover_sentinels(self)

    def master_for(self, *args: Any, **kwargs: Any) -> Any:
        """Return a client of the master, as redis-py does."""
        return _covered(super().master_for(*args, **kwargs))  # type: ignore[misc]

    def slave_for(self, *args: Any, **kwargs: Any) -> Any:
        """Return a client of a replica, as redis-py does."""
        return _covered(super().slave_for(*args, **kwargs))  # type: ignore[misc]


def cover_sentinels(sentinel: Any) -> None:
    """Cover the clients by which a Sentinel client asks."""
    dialer = SentinelDialer()
    for client in sentinel.sentinels:
        cover(client.connection_pool, dialer, INTROSPECTING)
        options = client.connection_pool.connection_kwargs
        dialer.seeds |= {Address(host=options["host"], port=int(options["port"]))}
    sentinel.hostshift = dialer


def cover_servers(pool: Any) -> None:
    """Cover a pool of the servers that the sentinels list."""
    manager = getattr(pool, "sentinel_manager", None)
    dialer = getattr(manager, "hostshift", None)
    if dialer is not None:
        cover(pool, dialer)


def cover_pool(pool: Any) -> None:
    """Cover any pool: what a sentinel lists is no seed, even if the pool is not ours."""
    if hasattr(pool, "sentinel_manager"):
        cover_servers(pool)
    elif not is_covered(pool):
        cover(pool)


def _covered(client: Any) -> Any:
    cover_servers(client.connection_pool)
    return client

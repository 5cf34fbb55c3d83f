"""Cover every client of a process: redis-py's own classes, wrapped where they are made."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

import redis
from redis import asyncio, sentinel
from redis.asyncio import sentinel as asyncio_sentinel

from hostshift_redis import _cluster, _dial, _sentinel

if TYPE_CHECKING:
    from collections.abc import Callable

POOLS = (redis.ConnectionPool, asyncio.ConnectionPool)
SENTINELS = (sentinel.Sentinel, asyncio_sentinel.Sentinel)
SENTINEL_POOLS = (sentinel.SentinelConnectionPool, asyncio_sentinel.SentinelConnectionPool)


def install() -> None:
    """Cover every client that is made from now on in this process, by whichever code.

    Calling it again changes nothing.

    Raises:
        IncompatibleError: this redis-py is not one that is known.

    """
    _cluster.open_seam()
    for pool in POOLS:
        _wrap(pool, _then(_cover_configured))
    for told in SENTINEL_POOLS:
        _wrap(told, _then(_sentinel.cover_servers))
    for kind in SENTINELS:
        _wrap(kind, _then(_sentinel.cover_sentinels))
    _wrap(redis.RedisCluster, _remapped(None))
    _wrap(asyncio.RedisCluster, _remapped(_cluster.cover_asyncio))


def uninstall() -> None:
    """Cover no more clients by themselves; those that exist go on."""
    for kind in (*POOLS, *SENTINEL_POOLS, *SENTINELS, redis.RedisCluster, asyncio.RedisCluster):
        own = getattr(vars(kind)["__init__"], "hostshift", None)
        if own is not None:
            kind.__init__ = own  # type: ignore[method-assign]


def _wrap(kind: Any, wrapper: Callable[[Any], Any]) -> None:
    """Wrap how objects of a class are made, once."""
    own = vars(kind)["__init__"]
    if not hasattr(own, "hostshift"):
        wrapped: Any = wraps(own)(wrapper(own))
        wrapped.hostshift = own
        kind.__init__ = wrapped


def _cover_configured(pool: Any) -> None:
    """Cover a pool of its own; a sentinel's has no manager yet, and comes later."""
    if not isinstance(pool, SENTINEL_POOLS):
        _dial.cover(pool)


def _then(cover: Callable[[Any], object]) -> Callable[[Any], Any]:
    """Make an object, then cover it."""

    def wrapper(own: Any) -> Any:
        def made(self: Any, *args: Any, **kwargs: Any) -> None:
            own(self, *args, **kwargs)
            cover(self)

        return made

    return wrapper


def _remapped(cover: Callable[[Any], object] | None) -> Callable[[Any], Any]:
    """Make a cluster client with a translation."""

    def wrapper(own: Any) -> Any:
        def made(self: Any, *args: Any, **kwargs: Any) -> None:
            own(self, *args, **_cluster.remap(kwargs))
            if cover is not None:
                cover(self)

        return made

    return wrapper

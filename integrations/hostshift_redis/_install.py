"""Cover every client of a process: redis-py's own classes, wrapped where they are made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import redis
from redis import asyncio, sentinel
from redis.asyncio import sentinel as asyncio_sentinel

from hostshift.drivers.wrapping import unwrap, wrap
from hostshift_redis import _cluster, _connection, _sentinel

if TYPE_CHECKING:
    from collections.abc import Callable

    Wrapper = Callable[[Callable[..., None]], Callable[..., None]]

POOLS = (redis.ConnectionPool, asyncio.ConnectionPool)
SENTINELS = (sentinel.Sentinel, asyncio_sentinel.Sentinel)
SENTINEL_POOLS = (sentinel.SentinelConnectionPool, asyncio_sentinel.SentinelConnectionPool)


def install() -> None:
    """Cover every client that is made from now on in this process, by whichever code.

    Calling it again changes nothing.

    Raises:
        IncompatibleError: hostshift does not know how this redis-py makes its connections.

    """
    _cluster.open_seam()
    for kind, wrapper in _wrappers().items():
        wrap(kind, "__init__", wrapper)


def uninstall() -> None:
    """Cover no more clients by themselves; those that exist go on."""
    for kind in _wrappers():
        unwrap(kind, "__init__")


def _wrappers() -> dict[type, Wrapper]:
    """Return the classes whose objects are covered, and what wraps their ``__init__``."""
    return {
        **dict.fromkeys(POOLS, _wrapper(_cover_configured)),
        **dict.fromkeys(SENTINEL_POOLS, _wrapper(_sentinel.cover_servers)),
        **dict.fromkeys(SENTINELS, _wrapper(_sentinel.cover_sentinels)),
        # create_redis_node() covers the nodes of this one.
        redis.RedisCluster: _wrapper(lambda _: None, _cluster.remap),
        asyncio.RedisCluster: _wrapper(_cluster.cover_asyncio, _cluster.remap),
    }


def _cover_configured(pool: object) -> None:
    """Cover a pool of its own; a sentinel's has no manager yet, and comes later."""
    if not isinstance(pool, SENTINEL_POOLS):
        _connection.cover(pool)


def _wrapper(cover: Callable[[Any], object], options: Callable[[Any], Any] = dict) -> Wrapper:
    """Return what makes an object, with options that may be others, and then covers it."""

    def wrapper(own: Callable[..., None]) -> Callable[..., None]:
        def init(self: object, *args: Any, **kwargs: Any) -> None:
            own(self, *args, **options(kwargs))
            cover(self)

        return init

    return wrapper

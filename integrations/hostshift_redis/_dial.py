"""Connection classes that dial where their host is from here, and keep its name.

redis-py makes each connection by a pool's ``connection_class``, which is public: a
subclass takes its place. What it overrides is how the socket is made, below TLS and
below all that the driver knows: its names, the slots of its cluster and the redirects
that servers answer (MOVED, ASK) stay as announced, and each is translated when it is
dialled. ``address_remap`` would not do: redirects pass it by.

``_connect`` and ``_connection_arguments`` are private, but there is no public way to
make a socket for a class with TLS that checks another name than it dials.
"""

from __future__ import annotations

import asyncio as aio
from typing import TYPE_CHECKING, Any

from redis import asyncio, cluster, connection
from redis.asyncio import cluster as asyncio_cluster

from hostshift import _announce, _extras
from hostshift.dials import Dials

if TYPE_CHECKING:
    from collections.abc import Mapping

    Kinds = tuple[type["Dialling"], type["AsyncDialling"]]

PROTOCOL = "redis"
CLIENT = "redis-py"


class Dialling(connection.Connection):
    """A connection that dials elsewhere than it says.

    It stands right before redis-py's own in the order of classes, below one that wraps
    the socket with TLS: that one asks for ``host``, which is the configured name again.
    """

    dials: Dials | None = None
    """The translation of a client whose servers announce others; the rest need none that lasts."""

    def _connect(self) -> Any:
        name, port = self.host, self.port
        dials = self.dials or Dials(PROTOCOL)
        there = _announce.located(dials, name, port, CLIENT)
        self.host, self.port = there  # type: ignore[misc,unused-ignore]
        try:
            made: Any = super()._connect()  # type: ignore[no-untyped-call]
        except OSError:
            dials.lost(name, port)
            raise
        finally:
            self.host, self.port = name, port  # type: ignore[misc,unused-ignore]
        return made


class AsyncDialling(asyncio.Connection):
    """The same for asyncio: what has to be looked up is looked up in a thread."""

    dials: Dials | None = None
    _there: tuple[str, int] | None = None

    async def _connect(self) -> None:
        name, port = self.host, int(self.port)
        dials = self.dials or Dials(PROTOCOL)
        self._there = await aio.to_thread(_announce.located, dials, name, port, CLIENT)
        try:
            await super()._connect()  # type: ignore[no-untyped-call]
        except OSError:
            dials.lost(name, port)
            raise
        finally:
            self._there = None

    def _connection_arguments(self) -> Mapping[str, Any]:
        given = dict(super()._connection_arguments())
        if self._there is not None:
            given["host"], given["port"] = self._there
            if given.get("ssl"):
                given.setdefault("server_hostname", self.host)
        return given


DIALLING: Kinds = (Dialling, AsyncDialling)


def dialling(kind: Any, dials: Dials | None = None, kinds: Kinds = DIALLING) -> Any:
    """Return a class of connections like another one that dials by a translation.

    A class without a host (a Unix socket's) is returned as it is.
    """
    kind = own(kind)
    mixed: Any
    plain: Any
    if issubclass(kind, connection.Connection):
        mixed, plain = kinds[0], connection.Connection
    elif issubclass(kind, asyncio.Connection):
        mixed, plain = kinds[1], asyncio.Connection
    else:
        return kind
    made = _made.get((kind, kinds)) if dials is None else None
    if made is None:
        members = {"dials": dials, "hostshift": kind, "__module__": kind.__module__}
        made = type(kind.__name__, _bases(kind, mixed, plain), members)
    # Another thread may have made one meanwhile.
    return _made.setdefault((kind, kinds), made) if dials is None else made


def own(kind: Any) -> Any:
    """Return the class of connections that a class of :func:`dialling` is like."""
    return vars(kind).get("hostshift", kind)


_made: dict[tuple[Any, Kinds], Any] = {}
"""The classes that all plain clients share."""


def _bases(kind: Any, mixed: Any, plain: Any) -> tuple[Any, ...]:
    """Put the dial where it belongs: for asyncio first, there it also says what TLS checks."""
    if kind is plain:
        return (mixed,)
    return (mixed, kind) if plain is asyncio.Connection else (kind, mixed)


def cover(pool: Any, dials: Dials | None = None, kinds: Kinds = DIALLING) -> None:
    """Make a pool's connections dial by a translation; those it has stay."""
    check_seams()
    pool.connection_class = dialling(pool.connection_class, dials, kinds)


def is_covered(pool: Any) -> bool:
    """Return True if a pool's connections dial by a client's own translation."""
    return getattr(pool.connection_class, "dials", None) is not None


SEAMS: dict[str, tuple[type, str]] = {
    "connection.Connection._connect": (connection.Connection, "_connect"),
    "connection.Connection.on_connect": (connection.Connection, "on_connect"),
    "connection.Connection.send_command": (connection.Connection, "send_command"),
    "connection.Connection.read_response": (connection.Connection, "read_response"),
    "asyncio.Connection._connect": (asyncio.Connection, "_connect"),
    "asyncio.Connection._connection_arguments": (asyncio.Connection, "_connection_arguments"),
    "asyncio.Connection.on_connect": (asyncio.Connection, "on_connect"),
    "asyncio.Connection.pack_command": (asyncio.Connection, "pack_command"),
    "asyncio.Connection.send_packed_command": (asyncio.Connection, "send_packed_command"),
    "asyncio.Connection.read_response": (asyncio.Connection, "read_response"),
    "NodesManager.create_redis_node": (cluster.NodesManager, "create_redis_node"),
    "NodesManager.remap_host_port": (cluster.NodesManager, "remap_host_port"),
    "asyncio.NodesManager.remap_host_port": (asyncio_cluster.NodesManager, "remap_host_port"),
}
"""What is overridden, wrapped or counted on."""


def check_seams() -> None:
    """Make sure that this redis-py makes its sockets where they are looked after.

    Raises:
        IncompatibleError: it does not.

    """
    missing = [name for name, (kind, method) in SEAMS.items() if not hasattr(kind, method)]
    if missing:
        raise _extras.lacks("hostshift_redis", missing)

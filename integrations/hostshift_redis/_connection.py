"""Connection classes that dial where their host is from here, and keep its name.

redis-py makes each connection by a pool's ``connection_class``, which is public: a
subclass takes its place. What it overrides is how the socket is made, below TLS and
below all that the driver knows: its names, the slots of its cluster and the redirects
that servers answer (MOVED, ASK) stay as announced, and each is translated when it is
dialled. ``address_remap`` would not do: redirects pass it by.

``_connect`` and ``_connection_arguments`` are private, but there is no public way to
make a socket for a class with TLS that checks another name than it dials.

A client's translation hangs on a class of its own for the same reason: what a pool hands its
connections, ``connection_kwargs``, is copied by other code into pools with other classes.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from redis import asyncio, cluster, connection
from redis.asyncio import cluster as asyncio_cluster

from hostshift.drivers import frameworks, wrapping
from hostshift.drivers.dial import Dial
from hostshift.drivers.dialer import Dialer
from hostshift.drivers.redis_members import CLIENT, PROTOCOL, RedisDialer

if TYPE_CHECKING:
    from collections.abc import Mapping

    Kinds = tuple[type["Dialling"], type["AsyncDialling"]]


class _Elsewhere:
    """A connection as redis-py's ``_connect`` sees it: with the address to dial.

    The connection itself keeps its name meanwhile: other code reads it for metrics and errors.
    """

    def __init__(self, own: connection.Connection, address: tuple[str, int]) -> None:
        self._own = own
        self.host, self.port = address

    def __getattr__(self, name: str) -> Any:
        return getattr(self._own, name)


class Dialling(connection.Connection):
    """A connection that dials elsewhere than its name says.

    It stands right before redis-py's own in the order of classes, below one that wraps
    the socket with TLS: that one asks for ``host``, the configured name.
    """

    dialer = Dialer(PROTOCOL, CLIENT)
    """Who dials; a :class:`RedisDialer` for a client whose servers announce others."""

    def _connect(self) -> Any:
        connect: Any = connection.Connection._connect  # noqa: SLF001
        dial = Dial(self.dialer, self.host, int(self.port))
        with dial as address:
            made = connect(_Elsewhere(self, address))
            dial.opened(made.close)
        return made


class AsyncDialling(asyncio.Connection):
    """The same for asyncio: what has to be looked up is looked up in a thread."""

    dialer = Dialer(PROTOCOL, CLIENT)
    _address: tuple[str, int] | None = None

    async def _connect(self) -> None:
        dial = Dial(self.dialer, self.host, int(self.port))
        async with dial as address:
            self._address = address
            try:
                await super()._connect()  # type: ignore[no-untyped-call]
            finally:
                self._address = None
            dial.opened(partial(self.disconnect, nowait=True))

    def _connection_arguments(self) -> Mapping[str, Any]:
        arguments = dict(super()._connection_arguments())
        if self._address is not None:
            arguments["host"], arguments["port"] = self._address
            if arguments.get("ssl"):
                arguments.setdefault("server_hostname", self.host)
        return arguments


DIALLING: Kinds = (Dialling, AsyncDialling)


def dialling(kind: Any, dialer: RedisDialer | None = None, kinds: Kinds = DIALLING) -> Any:
    """Return a class of connections like another one that dials by a translation.

    All plain clients share one; a client whose servers announce others has its own. A class
    without a host (a Unix socket's) is returned as it is.
    """
    kind = own(kind)
    if issubclass(kind, connection.Connection):
        # For asyncio first, as it also says there what TLS checks.
        bases: tuple[Any, ...] = (kind, kinds[0])
    elif issubclass(kind, asyncio.Connection):
        bases = (kinds[1], kind)
    else:
        return kind
    made = _made.get((kind, kinds)) if dialer is None else dialer.classes.get((kind, kinds))
    if made is not None:
        return made
    if kind in (connection.Connection, asyncio.Connection):
        bases = tuple(base for base in bases if base is not kind)
    members = {"hostshift": kind, "__module__": kind.__module__}
    # Another thread may have made one meanwhile.
    if dialer is None:
        return _made.setdefault((kind, kinds), type(kind.__name__, bases, members))
    made = type(kind.__name__, bases, {**members, "dialer": dialer})
    return dialer.classes.setdefault((kind, kinds), made)


def own(kind: Any) -> Any:
    """Return the class of connections that a class of :func:`dialling` is like."""
    return vars(kind).get("hostshift", kind)


_made: dict[tuple[Any, Kinds], Any] = {}
"""The classes that all plain clients share."""


def cover(pool: Any, dialer: RedisDialer | None = None, kinds: Kinds = DIALLING) -> None:
    """Make a pool's connections dial by a translation; those it has stay."""
    check_seams()
    pool.connection_class = dialling(pool.connection_class, dialer, kinds)


def is_covered(pool: Any) -> bool:
    """Return True if a pool's connections dial by a client's own translation."""
    return isinstance(getattr(pool.connection_class, "dialer", None), RedisDialer)


def _seams(label: str, kind: type, *methods: str) -> dict[str, tuple[type, str]]:
    return {f"{label}.{method}": (kind, method) for method in methods}


SEAMS: dict[str, tuple[type, str]] = {
    **_seams(
        "connection.Connection",
        connection.Connection,
        *("_connect", "on_connect", "send_command", "read_response"),
    ),
    **_seams(
        "asyncio.Connection",
        asyncio.Connection,
        *("_connect", "_connection_arguments", "on_connect", "pack_command"),
        *("send_packed_command", "read_response"),
    ),
    **_seams("NodesManager", cluster.NodesManager, "create_redis_node", "remap_host_port"),
    **_seams("asyncio.NodesManager", asyncio_cluster.NodesManager, "remap_host_port"),
}
"""What is overridden, wrapped or counted on."""


def check_seams() -> None:
    """Make sure that this redis-py makes its sockets where hostshift covers them.

    Raises:
        IncompatibleError: it does not.

    """
    if missing := wrapping.missing(SEAMS):
        raise frameworks.lacks("hostshift_redis", missing)

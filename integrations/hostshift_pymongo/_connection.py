"""Where one client dials what its driver names: seeds, and members that a server announced.

Two seams, both below what the driver knows, so that its topology, its failover
and the name that TLS checks stay its own:

- A listener of pymongo's public monitoring API learns what servers announce. It
  listens to *heartbeats*: the monitor itself publishes those, before the
  driver dials what was announced. Topology events come from a thread of their
  own, up to a second later, when the wrong server may be dialled already.
- ``pool_shared._create_connection`` and ``_async_create_connection`` make every
  socket, before the TLS wrap. They are private, but there is no public seam:
  the keyword ``_pool_class`` is private too, and a pool's address is also the
  name that TLS checks. They are wrapped once a process. A call is this integration's
  only if its options carry the listener, which scopes the wrap to one client,
  its monitors included; all other calls pass through.
"""

from __future__ import annotations

import asyncio
import weakref
from typing import TYPE_CHECKING, Any

from pymongo import pool_shared
from pymongo.monitoring import ServerHeartbeatListener
from pymongo.pool_options import PoolOptions

from hostshift.drivers import frameworks, wrapping
from hostshift.drivers.dial import Dial
from hostshift.drivers.members import MemberDialer
from hostshift.routing.model import Address

if TYPE_CHECKING:
    from collections.abc import Callable

    import pymongo
    from pymongo.monitoring import (
        ServerHeartbeatFailedEvent,
        ServerHeartbeatStartedEvent,
        ServerHeartbeatSucceededEvent,
    )

    from hostshift.routing.model import Decision

    Client = pymongo.MongoClient[Any] | pymongo.AsyncMongoClient[Any]

SEAMS = ("_create_connection", "_async_create_connection")


class MongoDialer(MemberDialer, ServerHeartbeatListener):
    """One client's translation, which hears of announcements by the client's heartbeats."""

    def __init__(self, client: Client | None = None) -> None:
        """Know nothing yet.

        Args:
            client: whose dials these are. It has its options before its monitors dial.

        """
        super().__init__("mongodb", "pymongo")
        self._client = weakref.ref(client) if client is not None else None

    def _decide(self, host: str, port: int | None) -> Decision:
        client = self._client() if self._client is not None else None
        if client is not None:
            self.direct = bool(client.options.direct_connection)
        return super()._decide(host, port)

    def started(self, event: ServerHeartbeatStartedEvent) -> None:
        """Ignore the event."""

    def failed(self, event: ServerHeartbeatFailedEvent) -> None:
        """Ignore the event: what a server announced counts until one announces another."""

    def succeeded(self, event: ServerHeartbeatSucceededEvent) -> None:
        """Remember what a server announced. Runs in an event loop: nothing is looked up."""
        hello = event.reply
        me = _address(hello.me) if hello.me else None
        self.on_announcement(
            _address(event.connection_id), map(_address, sorted(hello.all_hosts)), me
        )


def _address(pair: tuple[str, int | None]) -> Address:
    return Address(host=pair[0], port=pair[1])


def of(options: PoolOptions) -> MongoDialer | None:
    """Return the translation that belongs to the options of a pool; None: it is not ours."""
    listeners = options._event_listeners  # noqa: SLF001 - the public way is on the client alone
    if listeners is None:
        return None
    ours = (one for one in listeners.event_listeners() if isinstance(one, MongoDialer))
    return next(ours, None)


def open_seams() -> None:
    """Wrap what makes pymongo's sockets; again changes nothing.

    Raises:
        IncompatibleError: this pymongo makes its sockets in another way.

    """
    seams: dict[str, tuple[object, str]] = {
        f"pool_shared.{name}": (pool_shared, name) for name in SEAMS
    }
    seams["PoolOptions._event_listeners"] = (PoolOptions, "_event_listeners")
    if missing := wrapping.missing(seams):
        raise frameworks.lacks("hostshift_pymongo", missing)
    for name, wrapper in zip(SEAMS, (_dialling, _dialling_async), strict=True):
        wrapping.wrap(pool_shared, name, wrapper)


def _dialer(address: tuple[str, int | None], options: PoolOptions) -> MongoDialer | None:
    """Return the translation for a dial; none for a Unix socket, which has no port."""
    host, port = address
    return None if port is None or host.endswith(".sock") else of(options)


def _dialling(connect: Callable[..., Any]) -> Callable[..., Any]:
    def connecting(
        address: tuple[str, int | None], options: PoolOptions, *more: Any, **named: Any
    ) -> Any:
        dialer = _dialer(address, options)
        if dialer is None:
            return connect(address, options, *more, **named)
        dial = Dial(dialer, *address)
        with dial as located:
            made = connect(located, options, *more, **named)
            dial.opened(made.close)
        return made

    return connecting


def _dialling_async(connect: Callable[..., Any]) -> Callable[..., Any]:
    async def connecting(
        address: tuple[str, int | None], options: PoolOptions, *more: Any, **named: Any
    ) -> Any:
        dialer = _dialer(address, options)
        if dialer is None:
            return await connect(address, options, *more, **named)
        dial = Dial(dialer, *address)
        async with dial as located:
            # A monitor that is cancelled is so here, and not while pymongo's socket connects:
            # it would leave that one open.
            await asyncio.sleep(0)
            made = await connect(located, options, *more, **named)
            dial.opened(made.close)
        return made

    return connecting

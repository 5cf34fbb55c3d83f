"""Where one client dials what its driver names: seeds, and members that a server announced.

Two seams, both below what the driver knows, so that its topology, its failover
and the name that TLS checks stay its own:

- A listener of pymongo's public monitoring API learns what servers announce. It
  listens to *heartbeats*: those are published by the monitor itself, before the
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
from functools import wraps
from typing import TYPE_CHECKING, Any

from pymongo import pool_shared
from pymongo.monitoring import ServerHeartbeatListener
from pymongo.pool_options import PoolOptions

from hostshift import _announce, _extras, dials
from hostshift.decision import Address

if TYPE_CHECKING:
    from pymongo.monitoring import (
        ServerHeartbeatStartedEvent,
        ServerHeartbeatSucceededEvent,
    )

PROTOCOL = "mongodb"
CLIENT = "pymongo"
SEAMS = ("_create_connection", "_async_create_connection")


class Dials(dials.Dials, ServerHeartbeatListener):
    """One client's translation, told by its heartbeats what is announced."""

    def __init__(self) -> None:
        """Know nothing yet."""
        super().__init__(PROTOCOL)

    def started(self, event: ServerHeartbeatStartedEvent) -> None:
        """Take no notice."""

    def failed(self, event: Any) -> None:
        """Take no notice: what a server announced stands until one announces another."""

    def succeeded(self, event: ServerHeartbeatSucceededEvent) -> None:
        """Remember what a server announced. Runs in an event loop: nothing is looked up."""
        said = event.reply
        me = _address(said.me) if said.me else None
        self.heard(_address(event.connection_id), map(_address, sorted(said.all_hosts)), me)


def _address(pair: tuple[str, int | None]) -> Address:
    return Address(host=pair[0], port=pair[1])


def of(options: Any) -> Dials | None:
    """Return the translation that belongs to the options of a pool; None: it is not ours."""
    listeners = options._event_listeners  # noqa: SLF001 - the public way is on the client alone
    if listeners is None:
        return None
    return next((one for one in listeners.event_listeners() if isinstance(one, Dials)), None)


def open_seams() -> None:
    """Wrap what makes pymongo's sockets; again changes nothing.

    Raises:
        IncompatibleError: this pymongo makes its sockets in another way.

    """
    missing = [f"pool_shared.{name}" for name in SEAMS if not hasattr(pool_shared, name)]
    if not hasattr(PoolOptions, "_event_listeners"):
        missing.append("PoolOptions._event_listeners")
    if missing:
        raise _extras.lacks("hostshift_pymongo", missing)
    for name, wrapper in zip(SEAMS, (_dialling, _dialling_async), strict=True):
        connect = getattr(pool_shared, name)
        if not hasattr(connect, "hostshift"):
            wrapped: Any = wrapper(connect)
            wrapped.hostshift = True
            setattr(pool_shared, name, wrapped)


def _is_ours(address: Any, options: Any) -> Dials | None:
    """Return the translation for a dial; none for a Unix socket, which has no port."""
    host, port = address
    return None if port is None or host.endswith(".sock") else of(options)


def _dialling(connect: Any) -> Any:
    @wraps(connect)
    def dial(address: Any, options: Any, *more: Any, **named: Any) -> Any:
        dials = _is_ours(address, options)
        if dials is None:
            return connect(address, options, *more, **named)
        host, port = address
        there = _announce.located(dials, host, port, CLIENT)
        try:
            return connect(there, options, *more, **named)
        except OSError:
            dials.lost(*address)
            raise

    return dial


def _dialling_async(connect: Any) -> Any:
    @wraps(connect)
    async def dial(address: Any, options: Any, *more: Any, **named: Any) -> Any:
        dials = _is_ours(address, options)
        if dials is None:
            return await connect(address, options, *more, **named)
        host, port = address
        there = dials.settled(host, port)
        if there is None:  # The loop is not to be held up.
            there = await asyncio.to_thread(_announce.located, dials, host, port, CLIENT)
        else:
            # A monitor that is cancelled is so here, and not while pymongo's socket connects:
            # it would leave that one open.
            await asyncio.sleep(0)
        try:
            return await connect(there, options, *more, **named)
        except OSError:
            dials.lost(*address)
            raise

    return dial

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
  name that TLS checks. They are wrapped once a process. A call is this plug's
  only if its options carry the listener, which scopes the wrap to one client,
  its monitors included; all other calls pass through.
"""

from __future__ import annotations

import asyncio
from functools import wraps
from typing import TYPE_CHECKING, Any

import pymongo
from pymongo import pool_shared
from pymongo.monitoring import ServerHeartbeatListener
from pymongo.pool_options import PoolOptions

from hostshift import resolver
from hostshift._record import Record
from hostshift.decision import Address, Decision
from hostshift.errors import MissingExtraError
from hostshift.members import Announcement

if TYPE_CHECKING:
    from pymongo.monitoring import (
        ServerHeartbeatFailedEvent,
        ServerHeartbeatStartedEvent,
        ServerHeartbeatSucceededEvent,
    )

PROTOCOL = "mongodb"
SUPPORTED = "pymongo 4.12 and newer, as tried up to 4.20"
SEAMS = ("_create_connection", "_async_create_connection")


class _Located(Record):
    """How a name of the driver was located when it was last dialled."""

    decision: Decision
    seed: Address | None
    """The seed whose route it is, if it is one's."""


class _Said(Record):
    """The latest announcement of a client."""

    announcer: _Located
    members: tuple[Address, ...]
    me: Address | None


class Dials(ServerHeartbeatListener):
    """One client's translation from the driver's names to addresses that hold from here.

    No lock: each event and each dial puts one value in place of another.
    """

    direct = False
    """directConnection: the driver keeps to the seed, whatever is announced."""

    def __init__(self) -> None:
        """Know nothing yet: the first names that are dialled are seeds."""
        self._located: dict[Address, _Located] = {}
        self._said: _Said | None = None
        self._announced: frozenset[Address] = frozenset()

    def at(self, host: str, port: int) -> tuple[str, int]:
        """Return where to dial a name of the driver. May look around, up to the budget."""
        name = Address(host=host, port=port)
        found = self._locate(name)
        self._located[name] = found
        after = found.decision.after
        return after.host, port if after.port is None else after.port

    def _locate(self, name: Address) -> _Located:
        said = None if self.direct else self._said
        if said is not None and name in said.members:
            return _member(said, name)
        # A member no longer announced has no meaning from here; a seed always has.
        if name in self._announced and name in self._located and not self.direct:
            return self._located[name]
        return _seed(name)

    def started(self, event: ServerHeartbeatStartedEvent) -> None:
        """Take no notice."""

    def failed(self, event: ServerHeartbeatFailedEvent) -> None:
        """Take no notice: what a server announced stands until one announces anew."""

    def succeeded(self, event: ServerHeartbeatSucceededEvent) -> None:
        """Remember what a server announced. Runs in an event loop: nothing is looked up."""
        host, port = event.connection_id
        announcer = self._located.get(Address(host=host, port=port))
        members = tuple(_address(one) for one in sorted(event.reply.all_hosts))
        if announcer is None or not members:
            return
        me = _address(event.reply.me) if event.reply.me else None
        self._announced |= frozenset(members)
        self._said = _Said(announcer=announcer, members=members, me=me)


def _address(pair: tuple[str, int | None]) -> Address:
    return Address(host=pair[0], port=pair[1])


def _seed(name: Address) -> _Located:
    """Look a seed up as any address of a connection string."""
    decision = resolver.current().dial(name.host, name.port, PROTOCOL)
    return _Located(decision=decision, seed=name)


def _member(said: _Said, name: Address) -> _Located:
    """Read a member from where its announcer is now: what has moved is found again."""
    announcer = said.announcer
    seed = announcer.seed
    located = announcer.decision if seed is None else _seed(seed).decision
    announcement = Announcement(
        located=located, members=said.members, me=said.me, by_seed=seed is not None
    )
    decision = resolver.current().members(announcement, PROTOCOL).get(name)
    if decision is None:  # MODE is not "on"
        return _Located(decision=located.replace(before=name, after=name), seed=None)
    same = seed is not None and decision.after == located.after
    return _Located(decision=decision, seed=seed if same else None)


def of(options: Any) -> Dials | None:
    """Return the translation that belongs to the options of a pool; None: it is not ours."""
    listeners = options._event_listeners  # noqa: SLF001 - the public way is on the client alone
    if listeners is None:
        return None
    return next((one for one in listeners.event_listeners() if isinstance(one, Dials)), None)


def open_seams() -> None:
    """Wrap what makes pymongo's sockets; again changes nothing.

    Raises:
        MissingExtraError: this pymongo makes its sockets in another way.

    """
    missing = [f"pool_shared.{name}" for name in SEAMS if not hasattr(pool_shared, name)]
    if not hasattr(PoolOptions, "_event_listeners"):
        missing.append("PoolOptions._event_listeners")
    if missing:
        raise MissingExtraError(
            f"hostshift_pymongo works with {SUPPORTED}; "
            f"pymongo {pymongo.version} has no {' and no '.join(missing)}"
        )
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
        if dials is not None:
            address = dials.at(*address)
        return connect(address, options, *more, **named)

    return dial


def _dialling_async(connect: Any) -> Any:
    @wraps(connect)
    async def dial(address: Any, options: Any, *more: Any, **named: Any) -> Any:
        dials = _is_ours(address, options)
        if dials is not None:  # Looking around would hold the event loop up.
            address = await asyncio.to_thread(dials.at, *address)
        return await connect(address, options, *more, **named)

    return dial

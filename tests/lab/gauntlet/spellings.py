"""What is true in the gauntlet: who is reachable from where, and what may be known. Data.

Four services: `host` runs on the host; `db` is published by a compose project
under another port than it has; `cache` of the same project is not; `solo` is a
container on the default bridge that compose knows nothing of.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.lab.places import (
    BRIDGE,
    BRIDGE_ALIAS,
    CONNECTED,
    DATABASE_NAMESPACE,
    HOST,
    HOST_NETWORK,
    USER_NETWORK,
    USER_NETWORK_ALIAS,
    Place,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

VANTAGES = CONNECTED
_HOSTS_LOOPBACK = (HOST, HOST_NETWORK)
_ON_BRIDGE = (BRIDGE, BRIDGE_ALIAS)
_ON_NETWORK = (USER_NETWORK, USER_NETWORK_ALIAS, DATABASE_NAMESPACE)
_TOLD_THE_HOST = (BRIDGE_ALIAS, USER_NETWORK_ALIAS)

REACHABLE: Mapping[str, tuple[Place, ...]] = {
    "host": VANTAGES,
    "db": VANTAGES,
    # The engine drops what goes from one of its networks to another.
    "cache": (*_HOSTS_LOOPBACK, *_ON_NETWORK),
    "solo": (*_HOSTS_LOOPBACK, *_ON_BRIDGE),
}
"""From where some address reaches a service: tried by `test_gauntlet`."""


@dataclass(frozen=True)
class Spelling:
    """One way to write one service, and where it works as written."""

    name: str
    service: str
    text: str
    """With the scene's ports, names and addresses to fill in."""
    speaks: str
    plain: tuple[Place, ...]
    """Where a plain client reaches the service by it."""
    dialect: str | None = None


def _postgresql(name: str, address: str, plain: Iterable[Place]) -> Spelling:
    text = f"postgresql://app:s3cret@{address}/app"
    return Spelling(name, "db", text, "postgresql", tuple(plain))


SPELLINGS: tuple[Spelling, ...] = (
    Spelling(
        "host: localhost:P",
        "host",
        "mongodb://localhost:{host_port}/lab",
        "mongodb",
        _HOSTS_LOOPBACK,
    ),
    Spelling(
        "host: host.docker.internal:P",
        "host",
        "mongodb://host.docker.internal:{host_port}/lab",
        "mongodb",
        _TOLD_THE_HOST,
    ),
    _postgresql("db: localhost:PUB", "localhost:{published}", _HOSTS_LOOPBACK),
    _postgresql("db: host.docker.internal:PUB", "host.docker.internal:{published}", _TOLD_THE_HOST),
    _postgresql("db: db:T", "db:{db_port}", _ON_NETWORK),
    _postgresql("db: PROJECT-db-1:T", "{project}-db-1:{db_port}", _ON_NETWORK),
    _postgresql("db: ADDRESS:T", "{db_address}:{db_port}", (*_HOSTS_LOOPBACK, *_ON_NETWORK)),
    Spelling("cache: cache:T", "cache", "redis://cache:{cache_port}/0", "redis", _ON_NETWORK),
    Spelling("solo: CONTAINER:T", "solo", "{solo}:{solo_port}", "greeting", (), "hostport"),
    Spelling(
        "solo: ADDRESS:T",
        "solo",
        "{solo_address}:{solo_port}",
        "greeting",
        (*_HOSTS_LOOPBACK, *_ON_BRIDGE),
        "hostport",
    ),
)

Cell = tuple[Place, Spelling]
CELLS: tuple[Cell, ...] = tuple((place, way) for place in VANTAGES for way in SPELLINGS)


@dataclass(frozen=True)
class Unknowable:
    """Cells that some address would reach, but nothing at hand says which."""

    spelling: str
    places: tuple[Place, ...]
    why: str


WITHOUT_SOCKET: tuple[Unknowable, ...] = (
    Unknowable(
        "solo: CONTAINER:T",
        (*_HOSTS_LOOPBACK, *_ON_BRIDGE),
        "no file and no name server knows a container outside compose by its name",
    ),
    Unknowable(
        "cache: cache:T",
        _HOSTS_LOOPBACK,
        "not published, so only its address would do, and no file says that",
    ),
    Unknowable(
        "db: ADDRESS:T",
        _ON_BRIDGE,
        "no file says whose address this is, and it does not route from here",
    ),
)
"""With compose.yaml, but no engine to ask: 8 of the 62."""

_BY_NAME_ELSEWHERE = (*_HOSTS_LOOPBACK, *_ON_BRIDGE)
WITH_NOTHING: tuple[Unknowable, ...] = (
    *WITHOUT_SOCKET,
    Unknowable(
        "db: db:T",
        _BY_NAME_ELSEWHERE,
        "off its network nothing knows the name, nor the port it is published on",
    ),
    Unknowable("db: PROJECT-db-1:T", _BY_NAME_ELSEWHERE, "as for its service's name"),
)
"""With neither: another 8."""


@dataclass(frozen=True)
class Evidence:
    """What a client has at hand."""

    name: str
    description: str
    file: bool
    socket: bool
    unknowable: tuple[Unknowable, ...] = ()

    def decidable(self, place: Place, way: Spelling) -> bool:
        """Return True if the right address can be worked out there."""
        hidden = any(way.name == one.spelling and place in one.places for one in self.unknowable)
        return reachable(place, way) and not hidden

    def why_not(self, place: Place, way: Spelling) -> str:
        """Say why a cell cannot be decided."""
        if not reachable(place, way):
            return "no address reaches it from here"
        found = (one.why for one in self.unknowable if way.name == one.spelling)
        return next(found, "")


FULL = Evidence("full", "compose.yaml and the engine's socket", file=True, socket=True)
FILE = Evidence(
    "file", "compose.yaml, no socket", file=True, socket=False, unknowable=WITHOUT_SOCKET
)
BARE = Evidence("bare", "neither", file=False, socket=False, unknowable=WITH_NOTHING)
COUNTS = {FULL: 62, FILE: 54, BARE: 46}
"""How many cells each decides; the data above must come to that."""
PLAIN_COUNT = 26


def reachable(place: Place, way: Spelling) -> bool:
    """Return True if any address reaches the service from there."""
    return place in REACHABLE[way.service]

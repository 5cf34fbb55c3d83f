"""Masters and replicas that a Sentinel tells of, read from where it stands."""

from __future__ import annotations

from typing import Any

from hostshift.decision import Address
from hostshift_redis._dial import PROTOCOL, cover, is_covered
from hostshift_redis._telling import TELLING, Listening


class SentinelDials(Listening):
    """The translation of one Sentinel client, and of the servers' clients that it makes."""

    about_itself = False
    questions = ("SENTINEL MASTERS", "SENTINEL SLAVES", "SENTINEL REPLICAS", "SENTINEL")

    def __init__(self) -> None:
        """Know nothing yet."""
        super().__init__(PROTOCOL)
        self.seeds: frozenset[Address] = frozenset()
        self._teller: Address | None = None
        self._told: dict[Address, None] = {}

    def asked(self, name: Address) -> None:
        """Remember which sentinel is asked: what is dialled next is what it told."""
        self._teller = name

    def at(self, host: str, port: int) -> tuple[str, int]:
        """Return where to dial a sentinel, or a server that one has told of."""
        name = Address(host=host, port=int(port))
        if name not in self.seeds and self._teller is not None:
            self._told[name] = None
            self.heard(self._teller, tuple(self._told))
        return super().at(host, int(port))


def cover_sentinels(sentinel: Any) -> None:
    """Look after the clients by which a Sentinel client asks."""
    dials = SentinelDials()
    for client in sentinel.sentinels:
        cover(client.connection_pool, dials, TELLING)
        options = client.connection_pool.connection_kwargs
        dials.seeds |= {Address(host=options["host"], port=int(options["port"]))}
    sentinel.hostshift = dials


def cover_servers(pool: Any) -> None:
    """Look after a pool of the servers that the sentinels tell of."""
    manager = getattr(pool, "sentinel_manager", None)
    dials = getattr(manager, "hostshift", None)
    if dials is not None:
        cover(pool, dials)


def cover_pool(pool: Any) -> None:
    """Look after whichever pool: what a sentinel tells is no seed, even if it is not ours."""
    if hasattr(pool, "sentinel_manager"):
        cover_servers(pool)
    elif not is_covered(pool):
        cover(pool)

"""Where one client dials what its driver names: its seeds, and the members that servers announce.

An integration has one :class:`MemberDialer` for each client of a driver that discovers
servers. It calls it at each dial, and passes on what a server has announced. The driver's own
names, its view of the cluster and its failover stay as they are.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from hostshift.base import bounded
from hostshift.base.addresses import is_loopback
from hostshift.base.record import Record
from hostshift.drivers.dial import look_again
from hostshift.drivers.dialer import Dialer
from hostshift.errors import UnknownMemberError
from hostshift.resolution import resolver
from hostshift.routing.cluster import Announcement
from hostshift.routing.model import Address, Decision

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["MemberDialer"]

MOST_SEEDS = 256
"""The most seeds of one client whose settled look-up is kept."""


class _Located(Record):
    """How a name of the driver was located when it was last dialled."""

    decision: Decision
    seed: Address | None
    """The seed by whose route it was located; None for a member with a route of its own."""
    guess: bool = False
    """It is a port of the machine that its announcer seems to run on; no source shows it there."""
    since: float = 0.0
    """When the look-up ended, by :func:`time.monotonic`: the dial began then."""


class _Announced(Record):
    """The latest announcement of a client."""

    announcer: _Located
    members: tuple[Address, ...]
    me: Address | None
    says_who_it_is: bool


class MemberDialer(Dialer):
    """One client's translation from the driver's names to addresses that hold from here.

    No lock: each announcement and each dial puts one value in place of another.
    """

    direct = False
    """The driver keeps to its seed, whatever is announced."""
    about_itself = True
    """The announcer is one of the members; a Redis Sentinel announces others."""

    def __init__(self, protocol: str, client: str) -> None:
        """Know nothing yet: the first names that are dialled are seeds.

        Args:
            protocol: what the servers speak, as the schemes name it.
            client: who dials, for people: ``pymongo``.

        """
        super().__init__(protocol, client)
        self._located: dict[Address, _Located] = {}
        self._seeds: dict[tuple[str, int | None], tuple[Decision, Decision]] = {}
        """What the process knows of each settled seed, and how it was located by that."""
        self._latest: _Announced | None = None
        self._announced: frozenset[Address] = frozenset()

    def settled(self, host: str, port: int | None) -> Decision | None:
        """Return how a seed is located, if nothing around can change it. Look at nothing.

        Once a server has announced something, a name may be a member's.
        """
        if self._latest is not None or (known := super().settled(host, port)) is None:
            return None
        kept = self._seeds.get((host, port))
        if kept is None or kept[0] is not known:
            kept = known, self.decide(host, port)
            bounded.put(self._seeds, (host, port), kept, MOST_SEEDS)
        return kept[1]

    def on_failure(self, host: str, port: int) -> None:
        """Look again for what is around, as a dial of this name failed."""
        located = self._located.get(Address(host=host, port=port))
        if located is not None:
            look_again(located.decision, located.since)

    def on_announcement(
        self,
        announcer: Address,
        members: Iterable[Address],
        me: Address | None = None,
        *,
        says_who_it_is: bool = True,
    ) -> None:
        """Remember what a server announced. It replaces what was announced before.

        Args:
            announcer: what the driver calls the server.
            members: the names that it announced.
            me: which of them it says to be.
            says_who_it_is: the server named itself ``me``; else its port gave it away.

        """
        located, members = self._located.get(announcer), tuple(members)
        if located is None or not members:
            return
        self._announced |= frozenset(members)
        self._latest = _Announced(
            announcer=located, members=members, me=me, says_who_it_is=says_who_it_is
        )

    def where(self, name: Address) -> Address | None:
        """Return where a name was last dialled."""
        located = self._located.get(name)
        return None if located is None else located.decision.after

    def is_read(self, announcer: Address) -> bool:
        """Return True if what a server announces is read from where the server runs."""
        located = self._located.get(announcer)
        if located is None or self.direct or resolver.current().policy.mode != "on":
            return False
        return located.decision.target.kind != "kept"

    def is_guess(self, name: Address) -> bool:
        """Return True if another server may be where a name was last dialled.

        It was announced as loopback, and is neither declared nor seen by an engine.
        """
        located = self._located.get(name)
        return located is not None and located.guess

    def wrong_server(self, name: Address) -> UnknownMemberError:
        """Return the error for a member in whose place another server answered; look again."""
        self.on_failure(name.host, name.port or 0)
        latest = self._latest
        announcer = latest.announcer.decision.before if latest is not None else "a server"
        problem = f"is not used: another server answers at {self.where(name)}"
        return UnknownMemberError(_unknown(name, announcer, problem))

    def _decide(self, host: str, port: int | None) -> Decision:
        """Locate a name of the driver, and remember how.

        Raises:
            UnknownMemberError: it is the loopback of a machine that is not known.

        """
        name = Address(host=host, port=port)
        located = self._locate(name)
        self._located[name] = located = located.replace(since=time.monotonic())
        return located.decision

    def _locate(self, name: Address) -> _Located:
        latest = None if self.direct else self._latest
        if latest is not None and name in latest.members:
            return self._member(latest, name)
        # A member no longer announced has no meaning from here; a seed always has.
        if name in self._announced and name in self._located and not self.direct:
            return self._located[name]
        return self._seed(name)

    def _seed(self, name: Address) -> _Located:
        """Look a seed up as any address of a connection string."""
        return _Located(decision=super()._decide(name.host, name.port), seed=name)

    def _member(self, latest: _Announced, name: Address) -> _Located:
        """Read a member from where its announcer is now, so that what has moved is found again."""
        announcer = latest.announcer
        seed = announcer.seed
        located = announcer.decision if seed is None else self._seed(seed).decision
        announcement = Announcement(
            located=located,
            members=latest.members,
            me=latest.me,
            by_seed=seed is not None,
            about_itself=self.about_itself,
            says_who_it_is=latest.says_who_it_is,
        )
        decision = resolver.current().member(announcement, name, self.protocol)
        if decision is None:  # MODE is not "on"
            return _Located(decision=located.replace(before=name, after=name), seed=None)
        if decision.undecided and is_loopback(name.host):
            problem = f"is not dialled: {decision.reason}"
            raise UnknownMemberError(_unknown(name, announcer.decision.before, problem))
        if seed is not None and decision.after == located.after:
            return _Located(decision=decision, seed=seed)
        guess = is_loopback(name.host) and decision.target.kind in ("host", "here")
        return _Located(decision=decision, seed=None, guess=guess)


def _unknown(name: Address, announcer: Address | str, problem: str) -> str:
    """Return what became of a member, and the setting that gives its address."""
    return (
        f"{name}, announced by {announcer}, {problem}. "
        f"Say where it is with HOSTSHIFT_MAP={name}=HOST:PORT"
    )

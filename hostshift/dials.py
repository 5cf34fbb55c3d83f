"""Where one client dials what its driver names: its seeds, and the members that servers announce.

An integration has one :class:`Dials` for each client of a driver that discovers servers. It
calls it at each dial, and passes on what a server has announced. The driver's own names,
its view of the cluster and its failover stay as they are.
"""

from __future__ import annotations

import time

from hostshift import resolver
from hostshift._record import Record
from hostshift.addresses import is_loopback
from hostshift.decision import Address, Decision
from hostshift.errors import UnknownMemberError, WrongServerError
from hostshift.members import Announcement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Dials"]


class _Located(Record):
    """How a name of the driver was located when it was last dialled."""

    decision: Decision
    seed: Address | None
    """The seed whose route it is, if it is one's."""
    guess: bool = False
    """It is a port of the machine that its announcer seems to run on; no source shows it there."""
    since: float = 0.0
    """When it was asked for, by :func:`time.monotonic`."""


class _Said(Record):
    """The latest announcement of a client."""

    announcer: _Located
    members: tuple[Address, ...]
    me: Address | None
    says_who_it_is: bool


class Dials:
    """One client's translation from the driver's names to addresses that hold from here.

    No lock: each announcement and each dial puts one value in place of another.
    """

    direct = False
    """The driver keeps to its seed, whatever is announced."""
    about_itself = True
    """Who announces is one of the members; a Redis Sentinel announces others."""

    def __init__(self, protocol: str) -> None:
        """Know nothing yet: the first names that are dialled are seeds.

        Args:
            protocol: what the servers speak, as the schemes name it.

        """
        self._protocol = protocol
        self._located: dict[Address, _Located] = {}
        self._said: _Said | None = None
        self._announced: frozenset[Address] = frozenset()

    def at(self, host: str, port: int) -> tuple[str, int]:
        """Return where to dial a name of the driver. May look around, up to the budget.

        Raises:
            UnknownMemberError: it is the loopback of a machine that is not known.
            WrongServerError: what is written leads to another server than the one that is meant.
            UndecidedError: only with HOSTSHIFT_STRICT, for a seed.

        """
        name, since = Address(host=host, port=port), time.monotonic()
        try:
            found = self._locate(name).replace(since=since)
        except (UnknownMemberError, WrongServerError):
            resolver.current().look_again(since)
            raise
        self._located[name] = found
        after = found.decision.after
        return after.host, port if after.port is None else after.port

    def settled(self, host: str, port: int) -> tuple[str, int] | None:
        """Return what :meth:`at` does, if nothing around can change it; looks at nothing."""
        name = Address(host=host, port=port)
        found = self._located.get(name)
        if self._said is not None or found is None or found.seed is None:
            return None
        if resolver.current().settled(host, port, self._protocol) is None:
            return None
        return self.at(host, port)

    def lost(self, host: str, port: int) -> None:
        """Look again for what is around: a dial of this name failed."""
        found = self._located.get(Address(host=host, port=port))
        if found is None:
            return
        decision = found.decision
        # Not settled: no service around had this name, which may be over by now.
        if decision.target.kind != "elsewhere" or not decision.settled:
            resolver.current().look_again(found.since)

    def heard(
        self,
        announcer: Address,
        members: Iterable[Address],
        me: Address | None = None,
        *,
        says_who_it_is: bool = True,
    ) -> None:
        """Remember what a server announced: it replaces what was announced before.

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
        self._said = _Said(announcer=located, members=members, me=me, says_who_it_is=says_who_it_is)

    def decision(self, host: str, port: int) -> Decision | None:
        """Return how a name was located when it was last dialled."""
        found = self._located.get(Address(host=host, port=port))
        return None if found is None else found.decision

    def where(self, name: Address) -> Address | None:
        """Return where a name was last dialled."""
        found = self._located.get(name)
        return None if found is None else found.decision.after

    def is_read(self, announcer: Address) -> bool:
        """Return True if what a server announces is read from where it stands, and not kept."""
        found = self._located.get(announcer)
        if found is None or self.direct or resolver.current().policy.mode != "on":
            return False
        return found.decision.target.kind != "kept"

    def is_guess(self, name: Address) -> bool:
        """Return True if another server may be where a name was last dialled.

        It was announced as loopback, and is neither declared nor seen by an engine.
        """
        found = self._located.get(name)
        return found is not None and found.guess

    def mistaken(self, name: Address) -> UnknownMemberError:
        """Return the error for a member in whose place another server answered; look again."""
        self.lost(name.host, name.port or 0)
        announcer = self._said.announcer.decision.before if self._said is not None else "a server"
        what = f"is not used: another server answers at {self.where(name)}"
        return UnknownMemberError(_unknown(name, announcer, what))

    def _locate(self, name: Address) -> _Located:
        said = None if self.direct else self._said
        if said is not None and name in said.members:
            return self._member(said, name)
        # A member no longer announced has no meaning from here; a seed always has.
        if name in self._announced and name in self._located and not self.direct:
            return self._located[name]
        return self._seed(name)

    def _seed(self, name: Address) -> _Located:
        """Look a seed up as any address of a connection string."""
        decision = resolver.current().dial(name.host, name.port, self._protocol)
        return _Located(decision=decision, seed=name)

    def _member(self, said: _Said, name: Address) -> _Located:
        """Read a member from where its announcer is now: what has moved is found again."""
        announcer = said.announcer
        seed = announcer.seed
        located = announcer.decision if seed is None else self._seed(seed).decision
        announcement = Announcement(
            located=located,
            members=said.members,
            me=said.me,
            by_seed=seed is not None,
            about_itself=self.about_itself,
            says_who_it_is=said.says_who_it_is,
        )
        decision = resolver.current().members(announcement, self._protocol).get(name)
        if decision is None:  # MODE is not "on"
            return _Located(decision=located.replace(before=name, after=name), seed=None)
        if decision.undecided and is_loopback(name.host):
            what = f"is not dialled: {decision.reason}"
            raise UnknownMemberError(_unknown(name, announcer.decision.before, what))
        if seed is not None and decision.after == located.after:
            return _Located(decision=decision, seed=seed)
        guess = is_loopback(name.host) and decision.target.kind in ("host", "here")
        return _Located(decision=decision, seed=None, guess=guess)


def _unknown(name: Address, announcer: Address | str, what: str) -> str:
    """Say what became of a member, and the setting that says where it is."""
    return (
        f"{name}, announced by {announcer}, {what}. "
        f"Say where it is with HOSTSHIFT_MAP={name}=HOST:PORT"
    )

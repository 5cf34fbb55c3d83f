"""The shell around the rules: hands them a look at the machine, decides, remembers.

One :class:`Resolver` serves the process; :func:`reset` drops it with everything
it knows. No lock is held while anything is looked up: of threads that ask the
same at once, one looks and the others wait within their budgets.
"""

from __future__ import annotations

import time

from hostshift import _decision_log, bounded, explaining, routes, settings, unloaded
from hostshift._forks import Look
from hostshift._log import debug
from hostshift.choices import Choices
from hostshift.deadline import DIAL_LIMIT, START_LIMIT, Deadline
from hostshift.decision import Asked, is_address, port_of
from hostshift.errors import UndecidedError
from hostshift.patience import Patience
from hostshift.strings.simple import address_span, may_verify
from hostshift.world import World

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from hostshift.decision import Address, Decision
    from hostshift.members import Announcement
    from hostshift.policy import Policy
    from hostshift.questions import Look as Answers
    from hostshift.questions import Outcome
    from hostshift.resolution import Resolution
    from hostshift.strings import Reading
    from hostshift.vantages import Vantage

    _Decide = Callable[[Asked, Deadline], Decision]

MOST_CACHED = 1024
"""Entries of each table at most: a flood of strings costs no memory; the oldest leaves."""


class Resolver:
    """Everything one process knows about where it stands and what it decided."""

    def __init__(self, world: World | None = None, policy: Policy | None = None) -> None:
        """Know nothing yet.

        Args:
            world: where answers come from; this machine by default.
            policy: what the user has set; read from the settings by default.

        """
        self._world = world if world is not None else World()
        self._policy = self._given = policy
        self._read: dict[str, Policy] = {}
        self._settled: dict[tuple[str, str | None], str] = {}
        self._addresses: dict[tuple[str, str], str] = {}
        self._dialled: dict[tuple[str, int | None, str], Decision] = {}
        self._choices = Choices()
        self._patience = Patience()
        self.logged = _decision_log.Logged()

    def afresh(self) -> Self:
        """Return a resolver of the same machine, pretended or real, that knows nothing yet."""
        return type(self)(self._world.afresh(), self._given)

    @property
    def policy(self) -> Policy:
        """What the user has set."""
        if self._policy is None:
            # One object for threads that read them at once: choices are shared by identity.
            self._policy = self._read.setdefault("policy", settings.load())
        return self._policy

    @property
    def loaded_policy(self) -> Policy | None:
        """The same, without a look: None where it was not read yet, or cannot be."""
        return self._policy

    def vantage(self, policy: Policy | None = None) -> Vantage:
        """Return where this process stands."""
        try:
            return self._world.vantage(self.policy if policy is None else policy)
        except unloaded.FAILURES as error:
            return unloaded.vantage(error)

    def resolve(self, text: str, dialect: str | None = None, policy: Policy | None = None) -> str:
        """Return the text with the addresses that reach the same things from here."""
        if policy is not None:
            return self._resolve(text, dialect, policy).after
        try:
            known = self._settled.get((text, dialect))
        except TypeError:  # a list, say: no text, and no key either
            return text
        if known is not None:
            return known
        span = address_span(text) if dialect is None and explaining.is_text(text) else None
        if span is None:
            found = self._resolve(text, dialect)
            if found.settled:
                bounded.put(self._settled, (text, dialect), found.after, MOST_CACHED)
            return found.after
        return self._by_address(text, *span)

    def _by_address(self, text: str, scheme: str, start: int, end: int) -> str:
        """Resolve a simple URI by its address, which is all that the answer depends on."""
        address = text[start:end]
        written = self._addresses.get((scheme, address))
        if written is None:
            found = self._resolve(text, None)
            if not found.settled:
                return found.after
            written = found.after[start : len(found.after) - len(text) + end]
            bounded.put(self._addresses, (scheme, address), written, MOST_CACHED)
        after = text if written == address else text[:start] + written + text[end:]
        if written != address and may_verify(text):
            _decision_log.log_notes(self.explain(text), self.logged)
        bounded.put(self._settled, (text, None), after, MOST_CACHED)
        return after

    def _resolve(self, text: str, dialect: str | None, policy: Policy | None = None) -> Resolution:
        """Explain, and raise where STRICT wants it."""
        found = self.explain(text, dialect, policy)
        if explaining.is_text(text):
            _decision_log.refuse_undecided(found, policy or self._policy)
        if found.changed:
            _decision_log.log_notes(found, self.logged)
        return found

    def explain(
        self,
        text: str,
        dialect: str | None = None,
        policy: Policy | None = None,
        *,
        protocol: str = "",
        default_port: int | None = None,
    ) -> Resolution:
        """Return the answer for a text with everything that led to it."""
        with Look():
            try:
                policy = self.policy if policy is None else policy
                reading = explaining.read(text, dialect, protocol, default_port)
                stands, decide = self.vantage(policy), lambda one: self._decisions(one, policy)
                return explaining.explained(text, reading, policy, stands, decide)
            except unloaded.FAILURES as error:
                return unloaded.resolution(text, policy, error, self.logged)

    def _decisions(self, reading: Reading, policy: Policy) -> tuple[Decision, ...]:
        """Decide all endpoints of a text within one budget; the same endpoint once."""
        deadline = Deadline(policy.budget, START_LIMIT)
        decided: dict[tuple[str, int | None], Decision] = {}
        for end in reading.endpoints:
            key = (end.host, end.effective_port)
            if key not in decided:
                asked = self._asked(*key, reading.protocol, policy)
                decided[key] = self._decide(asked, deadline)
        return tuple(decided[end.host, end.effective_port] for end in reading.endpoints)

    def address(
        self, host: str, port: int | None, protocol: str = "", policy: Policy | None = None
    ) -> Decision:
        """Decide a host and a port that are kept apart; its ``after`` obeys the mode."""
        with Look():
            return self._obeyed(host, port, protocol, policy, self._decide, START_LIMIT)

    def dial(self, host: str, port: int | None, protocol: str = "") -> Decision:
        """Decide as :meth:`address` does, for a driver that dials this moment: by number.

        That is the one that was checked; a name may have another meaning by then.
        """
        if (known := self.settled(host, port, protocol)) is not None:
            return known
        with Look():
            return self._dial(host, port, protocol)

    def settled(self, host: str, port: int | None, protocol: str = "") -> Decision | None:
        """Return what :meth:`dial` said before, if nothing can change it. Looks at nothing."""
        port = port_of(port)
        return self._dialled.get((host, port, protocol)) if is_address(host, port) else None

    def _dial(self, host: str, port: int | None, protocol: str) -> Decision:
        """Decide, and remember what no look can change."""
        decision = self._obeyed(host, port, protocol, None, self._decide_number, DIAL_LIMIT)
        if decision.misleads and self.policy.mode == "on":
            from hostshift import _announce

            raise _announce.wrong(decision)
        if decision.settled:
            bounded.put(self._dialled, (host, port_of(port), protocol), decision, MOST_CACHED)
        return decision

    def _obeyed(
        self,
        host: str,
        port: int | None,
        protocol: str,
        policy: Policy | None,
        decide: _Decide,
        limit: float,
    ) -> Decision:
        """Decide as the policy wants it; what is no host and port by its type stays."""
        port = port_of(port)
        try:
            policy = self.policy if policy is None else policy
        except unloaded.FAILURES as error:
            return unloaded.decision(host, port, error, self.logged)
        asked = self._asked(host, port, protocol, policy)
        if not is_address(host, port):
            return asked.stays("elsewhere", "this is no host and port", settled=False)
        if policy.mode == "off":
            return asked.stays("kept", "HOSTSHIFT_MODE=off", "declared")
        try:
            decision = decide(asked, Deadline(policy.budget, limit))
        except unloaded.FAILURES as error:
            decision = asked.undecided(unloaded.reason(error))
            _decision_log.log(decision, self.logged)
        if decision.undecided and policy.strict:
            raise UndecidedError(_decision_log.undecided(decision))
        return decision if policy.mode == "on" else decision.replace(after=decision.before)

    def look(self, policy: Policy | None = None, deadline: Deadline | None = None) -> Answers:
        """Return what answers questions about this machine.

        Args:
            policy: what the user has set; by default what the settings say.
            deadline: the time for all questions; by default that of a program's start.

        """
        policy = self.policy if policy is None else policy
        return self._world.look(policy, deadline or Deadline(policy.budget, START_LIMIT))

    def reach(self, addresses: tuple[tuple[str, int], ...]) -> tuple[Outcome, ...]:
        """Dial addresses, and say what became of each; none is dialled that is far from here."""
        with Look():
            try:
                deadline = Deadline(self.policy.budget, DIAL_LIMIT)
                return self.look(deadline=deadline).reach(addresses)
            except unloaded.FAILURES as error:
                return unloaded.outcomes(len(addresses), error, self.logged)

    def look_again(self, since: float | None = None) -> None:
        """Take the services around for moved: a connection to one broke or failed.

        Otherwise an engine's answer stands for seconds, and somebody may have got the address.

        Args:
            since: when the dial that failed began, by :func:`time.monotonic`; now by
                default. What was seen later is not looked at again.

        """
        self._world.look_again(since)

    def _decide(self, asked: Asked, deadline: Deadline) -> Decision:
        """Decide one endpoint by the rules."""
        decision = routes.decide(asked, self._world.look(asked.policy, deadline))
        if asked.policy is self._policy:
            self._choices.keep(asked, decision)
        _decision_log.log(decision, self.logged)
        return decision

    def _decide_number(self, asked: Asked, deadline: Deadline) -> Decision:
        """Decide, and look a service's name up: the number is for this dial only."""
        from hostshift.routes.dial import by_number, may_be_anothers

        began = time.monotonic()
        decision = self._decide(asked, deadline)
        patient = self._patience.is_worth(asked, decision)
        if patient or decision.misleads or may_be_anothers(decision):
            self.look_again(began)
            deadline = self._patience.deadline(deadline) if patient else deadline
            decision = self._decide(asked, deadline)
            self._patience.learn(decision, waited=patient)
        return by_number(asked, self._world.look(asked.policy, deadline), decision)

    def members(self, said: Announcement, protocol: str = "") -> dict[Address, Decision]:
        """Say where to dial the members that a server announced; nothing unless MODE=on."""
        with Look():
            try:
                return self._members(said, protocol) if self.policy.mode == "on" else {}
            except unloaded.FAILURES as error:
                unloaded.say("Members are dialled as they are announced: %s", error, self.logged)
                return {}

    def _members(self, said: Announcement, protocol: str) -> dict[Address, Decision]:
        """Read the members of an announcement."""
        from hostshift import members

        policy = self.policy

        def asked(member: Address) -> Asked:
            return self._asked(member.host, member.port, protocol, policy)

        look = self._world.look(policy, Deadline(policy.budget, DIAL_LIMIT))
        found = members.read_again(said, asked, look, self.look_again)
        for decision in found.values():
            debug("member %s is %s: %s", decision.before, decision.after, decision.reason)
        return found

    def _asked(self, host: str, port: int | None, protocol: str, policy: Policy) -> Asked:
        """Gather all that is known of an endpoint before anything is asked."""
        # A call with settings of its own neither reads nor writes what the process has chosen.
        shared = policy is self._policy and is_address(host, port)
        return Asked(
            host=host,
            port=port,
            protocol=protocol,
            vantage=self.vantage(policy),
            policy=policy,
            chosen=self._choices.get(host, port, protocol, policy) if shared else None,
        )


class Place:
    """Where the process stands: really, or as a test pretends. Holds its resolver."""

    def __init__(self, resolver: Resolver) -> None:
        """Take the resolver that counts while one stands here."""
        self.resolver = resolver


_places = [Place(Resolver())]
"""The real one first, then what tests pretend, the latest last: that one counts."""


def current() -> Resolver:
    """Return the resolver of this process."""
    return _places[-1].resolver


def reset() -> None:
    """Forget everything: settings, surroundings, what was decided and cached.

    While a test pretends to stand elsewhere, one goes on standing there.
    """
    place = _places[-1]
    place.resolver = place.resolver.afresh()


def enter(resolver: Resolver) -> Place:
    """Let another resolver count, until :func:`leave`."""
    place = Place(resolver)
    _places.append(place)
    return place


def leave(place: Place) -> None:
    """Let a resolver count no longer. Others that were entered since go on counting."""
    _places.remove(place)

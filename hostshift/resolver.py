"""The shell around the rules: reads the world lazily, decides, remembers.

One :class:`Resolver` serves the process; :func:`reset` drops it with everything
it knows. No lock is held while anything is looked up: of threads that ask the
same at once, one looks and the others wait within their budgets.
"""

from __future__ import annotations

import time

from hostshift import questions, routes, settings, strings
from hostshift._forks import Look
from hostshift._log import debug, info, warning
from hostshift.addresses import is_loopback, is_number
from hostshift.decision import Asked
from hostshift.errors import UndecidedError
from hostshift.resolution import Resolution
from hostshift.strings.simple import address_span
from hostshift.world import World

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from hostshift.decision import Address, Decision
    from hostshift.members import Announcement
    from hostshift.policy import Policy
    from hostshift.questions import Outcome, Result, Steps
    from hostshift.strings import Reading
    from hostshift.vantages import Vantage

    _Decide = Callable[[Asked, Policy, float], Decision]

MOST_CACHED = 1024
"""Strings remembered; more are resolved afresh, so that a flood of them costs no memory."""


class Resolver:
    """Everything one process knows about where it stands and what it decided."""

    def __init__(self, world: World | None = None, policy: Policy | None = None) -> None:
        """Know nothing yet.

        Args:
            world: where answers come from; this machine by default.
            policy: what the user has set; read from the settings by default.

        """
        self._world = world if world is not None else World()
        self._policy = policy
        self._settled: dict[tuple[str, str | None], str] = {}
        self._addresses: dict[tuple[str, str], str] = {}
        self._dialled: dict[tuple[str, int | None, str], Decision] = {}
        self._chosen: dict[int, Decision] = {}
        self._told: set[tuple[str, int | None]] = set()
        self._said: set[tuple[str, ...]] = set()

    @property
    def policy(self) -> Policy:
        """What the user has set."""
        if self._policy is None:
            self._policy = settings.load()
        return self._policy

    def vantage(self, policy: Policy | None = None) -> Vantage:
        """Return where this process stands."""
        return self._world.vantage(self.policy if policy is None else policy)

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
        span = address_span(text) if dialect is None and _is_text(text) else None
        if span is None:
            found = self._resolve(text, dialect, self.policy)
            if found.settled:
                self._remember((text, dialect), found.after)
            return found.after
        return self._by_address(text, *span)

    def _by_address(self, text: str, scheme: str, start: int, end: int) -> str:
        """Resolve a simple URI by its address, which is all that the answer depends on."""
        address = text[start:end]
        written = self._addresses.get((scheme, address))
        if written is None:
            found = self._resolve(text, None, self.policy)
            if not found.settled:
                return found.after
            written = found.after[start : len(found.after) - len(text) + end]
            if len(self._addresses) < MOST_CACHED:
                self._addresses[scheme, address] = written
        after = text if written == address else text[:start] + written + text[end:]
        if written != address and _may_verify(text):
            self._tell_notes(self.explain(text))
        self._remember((text, None), after)
        return after

    def _resolve(self, text: str, dialect: str | None, policy: Policy) -> Resolution:
        """Explain, and raise where STRICT wants it."""
        found = self.explain(text, dialect, policy)
        if policy.mode != "off" and _is_text(text):
            refuse_undecided(found, policy)
        if found.changed:
            self._tell_notes(found)
        return found

    def _tell_notes(self, found: Resolution) -> None:
        """Log once what a change means for certificates."""
        for note in found.notes:
            if self.first_time("note", note):
                warning("%s", note)

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
            policy = self.policy if policy is None else policy
            return self._explained(text, dialect, policy, protocol, default_port)

    def _explained(
        self, text: str, dialect: str | None, policy: Policy, protocol: str, port: int | None
    ) -> Resolution:
        """Explain under a policy."""
        if not _is_text(text):
            reading = strings.Reading(dialect="", trouble="this is not text")
            return self._left_alone(text, reading, policy)
        reading = strings.read(text, dialect, protocol=protocol, default_port=port)
        if reading.trouble or policy.mode == "off":
            return self._left_alone(text, reading, policy)
        decisions = self._decisions(reading, policy)
        wanted = [(decision.after.host, decision.after.port) for decision in decisions]
        after, reason = _spliced(text, reading, wanted)
        return Resolution(
            before=text,
            after=after if policy.mode == "on" else text,
            decisions=decisions,
            vantage=self.vantage(policy),
            reason=reason,
            dialect=reading.dialect,
            mode=policy.mode,
            reading=reading,
        )

    def _decisions(self, reading: Reading, policy: Policy) -> tuple[Decision, ...]:
        """Decide all endpoints of a text within one budget; the same endpoint once."""
        deadline = time.monotonic() + policy.budget
        decided: dict[tuple[str, int | None], Decision] = {}
        for end in reading.endpoints:
            key = (end.host, end.effective_port)
            if key not in decided:
                asked = self._asked(*key, reading.protocol, policy)
                decided[key] = self._decide(asked, policy, deadline)
        return tuple(decided[end.host, end.effective_port] for end in reading.endpoints)

    def address(
        self, host: str, port: int | None, protocol: str = "", policy: Policy | None = None
    ) -> Decision:
        """Decide a host and a port that are kept apart; its ``after`` obeys the mode."""
        with Look():
            policy = self.policy if policy is None else policy
            return self._obeyed(host, port, protocol, policy, self._decide)

    def dial(self, host: str, port: int | None, protocol: str = "") -> Decision:
        """Decide as :meth:`address` does, for a driver that dials this moment.

        A service comes as the number that was checked, not as a name that may have
        another meaning by then.
        """
        known = self.settled(host, port, protocol)
        if known is not None:
            return known
        with Look():
            return self._dial(host, port, protocol)

    def settled(self, host: str, port: int | None, protocol: str = "") -> Decision | None:
        """Return what :meth:`dial` said before, if nothing around can change it.

        Looks at nothing: an event loop need not leave it to a thread.
        """
        return self._dialled.get((host, port, protocol))

    def _dial(self, host: str, port: int | None, protocol: str) -> Decision:
        """Decide, and remember what no look can change."""
        decision = self._obeyed(host, port, protocol, self.policy, self._decide_number)
        if decision.settled and len(self._dialled) < MOST_CACHED:
            self._dialled[host, port, protocol] = decision
        return decision

    def _obeyed(
        self, host: str, port: int | None, protocol: str, policy: Policy, decide: _Decide
    ) -> Decision:
        """Decide as the policy wants it."""
        asked = self._asked(host, port, protocol, policy)
        if policy.mode == "off":
            return asked.stays("kept", "MODE=off", "declared")
        decision = decide(asked, policy, time.monotonic() + policy.budget)
        if decision.undecided and policy.strict:
            raise UndecidedError(f"{decision.before}: {decision.reason}")
        return decision if policy.mode == "on" else decision.replace(after=decision.before)

    def first_time(self, *what: str) -> bool:
        """Tell whether something is to be said for the first time, and remember it."""
        new = what not in self._said
        self._said.add(what)
        return new

    def reach(self, addresses: tuple[tuple[str, int], ...]) -> tuple[Outcome, ...]:
        """Dial addresses, and say what became of each; none is dialled that is far from here."""
        with Look():
            policy, question = self.policy, questions.Reach(addresses=addresses)
            deadline = time.monotonic() + policy.budget
            outcomes: tuple[Outcome, ...] = self._world.answer(question, policy, deadline)
            return outcomes

    def look_again(self, since: float | None = None) -> None:
        """Take the services around for moved: a connection to one broke or failed.

        Otherwise an engine's answer stands for a few seconds, in which somebody else may
        have got the address that the service left.

        Args:
            since: when the dial that failed began, by :func:`time.monotonic`; now by
                default. What was seen later is not looked at again.

        """
        self._world.look_again(since)

    def _decide(self, asked: Asked, policy: Policy, deadline: float) -> Decision:
        """Drive the rules for one endpoint: answer what they ask until they decide."""
        decision = self._drive(routes.decide(asked), policy, deadline)
        self._keep(decision)
        _tell(decision, self._told)
        return decision

    def _decide_number(self, asked: Asked, policy: Policy, deadline: float) -> Decision:
        """Decide, and look a service's name up: the number is for this dial only."""
        began = time.monotonic()
        decision = self._decide(asked, policy, deadline)
        if _may_be_anothers(decision, asked.vantage):
            self.look_again(began)
            decision = self._decide(asked, policy, deadline)
        return self._drive(routes.by_number(asked, decision), policy, deadline)

    def members(self, said: Announcement, protocol: str = "") -> dict[Address, Decision]:
        """Say where to dial the members that a server announced; nothing unless MODE=on."""
        with Look():
            policy = self.policy
            return self._members(said, protocol, policy) if policy.mode == "on" else {}

    def _members(
        self, said: Announcement, protocol: str, policy: Policy
    ) -> dict[Address, Decision]:
        """Read the members of an announcement."""
        from hostshift import members

        def asked(member: Address) -> Asked:
            return self._asked(member.host, member.port, protocol, policy)

        began = time.monotonic()
        deadline = began + policy.budget
        found = self._drive(members.read(said, asked), policy, deadline)
        if any(_may_be_anothers(one, self.vantage(policy)) for one in found.values()):
            self.look_again(began)
            found = self._drive(members.read(said, asked), policy, deadline)
        for decision in found.values():
            debug("member %s is %s: %s", decision.before, decision.after, decision.reason)
        return found

    def _drive(self, steps: Steps[Result], policy: Policy, deadline: float) -> Result:
        """Answer what the rules ask until they are done."""
        answer = None
        while True:
            try:
                question = steps.send(answer)
            except StopIteration as done:
                result: Result = done.value
                return result
            answer = self._world.answer(question, policy, deadline)

    def _asked(self, host: str, port: int | None, protocol: str, policy: Policy) -> Asked:
        """Gather all that is known of an endpoint before anything is asked."""
        return Asked(
            host=host,
            port=port,
            protocol=protocol,
            vantage=self.vantage(policy),
            policy=policy,
            chosen=self._chosen.get(port) if port is not None else None,
        )

    def _keep(self, decision: Decision) -> None:
        """Fix a target that was chosen by observation for the life of the process.

        Otherwise a database that is down would turn its string into one for
        whatever else answers.
        """
        port = decision.before.port
        by_observation = decision.certainty == "observed" and decision.changed
        if by_observation and port is not None:
            self._chosen.setdefault(port, decision)

    def _remember(self, key: tuple[str, str | None], after: str) -> None:
        if len(self._settled) < MOST_CACHED:
            self._settled[key] = after

    def _left_alone(self, text: str, reading: Reading, policy: Policy) -> Resolution:
        """Return a text as it was."""
        return Resolution(
            before=text,
            after=text,
            decisions=(),
            vantage=self.vantage(policy),
            reason=reading.trouble or f"MODE={policy.mode}",
            dialect=reading.dialect,
            mode=policy.mode,
            reading=reading,
        )


def _spliced(text: str, reading: Reading, wanted: list[tuple[str, int | None]]) -> tuple[str, str]:
    """Write the addresses into the text; where that cannot be done, return it with the reason."""
    if not wanted:
        return text, "the text names no host"
    try:
        return strings.splice(text, reading.endpoints, wanted), ""
    except strings.Unwritable as error:
        return text, error.reason


def _may_verify(text: str) -> bool:
    """Tell quickly whether a simple URI may ask for a certificate: most do not."""
    return "s://" in text or "ssl" in text or "tls" in text


def _is_text(given: object) -> bool:
    """Tell whether a caller gave text at all, whatever the annotation says."""
    return isinstance(given, str)


def _may_be_anothers(decision: Decision, stands: Vantage) -> bool:
    """Tell whether a container's own address is dialled.

    An engine gives the address of one that left to the next that comes, so what was seen
    some seconds ago may lead to another server.
    """
    host = decision.after.host
    number = decision.target.kind == "service" and is_number(host) and not is_loopback(host)
    return (
        number and not decision.looked_up and decision.changed and host not in stands.host_address
    )


def _tell(decision: Decision, told: set[tuple[str, int | None]]) -> None:
    """Log a decision; one that rests on less than certainty once, with the line that pins it."""
    key = (decision.before.host, decision.before.port)
    if decision.certainty not in ("intended", "observed", "assumed") or key in told:
        debug("%s: %s", decision.before, decision.reason)
    elif decision.changed:
        told.add(key)
        pin = f"HOSTSHIFT_MAP={decision.before}={decision.after}"
        warning("%s is %s: %s. Pin it: %s", decision.before, decision.after, decision.reason, pin)
    else:
        told.add(key)
        info("%s stays as it is: %s", decision.before, decision.reason)


def refuse_undecided(found: Resolution, policy: Policy) -> None:
    """Raise for what had to be left as it was, where STRICT asks for it.

    Raises:
        UndecidedError: says why, without a word of the text but hosts and ports.

    """
    if policy.strict and found.undecided:
        reasons = [f"{one.before}: {one.reason}" for one in found.decisions if one.undecided]
        why = found.reason or "; ".join(reasons)
        raise UndecidedError(f"left undecided, and STRICT is on: {why}")


_current = Resolver()


def current() -> Resolver:
    """Return the resolver of this process."""
    return _current


def reset() -> None:
    """Forget everything: settings, surroundings, what was decided and cached."""
    swap(Resolver())


def swap(resolver: Resolver) -> Resolver:
    """Put another resolver in place and return the one that was there."""
    global _current
    before, _current = _current, resolver
    return before

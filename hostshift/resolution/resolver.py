"""The I/O layer around the rules: it lets them query the machine, and keeps what they decide.

One :class:`Resolver` serves the process; :func:`reset` drops it with everything it knows.
No thread holds a lock while it queries the machine.
"""

from __future__ import annotations

from hostshift import routing
from hostshift.base.deadline import DIAL_LIMIT, START_LIMIT, Deadline
from hostshift.base.forks import in_flight
from hostshift.base.log import debug
from hostshift.config import settings
from hostshift.errors import UndecidedError
from hostshift.machine.answers import Machine
from hostshift.resolution import decision_log, explain, unloaded
from hostshift.routing.model import RouteRequest, destination, is_address, port_of
from hostshift.routing.outcomes import stays, undecided
from hostshift.routing.remembered import Choices

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Self

    from hostshift.config.policy import Policy
    from hostshift.detect.vantage import Vantage
    from hostshift.dsn import Reading
    from hostshift.resolution.patience import Patience
    from hostshift.resolution.result import Resolution
    from hostshift.resolution.settled import SettledAnswers
    from hostshift.routing.cluster import Announcement
    from hostshift.routing.model import Address, Decision, Destination
    from hostshift.routing.queries import Look as Answers
    from hostshift.routing.queries import Outcome

    _Decide = Callable[[RouteRequest, Deadline], Decision]


class Resolver:
    """Everything one process knows about where it stands and what it decided."""

    def __init__(self, machine: Machine | None = None, policy: Policy | None = None) -> None:
        """Start without any knowledge.

        Args:
            machine: answers the rules' queries; this machine by default.
            policy: what the user has set; read from the settings by default.

        """
        self._machine = machine if machine is not None else Machine()
        self._policy = self._fixed_policy = policy
        self._loaded: dict[str, Policy] = {}
        self._settled: SettledAnswers | None = None
        self._choices = Choices()
        self._patient: Patience | None = None
        self.logged = decision_log.Logged()

    def afresh(self) -> Self:
        """Return a resolver of the same machine, pretended or real, without any knowledge."""
        return type(self)(self._machine.afresh(), self._fixed_policy)

    @property
    def policy(self) -> Policy:
        """What the user has set."""
        if self._policy is None:
            # Threads that load the settings at once get one object: choices are shared by identity.
            self._policy = self._loaded.setdefault("policy", settings.load())
        return self._policy

    @property
    def loaded_policy(self) -> Policy | None:
        """The policy if it was read before, else None. Reads nothing."""
        return self._policy

    def vantage(self, policy: Policy | None = None) -> Vantage:
        """Return where this process stands."""
        try:
            return self._machine.vantage(self.policy if policy is None else policy)
        except unloaded.FAILURES as error:
            return unloaded.vantage(error)

    def resolve(self, text: str, dialect: str | None = None, policy: Policy | None = None) -> str:
        """Return the text with the addresses that reach the same things from here."""
        if policy is not None:
            return self._resolve(text, dialect, policy).after
        settled = self._settled or self._answers()
        try:
            known = None if settled is None else settled.answer(text, dialect)
        except TypeError:  # a list, for example: it is no text, and cannot be a key
            return text
        if known is not None:
            return known
        resolution = self._resolve(text, dialect)
        if resolution.settled and settled is not None:
            settled.keep(text, dialect, resolution.after)
        return resolution.after

    def _answers(self) -> SettledAnswers | None:
        """Return the answers that nothing can change; None if their module cannot be loaded."""
        try:
            with in_flight():
                from hostshift.resolution.settled import SettledAnswers
        except unloaded.FAILURES as error:
            unloaded.reason(error)  # raises for the error of a signal handler
            return None
        self._settled = self._settled or SettledAnswers()
        return self._settled

    def _resolve(self, text: str, dialect: str | None, policy: Policy | None = None) -> Resolution:
        """Explain a text; raise UndecidedError where STRICT demands it."""
        resolution = self.explain(text, dialect, policy)
        if explain.is_text(text):
            decision_log.refuse_undecided(resolution, policy or self._policy)
        if resolution.changed:
            decision_log.log_notes(resolution, self.logged)
        return resolution

    def explain(
        self,
        text: str,
        dialect: str | None = None,
        policy: Policy | None = None,
        *,
        protocol: str = "",
        default_port: int | None = None,
        socket: str = "",
        variables: Mapping[str, str] | None = None,
    ) -> Resolution:
        """Return the answer for a text, with everything that led to it."""
        with in_flight():
            try:
                policy = self.policy if policy is None else policy
                return explain.explained(
                    text,
                    explain.reader(dialect, protocol, default_port, socket, variables),
                    policy,
                    self.vantage(policy),
                    lambda it: self._decisions(it, policy),
                )
            except unloaded.FAILURES as error:
                return unloaded.resolution(text, policy, error, self.logged)

    def _decisions(self, reading: Reading, policy: Policy) -> tuple[Decision, ...]:
        """Decide all endpoints of a text within one budget, equal endpoints once."""
        deadline = Deadline(policy.budget, START_LIMIT)
        decided: dict[tuple[str, int | None], Decision] = {}
        for end in reading.endpoints:
            key = (end.host, end.effective_port)
            if key not in decided:
                place = destination(*key, reading.protocol, reading.socket)
                decided[key] = self._decide(self._request(place, policy), deadline)
        return tuple(decided[end.host, end.effective_port] for end in reading.endpoints)

    def address(
        self, host: str, port: int | None, protocol: str = "", policy: Policy | None = None
    ) -> Decision:
        """Decide a host and a port that come apart. The ``after`` obeys the mode."""
        return self.locate(destination(host, port, protocol), policy)

    def locate(self, place: Destination, policy: Policy | None = None) -> Decision:
        """Decide as :meth:`address` does, by all that is known of the client."""
        with in_flight():
            return self._obeyed(place, policy, self._decide, START_LIMIT)

    def dial(self, host: str, port: int | None, protocol: str = "", socket: str = "") -> Decision:
        """Decide as :meth:`address` does, and give the IP address to a driver that dials now."""
        if (known := self.settled(host, port, protocol)) is not None:
            return known
        with in_flight():
            return self._dial(destination(host, port, protocol, socket))

    def settled(self, host: str, port: int | None, protocol: str = "") -> Decision | None:
        """Return what :meth:`dial` returned before, if nothing can change it. Queries nothing."""
        settled = self._settled or self._answers()
        return None if settled is None else settled.dial(host, port, protocol)

    def _dial(self, place: Destination) -> Decision:
        """Decide, and keep the decision if asking again could not change it."""
        decision = self._obeyed(place, None, self._decide_number, DIAL_LIMIT)
        if decision.misleads and self.policy.mode == "on":
            raise decision_log.wrong_server(decision)
        if decision.settled and self._settled is not None:
            self._settled.keep_dial(place.host, place.port, place.protocol, decision)
        return decision

    def _obeyed(
        self, place: Destination, policy: Policy | None, decide: _Decide, limit: float
    ) -> Decision:
        """Decide by the policy's mode. What is no host and port by its type stays."""
        place = place.replace(port=port_of(place.port))
        try:
            policy = self.policy if policy is None else policy
        except unloaded.FAILURES as error:
            return unloaded.decision(place.host, place.port, error, self.logged)
        request = self._request(place, policy)
        if not is_address(place.host, place.port):
            return stays(request, "elsewhere", "this is no host and port", settled=False)
        if policy.mode == "off":
            return stays(request, "kept", "HOSTSHIFT_MODE=off", "declared")
        try:
            decision = decide(request, Deadline(policy.budget, limit))
        except unloaded.FAILURES as error:
            decision = undecided(request, unloaded.reason(error))
            decision_log.log(decision, self.logged)
        if policy.strict and decision.undecided:
            raise UndecidedError(decision_log.undecided(decision))
        return decision if policy.mode == "on" else decision.replace(after=decision.before)

    def look(self, policy: Policy | None = None, deadline: Deadline | None = None) -> Answers:
        """Return what answers the rules' queries about this machine.

        Args:
            policy: what the user has set; by default the policy of this resolver.
            deadline: the time for all queries; by default that of a program's start.

        """
        policy = policy or self.policy
        return self._machine.look(policy, deadline or Deadline(policy.budget, START_LIMIT))

    def reach(self, addresses: tuple[tuple[str, int], ...]) -> tuple[Outcome, ...]:
        """Dial those addresses that are on this machine's networks; return each one's outcome."""
        with in_flight():
            try:
                return self.look(None, Deadline(self.policy.budget, DIAL_LIMIT)).reach(addresses)
            except unloaded.FAILURES as error:
                return unloaded.outcomes(len(addresses), error, self.logged)

    def look_again(self, since: float | None = None) -> None:
        """Query the services again, as a connect that began at a time failed; now by default."""
        self._machine.look_again(since)

    def _decide(self, request: RouteRequest, deadline: Deadline) -> Decision:
        """Decide one endpoint by the rules."""
        decision = routing.decide(request, self._machine.look(request.policy, deadline))
        if request.policy is self._policy:
            self._choices.keep(request, decision)
        decision_log.log(decision, self.logged)
        return decision

    def _decide_number(self, request: RouteRequest, deadline: Deadline) -> Decision:
        """Decide for a dial at this moment."""
        return self._patience().decide(
            request, lambda time_left: self._number(request, time_left), deadline, self.look_again
        )

    def _patience(self) -> Patience:
        from hostshift.resolution.patience import Patience

        self._patient = self._patient or Patience()
        return self._patient

    def _number(self, request: RouteRequest, deadline: Deadline) -> Decision:
        """Decide, and look the name of a service up. The IP address is for this dial only."""
        from hostshift.routing.numeric import pin_to_ip

        look = self._machine.look(request.policy, deadline)
        return pin_to_ip(request, look, self._decide(request, deadline))

    def member(
        self, announcement: Announcement, name: Address, protocol: str = ""
    ) -> Decision | None:
        """Decide where to dial a member that a server announced at this moment.

        Returns None unless MODE=on, or if no module can be loaded: the driver dials its name.
        """
        with in_flight():
            try:
                if self.policy.mode != "on":
                    return None
                return self._member(announcement, name, protocol)
            except unloaded.FAILURES as error:
                unloaded.warn("Drivers dial members as they are announced: %s", error, self.logged)
                return None

    def _member(self, announcement: Announcement, name: Address, protocol: str) -> Decision:
        """Decide a member together with the others: no two may be at one address."""
        from hostshift.routing import cluster

        policy = self.policy

        def request(member: Address) -> RouteRequest:
            return self._request(destination(member.host, member.port, protocol), policy)

        def ask(deadline: Deadline) -> Decision:
            look = self._machine.look(policy, deadline)
            return cluster.read(announcement, request, look, first=name)[name]

        decision = self._patience().decide(
            request(name),
            ask,
            Deadline(policy.budget, DIAL_LIMIT),
            self.look_again,
            announcement.located.after,
        )
        debug("member %s is %s: %s", decision.before, decision.after, decision.reason)
        return decision

    def _request(self, place: Destination, policy: Policy) -> RouteRequest:
        """Gather what this process knows of an endpoint before the first query."""
        # A call with a policy of its own neither reads nor writes the choices of the process.
        shared = policy is self._policy and is_address(place.host, place.port)
        key = place.host, place.port, place.protocol
        return RouteRequest(
            host=place.host,
            port=place.port,
            protocol=place.protocol,
            vantage=self.vantage(policy),
            policy=policy,
            chosen=self._choices.get(*key, policy) if shared else None,
            socket=place.socket,
        )


class Place:
    """The place where the process stands, real or pretended by a test, and its resolver."""

    def __init__(self, resolver: Resolver) -> None:
        """Take the resolver that serves the process while it stands here."""
        self.resolver = resolver


_places = [Place(Resolver())]
"""The real place first, then those that tests pretend. The last one counts."""


def current() -> Resolver:
    """Return the resolver of this process."""
    return _places[-1].resolver


def reset() -> None:
    """Forget everything: settings, facts of the machine, decisions and caches.

    A place that a test pretends stays the current one.
    """
    place = _places[-1]
    place.resolver = place.resolver.afresh()


def enter(resolver: Resolver) -> Place:
    """Make a resolver the current one, until :func:`leave`."""
    place = Place(resolver)
    _places.append(place)
    return place


def leave(place: Place) -> None:
    """Drop the place that :func:`enter` returned. Places entered since then stay."""
    _places.remove(place)

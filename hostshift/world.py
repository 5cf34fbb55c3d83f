"""The answers to the rules' questions, from this machine: the rim where all looking happens.

Nothing is dialled but loopback, connected networks, and what this container's
own hosts file or default route names as its host.
"""

from __future__ import annotations

import time

from hostshift import _forks, addresses, listening, questions, surroundings, vantages
from hostshift.looks import Looks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from hostshift.policy import Policy
    from hostshift.questions import Outcome, Question
    from hostshift.surroundings import Surroundings
    from hostshift.topology import Neighbourhood
    from hostshift.vantages import Vantage

PAUSE = 5.0
"""Seconds for which a bad answer stands before the same is asked again. MySQL
counts interrupted handshakes and in the end blocks the client (max_connect_errors);
name servers forward what they do not know. A plain refusal is asked again at once."""


STANDS = 30.0
"""Seconds for which an engine's word stands while it does not answer in time."""

MOMENT = 0.05
"""Seconds for which a look at the listeners stands: a pool fills in that, and whoever
starts a listener takes longer to have it used."""

FOR_PROBES = 0.25
"""Seconds of a budget that the sources of the topology leave for what is dialled afterwards."""


class World:
    """This machine, looked at lazily; one instance lives as long as the resolver's cache."""

    def __init__(self) -> None:
        """Look at nothing yet."""
        self._vantages: dict[tuple[tuple[str, str], ...], Vantage] = {}
        self._bridged: tuple[str, ...] | None = None
        self._looks = Looks(PAUSE)
        self._seen: dict[tuple[object, ...], tuple[float, Neighbourhood]] = {}
        self._heard: dict[questions.Listening, tuple[float, bool]] = {}

    def vantage(self, policy: Policy) -> Vantage:
        """Return where this process stands, by its own look or what the policy says of it."""
        declared = policy.standing()
        key = tuple(declared.items())
        if key not in self._vantages:
            self._vantages[key] = stand(declared=declared)
        return self._vantages[key]

    def answer(self, question: Question, policy: Policy, deadline: float) -> Any:
        """Answer one question, at the latest at a deadline of :func:`time.monotonic`."""
        if isinstance(question, questions.Listening):
            return self._hears(question)
        if isinstance(question, questions.Resolves):
            return _within(lambda: _lookup(question.name), deadline, otherwise=None)
        if isinstance(question, questions.Connected):
            return tuple(self._connected(number, policy) for number in question.addresses)
        key = (question, *policy.looking())
        known = self._looks.kept(key)
        if known is not None:
            return known
        hurried = _left(deadline) < policy.budget / 2
        return self._looks.share(
            key,
            lambda: self._in_time(key, self._ask(question, policy, deadline)),
            lambda answer: _is_worth_keeping(question, answer, hurried=hurried),
            deadline,
        )

    def _hears(self, question: questions.Listening) -> bool:
        """Look what listens here, once for all that dial at this moment."""
        since, answer = self._heard.get(question, (0.0, False))
        if time.monotonic() - since >= MOMENT:
            answer = listening.something_else(question.host, question.port)
            self._heard[question] = (time.monotonic(), answer)
        return answer

    def _in_time(self, key: tuple[Any, ...], answer: Any) -> Any:
        """Go on with what an engine said before while it is too busy to answer.

        Without it a service would turn into a name that nobody knows, in the middle of
        an election. One that is gone refuses at once, and that counts.
        """
        if not isinstance(key[0], questions.Around):
            return answer
        now = time.monotonic()
        if answer.engine:
            self._seen[key] = (now, answer)
            return answer
        since, before = self._seen.get(key, (0.0, answer))
        return before if answer.late and now - since < STANDS else answer

    def look_again(self, since: float | None = None) -> None:
        """Take what is known of the services around for outdated: one of them failed.

        Args:
            since: when the dial that failed began, by :func:`time.monotonic`; now by
                default. A look that began later saw what the dial had not: so many
                dials that fail together make for one look.

        """
        since = time.monotonic() if since is None else since
        self._looks.outdate(lambda key: isinstance(key[0], questions.Around), since)

    def _ask(self, question: Question, policy: Policy, deadline: float) -> Any:
        """Send packets for a question."""
        _forks.watch()
        if isinstance(question, questions.Around):
            from hostshift import topology

            left, stands = _left(deadline), self.vantage(policy)
            left -= min(FOR_PROBES, left / 4)
            return topology.look_around(policy, stands, left, names=question.names)
        if isinstance(question, questions.Reach):
            return self._reach(question.addresses, policy, deadline)
        if isinstance(question, questions.Greets):
            return self._greets(question, policy, deadline)
        raise TypeError(f"not a question: {type(question).__name__}")

    def _reach(
        self, wanted: Sequence[tuple[str, int]], policy: Policy, deadline: float
    ) -> tuple[Outcome, ...]:
        """Dial hosts by their addresses; a host with several answers by its best one."""
        from hostshift import probe

        numbers = [self._numbers(host, policy, deadline) for host, _ in wanted]
        dials = [
            (number, port)
            for found, (_, port) in zip(numbers, wanted, strict=True)
            for number in found
        ]
        outcomes = dict(zip(dials, probe.reach(dials, _left(deadline)), strict=True))
        return tuple(
            _best([outcomes[number, port] for number in found])
            for found, (_, port) in zip(numbers, wanted, strict=True)
        )

    def _greets(
        self, question: questions.Greets, policy: Policy, deadline: float
    ) -> tuple[bool, ...]:
        from hostshift import probe

        numbers = [self._numbers(host, policy, deadline)[:1] for host, _ in question.addresses]
        dials = [
            (number, port)
            for found, (_, port) in zip(numbers, question.addresses, strict=True)
            for number in found
        ]
        greeting = iter(probe.greets(dials, question.protocol, _left(deadline)))
        return tuple(bool(found) and next(greeting) for found in numbers)

    def _numbers(self, host: str, policy: Policy, deadline: float) -> tuple[str, ...]:
        """Return the addresses by which a host of ours may be dialled."""
        stands = self.vantage(policy)
        named = stands.host_names.get(host.lower())
        if named is not None:
            return tuple(number for number in named if addresses.is_private(number))
        if addresses.is_number(host):
            ours = host in stands.host_address or host == policy.host_address
            may = self._may_dial(host, policy) or (ours and addresses.is_private(host))
            return (host,) if may else ()
        if host.lower() == "localhost":
            return ("127.0.0.1", "::1")
        found = _within(lambda: _lookup(host), deadline, otherwise=None) or ()
        if addresses.is_host_alias(host):
            return tuple(number for number in found if addresses.is_private(number))
        return tuple(number for number in found if self._may_dial(number, policy))

    def _may_dial(self, number: str, policy: Policy) -> bool:
        """Tell whether an address is loopback or on a network that this machine is on."""
        stands = self.vantage(policy)
        return (
            addresses.is_loopback(number)
            or number in stands.own_addresses
            or self._connected(number, policy)
        )

    def _connected(self, number: str, policy: Policy) -> bool:
        """Tell whether an address is on a network of containers that this process is on.

        In a container that is any network. On the host it is one that has a bridge
        here: an office's network is none of ours.
        """
        stands = self.vantage(policy)
        if stands.network != "host":
            return addresses.in_subnets(number, stands.subnets)
        if self._bridged is None:
            self._bridged = surroundings.bridged_networks()
        return addresses.in_subnets(number, self._bridged)


def stand(root: str = "/", declared: Mapping[str, str] | None = None) -> Vantage:
    """Read the surroundings below a root and judge them.

    Args:
        root: ``/`` for this machine, a directory for a captured one.
        declared: answers that the user gives, by question.

    """
    return judged(surroundings.read(root), declared)[1]


def judged(
    around: Surroundings, declared: Mapping[str, str] | None = None
) -> tuple[Surroundings, Vantage]:
    """Judge surroundings, with a closer look where they are not the host's."""
    stands = vantages.judge(around, declared or {})
    if stands.network in ("host", "isolated"):
        return around, stands
    closer = surroundings.look_closer(around)
    return closer, vantages.judge(closer, declared or {})


def _left(deadline: float) -> float:
    return max(0.0, deadline - time.monotonic())


def _is_worth_keeping(question: Question, answer: Any, *, hurried: bool) -> bool:
    """Tell whether an answer stands for a while; not one that there was no time to look for."""
    if isinstance(question, questions.Around):
        return bool(answer.engine) or not hurried
    return not isinstance(question, questions.Reach) or bool({"silent", "closed"} & set(answer))


_BETTER: tuple[Outcome, ...] = ("open", "closed", "refused", "silent", "unreachable")


def _best(outcomes: list[Outcome]) -> Outcome:
    """Return the best of what several addresses of one host gave."""
    return min(outcomes, key=_BETTER.index) if outcomes else "unreachable"


def _lookup(name: str) -> tuple[str, ...] | None:
    """Resolve a name as drivers do: by the system's resolver, hosts file and all.

    None where a name server failed (EAI_AGAIN): that is no word on the name.
    """
    import socket

    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        return None if error.errno == socket.EAI_AGAIN else ()
    except (OSError, UnicodeError):
        return ()
    return tuple(dict.fromkeys(str(address[4][0]) for address in found))


def _within(look: Callable[[], Any], deadline: float, *, otherwise: Any) -> Any:
    """Run a look-up that cannot be given a time limit, and stop waiting at the deadline.

    ``getaddrinfo`` takes 10 to 20 seconds where a name server is dead.
    """
    from threading import Thread

    answers: list[Any] = []
    thread = Thread(target=lambda: answers.append(look()), daemon=True, name="hostshift-lookup")
    thread.start()
    thread.join(_left(deadline))
    return answers[0] if answers else otherwise

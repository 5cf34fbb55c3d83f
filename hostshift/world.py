"""The answers to the rules' questions, from this machine: the rim where all looking happens.

Nothing is dialled but loopback, connected networks, and what this container's
own hosts file or default route names as its host.
"""

from __future__ import annotations

import time

from hostshift import addresses, listening, questions, surroundings, vantages

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from hostshift.policy import Policy
    from hostshift.questions import Outcome, Question
    from hostshift.surroundings import Surroundings
    from hostshift.vantages import Vantage

PAUSE = 5.0
"""Seconds for which a bad answer stands before the same is asked again. MySQL
counts interrupted handshakes and in the end blocks the client (max_connect_errors);
name servers forward what they do not know. A plain refusal is asked again at once."""


class World:
    """This machine, looked at lazily; one instance lives as long as the resolver's cache."""

    def __init__(self) -> None:
        """Look at nothing yet."""
        self._vantages: dict[tuple[tuple[str, str], ...], Vantage] = {}
        self._last: dict[Question, tuple[float, Any]] = {}

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
            return listening.something_else(question.host, question.port)
        if isinstance(question, questions.Resolves):
            return _within(lambda: _resolves(question.name), deadline, otherwise=False)
        since, answer = self._last.get(question, (0.0, None))
        if answer is not None and time.monotonic() - since < PAUSE:
            return answer
        answer = self._ask(question, policy, deadline)
        if not isinstance(question, questions.Reach) or {"silent", "closed"} & set(answer):
            self._last[question] = (time.monotonic(), answer)
        return answer

    def _ask(self, question: Question, policy: Policy, deadline: float) -> Any:
        """Send packets for a question."""
        if isinstance(question, questions.Around):
            from hostshift import topology

            return topology.look_around(policy.sources, self.vantage(policy), _left(deadline))
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

        allowed = [at for at in question.addresses if self._may_dial(at[0], policy)]
        greeting = probe.greets(allowed, question.protocol, _left(deadline))
        answers = dict(zip(allowed, greeting, strict=True))
        return tuple(answers.get(address, False) for address in question.addresses)

    def _numbers(self, host: str, policy: Policy, deadline: float) -> tuple[str, ...]:
        """Return the addresses by which a host of ours may be dialled."""
        stands = self.vantage(policy)
        named = stands.host_names.get(host.lower())
        if named is not None:
            return tuple(number for number in named if _private(number))
        if addresses.is_number(host):
            ours = host in stands.host_address or host == policy.host_address
            return (host,) if self._may_dial(host, policy) or (ours and _private(host)) else ()
        found: tuple[str, ...] = _within(lambda: _lookup(host), deadline, otherwise=())
        if addresses.is_host_alias(host):
            return tuple(number for number in found if _private(number))
        return tuple(number for number in found if self._may_dial(number, policy))

    def _may_dial(self, number: str, policy: Policy) -> bool:
        """Tell whether an address is loopback or on a network that this machine is on."""
        stands = self.vantage(policy)
        return (
            addresses.is_loopback(number)
            or number in stands.own_addresses
            or addresses.in_subnets(number, stands.subnets)
        )


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


_BETTER: tuple[Outcome, ...] = ("open", "closed", "refused", "silent", "unreachable")


def _best(outcomes: list[Outcome]) -> Outcome:
    """Return the best of what several addresses of one host gave."""
    return min(outcomes, key=_BETTER.index) if outcomes else "unreachable"


def _private(number: str) -> bool:
    """Tell whether an address cannot be somewhere on the internet.

    0.250.250.254 is OrbStack's host; nothing is routed from 0.0.0.0/8.
    """
    from ipaddress import ip_address

    try:
        return not ip_address(number).is_global
    except ValueError:
        return False


def _resolves(name: str) -> bool:
    return bool(_lookup(name))


def _lookup(name: str) -> tuple[str, ...]:
    """Resolve a name as drivers do: by the system's resolver, hosts file and all."""
    import socket

    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
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

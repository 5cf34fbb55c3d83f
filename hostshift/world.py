"""The answers to the rules' questions, from this machine: the rim where all looking happens.

Nothing is dialled but loopback, connected networks, and what this container's
own hosts file or default route names as its host.
"""

from __future__ import annotations

import time

from hostshift import addresses, listening, questions, surroundings, vantages
from hostshift._log import debug

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from hostshift.policy import Policy
    from hostshift.questions import Outcome, Question
    from hostshift.vantages import Vantage

PAUSE = 5.0
"""Seconds for which a bad answer stands before the same is asked again. MySQL
counts interrupted handshakes and in the end blocks the client (max_connect_errors);
name servers forward what they do not know. A plain refusal is asked again at once."""


class World:
    """This machine, looked at lazily; one instance lives as long as the resolver's cache."""

    def __init__(self) -> None:
        """Look at nothing yet."""
        self._vantage: Vantage | None = None
        self._last: dict[Question, tuple[float, Any]] = {}

    def vantage(self) -> Vantage:
        """Return where this process stands; looked up once."""
        if self._vantage is None:
            self._vantage = stand()
        return self._vantage

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

            return topology.look_around(policy.sources, self.vantage(), _left(deadline))
        if isinstance(question, questions.Reach):
            return self._reach(question.addresses, policy, deadline)
        if isinstance(question, questions.Greets):
            return self._greets(question, deadline)
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

    def _greets(self, question: questions.Greets, deadline: float) -> tuple[bool, ...]:
        from hostshift import probe

        allowed = [at for at in question.addresses if self._may_dial(at[0])]
        greeting = probe.greets(allowed, question.protocol, _left(deadline))
        answers = dict(zip(allowed, greeting, strict=True))
        return tuple(answers.get(address, False) for address in question.addresses)

    def _numbers(self, host: str, policy: Policy, deadline: float) -> tuple[str, ...]:
        """Return the addresses by which a host of ours may be dialled."""
        stands = self.vantage()
        named = stands.host_names.get(host.lower())
        if named is not None:
            return tuple(number for number in named if _private(number))
        if addresses.is_number(host):
            ours = host in stands.host_address or host == policy.host_address
            return (host,) if self._may_dial(host) or (ours and _private(host)) else ()
        found: tuple[str, ...] = _within(lambda: _lookup(host), deadline, otherwise=())
        may_dial = _private if addresses.is_host_alias(host) else self._may_dial
        return tuple(number for number in found if may_dial(number))

    def _may_dial(self, number: str) -> bool:
        """Tell whether an address is loopback or on a network that this machine is on."""
        stands = self.vantage()
        return (
            addresses.is_loopback(number)
            or number in stands.own_addresses
            or addresses.in_subnets(number, stands.subnets)
        )


def stand(root: str = "/") -> Vantage:
    """Read the surroundings below a root and judge them.

    Devices are only asked for away from the host: they decide whether the
    gateway is the host, and cost a module and two exchanges with the kernel.
    """
    around = surroundings.read(root)
    judged = vantages.judge(around)
    if not around.live or judged.network in ("host", "isolated"):
        return judged
    from hostshift import netlink

    try:
        return vantages.judge(around.replace(interfaces=netlink.interfaces()))
    except (OSError, AttributeError) as error:
        debug("devices cannot be listed: %s", error)
        return judged


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

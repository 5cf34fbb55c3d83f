"""The answers to the rules' questions, from this machine: where all looking happens.

Nothing is dialled but loopback, connected container networks, containers that an engine of
this machine lists, and what this container's own hosts file or default route names as its host.

Whatever goes wrong here is the answer "could not say": nothing is raised.
"""

from __future__ import annotations

import time

from hostshift import _forks, addresses, bounded, detection
from hostshift._log import debug
from hostshift._record import Record
from hostshift.looks import Looks, Question

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from hostshift.deadline import Deadline
    from hostshift.policy import Policy
    from hostshift.questions import Addresses, Look, Outcome
    from hostshift.topology import Neighbourhood
    from hostshift.vantages import Vantage
    from hostshift.workers import Workers

PAUSE = 5.0
"""Seconds for which a bad answer stands before the same is asked again: name servers forward
what they do not know. A plain refusal is asked again at once. So is a port that accepts, unless
MySQL is meant: that counts interrupted handshakes, and in the end blocks the client
(max_connect_errors)."""

SHORT_PAUSE = 1.0
"""The same where a source could not say: a program that resolves a hundred strings does not
wait for a silent engine a hundred times."""

MOMENT = 0.05
"""Seconds for which a look at the listeners or at a name stands: a pool fills in that, and
whoever starts a listener takes longer to have it used."""

FOR_PROBES = 0.25
"""Seconds of silence that sources and name servers leave for what is asked afterwards."""

MOST_VANTAGES = 64
"""Vantages that are remembered, by what the user says of them."""


class _Key(Record):
    """What is looked for. Policies that differ in nothing that counts share an answer."""

    kind: str
    what: tuple[object, ...] = ()
    looking: tuple[object, ...] = ()


class World:
    """This machine, looked at lazily; one instance lives as long as the resolver's cache."""

    def __init__(self, workers: Workers | None = None) -> None:
        """Look at nothing yet.

        Args:
            workers: the threads that look; some of its own by default.

        """
        self._vantages: dict[tuple[tuple[str, str], ...], Vantage] = {}
        self.looks = Looks(workers)

    def afresh(self) -> World:
        """Return a world of the same machine that has looked at nothing yet.

        It has the same workers: those that a dead name server holds count on.
        """
        return World(self.looks.workers)

    def vantage(self, policy: Policy) -> Vantage:
        """Return where this process stands, by its own look or what the policy says of it."""
        declared = policy.standing()
        key = tuple(declared.items())
        found = self._vantages.get(key)
        if found is None:
            found = detection.stand(declared=declared)
            if not found.passing:
                bounded.put(self._vantages, key, found, MOST_VANTAGES)
        return found

    def look(self, policy: Policy, deadline: Deadline) -> Look:
        """Return what answers the rules under a policy, within a time."""
        return _MachineLook(self, policy, deadline)

    def look_again(self, since: float | None = None) -> None:
        """Take what is known of the services around for outdated: one of them failed.

        Args:
            since: when the dial that failed began, by :func:`time.monotonic`; now by
                default. A look that began later saw what the dial had not: so many
                dials that fail together make for one look.

        """
        since = time.monotonic() if since is None else since
        self.looks.outdate(lambda key: key.kind in ("around", "bridges"), since)


class _MachineLook:
    """Answers under one policy and within one deadline (:class:`hostshift.questions.Look`)."""

    def __init__(self, world: World, policy: Policy, deadline: Deadline) -> None:
        self._world, self._policy, self._deadline = world, policy, deadline
        self._bridges: tuple[str, ...] = ()
        """Gateways of the engine's networks, once it was asked."""

    @property
    def _stands(self) -> Vantage:
        return self._world.vantage(self._policy)

    # --- without a packet -----------------------------------------------------------------------

    def listening(self, host: str, port: int) -> bool | None:
        from hostshift import listening

        # No worker: the kernel answers at once, and who listens is asked at each dial.
        key = _Key(kind="listening", what=(host, port))
        known: bool | None = self._world.looks.kept(key)
        if known is None:
            known = listening.something_else(host, port)
            self._world.looks.put(key, known, MOMENT)
        return known

    def foreign_listener(self, host: str, port: int) -> bool | None:
        from hostshift import listening

        return listening.foreign_owner(host, port)

    def connected(self, addresses: Sequence[str]) -> tuple[bool | None, ...]:
        return tuple(self._connected(number) for number in addresses)

    def _connected(self, number: str) -> bool | None:
        """Return True if an address is on a network of containers that this process is on.

        In a container that is any network. On the host it is one that has a bridge
        that an engine made: an office's network is none of ours.
        """
        from hostshift import bridges

        stands = self._stands
        if stands.network != "host":
            return stands.is_connected(number)
        question = Question(
            key=_Key(kind="bridges", what=self._bridges),
            ask=lambda _: bridges.networks(self._bridges),
            failed=lambda _: None,
            keeps=lambda found: 0.0 if found is None else PAUSE,
        )
        bridged: tuple[str, ...] | None = self._world.looks.share(question, self._deadline)
        return None if bridged is None else addresses.in_subnets(number, bridged)

    # --- names and services ---------------------------------------------------------------------

    def resolves(self, name: str) -> tuple[str, ...] | None:
        from hostshift import name_lookup

        # A name server that is silent leaves some time for the other questions.
        silence = max(0.0, self._deadline.silence - FOR_PROBES)
        question = Question(
            key=_Key(kind="name", what=(name,)),
            ask=lambda _: name_lookup.lookup(name),
            failed=lambda _: None,
            keeps=lambda found: MOMENT if found else 0.0,
            bounded=False,
        )
        part = self._deadline.part(silence)
        found: tuple[str, ...] | None = self._world.looks.share(question, part)
        return found

    def around(self, names: tuple[str, ...] | None = None) -> Neighbourhood:
        from hostshift import topology

        _forks.watch()
        stands, policy = self._stands, self._policy
        reserve = min(FOR_PROBES, self._deadline.silence / 4)

        def ask(deadline: Deadline) -> Neighbourhood:
            part = deadline.part(max(0.0, deadline.silence - reserve))
            resolve = _MachineLook(self._world, policy, part).resolves  # in this look's own time
            return topology.look_around(policy, stands, part, resolve, names=names)

        question = Question(
            key=_Key(kind="around", what=(names,), looking=policy.looking()),
            ask=ask,
            failed=topology.could_not_say,
            keeps=lambda around: SHORT_PAUSE if topology.passing(around) else PAUSE,
        )
        found: Neighbourhood = self._world.looks.share(question, self._deadline)
        self._bridges = found.bridges
        for note in found.notes:  # not in the worker: a lock of logging may be held for ever
            debug("topology: %s", note)
        return found

    # --- dialling -------------------------------------------------------------------------------

    def reach(
        self, addresses: Addresses, near: Sequence[str] = (), *, protocol: str = ""
    ) -> tuple[Outcome, ...]:
        from hostshift import probe

        def ask(deadline: Deadline) -> tuple[Outcome, ...]:
            return probe.reach(dials, deadline, protocol)

        numbers = [self._numbers(host, near) for host, _ in addresses]
        dials = _dials(numbers, addresses)
        kind = "talk" if probe.counts_hang_ups(protocol) else "reach"
        seen: tuple[Outcome, ...] = self._dialled(kind, protocol, dials, ask, "failed")
        outcomes = dict(zip(dials, seen, strict=True))
        return tuple(
            "failed" if found is None else probe.best([outcomes[number, port] for number in found])
            for found, (_, port) in zip(numbers, addresses, strict=True)
        )

    def greets(
        self, addresses: Addresses, protocol: str, *, proof: bool = False
    ) -> tuple[bool | None, ...]:
        from hostshift import probe

        def ask(deadline: Deadline) -> tuple[bool | None, ...]:
            return (probe.proves if proof else probe.greets)(dials, protocol, deadline)

        numbers = [self._answering(host, port, protocol) for host, port in addresses]
        dials = _dials(numbers, addresses)
        kind = f"{'proves' if proof else 'greets'} {protocol}"
        seen: tuple[bool | None, ...] = self._dialled(kind, protocol, dials, ask, None)
        answers = dict(zip(dials, seen, strict=True))
        return tuple(
            answers[found[0], port] if found else None if found is None else False
            for found, (_, port) in zip(numbers, addresses, strict=True)
        )

    def _answering(self, host: str, port: int, protocol: str) -> tuple[str, ...] | None:
        """Return the one number of a host that a driver talks to: the first that accepts."""
        numbers = self._numbers(host)
        if not numbers or len(numbers) == 1:
            return numbers
        outcomes = self.reach([(number, port) for number in numbers], protocol=protocol)
        pairs = zip(numbers, outcomes, strict=True)
        found = [number for number, seen in pairs if seen not in ("refused", "unreachable")]
        return tuple(found[:1] or numbers[:1])

    def _dialled(
        self,
        kind: str,
        protocol: str,
        dials: Addresses,
        ask: Callable[[Deadline], Any],
        failed: object,
    ) -> Any:
        """Dial in a worker, once for all who dial the same at this moment."""
        if not dials:
            return ()
        question = Question(
            key=_Key(kind=kind, what=tuple(dials)),
            ask=ask,
            failed=lambda _: (failed,) * len(dials),
            keeps=lambda seen: _pause(protocol, seen),
        )
        return self._world.looks.share(question, self._deadline)

    def _numbers(self, host: str, near: Sequence[str] = ()) -> tuple[str, ...] | None:
        """Return the IP addresses we may dial for this host; empty if none is allowed.

        None: nobody could say where it is, or which networks are connected.
        """
        stands, policy = self._stands, self._policy
        named = stands.host_names.get(host.lower())
        if named is not None:
            return named
        if addresses.is_number(host):
            ours = host in near or host == policy.host_address
            if host in (*stands.host_address, *stands.maybe_host) or (
                ours and addresses.is_private(host)
            ):
                return (host,)
            return self._allowed((host,))
        if host.lower() == "localhost":
            return ("127.0.0.1", "::1")
        found = self.resolves(host)
        if found is None:
            return None
        if addresses.is_host_alias(host) or host == policy.host_address:
            return tuple(number for number in found if addresses.is_private(number))
        return self._allowed(found, near)

    def _allowed(
        self, numbers: tuple[str, ...], near: Sequence[str] = ()
    ) -> tuple[str, ...] | None:
        """Return those addresses that may be dialled; None where nobody could say of any."""
        allowed = {number: number in near or self._may_dial(number) for number in numbers}
        found = tuple(number for number in numbers if allowed[number])
        return None if not found and None in allowed.values() else found

    def _may_dial(self, number: str) -> bool | None:
        """Return True if an address is loopback or on a network that this machine is on."""
        if addresses.kind(number) == "metadata":
            return False
        if addresses.is_loopback(number) or number in self._stands.own_addresses:
            return True
        return self._connected(number)


def _dials(numbers: list[tuple[str, ...] | None], wanted: Addresses) -> list[tuple[str, int]]:
    """Pair the numbers of each host with its port."""
    pairs = [
        (number, port)
        for found, (_, port) in zip(numbers, wanted, strict=True)
        for number in found or ()
    ]
    return list(dict.fromkeys(pairs))


def _pause(protocol: str, seen: tuple[object, ...]) -> float:
    """Return for how long an answer stands: for a while if it cost time, or bothered a server."""
    from hostshift import probe

    passing = {"refused", "unreachable", "failed"}
    if probe.counts_hang_ups(protocol):
        return 0.0 if passing.issuperset(seen) else PAUSE
    if None in seen:
        return SHORT_PAUSE
    return 0.0 if passing.issuperset(set(seen) - {"open"}) else PAUSE

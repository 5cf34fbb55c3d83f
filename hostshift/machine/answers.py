"""Answer the rules' questions from this machine. All input and output of a decision is here.

We only dial loopback, connected container networks, containers that an engine of this
machine lists, and the host that this container's own hosts file or default route names.

This module raises nothing: after any error the answer is "could not say".
"""

from __future__ import annotations

import time

from hostshift import detect
from hostshift.base import addresses, bounded, forks
from hostshift.base.log import debug
from hostshift.base.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeVar

    from hostshift.base.deadline import Deadline
    from hostshift.base.single_flight import SingleFlight
    from hostshift.base.workers import Workers
    from hostshift.config.policy import Policy
    from hostshift.detect.vantage import Vantage
    from hostshift.discovery import Topology
    from hostshift.routing.queries import Addresses, Look, Outcome

    Result = TypeVar("Result")

MOMENT = 0.05
"""Seconds for which we keep a look at the listeners or at a name. A pool fills in that time, and
a new listener takes longer until a program uses it."""

FOR_PROBES = 0.4
"""Seconds of silence that a name server leaves for later questions, and sources at most: a server
on a busy machine needs some time for its greeting."""

MOST_VANTAGES = 64
"""Vantages that we remember, by the user's settings about them."""


class _Key(Record):
    """The key of a question. Policies with the same relevant settings share an answer."""

    kind: str
    what: tuple[object, ...] = ()
    looking: tuple[object, ...] = ()

    @classmethod
    def _hidden(cls) -> frozenset[str]:
        """Keep settings out of ``repr``: a connection string may stand in the place of a path."""
        return frozenset(("looking",))


class Machine:
    """This machine, read lazily; one instance lives as long as the resolver's cache."""

    def __init__(self, workers: Workers | None = None) -> None:
        """Start with empty caches.

        Args:
            workers: the threads that look; some of its own by default.

        """
        self._vantages: dict[tuple[tuple[str, str], ...], Vantage] = {}
        self._workers = workers
        self._looks: list[SingleFlight[_Key]] = []

    @property
    def looks(self) -> SingleFlight[_Key]:
        """Return the cache of all questions. On the host, most processes ask none."""
        if not self._looks:
            with forks.in_flight():
                from hostshift.base.single_flight import SingleFlight
            self._looks.append(SingleFlight(self._workers))
        return self._looks[0]  # of two that two threads made, all use the first

    def afresh(self) -> Machine:
        """Return the same machine with empty caches.

        It has the same workers, so those that a dead name server holds still count.
        """
        return Machine(self._looks[0].workers if self._looks else self._workers)

    def vantage(self, policy: Policy) -> Vantage:
        """Return where this process stands, by detection and by what the policy declares."""
        declared = policy.standing()
        key = tuple(declared.items())
        vantage = self._vantages.get(key)
        if vantage is None:
            vantage = detect.detect(declared=declared)
            if not vantage.passing:
                bounded.put(self._vantages, key, vantage, MOST_VANTAGES)
        return vantage

    def look(self, policy: Policy, deadline: Deadline) -> Look:
        """Return the answers to the rules under a policy, within a deadline."""
        return _MachineLook(self, policy, deadline)

    def look_again(self, since: float | None = None) -> None:
        """Drop the known services, because one of them failed.

        Args:
            since: when the failed connect began, by :func:`time.monotonic`; now by default. We
                keep a look that began later, so many dials that fail together cause one look.

        """
        since = time.monotonic() if since is None else since
        self.looks.invalidate(lambda key: key.kind in ("around", "bridges"), since)


class _MachineLook:
    """Answers under one policy, within one deadline (:class:`hostshift.routing.queries.Look`)."""

    def __init__(self, machine: Machine, policy: Policy, deadline: Deadline) -> None:
        self._machine, self._policy, self._deadline = machine, policy, deadline
        self._bridges: tuple[str, ...] = ()
        """Gateways of the engine's networks, once it has answered."""

    @property
    def _vantage(self) -> Vantage:
        return self._machine.vantage(self._policy)

    # --- without a packet -----------------------------------------------------------------------

    def listening(self, host: str, port: int) -> bool | None:
        from hostshift.detect import listeners

        # No worker, because the kernel answers at once, and each dial asks who listens.
        key = _Key(kind="listening", what=(host, port))
        return self._machine.looks.here(
            key, lambda: listeners.has_foreign_listener(host, port), MOMENT
        )

    def foreign_listener(self, host: str, port: int) -> bool | None:
        from hostshift.detect import listeners

        return listeners.foreign_owner(host, port)

    def mysql_socket(self) -> str | None:
        from hostshift.detect.mysql_socket import find

        # A worker looks, because a path may be on the mount of a server that is gone.
        return self._in_a_worker(_Key(kind="mysql socket"), find, self._deadline)

    def connected(self, addresses: Sequence[str]) -> tuple[bool | None, ...]:
        return tuple(self._connected(address) for address in addresses)

    def _connected(self, address: str) -> bool | None:
        """Return True if an address is on a network of containers that this process is on.

        In a container any connected network counts. On the host only a network with an
        engine's bridge counts, because an office's network has no containers.
        """
        from hostshift.detect import bridges

        vantage = self._vantage
        if vantage.network != "host":
            return vantage.is_connected(address)
        from hostshift.base.single_flight import Question
        from hostshift.machine import freshness

        question = Question(
            key=_Key(kind="bridges", what=self._bridges),
            ask=lambda _: bridges.networks(self._bridges),
            failed=lambda _: None,
            keeps=lambda networks: 0.0 if networks is None else freshness.PAUSE,
        )
        bridged = self._machine.looks.do(question, self._deadline)
        return None if bridged is None else addresses.in_subnets(address, bridged)

    # --- names and services ---------------------------------------------------------------------

    def resolves(self, name: str) -> tuple[str, ...] | None:
        from hostshift.machine.name_lookup import lookup

        # A name server that is silent leaves time for the other questions: half, if little is left.
        left = self._deadline.silence
        part = self._deadline.part(max(left - FOR_PROBES, left / 2))
        return self._in_a_worker(_Key(kind="name", what=(name,)), lambda: lookup(name), part)

    def _in_a_worker(
        self, key: _Key, ask: Callable[[], Result | None], deadline: Deadline
    ) -> Result | None:
        """Ask what may not end within a deadline; keep an answer that is there for a moment."""
        from hostshift.base.single_flight import Question

        question = Question(
            key=key,
            ask=lambda _: ask(),
            failed=lambda _: None,
            keeps=lambda answer: MOMENT if answer else 0.0,
            bounded=False,
        )
        return self._machine.looks.do(question, deadline)

    def around(self, names: tuple[str, ...] | None = None) -> Topology:
        from hostshift import discovery

        forks.install_fork_hook()
        vantage, policy = self._vantage, self._policy
        reserve = min(FOR_PROBES, self._deadline.silence / 4)

        def ask(deadline: Deadline) -> Topology:
            part = deadline.part(max(0.0, deadline.silence - reserve))
            resolve = _MachineLook(
                self._machine, policy, part
            ).resolves  # within this look's own time
            return discovery.discover(policy, vantage, part, resolve, names=names)

        from hostshift.base.single_flight import Question
        from hostshift.machine import freshness

        question = Question(
            key=_Key(kind="around", what=(names,), looking=policy.looking()),
            ask=ask,
            failed=discovery.could_not_say,
            keeps=lambda topology: freshness.SHORT_PAUSE if topology.gaps else freshness.PAUSE,
        )
        topology = self._machine.looks.do(question, self._deadline)
        self._bridges = topology.bridges
        for note in topology.notes:  # not in the worker, where a lock of logging may hang for ever
            debug("topology: %s", note)
        return topology

    # --- dialling -------------------------------------------------------------------------------

    def reach(
        self, addresses: Addresses, near: Sequence[str] = (), *, protocol: str = ""
    ) -> tuple[Outcome, ...]:
        from hostshift.machine import probe

        def ask(deadline: Deadline) -> tuple[Outcome, ...]:
            return probe.reach(dials, deadline, protocol)

        by_host = [self._ips(host, near) for host, _ in addresses]
        dials = probe.dials(by_host, addresses)
        kind = "talk" if probe.counts_hang_ups(protocol) else "reach"
        results: tuple[Outcome, ...] = self._dial(kind, protocol, dials, ask, "failed")
        outcomes = dict(zip(dials, results, strict=True))
        return tuple(
            "failed" if ips is None else probe.best([outcomes[ip, port] for ip in ips])
            for ips, (_, port) in zip(by_host, addresses, strict=True)
        )

    def greets(
        self, addresses: Addresses, protocol: str, *, proof: bool = False
    ) -> tuple[bool | None, ...]:
        from hostshift.machine import probe

        def ask(deadline: Deadline) -> tuple[bool | None, ...]:
            return (probe.proves if proof else probe.greets)(dials, protocol, deadline)

        by_host = [self._answering(host, port, protocol) for host, port in addresses]
        dials = probe.dials(by_host, addresses)
        kind = f"{'proves' if proof else 'greets'} {protocol}"
        results = self._dial(kind, protocol, dials, ask, None)
        verdicts = dict(zip(dials, results, strict=True))
        return tuple(
            verdicts[ips[0], port] if ips else None if ips is None else False
            for ips, (_, port) in zip(by_host, addresses, strict=True)
        )

    def _answering(self, host: str, port: int, protocol: str) -> tuple[str, ...] | None:
        """Return the one IP address of a host that a driver talks to: the first that accepts."""
        ips = self._ips(host)
        if not ips or len(ips) == 1:
            return ips
        outcomes = self.reach([(ip, port) for ip in ips], protocol=protocol)
        pairs = zip(ips, outcomes, strict=True)
        accepting = [ip for ip, outcome in pairs if outcome not in ("refused", "unreachable")]
        return tuple(accepting[:1] or ips[:1])

    def _dial(
        self,
        kind: str,
        protocol: str,
        dials: Addresses,
        ask: Callable[[Deadline], tuple[Result, ...]],
        failed: Result,
    ) -> tuple[Result, ...]:
        """Dial in a worker, once for all callers that dial the same at this moment."""
        if not dials:
            return ()
        from hostshift.base.single_flight import Question
        from hostshift.machine import freshness

        question = Question(
            key=_Key(kind=kind, what=tuple(dials)),
            ask=ask,
            failed=lambda _: (failed,) * len(dials),
            keeps=lambda results: freshness.of_dials(protocol, results),
        )
        return self._machine.looks.do(question, self._deadline)

    def _ips(self, host: str, near: Sequence[str] = ()) -> tuple[str, ...] | None:
        """Return the IP addresses we may dial for this host; empty if none is allowed.

        None: we could not find out its addresses, or which networks are connected.
        """
        vantage, policy = self._vantage, self._policy
        named = vantage.host_names.get(host.lower())
        if named is not None:
            return named
        if addresses.is_ip_literal(host):
            known = host in near or host == policy.host_address
            if host in (*vantage.host_address, *vantage.maybe_host) or (
                known and addresses.is_private(host)
            ):
                return (host,)
            return self._allowed((host,))
        if host.lower() == "localhost":
            return ("127.0.0.1", "::1")
        ips = self.resolves(host)
        if ips is None:
            return None
        if addresses.is_host_alias(host) or host == policy.host_address:
            return tuple(ip for ip in ips if addresses.is_private(ip))
        return self._allowed(ips, near)

    def _allowed(self, ips: tuple[str, ...], near: Sequence[str] = ()) -> tuple[str, ...] | None:
        """Return the addresses that we may dial; None if no check could say."""
        allowed = {ip: ip in near or self._may_dial(ip) for ip in ips}
        dialable = tuple(ip for ip in ips if allowed[ip])
        return None if not dialable and None in allowed.values() else dialable

    def _may_dial(self, ip: str) -> bool | None:
        """Return True if an address is loopback or on a network that this machine is on."""
        if addresses.kind(ip) == "metadata":
            return False
        if addresses.is_loopback(ip) or addresses.unmapped(ip) in self._vantage.own_addresses:
            return True
        return self._connected(ip)

"""Which ports get a listener: those whose connections lead elsewhere than they would without it."""

from __future__ import annotations

from hostshift.base import redaction
from hostshift.base.addresses import is_loopback
from hostshift.base.log import info, warning
from hostshift.environment import resolve
from hostshift.environment.find import of_variable
from hostshift.environment.model import Kept, Variable
from hostshift.errors import ForwardError, HostshiftError
from hostshift.forward.entry import Entry
from hostshift.forward.ports import Port, PortInUseError, PortRefusedError
from hostshift.forward.spec import AUTO, Endpoint, read
from hostshift.resolution import resolver
from hostshift.resolution.resolver import Resolver
from hostshift.routing.outcomes import stays

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hostshift.base.deadline import Deadline
    from hostshift.routing.model import Decision, RouteRequest


class Collector(Resolver):
    """A resolver that remembers which ports of loopback it was asked about."""

    def __init__(self, policy_of: Resolver) -> None:
        """Take the settings of another resolver, and its machine."""
        super().__init__(policy_of._machine, policy_of.policy)  # noqa: SLF001 - of the same class
        self.decided: dict[int, list[tuple[str, Decision]]] = {}

    def _decide(self, request: RouteRequest, deadline: Deadline) -> Decision:
        """Decide, and remember the port and its protocol."""
        decision = super()._decide(request, deadline)
        if request.port and is_loopback(request.host, request.vantage.loopback_names):
            self.decided.setdefault(request.port, []).append((request.protocol, decision))
        return decision


class Keeper(Resolver):
    """A resolver that leaves the addresses alone that a forwarder serves."""

    def __init__(self, policy_of: Resolver, ports: Mapping[int, frozenset[int]]) -> None:
        """Take what is forwarded.

        Args:
            policy_of: has the settings, and the machine.
            ports: the versions of IP on which each port is forwarded.

        """
        super().__init__(policy_of._machine, policy_of.policy)  # noqa: SLF001 - of the same class
        self._ports = ports

    def _decide(self, request: RouteRequest, deadline: Deadline) -> Decision:
        """Keep what is forwarded."""
        from hostshift.base.addresses import loopback_families
        from hostshift.dsn.mysql_clients import MAYBE, POSSIBLE

        if request.socket not in ("", MAYBE, POSSIBLE):  # to its client localhost is no port
            return super()._decide(request, deadline)
        families = self._ports.get(request.port or 0, frozenset())
        names = request.vantage.loopback_names
        if is_loopback(request.host, names) and not families.isdisjoint(
            loopback_families(request.host)
        ):
            return stays(request, "kept", "hostshift forwards this port", settled=False)
        return super()._decide(request, deadline)


def endpoints(words: Iterable[str], environ: Mapping[str, str]) -> list[Endpoint]:
    """Return what SPECs name, each port once; what a user names goes before what `auto` finds.

    Raises:
        ForwardError: a SPEC is wrong.
        HostshiftError: a setting is wrong, or a value stays and STRICT is on.

    """
    specs = read(words, environ)
    by_port = {endpoint.local: endpoint for endpoint in specs.endpoints}
    for name in specs.variables:
        of_its = _of_variable(name, environ)
        if not of_its:
            shown = redaction.name(name)
            raise ForwardError(f"{shown} holds no address on localhost, so nothing is to forward")
        for endpoint in of_its:
            by_port.setdefault(endpoint.local, endpoint)
    if specs.auto:
        collector = Collector(resolver.current())
        resolve.resolved(environ, collector)
        for endpoint in _collected(collector, AUTO):
            by_port.setdefault(endpoint.local, endpoint)
    return list(by_port.values())


def _of_variable(name: str, environ: Mapping[str, str]) -> list[Endpoint]:
    place = of_variable(name, environ[name], environ)
    if place is None or isinstance(place, Kept):
        place = Variable(name=name, listed=True)
    collector = Collector(resolver.current())
    resolve.resolved(environ, collector, found=[place])
    return _collected(collector, name)


def _collected(collector: Collector, origin: str) -> list[Endpoint]:
    """Return the endpoints that a resolver was asked about."""
    collected = []
    for port, decided in collector.decided.items():
        protocols = {protocol for protocol, _ in decided if protocol}
        protocol = protocols.pop() if len(protocols) == 1 else ""
        collected.append(Endpoint(local=port, port=port, protocol=protocol, origin=origin))
    return collected


def with_something_to_do(endpoints: Iterable[Endpoint]) -> list[Endpoint]:
    """Return the endpoints that get a listener, and say why the others get none.

    All are decided before the first listens: each decision reads the tables of sockets, and ours
    would be in them.

    Raises:
        PortInUseError: something else listens on a port that the user named.

    """
    return [endpoint for endpoint in endpoints if _has_something_to_do(endpoint)]


def opened(endpoints: Iterable[Endpoint], refused: list[str]) -> list[Entry]:
    """Listen on ports.

    Args:
        endpoints: what the ports are for.
        refused: gets a line about each port that `auto` found and this process cannot have.

    Raises:
        ForwardError: a port that the user named is in use, or this user may not have it; then
            none is listened on.

    """
    entries: list[Entry] = []
    try:
        for endpoint in endpoints:
            entry = _opened(endpoint, refused)
            if entry is not None:
                entries.append(entry)
    except BaseException:
        for entry in entries:
            entry.port.close()
        raise
    return entries


def _opened(endpoint: Endpoint, refused: list[str]) -> Entry | None:
    try:
        return Entry(endpoint, Port(endpoint.local))
    except PortRefusedError as error:
        if not endpoint.origin:
            raise
        refused.append(f"{endpoint} stays as it is: {error}")
        return None


def _has_something_to_do(endpoint: Endpoint) -> bool:
    """Return True if an endpoint gets a listener; log why it gets none.

    Raises:
        PortInUseError: the user named the port, and something else listens on it.

    """
    mode = resolver.current().policy.mode
    if mode != "on" and endpoint.is_as_dialled:
        info("%s is not forwarded: HOSTSHIFT_MODE=%s", endpoint, mode)
        return False
    decision = _decision(endpoint)
    if decision is None or not endpoint.is_as_dialled:
        if decision is not None and decision.undecided:
            warning("%s: %s", endpoint, decision.reason)
        return True
    # Where the user named an undecided port, clients are refused until there is a target, as they
    # would be without us.
    if decision.changed or (decision.undecided and endpoint.origin != AUTO):
        return True
    if not endpoint.origin and _is_taken(endpoint, decision):
        raise PortInUseError(f"port {endpoint.local} is in use here: something else listens on it")
    log = warning if decision.target.kind == "here" else info
    log("%s is not forwarded: %s", endpoint, decision.reason)
    return False


def _decision(endpoint: Endpoint) -> Decision | None:
    """Decide once before anything listens; None where it is refused, which each dial says."""
    try:
        return resolver.current().dial(endpoint.host, endpoint.port, endpoint.protocol)
    except (HostshiftError, OSError) as error:
        if not isinstance(error, OSError):
            raise
        warning("%s: %s", endpoint, error)
        return None


def _is_taken(endpoint: Endpoint, decision: Decision) -> bool:
    """Return True if a decision stays because something else listens in this namespace."""
    if decision.target.kind != "here" or decision.settled:
        return False
    look = resolver.current().look()
    return bool(look.listening(endpoint.host, endpoint.local))

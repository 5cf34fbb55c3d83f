"""What ``host.docker.internal:P`` and its like mean: a port of the host. Pure."""

from __future__ import annotations

from hostshift.base.addresses import is_loopback, is_private
from hostshift.detect.vantage import CONTAINERS
from hostshift.discovery.gaps import passing
from hostshift.discovery.model import Topology
from hostshift.routing import matching
from hostshift.routing.certainty import NAME_SERVER
from hostshift.routing.host import take_host
from hostshift.routing.locate import ANY_V4, ANY_V6, host_addresses
from hostshift.routing.model import Target
from hostshift.routing.outcomes import ambiguous, goes, late, stays, undecided
from hostshift.routing.reach import reach

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.routing.matching import Match
    from hostshift.routing.model import Decision, RouteRequest
    from hostshift.routing.queries import Look

ANY = (ANY_V4, ANY_V6)


def decide(request: RouteRequest, look: Look) -> Decision:
    """Decide ``host.docker.internal:P`` and its like: it stays where it resolves."""
    if request.host.lower() in request.vantage.aliases_elsewhere:
        reason = "the hosts file gives it an address that is not the host's"
        return stays(request, "elsewhere", reason)
    if request.vantage.network == "host" and request.vantage.isolation in CONTAINERS:
        # Podman lists its aliases there with an address that does not lead to loopback.
        target = Target(kind="host", port=request.port)
        return goes(request, "localhost", target, "known", "the name means the host: here")
    matches, topology = _published(request, look)  # first: a silent name server may use up the time
    resolves = _resolves(request, look)
    if resolves:
        return _resolved(request, look, topology, matches)
    trace = [f"{request.host} does not resolve here"]
    if resolves is None:
        trace = [f"the name server could not say where {request.host} is"]
    if len(matches) > 1:
        return ambiguous(request, matches, tuple(trace))
    if matches:
        return reach(request, look, matches[0], topology, tuple(trace))
    gap = passing(topology)
    if gap is not None:
        return late(request, gap, trace)
    return _by_address(request, look, trace, certain=resolves is not None)


def _resolved(
    request: RouteRequest, look: Look, topology: Topology, matches: tuple[Match, ...]
) -> Decision:
    """Keep a name that resolves, unless it does not lead to the intended service."""
    if matches and not any(match.running for match in matches):
        return _down(request, topology, matches)
    if len(matches) > 1:
        return ambiguous(request, matches)
    for match in matches:
        if _only_on_loopback(match):
            return reach(request, look, match, topology)
        if _misses_the_family(request, match):
            decision = reach(request, look, match, topology)
            if decision.changed:
                return decision
    return stays(request, "host", "the name resolves here", settled=False)


def _down(request: RouteRequest, topology: Topology, matches: tuple[Match, ...]) -> Decision:
    """Decide nothing while my services with the port are down; another may have it now."""
    running = matching.running(matching.by_publication(topology, request.port or 0))
    do = "does" if len(matches) == 1 else "do"
    reason = f"{' and '.join(sorted(map(str, matches)))} {do} not run"
    if running:
        reason += f", and {running[0]} has its port now"
    return undecided(request, reason, misleads=bool(running))


def _resolves(request: RouteRequest, look: Look) -> bool | None:
    """Return True if the name has an address that could be the host's.

    A name server that answers every name gives an address of its own. None: the name server
    could not answer.
    """
    if request.host.lower().removesuffix(".") in request.vantage.host_names:
        return True
    numbers = look.resolves(request.host)
    return None if numbers is None else any(map(is_private, numbers))


def _published(request: RouteRequest, look: Look) -> tuple[tuple[Match, ...], Topology]:
    """Find the services that publish the port, where this is not the host itself.

    One of my own project counts even while it does not run, if an engine shows it.
    """
    if request.port is None or not request.vantage.has_host_beyond:
        return (), Topology()
    topology = look.around()
    matches = matching.candidates(topology, matching.by_publication(topology, request.port))
    shown = matches if topology.engine else tuple(match for match in matches if match.running)
    return shown, topology


def _only_on_loopback(match: Match) -> bool:
    """Return True if the engine binds a port so that the host's name does not lead to it."""
    return all(address and is_loopback(address) and address not in ANY for address in _bound(match))


def _misses_the_family(request: RouteRequest, match: Match) -> bool:
    """Return True if a match publishes its port in the one IP version the host's name lacks."""
    numbers = request.vantage.host_names.get(request.host.lower().removesuffix("."), ())
    bound = _bound(match)
    if not numbers or not bound or "" in bound:
        return False
    return {":" in number for number in numbers}.isdisjoint(":" in address for address in bound)


def _bound(match: Match) -> list[str]:
    """Return the addresses of the host to which the engine binds the port of a match."""
    return [
        out.address
        for container in match.containers
        for out in container.publications
        if out.port == match.port and out.protocol == "tcp"
    ]


def _by_address(request: RouteRequest, look: Look, trace: list[str], *, certain: bool) -> Decision:
    """Take the host's address for its name.

    Args:
        request: the endpoint.
        look: answers queries.
        trace: the queries so far, and their answers.
        certain: the name does not resolve. Otherwise the name server could not answer, and only
            an address that answers is better than a name that may be right.

    """
    target, hosts = Target(kind="host", port=request.port), host_addresses(request)
    if not hosts:
        reason = "the name does not resolve, and the host's address is not known"
        return undecided(request, reason, trace)
    if request.vantage.network == "host":
        return goes(request, hosts[0], target, "known", "the name means the host: here", trace)
    reason = "the name means the host"
    if request.policy.probe != "never":
        decision = take_host(request, look, trace).decision
        if decision is not None and not decision.undecided:
            return goes(request, decision.after.host, target, "observed", reason, trace)
    if certain:
        return goes(request, hosts[0], target, "assumed", reason, trace)
    failed = f"the name server could not say where {request.host} is"
    reason = f"{failed}, and no address of the host answers"
    return undecided(request, reason, trace, missing=NAME_SERVER)

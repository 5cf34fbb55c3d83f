"""The one sibling of my own project that a ``localhost`` string can mean. Pure."""

from __future__ import annotations

from hostshift.discovery.gaps import hiding
from hostshift.routing import host
from hostshift.routing.model import Target
from hostshift.routing.outcomes import goes, late, undecided
from hostshift.routing.reach import spelled
from hostshift.routing.service_names import usual_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.discovery import Service, Topology
    from hostshift.routing.model import Decision, RouteRequest
    from hostshift.routing.queries import Look


def take(request: RouteRequest, look: Look, trace: list[str]) -> Decision | None:
    """Take the one sibling of my project with a usual name that speaks the protocol."""
    port, usual = request.port, usual_names(request.protocol)
    topology = look.around(tuple(sorted(usual)))
    gap = hiding(topology)
    if gap is not None:
        return late(request, gap, trace)
    called = _called(topology, usual)
    reachable = [service for service in called if service.addresses and service.running]
    if topology.project is None:
        trace.append("no compose project of this container is known")
    elif not called:
        trace.append(f"no sibling in {topology.project} has a name usual for {request.speaks}")
    elif not reachable:
        trace.append(f"{_names(called)} has no address that is known from here")
    if not reachable or port is None:
        return None
    first = tuple((service.addresses[0], port) for service in reachable)
    answers = tuple(zip(reachable, look.greets(first, request.protocol), strict=True))
    silent = [service for service, greets in answers if greets is None]
    if silent:
        return undecided(request, f"{_names(silent)} did not say in time what it speaks", trace)
    greeting = [service for service, greets in answers if greets]
    # One that is down could be the intended one: the others do not inherit its string.
    down = [service for service in called if service not in reachable]
    return _only_sibling(request, look, trace, [*greeting, *down] if greeting else [])


def _called(topology: Topology, usual: frozenset[str]) -> list[Service]:
    """Return the siblings with a usual name, without this process's own service."""
    me = topology.me.name if topology.me is not None else None
    return [
        service
        for service in topology.siblings()
        if service.service in usual
        and me not in [container.name for container in service.containers]
        and service.service != topology.observed_service
    ]


def _names(services: list[Service]) -> str:
    return " and ".join(sorted(service.service for service in services))


def _only_sibling(
    request: RouteRequest, look: Look, trace: list[str], candidates: list[Service]
) -> Decision | None:
    """Choose a sibling where exactly one is left; replicas of a service count as one."""
    port, by_name = request.port, {service.name: service for service in candidates}
    names = sorted(by_name)
    trace.append(f"greets as {request.speaks} on {port}: {', '.join(names) or 'no sibling'}")
    if not names:
        return None
    if len(names) > 1:
        reason = f"{' and '.join(names)} could both be meant by {port}: name one with HOSTSHIFT_MAP"
        return undecided(request, reason, trace, host.routes(names, port, "it greets"))
    target = Target(kind="service", name=names[0], port=port)
    reason = f"the only sibling that speaks {request.speaks} on {port}"
    address, numbers = spelled(look, names[0], by_name[names[0]].addresses)
    return goes(request, address, target, "observed", reason, trace, numbers=numbers)

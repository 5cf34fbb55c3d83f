"""What ``localhost:P`` means: the host's port, unless something nearer is certain. Pure.

The address of the target may change with what answers; the target itself may not.
"""

from __future__ import annotations

from hostshift.discovery.gaps import hiding, passing
from hostshift.routing import host, matching, namespace, neighbours, reach, sibling
from hostshift.routing.certainty import LISTENERS, NETWORKS
from hostshift.routing.model import Address, Target
from hostshift.routing.outcomes import ambiguous, goes, late, pin, stays, undecided, unresolved
from hostshift.routing.service_names import USUAL_NAMES, usual_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from hostshift.discovery import Topology
    from hostshift.discovery.model import Certainty
    from hostshift.routing.matching import Match
    from hostshift.routing.model import Decision, RouteRequest
    from hostshift.routing.queries import Look


EPHEMERAL = (32768, 60999)
"""Linux' default range, where we could not read this machine's (ip(7), ip_local_port_range)."""


def decide(request: RouteRequest, look: Look) -> Decision:
    """Decide what ``localhost:P`` means here."""
    port = request.port
    if request.socket:
        from hostshift.routing import mysql_socket

        decision = mysql_socket.by_socket(request, look)
        if decision is not None:
            return decision
    if port is None:
        return undecided(request, "the port is not known, so hostshift cannot look anything up")
    listens = look.listening(request.host, port)
    if listens:
        return stays(request, "here", f"something else listens here on {port}", settled=False)
    if listens is None:
        reason = f"hostshift could not see whether something listens here on {port}"
        return undecided(request, reason, missing=LISTENERS)
    if request.chosen is not None and request.chosen.certainty == "observed":
        return _chosen(request, look, request.chosen)
    return _as_before(request, _by_topology(request, look, port))


def _as_before(request: RouteRequest, decision: Decision) -> Decision:
    """Put nothing else in the place of a service that was known to have the port.

    Somebody may have removed its container, and another may have the port since then. Only its
    own project may give the port to another service.
    """
    before = request.chosen
    if before is None or not decision.changed or _is_still(before, decision):
        return decision
    name, project = before.target.name, before.project
    whose = f"{name} of {project}" if project else name
    reason = f"it was {whose} before, and no source shows what became of that"
    return undecided(request, reason, decision.evidence, fix=pin(request))


def _is_still(before: Decision, now: Decision) -> bool:
    """Return True if a decision has the service of before, or one that its project has now."""
    if now.certainty != "known":
        return now.target == before.target
    same = before.project is not None or now.target == before.target
    return same and now.project == before.project


def _chosen(request: RouteRequest, look: Look, chosen: Decision) -> Decision:
    """Keep a target that we chose by observation, but look up again where a service is now."""
    chosen = chosen.replace(before=request.before)
    if chosen.target.kind != "service":
        return chosen
    name = chosen.target.name
    topology = look.around(tuple(sorted(usual_names(request.protocol))))
    own = [
        number
        for service in topology.siblings()
        if name in (service.name, service.service)
        for number in service.addresses
    ]
    if own:
        host, numbers = reach.spelled(look, name, own)
        return chosen.replace(after=Address(host=host, port=request.port), numbers=numbers)
    if look.resolves(name) == ():  # nothing has its name: what gets it next is the service
        return chosen.replace(after=Address(host=name, port=request.port))
    gap = hiding(topology)
    if gap is not None:
        return late(request, gap, [])
    reason = f"{name} has no address that is known to be {name}'s"
    return undecided(request, reason, fix=pin(request))


def _by_topology(request: RouteRequest, look: Look, port: int) -> Decision:
    """Query the topology: my own namespace first, then what publishes the port."""
    trace = [f"nothing else listens here on {port}"]
    topology = look.around()
    claim = namespace.claim(topology, port, look)
    if claim is not None and claim.declares:
        reason = f"{claim.name}, in this network namespace, has port {port}"
        certainty: Certainty = "known" if topology.engine else "intended"
        return stays(request, "here", reason, certainty, settled=False, trace=trace)
    published = _published(request, look, port, topology, trace)
    if published is not None:
        return published
    # Where another host has the engine, we dial that host.
    gap = passing(topology) if topology.engine_host else hiding(topology)
    if gap is not None:
        return late(request, gap, trace)
    if claim is not None:
        reason = f"{claim.name}, in this network namespace, is down and may have port {port}"
        return stays(request, "here", reason, "assumed", settled=False, trace=trace)
    first, last = request.vantage.port_range or EPHEMERAL
    if first <= port <= last:
        return _ephemeral(request, look, port, trace)
    return _beyond(request, look, topology, trace)


def _published(
    request: RouteRequest, look: Look, port: int, topology: Topology, trace: list[str]
) -> Decision | None:
    """Take the service that publishes the port on the host, if one does."""
    matches = matching.candidates(topology, matching.by_publication(topology, port, request.host))
    if not matches:
        return None
    match, *others = matches
    if others:
        return ambiguous(request, matches, tuple(trace))
    if match.running or topology.engine:
        return reach.reach(request, look, match, topology, tuple(trace))
    gap = passing(topology)
    if gap is not None:
        return late(request, gap, trace)
    return _confirmed(request, look, match, topology, trace)


def _confirmed(
    request: RouteRequest, look: Look, match: Match, topology: Topology, trace: list[str]
) -> Decision | None:
    """Take what publishes the port by a file, if its name answers on a network of mine.

    Where it does not, the port of the host is the target, and comes next.
    """
    name, project = match.service.service, match.service.project
    trace.append(f"{match.service.source} says that {match} publishes {request.port}")
    numbers = look.resolves(name)
    if numbers is None and neighbours.is_named_here(request):
        return unresolved(request, name, trace)
    near = neighbours.are_near(look, numbers) if numbers else False
    if near is None:
        reason = f"which networks this container is on could not be read, so {name} may be anybody"
        fix = pin(request)
        return undecided(request, reason, trace, fix=fix, missing=NETWORKS)
    if not near or not numbers:
        trace.append(f"{name} does not resolve on a network of this container")
        return None
    named = look.around(tuple(sorted(usual_names(request.protocol))))
    if named.observed_project not in (None, project):
        trace.append(f"this container is of the project {named.observed_project}")
        return None
    own: set[str] | None = set()
    if neighbours.is_named_here(request):
        own = neighbours.own_numbers(look, match)
        mine = False if own else neighbours.is_this_project(request, look, topology, match)
        if mine is None or (mine and own is None):
            return undecided(request, neighbours.unlocated(request, match), trace)
        if mine:
            trace.append(f"{match} does not answer by its container's name")
            return None
    return _at(request, look, match, sorted(own or ()) or numbers, trace)


def _at(
    request: RouteRequest, look: Look, match: Match, own: Sequence[str], trace: list[str]
) -> Decision:
    """Take a service at addresses that its name has on a network of this container."""
    target = Target(kind="service", name=match.service.service, port=match.port)
    reason = (
        f"{match} publishes {request.port}, and its name answers on a network of this container"
    )
    address, numbers = reach.spelled(look, target.name, own)
    return goes(request, address, target, "intended", reason, trace, numbers=numbers)


def _ephemeral(request: RouteRequest, look: Look, port: int, trace: list[str]) -> Decision:
    """Leave an ephemeral port, unless a data service of the host answers its protocol there.

    Some tools use such a port for good (Supabase's local PostgreSQL has 54322).
    """
    if request.protocol in USUAL_NAMES and request.policy.probe != "never":
        decision = host.take_host(request, look, trace).decision
        if decision is not None:
            return decision
    reason = f"port {port} is in the ephemeral range; assuming one of this namespace"
    return stays(request, "here", reason, "assumed", settled=False, trace=trace)


def _beyond(request: RouteRequest, look: Look, topology: Topology, trace: list[str]) -> Decision:
    """Decide between the host and a sibling: by what answers, then by the setup."""
    answer = host.Answer()
    if request.policy.probe == "never":
        trace.append("HOSTSHIFT_PROBE=never: hostshift dialled no server")
        return _unanswered(request, answer, trace)
    if topology.engine_host and not topology.engine:
        return _by_engine_host(request, look, topology, trace)
    first = request.policy.prefer == "sibling"
    claims = matching.by_publication(topology, request.port or 0, request.host)
    decision = sibling.take(request, look, trace) if first and not claims else None
    if decision is not None:
        return decision
    answer = host.take_host(request, look, trace)
    if answer.decision is not None:
        return answer.decision
    if claims and (answer.refused or first):
        return _claimed(request, claims[0], trace)
    if answer.refused and not first:
        decision = sibling.take(request, look, trace)
    return decision or _unanswered(request, answer, trace)


def _claimed(request: RouteRequest, claim: Match, trace: list[str]) -> Decision:
    """Decide nothing for the port of a service that may be down now: it is no sibling's."""
    reason = f"{claim} has this port of the host, and nothing shows that it runs"
    return undecided(request, reason, trace, fix=pin(request))


def _by_engine_host(
    request: RouteRequest, look: Look, topology: Topology, trace: list[str]
) -> Decision:
    """Take the host that ``DOCKER_HOST`` names: ports that containers publish are there.

    The engine did not answer, so the port may be a container's: the host of this container
    cannot stand in for that one.
    """
    name = topology.engine_host
    target = Target(kind="host", name=name, port=request.port)
    decision = host.take(request, look, (name,), target, trace).decision
    if decision is not None:
        return decision
    gap = next(iter(topology.gaps), None)
    reason = f"containers publish their ports at {name} (DOCKER_HOST), and no server there fits"
    return undecided(request, reason, trace, fix=gap.fix if gap is not None else "")


def _unanswered(request: RouteRequest, answer: host.Answer, trace: list[str]) -> Decision:
    """Take the host where no server answers, if somebody set up a way to it on purpose."""
    if answer.other:
        reason = f"the host's port {request.port} does not speak {request.speaks}"
        return undecided(request, reason, trace)
    address, setup = _configured_host(request)
    if not address:
        return undecided(request, "nothing responded, and no source shows the target", trace)
    reason = f"nothing responded; assuming the host, because {setup}"
    return goes(request, address, Target(kind="host", port=request.port), "assumed", reason, trace)


def _configured_host(request: RouteRequest) -> tuple[str, str]:
    """Return an address of the host that somebody gave this container, and how; "" if none.

    Docker writes ``host.docker.internal`` into a hosts file only on request. Podman writes
    its alias into every container's, which shows no intent.
    """
    if request.policy.host_address:
        return request.policy.host_address, "HOSTSHIFT_HOST_ADDRESS is set"
    names = request.vantage.host_names if request.vantage.isolation != "podman" else {}
    name = next((name for name in request.vantage.host_address if name in names), "")
    return name, f"{name} is set up in this container"

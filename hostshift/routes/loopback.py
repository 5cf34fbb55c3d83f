"""What ``localhost:P`` means: the host's port, unless something nearer is certain. Pure.

The address of what it means may change with what answers; *what* it means may not.
"""

from __future__ import annotations

from hostshift.conventions import USUAL_NAMES, usual_names
from hostshift.decision import Address, Target
from hostshift.routes import host, identify, namespace, neighbours, reach, services, sibling
from hostshift.topology.gaps import hiding, passing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.decision import Asked, Certainty, Decision
    from hostshift.questions import Look
    from hostshift.routes.identify import Match
    from hostshift.topology import Neighbourhood


EPHEMERAL = (32768, 60999)
"""Linux' own range, where this machine's could not be read (ip(7), ip_local_port_range)."""


def decide(asked: Asked, look: Look) -> Decision:
    """Decide what ``localhost:P`` means here."""
    port = asked.port
    if port is None:
        return asked.undecided("no port is given or known, so nothing can be looked up")
    listens = look.listening(asked.host, port)
    if listens:
        return asked.stays("here", f"something else listens here on {port}", settled=False)
    if listens is None:
        return asked.undecided(f"whether something listens here on {port} could not be seen")
    if asked.chosen is not None and asked.chosen.certainty == "observed":
        return _chosen(asked, look, asked.chosen)
    return _as_before(asked, _by_topology(asked, look, port))


def _as_before(asked: Asked, found: Decision) -> Decision:
    """Put nothing else in the place of a service that was known to have the port.

    Its container may have been removed, and the port may be anybody's meanwhile. Only its own
    project may give it to another service.
    """
    before = asked.chosen
    if before is None or not found.changed or _is_still(before, found):
        return found
    name, project = before.target.name, before.project
    whose = f"{name} of {project}" if project else name
    reason = f"it was {whose} before, and nothing says what became of that"
    return asked.undecided(reason, found.evidence, fix=neighbours.pin(asked))


def _is_still(before: Decision, found: Decision) -> bool:
    """Return True if what was found is the service of before, or one its project has now."""
    if found.certainty != "known":
        return found.target == before.target
    same = before.project is not None or found.target == before.target
    return same and found.project == before.project


def _chosen(asked: Asked, look: Look, chosen: Decision) -> Decision:
    """Keep a target that was chosen by observation. Where a service is now, is looked up again."""
    chosen = chosen.replace(before=asked.before)
    if chosen.target.kind != "service":
        return chosen
    name = chosen.target.name
    around = look.around(tuple(sorted(usual_names(asked.protocol))))
    own = [
        number
        for service in around.siblings()
        if name in (service.name, service.service)
        for number in service.addresses
    ]
    if own:
        host, numbers = reach.spelled(look, name, own)
        return chosen.replace(after=Address(host=host, port=asked.port), numbers=numbers)
    if look.resolves(name) == ():  # nobody has its name: whoever comes by it is the service
        return chosen.replace(after=Address(host=name, port=asked.port))
    gap = hiding(around)
    if gap is not None:
        return reach.late(asked, gap, [])
    reason = f"{name} has no address that is known to be {name}'s"
    return asked.undecided(reason, fix=neighbours.pin(asked))


def _by_topology(asked: Asked, look: Look, port: int) -> Decision:
    """Ask who is around: my own namespace first, then what publishes the port."""
    trace = [f"nothing else listens here on {port}"]
    around = look.around()
    claim = namespace.claim(around, port, look)
    if claim is not None and claim.declares:
        reason = f"{claim.name}, in this network namespace, has port {port}"
        certainty: Certainty = "known" if around.engine else "intended"
        return asked.stays("here", reason, certainty, settled=False, trace=trace)
    published = _published(asked, look, port, around, trace)
    if published is not None:
        return published
    # Of an engine that another host has, that host is asked.
    gap = passing(around) if around.engine_host else hiding(around)
    if gap is not None:
        return reach.late(asked, gap, trace)
    if claim is not None:
        reason = f"{claim.name}, in this network namespace, is down and may have port {port}"
        return asked.stays("here", reason, "assumed", settled=False, trace=trace)
    first, last = asked.vantage.port_range or EPHEMERAL
    if first <= port <= last:
        return _ephemeral(asked, look, port, trace)
    return _beyond(asked, look, around, trace)


def _published(
    asked: Asked, look: Look, port: int, around: Neighbourhood, trace: list[str]
) -> Decision | None:
    """Take the service that publishes the port on the host, if one does."""
    matches = identify.meant(around, identify.by_publication(around, port, asked.host))
    if not matches:
        return None
    match, *others = matches
    if others:
        return services.ambiguous(asked, matches, tuple(trace))
    if match.running or around.engine:
        return reach.reach(asked, look, match, around, tuple(trace))
    gap = passing(around)
    if gap is not None:
        return reach.late(asked, gap, trace)
    return _confirmed(asked, look, match, around, trace)


def _confirmed(
    asked: Asked, look: Look, match: Match, around: Neighbourhood, trace: list[str]
) -> Decision | None:
    """Take what a file says to publish the port, if its name answers on a network of mine.

    Where it does not, the port of the host is what is meant, and is asked next.
    """
    name, project = match.service.service, match.service.project
    trace.append(f"{match.service.source} says that {match} publishes {asked.port}")
    found = look.resolves(name)
    if found is None and neighbours.is_named_here(asked):
        return asked.undecided(f"the name server could not say where {name} is", trace)
    near = neighbours.are_near(look, found) if found else False
    if near is None:
        reason = f"which networks this container is on could not be read, so {name} may be anybody"
        return asked.undecided(reason, trace, fix=neighbours.pin(asked))
    if not near or not found:
        trace.append(f"{name} does not resolve on a network of this container")
        return None
    seen = look.around(tuple(sorted(usual_names(asked.protocol))))
    if seen.observed_project not in (None, project):
        trace.append(f"this container is of the project {seen.observed_project}")
        return None
    own: set[str] | None = set()
    if neighbours.is_named_here(asked):
        own = neighbours.own_numbers(look, match)
        mine = False if own else neighbours.is_this_project(asked, look, around, match)
        if mine is None or (mine and own is None):
            return asked.undecided(neighbours.unsaid(asked, match), trace)
        if mine:
            trace.append(f"{match} does not answer by its container's name")
            return None
    target = Target(kind="service", name=name, port=match.port)
    reason = f"{match} publishes {asked.port}, and its name answers on a network of this container"
    at, numbers = reach.spelled(look, name, sorted(own or ()) or found)
    return asked.goes(at, target, "intended", reason, trace, numbers=numbers)


def _ephemeral(asked: Asked, look: Look, port: int, trace: list[str]) -> Decision:
    """Leave a port that the kernel hands out by itself, unless a data service of the host greets.

    Some tools choose such a port for good (Supabase's local PostgreSQL has 54322).
    """
    if asked.protocol in USUAL_NAMES and asked.policy.probe != "never":
        found = host.take_host(asked, look, trace).decision
        if found is not None:
            return found
    reason = f"port {port} is in the ephemeral range, so it is taken for one of this namespace"
    return asked.stays("here", reason, "assumed", settled=False, trace=trace)


def _beyond(asked: Asked, look: Look, around: Neighbourhood, trace: list[str]) -> Decision:
    """Decide between the host and a sibling by what answers, then by what was meant."""
    answer = host.Answer()
    if asked.policy.probe == "never":
        trace.append("HOSTSHIFT_PROBE=never: nobody was asked")
        return _meant(asked, answer, trace)
    if around.engine_host and not around.engine:
        return _by_engine_host(asked, look, around, trace)
    first = asked.policy.prefer == "sibling"
    claims = identify.by_publication(around, asked.port or 0, asked.host)
    found = sibling.take(asked, look, trace) if first and not claims else None
    if found is not None:
        return found
    answer = host.take_host(asked, look, trace)
    if answer.decision is not None:
        return answer.decision
    if claims and (answer.refused or first):
        return _claimed(asked, claims[0], trace)
    if answer.refused and not first:
        found = sibling.take(asked, look, trace)
    return found or _meant(asked, answer, trace)


def _claimed(asked: Asked, claim: Match, trace: list[str]) -> Decision:
    """Decide nothing for a port of what may be down at this moment: it is no sibling's."""
    reason = f"{claim} has this port of the host, and nothing shows that it runs"
    return asked.undecided(reason, trace, fix=neighbours.pin(asked))


def _by_engine_host(asked: Asked, look: Look, around: Neighbourhood, trace: list[str]) -> Decision:
    """Take the host that ``DOCKER_HOST`` names: ports that containers publish are there.

    The engine could not be asked, so nothing says that the port is not a container's: the
    host of this container is no stand-in.
    """
    name = around.engine_host
    target = Target(kind="host", name=name, port=asked.port)
    found = host.take(asked, look, (name,), target, trace).decision
    if found is not None:
        return found
    gap = next(iter(around.gaps), None)
    reason = f"containers publish their ports at {name} (DOCKER_HOST), and it was not found there"
    return asked.undecided(reason, trace, fix=gap.fix if gap is not None else "")


def _meant(asked: Asked, answer: host.Answer, trace: list[str]) -> Decision:
    """Nothing answers: the host, if somebody gave this container a way to it on purpose."""
    meant = _meant_host(asked)
    if answer.other:
        return asked.undecided(f"the host's port {asked.port} does not speak {asked.speaks}", trace)
    if meant is None:
        return asked.undecided("nothing answers and nothing says what is meant", trace)
    reason = "nothing answers, but this container was given a way to the host"
    return asked.goes(meant, Target(kind="host", port=asked.port), "assumed", reason, trace)


def _meant_host(asked: Asked) -> str | None:
    """Return an address of the host that somebody gave this container.

    Docker writes ``host.docker.internal`` into a hosts file only when it is told
    to. Podman writes its alias into every container's, which says nothing.
    """
    if asked.policy.host_address:
        return asked.policy.host_address
    if asked.vantage.isolation == "podman":
        return None
    known = asked.vantage.host_names
    return next((host for host in asked.vantage.host_address if host in known), None)

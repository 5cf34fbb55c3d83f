"""What ``localhost:P`` means: the host's port, unless something nearer is certain. Pure.

The address of what it means may change with what answers; *what* it means may not.
"""

from __future__ import annotations

from hostshift.conventions import USUAL_NAMES, usual_names
from hostshift.decision import Address, Route, Target
from hostshift.routes import identify, namespace, services
from hostshift.routes.locate import host_addresses
from hostshift.routes.said import SAID
from hostshift.topology.gaps import passing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.decision import Asked, Decision
    from hostshift.questions import Look
    from hostshift.routes.identify import Match
    from hostshift.topology import Gap, Neighbourhood, Service


EPHEMERAL = (32768, 60999)
"""Linux' own range, where this machine's could not be read (ip(7), ip_local_port_range)."""


def decide(asked: Asked, look: Look) -> Decision:
    """Decide what ``localhost:P`` means here."""
    port = asked.port
    if not asked.vantage.has_host_beyond:
        return _stays(asked)
    if port is None:
        return asked.undecided("no port is given or known, so nothing can be looked up")
    listens = look.listening(asked.host, port)
    if listens:
        return asked.stays("here", f"something else listens here on {port}", settled=False)
    if listens is None:
        return asked.undecided(f"whether something listens here on {port} could not be seen")
    if asked.chosen is not None:
        return _chosen(asked, look, asked.chosen)
    return _by_topology(asked, look, port)


def _chosen(asked: Asked, look: Look, chosen: Decision) -> Decision:
    """Keep a target that was chosen by observation. Where a service is now, is looked up again."""
    chosen = chosen.replace(before=asked.before)
    if chosen.target.kind != "service":
        return chosen
    name = chosen.target.name
    around = look.around(tuple(sorted(usual_names(asked.protocol))))
    for service in around.siblings():
        if name in (service.name, service.service):
            host, numbers = services.spelled(look, name, service.addresses)
            return chosen.replace(after=Address(host=host, port=asked.port), numbers=numbers)
    return chosen.replace(after=Address(host=name, port=asked.port))


def _stays(asked: Asked) -> Decision:
    """Leave loopback alone where it is right, or where nothing is known to be beyond it."""
    stands = asked.vantage
    if stands.network == "host":
        return asked.stays("host", "loopback is the host's own from here")
    if stands.network == "isolated":
        return asked.stays("here", "there is no network but loopback")
    where = f"isolation {stands.isolation}, network {stands.network}"
    return asked.stays("here", f"{where}: loopback only moves where HOSTSHIFT_MAP declares it")


def _by_topology(asked: Asked, look: Look, port: int) -> Decision:
    """Ask who is around: my own namespace first, then what publishes the port."""
    trace = [f"nothing else listens here on {port}"]
    around = look.around()
    claim = namespace.claim(around, port, look)
    if claim is not None and claim.declares:
        reason = f"{claim.name}, in this network namespace, has port {port}"
        return asked.stays("here", reason, settled=False, trace=trace)
    published = _published(asked, look, port, around, trace)
    if published is not None:
        return published
    gap = passing(around)
    if gap is not None:
        return late(asked, gap, trace)
    if claim is not None:
        reason = f"{claim.name}, in this network namespace, is down and may have port {port}"
        return asked.stays("here", reason, "assumed", settled=False, trace=trace)
    first, last = asked.vantage.port_range or EPHEMERAL
    if first <= port <= last:
        return _ephemeral(asked, look, port, trace)
    return _beyond(asked, look, around, trace)


def late(asked: Asked, gap: Gap, trace: list[str]) -> Decision:
    """Decide nothing where a source that may know did not say this time."""
    reason = f"{gap.where} {gap.what}, and may know what is meant"
    return asked.undecided(reason, trace, fix=gap.fix)


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
        return services.reach(asked, look, match, around, tuple(trace))
    return _confirmed(asked, look, match, trace)


def _confirmed(asked: Asked, look: Look, match: Match, trace: list[str]) -> Decision | None:
    """Take what a file says to publish the port, if its name answers on a network of mine.

    Where it does not, the port of the host is what is meant, and is asked next.
    """
    name, project = match.service.service, match.service.project
    trace.append(f"{match.service.source} says that {match} publishes {asked.port}")
    found = look.resolves(name)
    if found is None:
        return asked.undecided(f"the name server could not say where {name} is", trace)
    if not found or not all(look.connected(found)):
        trace.append(f"{name} does not resolve on a network of this container")
        return None
    seen = look.around(tuple(sorted(usual_names(asked.protocol))))
    if seen.observed_project not in (None, project):
        trace.append(f"this container is of the project {seen.observed_project}")
        return None
    target = Target(kind="service", name=name, port=match.port)
    reason = f"{match} publishes {asked.port}, and its name answers on a network of this container"
    own = _own_numbers(seen, match)
    if own and not own.issuperset(found):
        return asked.goes(min(own), target, "intended", reason, trace)
    return asked.goes(name, target, "intended", reason, trace, numbers=found)


def _own_numbers(seen: Neighbourhood, match: Match) -> set[str]:
    """Return the addresses that a name server has for a service of a file."""
    return {
        number
        for service in seen.services
        if (service.project, service.service) == (match.service.project, match.service.service)
        for number in service.addresses
    }


def _ephemeral(asked: Asked, look: Look, port: int, trace: list[str]) -> Decision:
    """Leave a port that the kernel hands out by itself, unless a data service of the host greets.

    Some tools choose such a port for good (Supabase's local PostgreSQL has 54322).
    """
    if asked.protocol in USUAL_NAMES and asked.policy.probe != "never":
        found = take_host(asked, look, trace)
        if found is not None:
            return found
    reason = f"port {port} is in the ephemeral range, so it is taken for one of this namespace"
    return asked.stays("here", reason, "assumed", settled=False, trace=trace)


def _beyond(asked: Asked, look: Look, around: Neighbourhood, trace: list[str]) -> Decision:
    """Decide between the host and a sibling by what answers, then by what was meant."""
    decision = None
    if asked.policy.probe == "never":
        trace.append("HOSTSHIFT_PROBE=never: nobody was asked")
    elif around.engine_host and not around.engine:
        return _by_engine_host(asked, look, around, trace)
    elif asked.policy.prefer == "sibling":
        decision = _sibling(asked, look, trace) or take_host(asked, look, trace)
    else:
        decision = take_host(asked, look, trace)
        if decision is None and _is_refused(trace):
            decision = _sibling(asked, look, trace)
    return decision or _meant(asked, trace)


def _is_refused(trace: list[str]) -> bool:
    """Return True if the host refuses the port.

    A time-out is no refusal: behind a firewall the host may well serve it. Neither is a
    server that hangs up or speaks another protocol: the port is somebody's.
    """
    if any(line.endswith((SAID["closed"], _OTHER)) for line in trace):
        return False
    return any(line.endswith(SAID["refused"]) for line in trace)


_OTHER = "speaks something else"


def _by_engine_host(asked: Asked, look: Look, around: Neighbourhood, trace: list[str]) -> Decision:
    """Take the host that ``DOCKER_HOST`` names: ports that containers publish are there.

    The engine could not be asked, so nothing says that the port is not a container's: the
    host of this container is no stand-in.
    """
    host = around.engine_host
    target = Target(kind="host", name=host, port=asked.port)
    found = _taken(asked, look, (host,), target, trace)
    if found is not None:
        return found
    gap = next(iter(around.gaps), None)
    reason = f"containers publish their ports at {host} (DOCKER_HOST), and it was not found there"
    return asked.undecided(reason, trace, fix=gap.fix if gap is not None else "")


def take_host(asked: Asked, look: Look, trace: list[str]) -> Decision | None:
    """Take the host if its port accepts, by the first of its addresses that does.

    Where the text names a data protocol that can be told, it has to answer in it.
    """
    hosts = host_addresses(asked) or _maybe(asked, look)
    if not hosts or asked.port is None:
        trace.append("no address of the host is known from here")
        return None
    return _taken(asked, look, hosts, Target(kind="host", port=asked.port), trace)


def _maybe(asked: Asked, look: Look) -> tuple[str, ...]:
    """Return addresses that may be the host's, unless a container is known to have them.

    Docker gives an internal network no default route. From version 28 on the host answers
    there at the subnet's first address; with ``gateway_mode`` isolated a container has it.
    """
    if not asked.vantage.maybe_host:
        return ()
    taken = {number for one in look.around(()).services for number in one.addresses}
    return tuple(number for number in asked.vantage.maybe_host if number not in taken)


def _taken(
    asked: Asked, look: Look, hosts: tuple[str, ...], target: Target, trace: list[str]
) -> Decision | None:
    """Take the first of some addresses of a host that accepts and answers as it should."""
    port = asked.port or 0
    outcomes = look.reach(tuple((host, port) for host in hosts))
    seen = tuple(zip(hosts, outcomes, strict=True))
    trace += [f"the host as {host}:{port} {SAID[outcome]}" for host, outcome in seen]
    accepting = [host for host, outcome in seen if outcome == "open"]
    answering = _speaking(asked, look, accepting, trace)
    if answering is None:
        return asked.undecided(
            f"the host accepts on {port}, and did not say in time what it speaks", trace
        )
    if not answering:
        return None
    others = _routes(answering[1:], port, "the host answers here as well")
    reason = f"the host accepts on {port}"
    return asked.goes(answering[0], target, "observed", reason, trace, others)


def _speaking(asked: Asked, look: Look, hosts: list[str], trace: list[str]) -> list[str] | None:
    """Keep the addresses that answer in the endpoint's protocol; None: nobody could say."""
    if not hosts or asked.protocol not in USUAL_NAMES:
        return hosts
    port = asked.port or 0
    answers = look.greets(tuple((host, port) for host in hosts), asked.protocol)
    speaking = [host for host, greets in zip(hosts, answers, strict=True) if greets]
    if not speaking and None in answers:
        return None
    trace += [
        f"the host as {host}:{port} {_OTHER}"
        for host, greets in zip(hosts, answers, strict=True)
        if greets is False
    ]
    return speaking


def _sibling(asked: Asked, look: Look, trace: list[str]) -> Decision | None:
    """Take the one sibling of my project that has a usual name and greets in the protocol."""
    port, usual = asked.port, usual_names(asked.protocol)
    around = look.around(tuple(sorted(usual)))
    gap = passing(around)
    if gap is not None:
        return late(asked, gap, trace)
    called = _called(around, usual)
    named = [found for found in called if found.addresses and found.running]
    if around.project is None:
        trace.append("no compose project of this container is known")
    elif not called:
        trace.append(f"no sibling in {around.project} has a name usual for {asked.speaks}")
    elif not named:
        trace.append(f"{_names(called)} has no address that is known from here")
    if not named or port is None:
        return None
    asking = tuple((found.addresses[0], port) for found in named)
    answers = look.greets(asking, asked.protocol)
    if None in answers:
        silent = [found for found, greets in zip(named, answers, strict=True) if greets is None]
        return asked.undecided(f"{_names(silent)} did not say in time what it speaks", trace)
    greeting = [found for found, greets in zip(named, answers, strict=True) if greets]
    # One that is down could be the one that is meant: the others do not inherit its string.
    down = [found for found in called if found not in named]
    return _only_sibling(asked, look, trace, [*greeting, *down] if greeting else [])


def _called(around: Neighbourhood, usual: frozenset[str]) -> list[Service]:
    """Return the siblings with a usual name, this process's own service left out."""
    me = around.me.name if around.me is not None else None
    return [
        found
        for found in around.siblings()
        if found.service in usual
        and me not in [one.name for one in found.containers]
        and found.service != around.observed_service
    ]


def _names(found: list[Service]) -> str:
    return " and ".join(sorted(one.service for one in found))


def _only_sibling(
    asked: Asked, look: Look, trace: list[str], greeting: list[Service]
) -> Decision | None:
    """Choose a sibling where exactly one is left; replicas of a service are one."""
    port, by_name = asked.port, {found.name: found for found in greeting}
    names = sorted(by_name)
    trace.append(f"greets as {asked.speaks} on {port}: {', '.join(names) or 'no sibling'}")
    if not names:
        return None
    if len(names) > 1:
        reason = f"{' and '.join(names)} could both be meant by {port}: name one with HOSTSHIFT_MAP"
        return asked.undecided(reason, trace, _routes(names, port, "it greets"))
    target = Target(kind="service", name=names[0], port=port)
    reason = f"the only sibling that speaks {asked.speaks} on {port}"
    host, numbers = services.spelled(look, names[0], by_name[names[0]].addresses)
    return asked.goes(host, target, "observed", reason, trace, numbers=numbers)


def _meant(asked: Asked, trace: list[str]) -> Decision:
    """Nothing answers: the host, if somebody gave this container a way to it on purpose."""
    meant = _meant_host(asked)
    if any(line.endswith(_OTHER) for line in trace):
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


def _routes(hosts: list[str], port: int | None, reason: str) -> tuple[Route, ...]:
    """Describe other addresses that were seen to answer."""
    return tuple(
        Route(address=Address(host=host, port=port), certainty="observed", reason=reason)
        for host in hosts
    )

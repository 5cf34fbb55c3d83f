"""What ``localhost:P`` means: the host's port, unless something nearer is certain. Pure.

The address of what it means may change with what answers; *what* it means may not.
"""

from __future__ import annotations

from hostshift.conventions import usual_names
from hostshift.decision import Address, Route, Target
from hostshift.questions import Around, Connected, Greets, Listening, Reach, Resolves
from hostshift.routes import identify, services
from hostshift.routes.locate import host_addresses
from hostshift.routes.said import SAID

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.decision import Asked, Decision
    from hostshift.questions import Asking, Outcome, Steps
    from hostshift.routes.identify import Match
    from hostshift.topology import Neighbourhood, Service


def decide(asked: Asked) -> Asking:
    """Decide what ``localhost:P`` means here."""
    stands, port = asked.vantage, asked.port
    if not stands.has_host_beyond:
        return _stays(asked)
    if port is None:
        return asked.undecided("no port is given or known, so nothing can be looked up")
    if (yield Listening(host=asked.host, port=port)):
        return asked.stays("here", f"something else listens here on {port}", settled=False)
    if asked.chosen is not None:
        return asked.chosen.replace(before=asked.before)
    trace = [f"nothing else listens here on {port}"]
    published = yield from _published(asked, port, trace)
    if published is not None:
        return published
    first, last = stands.port_range or (0, 0)
    if first <= port <= last:
        return asked.stays("here", f"{port} is a port that the kernel hands out by itself")
    return (yield from _beyond(asked, trace))


def _stays(asked: Asked) -> Decision:
    """Leave loopback alone where it is right, or where nothing is known to be beyond it."""
    stands = asked.vantage
    if stands.network == "host":
        return asked.stays("host", "loopback is the host's own from here")
    if stands.network == "isolated":
        return asked.stays("here", "there is no network but loopback")
    where = f"isolation {stands.isolation}, network {stands.network}"
    return asked.stays("here", f"{where}: loopback only moves where MAP declares it")


def _published(asked: Asked, port: int, trace: list[str]) -> Steps[Decision | None]:
    """Take the service that publishes the port on the host, if one does."""
    around: Neighbourhood = yield Around()
    matches = identify.meant(around, identify.by_publication(around, port, asked.host))
    if not matches:
        return None
    match, *others = matches
    if others:
        return services.ambiguous(asked, matches, tuple(trace))
    if match.running or around.engine:
        return (yield from services.reach(asked, match, around, tuple(trace)))
    return (yield from _confirmed(asked, match, trace))


def _confirmed(asked: Asked, match: Match, trace: list[str]) -> Steps[Decision | None]:
    """Take what a file says to publish the port, if its name answers on a network of mine.

    Where it does not, the port of the host is what is meant, and is asked next.
    """
    name, project = match.service.service, match.service.project
    trace.append(f"{match.service.source} says that {match} publishes {asked.port}")
    found: tuple[str, ...] = (yield Resolves(name=name)) or ()
    connected: tuple[bool, ...] = (yield Connected(addresses=found)) if found else ()
    if not any(connected):
        trace.append(f"{name} does not resolve on a network of this container")
        return None
    seen: Neighbourhood = yield Around(names=True)
    if seen.observed_project not in (None, project):
        trace.append(f"this container is of the project {seen.observed_project}")
        return None
    target = Target(kind="service", name=name, port=match.port)
    reason = f"{match} publishes {asked.port}, and its name answers on a network of this container"
    return asked.goes(name, target, "intended", reason, trace)


def _beyond(asked: Asked, trace: list[str]) -> Asking:
    """Decide between the host and a sibling by what answers, then by what was meant."""
    decision = None
    if asked.policy.probe == "never":
        trace.append("PROBE=never: nobody was asked")
    elif asked.policy.prefer == "sibling":
        decision = (yield from _sibling(asked, trace)) or (yield from take_host(asked, trace))
    else:
        decision = yield from take_host(asked, trace)
        # A time-out is no refusal: behind a firewall the host may well serve it.
        if decision is None and any(line.endswith(SAID["refused"]) for line in trace):
            decision = yield from _sibling(asked, trace)
    return decision or _meant(asked, trace)


def take_host(asked: Asked, trace: list[str]) -> Steps[Decision | None]:
    """Take the host if its port accepts, by the first of its addresses that does."""
    hosts, port = host_addresses(asked), asked.port
    if not hosts or port is None:
        trace.append("no address of the host is known from here")
        return None
    outcomes: tuple[Outcome, ...] = yield Reach(addresses=tuple((host, port) for host in hosts))
    said = tuple(zip(hosts, outcomes, strict=True))
    trace += [f"the host as {host}:{port} {SAID[outcome]}" for host, outcome in said]
    answering = [host for host, outcome in said if outcome == "open"]
    if not answering:
        return None
    target = Target(kind="host", port=port)
    others = _routes(answering[1:], port, "the host answers here as well")
    return asked.goes(
        answering[0], target, "observed", f"the host accepts on {port}", trace, others
    )


def _sibling(asked: Asked, trace: list[str]) -> Steps[Decision | None]:
    """Take the one sibling of my project that has a usual name and greets in the protocol."""
    around: Neighbourhood = yield Around(names=True)
    port, usual = asked.port, usual_names(asked.protocol)
    mine = around.me.name if around.me is not None else None
    called = [
        found
        for found in around.siblings()
        if found.service in usual and mine not in [one.name for one in found.containers]
    ]
    named = [found for found in called if found.addresses and found.running]
    if around.project is None:
        trace.append("no compose project of this container is known")
    elif not named:
        trace.append(f"no sibling in {around.project} has a name usual for {asked.speaks}")
    if not named or port is None:
        return None
    question = Greets(
        addresses=tuple((found.addresses[0], port) for found in named), protocol=asked.protocol
    )
    answers: tuple[bool, ...] = yield question
    greeting = [found for found, greets in zip(named, answers, strict=True) if greets]
    # One that is down could be the one that is meant: the others do not inherit its string.
    down = [found for found in called if found not in named]
    return _only_sibling(asked, trace, [*greeting, *down] if greeting else [])


def _only_sibling(asked: Asked, trace: list[str], greeting: list[Service]) -> Decision | None:
    """Choose a sibling where exactly one is left; replicas of a service are one."""
    port, names = asked.port, sorted({found.name for found in greeting})
    trace.append(f"greets as {asked.speaks} on {port}: {', '.join(names) or 'no sibling'}")
    if not names:
        return None
    if len(names) > 1:
        reason = f"{' and '.join(names)} could both be meant by {port}: name one with MAP"
        return asked.undecided(reason, trace, _routes(names, port, "it greets"))
    target = Target(kind="service", name=names[0], port=port)
    reason = f"the only sibling that speaks {asked.speaks} on {port}"
    return asked.goes(names[0], target, "observed", reason, trace)


def _meant(asked: Asked, trace: list[str]) -> Decision:
    """Nothing answers: the host, if somebody gave this container a way to it on purpose."""
    meant = _meant_host(asked)
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

"""Identify and locate: what an endpoint means, and its address from here. Pure.

The rules in their order. Each is a generator that yields a question only where
it must look at the world (see :mod:`hostshift.questions`); most endpoints are
decided without any.

An endpoint that names loopback or the host means a port of the host, unless
something nearer is certain. The address of what it means may change with what
answers; *what* it means may not.
"""

from __future__ import annotations

from hostshift import addresses
from hostshift.conventions import usual_names
from hostshift.decision import Address, Route, Target
from hostshift.questions import Around, Greets, Listening, Reach, Resolves

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.decision import Asked, Certainty, Decision
    from hostshift.questions import Asking, Outcome, Steps
    from hostshift.topology import Neighbourhood, Service


def decide(asked: Asked) -> Asking:
    """Decide one endpoint, and with PROBE=always look whether it answers there."""
    decision: Decision = yield from _identify(asked)
    if asked.policy.probe != "always" or decision.target.kind not in ("host", "here", "service"):
        return decision
    if decision.after.port is None:
        return decision
    (outcome,) = yield Reach(addresses=((decision.after.host, decision.after.port),))
    return decision.replace(evidence=(*decision.evidence, f"{decision.after} {_SAID[outcome]}"))


def _identify(asked: Asked) -> Asking:
    """Ask in order: declared, kept, loopback, a name of the host, here, elsewhere."""
    names = asked.vantage.loopback_names
    rule = asked.policy.declared(asked.host, asked.port, names)
    if rule is not None:
        target = Target(kind="declared", port=rule.goal.port or asked.port)
        reason = f"MAP says {rule.source}={rule.goal}"
        return asked.goes(rule.goal.host or asked.host, target, "declared", reason, settled=True)
    kept = asked.policy.kept(asked.host, asked.port, names)
    if kept is not None:
        return asked.stays("kept", f"KEEP lists {kept}", "declared")
    if addresses.is_loopback(asked.host, names):
        return (yield from _loopback(asked))
    if addresses.is_host_alias(asked.host):
        return (yield from _host_alias(asked))
    if asked.host in asked.vantage.own_addresses:
        return asked.stays("here", "an address of one of this machine's own interfaces")
    return asked.stays("elsewhere", "neither loopback nor a name of the host")


# --- loopback -----------------------------------------------------------------------------------


def _loopback(asked: Asked) -> Asking:
    """Decide what ``localhost:P`` means here."""
    stands, port = asked.vantage, asked.port
    if stands.network == "host":
        return asked.stays("host", "loopback is the host's own from here")
    if stands.network == "isolated":
        return asked.stays("here", "there is no network but loopback")
    if not stands.has_host_beyond:
        where = f"isolation {stands.isolation}, network {stands.network}"
        return asked.stays("here", f"{where}: loopback only moves where MAP declares it")
    if port is None:
        return asked.undecided("no port is given or known, so nothing can be looked up")
    if (yield Listening(host=asked.host, port=port)):
        return asked.stays("here", f"something else listens here on {port}", settled=False)
    if asked.chosen is not None:
        return asked.chosen.replace(before=asked.before)
    first, last = stands.port_range or (0, 0)
    if first <= port <= last:
        return asked.stays("here", f"{port} is a port that the kernel hands out by itself")
    return (yield from _beyond(asked, [f"nothing else listens here on {port}"]))


def _beyond(asked: Asked, trace: list[str]) -> Asking:
    """Decide between the host and a sibling by what answers, then by what was meant."""
    decision = None
    if asked.policy.probe == "never":
        trace.append("PROBE=never: nobody was asked")
    elif asked.policy.prefer == "sibling":
        decision = (yield from _sibling(asked, trace)) or (yield from _host(asked, trace))
    else:
        decision = yield from _host(asked, trace)
        # A time-out is no refusal: behind a firewall the host may well serve it.
        if decision is None and any(line.endswith(_SAID["refused"]) for line in trace):
            decision = yield from _sibling(asked, trace)
    return decision or _meant(asked, trace)


_SAID: dict[Outcome, str] = {
    "open": "accepts",
    "closed": "accepts and hangs up: not ready",
    "refused": "refuses",
    "silent": "does not answer in time",
    "unreachable": "cannot be reached",
    "unnamed": "is a name that does not resolve",
}


def _host(asked: Asked, trace: list[str]) -> Steps[Decision | None]:
    """Take the host if its port accepts, by the first of its addresses that does."""
    hosts, port = _host_addresses(asked), asked.port
    if not hosts or port is None:
        trace.append("no address of the host is known from here")
        return None
    outcomes: tuple[Outcome, ...] = yield Reach(addresses=tuple((host, port) for host in hosts))
    said = tuple(zip(hosts, outcomes, strict=True))
    trace += [f"the host as {host}:{port} {_SAID[outcome]}" for host, outcome in said]
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
    around: Neighbourhood = yield Around()
    port, usual = asked.port, usual_names(asked.protocol)
    named = [found for found in around.siblings() if found.service in usual and found.addresses]
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
    return _only_sibling(asked, trace, greeting)


def _only_sibling(asked: Asked, trace: list[str], greeting: list[Service]) -> Decision | None:
    """Choose a sibling where exactly one is left; replicas of a service are one."""
    port, names = asked.port, sorted({found.name for found in greeting})
    trace.append(f"greets as {asked.speaks} on {port}: {', '.join(names) or 'no sibling'}")
    if not names:
        return None
    if len(names) > 1:
        reason = f"{' and '.join(names)} both answer on {port}: name one with MAP"
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


# --- the host's names ---------------------------------------------------------------------------


def _host_alias(asked: Asked) -> Asking:
    """Decide ``host.docker.internal:P`` and its like: it stays where it resolves."""
    if asked.host.lower() in asked.vantage.host_names:
        return asked.stays("host", "this machine's hosts file has the name")
    if (yield Resolves(name=asked.host)):
        return asked.stays("host", "the name resolves here", settled=False)
    target, hosts = Target(kind="host", port=asked.port), _host_addresses(asked)
    trace = [f"{asked.host} does not resolve here"]
    if not hosts:
        return asked.undecided("the name does not resolve, nor is the host's address known", trace)
    if asked.vantage.network == "host":
        return asked.goes(hosts[0], target, "known", "the name means the host: here", trace)
    host: str = hosts[0]
    certainty: Certainty = "assumed"
    if asked.policy.probe != "never":
        found = yield from _host(asked, trace)
        if found is not None:
            host, certainty = found.after.host, "observed"
    return asked.goes(host, target, certainty, "the name means the host", trace)


def _host_addresses(asked: Asked) -> tuple[str, ...]:
    """List how the host is reached, best first; what the user says replaces what was found."""
    if asked.policy.host_address:
        return (asked.policy.host_address,)
    return asked.vantage.host_address


def _routes(hosts: list[str], port: int | None, reason: str) -> tuple[Route, ...]:
    """Describe other addresses that were seen to answer."""
    return tuple(
        Route(address=Address(host=host, port=port), certainty="observed", reason=reason)
        for host in hosts
    )

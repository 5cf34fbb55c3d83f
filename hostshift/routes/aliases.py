"""What ``host.docker.internal:P`` and its like mean: a port of the host. Pure."""

from __future__ import annotations

from hostshift.addresses import is_loopback, is_private
from hostshift.decision import Target
from hostshift.routes import identify
from hostshift.routes.host import take_host
from hostshift.routes.locate import ANY_V4, ANY_V6, host_addresses
from hostshift.routes.reach import late, reach
from hostshift.routes.services import ambiguous
from hostshift.topology.gaps import passing
from hostshift.topology.model import Neighbourhood
from hostshift.vantages import CONTAINERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.decision import Asked, Decision
    from hostshift.questions import Look
    from hostshift.routes.identify import Match

ANY = (ANY_V4, ANY_V6)


def decide(asked: Asked, look: Look) -> Decision:
    """Decide ``host.docker.internal:P`` and its like: it stays where it resolves."""
    if asked.host.lower() in asked.vantage.aliases_elsewhere:
        reason = "the hosts file gives it an address that is not the host's"
        return asked.stays("elsewhere", reason)
    if asked.vantage.network == "host" and asked.vantage.isolation in CONTAINERS:
        # Podman lists its aliases there with an address that does not lead to loopback.
        target = Target(kind="host", port=asked.port)
        return asked.goes("localhost", target, "known", "the name means the host: here")
    matches, around = _published(asked, look)  # first: a silent name server may take all the time
    resolves = _resolves(asked, look)
    if resolves:
        return _resolved(asked, look, around, matches)
    trace = [f"{asked.host} does not resolve here"]
    if resolves is None:
        trace = [f"the name server could not say where {asked.host} is"]
    if len(matches) > 1:
        return ambiguous(asked, matches, tuple(trace))
    if matches:
        return reach(asked, look, matches[0], around, tuple(trace))
    gap = passing(around)
    if gap is not None:
        return late(asked, gap, trace)
    return _by_address(asked, look, trace, certain=resolves is not None)


def _resolved(
    asked: Asked, look: Look, around: Neighbourhood, matches: tuple[Match, ...]
) -> Decision:
    """Keep a name that resolves, unless it does not lead to the service that is meant."""
    if matches and not any(match.running for match in matches):
        return _down(asked, around, matches)
    if len(matches) > 1:
        return ambiguous(asked, matches)
    for match in matches:
        if _only_on_loopback(match):
            return reach(asked, look, match, around)
        if _misses_the_family(asked, match):
            found = reach(asked, look, match, around)
            if found.changed:
                return found
    return asked.stays("host", "the name resolves here", settled=False)


def _down(asked: Asked, around: Neighbourhood, matches: tuple[Match, ...]) -> Decision:
    """Decide nothing while my services with the port are down; another may have it by now."""
    running = identify.running(identify.by_publication(around, asked.port or 0))
    do = "does" if len(matches) == 1 else "do"
    reason = f"{' and '.join(sorted(map(str, matches)))} {do} not run"
    if running:
        reason += f", and {running[0]} has its port now"
    return asked.undecided(reason, misleads=bool(running))


def _resolves(asked: Asked, look: Look) -> bool | None:
    """Return True if the name has an address that could be the host's.

    A name server that knows everything answers with an address of its own. None: nobody
    could say.
    """
    if asked.host.lower().removesuffix(".") in asked.vantage.host_names:
        return True
    found = look.resolves(asked.host)
    return None if found is None else any(map(is_private, found))


def _published(asked: Asked, look: Look) -> tuple[tuple[Match, ...], Neighbourhood]:
    """Find the services that publish the port, where this is not the host itself.

    One of my own project is meant even while it does not run, as far as an engine shows it.
    """
    if asked.port is None or not asked.vantage.has_host_beyond:
        return (), Neighbourhood()
    around = look.around()
    matches = identify.meant(around, identify.by_publication(around, asked.port))
    shown = matches if around.engine else tuple(match for match in matches if match.running)
    return shown, around


def _only_on_loopback(match: Match) -> bool:
    """Return True if a port is published so that the host's name does not lead to it."""
    return all(address and is_loopback(address) and address not in ANY for address in _bound(match))


def _misses_the_family(asked: Asked, match: Match) -> bool:
    """Return True if a port is published in the one IP version that the host's name has not."""
    numbers = asked.vantage.host_names.get(asked.host.lower().removesuffix("."), ())
    bound = _bound(match)
    if not numbers or not bound or "" in bound:
        return False
    return {":" in number for number in numbers}.isdisjoint(":" in address for address in bound)


def _bound(match: Match) -> list[str]:
    """Return what the port of a match is bound to on the host."""
    return [
        out.address
        for one in match.containers
        for out in one.publications
        if out.port == match.port and out.protocol == "tcp"
    ]


def _by_address(asked: Asked, look: Look, trace: list[str], *, certain: bool) -> Decision:
    """Take the host's address for its name.

    Args:
        asked: the endpoint.
        look: what can be asked.
        trace: what was seen so far.
        certain: the name does not resolve. Otherwise nobody could say, and only an address
            that answers is better than a name that may be right.

    """
    target, hosts = Target(kind="host", port=asked.port), host_addresses(asked)
    if not hosts:
        return asked.undecided("the name does not resolve, nor is the host's address known", trace)
    if asked.vantage.network == "host":
        return asked.goes(hosts[0], target, "known", "the name means the host: here", trace)
    reason = "the name means the host"
    if asked.policy.probe != "never":
        found = take_host(asked, look, trace).decision
        if found is not None and not found.undecided:
            return asked.goes(found.after.host, target, "observed", reason, trace)
    if not certain:
        return asked.undecided(f"{trace[0]}, and no address of the host answers", trace)
    return asked.goes(hosts[0], target, "assumed", reason, trace)

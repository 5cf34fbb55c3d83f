"""The address of the intended service, if it is certain enough that it runs there. Pure."""

from __future__ import annotations

from hostshift.base import addresses
from hostshift.discovery.gaps import concerning
from hostshift.routing.locate import host_addresses, locate
from hostshift.routing.model import Address
from hostshift.routing.outcomes import goes, undecided
from hostshift.routing.queries import OUTCOME_TEXT
from hostshift.routing.service_names import USUAL_NAMES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from hostshift.discovery import Topology
    from hostshift.discovery.model import Certainty
    from hostshift.routing.locate import Location
    from hostshift.routing.matching import Match
    from hostshift.routing.model import Decision, RouteRequest
    from hostshift.routing.queries import Look


def reach(
    request: RouteRequest, look: Look, match: Match, topology: Topology, trace: tuple[str, ...] = ()
) -> Decision:
    """Give a service's address from here, if it is certain enough that it runs there."""
    target = match.target
    if match.running:
        place = locate(request, look, match, topology)
        if place.host is None:
            return undecided(request, place.reason, trace)
        certainty: Certainty = "intended" if _is_undescribed(topology, match) else "known"
        decision = goes(
            request,
            place.host,
            target,
            certainty,
            place.reason,
            trace,
            port=place.port,
            numbers=place.numbers,
        )
        return decision.replace(project=match.service.project)
    if topology.engine:
        return undecided(request, f"{match} does not run", trace, fix="start it")
    if match.service.certainty == "observed" and match.service.addresses:
        host, numbers = spelled(look, match.service.name, match.service.addresses)
        reason = f"{match} answers by that name"
        return goes(request, host, target, "observed", reason, trace, numbers=numbers)
    gap = next(iter(concerning(topology)), None)
    if gap is not None:
        reason = f"{gap.where} {gap.what}, so no source shows whether {match} runs"
        return undecided(request, reason, trace, fix=gap.fix, missing=gap.where)
    return _unconfirmed(request, look, match, topology, trace)


def _is_undescribed(topology: Topology, match: Match) -> bool:
    """Return True if the engine did not describe one of a match's containers."""
    names = {container.name for container in match.containers}
    return any(gap.container in names for gap in topology.gaps if gap.container)


def spelled(look: Look, name: str, own: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Return how to write a service: by its name where only it answers, else by its number.

    Args:
        look: answers queries.
        name: the service's best name.
        own: its addresses, by a name server for its containers; one at least.

    Returns:
        The host to write, and the addresses of a name.

    """
    numbers = look.resolves(name)
    if numbers and set(numbers) <= set(own):
        return name, numbers
    return own[0], ()


def _unconfirmed(
    request: RouteRequest, look: Look, match: Match, topology: Topology, trace: tuple[str, ...]
) -> Decision:
    """Take a port that a file publishes, if a server there proves that it speaks the protocol.

    The listener there would get the credentials. So we never take it for a protocol that has
    no such proof, nor where the listener is another user's.
    """
    says = f"{match.service.source} says"
    place = locate(request, look, match, topology)
    if place.host is None or request.policy.probe == "never":
        return undecided(request, f"{says} that {place.reason}; no engine confirms it", trace)
    if request.protocol not in USUAL_NAMES:
        reason = f"{says} that {place.reason}; no engine confirms it, and hostshift cannot check"
        return undecided(request, f"{reason} that a server there speaks {request.speaks}", trace)
    if is_foreign(request, look, place):
        reason = f"{says} that {place.reason}, but another user's program listens there"
        return undecided(request, reason, trace)
    return _proven(request, look, match, place, trace)


def is_foreign(request: RouteRequest, look: Look, place: Location) -> bool:
    """Return True if a port of this machine is another user's, or may be one."""
    host = place.host or ""
    on_host = request.vantage.network == "host" and addresses.is_loopback(host)
    return on_host and look.foreign_listener(host, place.port) is not False


def _proven(
    request: RouteRequest, look: Look, match: Match, place: Location, trace: tuple[str, ...]
) -> Decision:
    """Take the first address of a published port whose server proves its protocol."""
    known, host = host_addresses(request), place.host or ""
    hosts = known if host in known else (host,)
    port = place.port
    outcomes = look.reach(tuple((at, port) for at in hosts), protocol=request.protocol)
    dialled = tuple(zip(hosts, outcomes, strict=True))
    answers = (f"{Address(host=at, port=port)} {OUTCOME_TEXT[outcome]}" for at, outcome in dialled)
    trace = (*trace, *answers)
    reason = f"{match.service.source} says that {place.reason}"
    for at, outcome in dialled:
        if outcome == "open" and look.greets(((at, port),), request.protocol, proof=True)[0]:
            why = f"{reason} (unconfirmed: no engine answered)"
            return goes(request, at, match.target, "intended", why, trace, port=port)
    return undecided(request, f"{reason}, but no such server answers there", trace)

"""What may be a service's: ``db:5432``, ``shop-db-1:5432``, ``172.18.0.3:5432``. Pure.

What works as written stays as written: the rules leave a name alone that resolves here,
whatever a file says, unless it leads to another service than the one it names.
"""

from __future__ import annotations

from hostshift.base import addresses, redaction
from hostshift.discovery.gaps import concerning, hiding, passing
from hostshift.routing import matching
from hostshift.routing.certainty import NETWORKS
from hostshift.routing.locate import networks_of
from hostshift.routing.neighbours import (
    among_neighbours,
    are_near,
    as_written,
    is_named_here,
    keep,
    numbers_of,
    shared_name,
    was_mine,
)
from hostshift.routing.outcomes import ambiguous, pin, stays, undecided, unresolved
from hostshift.routing.reach import reach

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from hostshift.discovery import Gap, Topology
    from hostshift.discovery.model import Certainty
    from hostshift.routing.matching import Match
    from hostshift.routing.model import Decision, RouteRequest
    from hostshift.routing.queries import Look, Outcome

PRIVATE_SUFFIXES = ("internal", "local", "localdomain", "lan", "docker", "podman", "test")
"""Last labels of names that no public name server answers (RFC 6761, 6762, 8375 and habit)."""

DIALLED: tuple[Outcome, ...] = ("refused", "closed", "silent")
"""Outcomes of an address that we dialled and that does not answer."""


def may_be_one(request: RouteRequest) -> bool:
    """Return True if an endpoint may be a service's; for others we look nothing up."""
    vantage = request.vantage
    return (vantage.network == "host" or vantage.has_host_beyond) and could_name_one(request)


def could_name_one(request: RouteRequest) -> bool:
    """Return True if an endpoint looks like a service's, whatever the vantage."""
    if request.port is None:
        return False
    if addresses.is_ip_literal(request.host):
        # Whoever uses the rest of 127/8 does so on purpose.
        return addresses.is_private(request.host) and not addresses.unmapped(
            request.host
        ).startswith("127.")
    labels = request.host.rstrip(".").split(".")
    return len(labels) == 1 or "_" in labels[-1] or labels[-1].lower() in PRIVATE_SUFFIXES


def decide(request: RouteRequest, look: Look) -> Decision:
    """Decide a name or an address that may be a service's."""
    if addresses.is_ip_literal(request.host):
        return _number(request, look)
    return _name(request, look)


# --- addresses ----------------------------------------------------------------------------------


def _number(request: RouteRequest, look: Look) -> Decision:
    """Decide an address: it stays where it routes, else a container may have it."""
    routes = "its address routes from here"
    if any(look.connected((request.host,))):
        return stays(request, "here", routes, settled=False)
    topology, port = look.around(), request.port or 0
    # Again, because on the host only the engine knows that it made a bridge of another name.
    if topology.bridges and any(look.connected((request.host,))):
        return stays(request, "here", routes, settled=False)
    matches = matching.candidates(topology, matching.by_address(topology, request.host, port))
    if not matches:
        return _unknown_number(request, topology)
    match, *others = matches
    if others:
        return ambiguous(request, matches)
    if match.running and _is_routed(request, look):
        return stays(request, "here", routes, "observed", settled=False)
    return reach(request, look, match, topology)


def _unknown_number(request: RouteRequest, topology: Topology) -> Decision:
    if (gap := hiding(topology)) is not None:
        return _late(request, gap)
    reason = "no service around has this address"
    return stays(request, "elsewhere", reason, _certainty(topology), settled=False)


def _certainty(topology: Topology) -> Certainty:
    """Return how certain it is that a service that no source has does not exist.

    Without an engine and without a file, no source could have shown one.
    """
    return "known" if topology.engine or topology.listed else "assumed"


def _is_routed(request: RouteRequest, look: Look) -> bool:
    """Return True if an address on another network of the engine answers as it is written.

    Podman routes between its networks (netavark isolates only those that ask for it).
    Docker drops what goes from one of its bridges to another, so we do not dial there.
    """
    if request.vantage.isolation != "podman" or request.policy.probe == "never":
        return False
    address = (request.host, request.port or 0)
    (outcome,) = look.reach((address,), near=(request.host,), protocol=request.protocol)
    return outcome == "open"


# --- names --------------------------------------------------------------------------------------


def _name(request: RouteRequest, look: Look) -> Decision:
    """Decide a name: of a service of mine, of another's, or of none that is known."""
    topology = look.around()
    matches = matching.by_name(topology, request.host, request.port or 0)
    mine = matching.mine(topology, matches)
    if mine:
        decision = _mine(request, look, topology, mine)
        runs = decision.target.kind == "service" and bool(matching.running(mine))
        return decision.replace(mine=True) if runs else decision
    if matching.running(matches):
        return _others(request, look, topology, matches)
    shared, gaps = shared_name(request, look, topology), concerning(topology)
    if shared is not None and not (gaps and shared.target.kind == "elsewhere"):
        return shared
    if not gaps and not matches:
        reason = "no service around has this name or address"
        return stays(request, "elsewhere", reason, _certainty(topology), settled=False)
    if gaps:
        return _late(request, passing(topology) or gaps[0])
    if look.resolves(request.host):
        return keep(request, "elsewhere")
    return _stopped(request, matches)


def _stopped(request: RouteRequest, matches: tuple[Match, ...]) -> Decision:
    """Decide nothing where only services that do not run have a name, none of them mine.

    While one of them runs, the name means it. That it stopped does not change what is meant.
    """
    match, *others = matches
    if others:
        return ambiguous(request, matches)
    return undecided(request, f"{match} does not run", fix="start it, if you mean it")


def _late(request: RouteRequest, gap: Gap) -> Decision:
    """Decide nothing where a source that should know the services could not answer."""
    reason = f"{gap.where} {gap.what}, so no source shows which service {request.host} is"
    return undecided(request, reason, fix=gap.fix, missing=gap.where)


def _mine(
    request: RouteRequest, look: Look, topology: Topology, mine: tuple[Match, ...]
) -> Decision:
    """Decide a name that a service of my own project has."""
    running = tuple(match for match in mine if match.running)
    matches = running or mine
    numbers = look.resolves(request.host)
    if numbers:
        return _resolved(request, look, topology, matches, numbers)
    match, *others = matches
    if others:
        return ambiguous(request, matches)
    if numbers is None and not running and is_named_here(request):
        return unresolved(request, request.host)
    return reach(request, look, match, topology)


def _resolved(
    request: RouteRequest,
    look: Look,
    topology: Topology,
    matches: tuple[Match, ...],
    numbers: tuple[str, ...],
) -> Decision:
    """Decide a name of mine that resolves: to my own service, or to something else."""
    match, *others = matches
    if others:
        return _one_of_mine(request, matches, numbers)
    own = numbers_of(match)
    if own.issuperset(numbers):
        return as_written(request, match, numbers)
    theirs = _owners(topology, numbers, matches)
    expected = _shares_a_network(topology, match) or not own.isdisjoint(numbers)
    if match.running:
        if expected:
            return reach(request, look, match, topology)
        return _overruled(request, look, topology, match, theirs, numbers)
    known = topology.engine != "" and expected
    beyond = _is_beyond(request, look, topology, numbers) if known else False
    if theirs or beyond is not False:
        owner = " and ".join(sorted(map(str, theirs))) or _BEYOND[beyond]
        reason = f"{match} does not run, and the name leads to {owner}"
        missing = NETWORKS if beyond is None and not theirs else ""
        misleads = was_mine(request) or (known and (bool(theirs) or beyond is True))
        return undecided(request, reason, fix=pin(request), missing=missing, misleads=misleads)
    return _intended_name(request, look, topology, match, numbers)


_BEYOND = {
    True: "what is no container of the engine",
    None: "what may be on no network of this container (they could not be read)",
}
"""Where a name leads that no other service has."""


def _one_of_mine(
    request: RouteRequest, matches: tuple[Match, ...], numbers: tuple[str, ...]
) -> Decision:
    """Keep a name of several services of mine, if it leads to them and to nothing else."""
    own = set[str]().union(*map(numbers_of, matches))
    if own.issuperset(numbers):
        return keep(request, "here")
    return ambiguous(request, matches)


def _is_beyond(
    request: RouteRequest, look: Look, topology: Topology, numbers: tuple[str, ...]
) -> bool | None:
    """Return True if addresses are no container's on a network of this container.

    None: we could not read which networks it is on.

    The name server of a network asks upstream for a name that it does not know, and some name
    servers there answer every name. (On a swarm's network, tasks on other machines have
    addresses that this engine does not show.)
    """
    vantage = request.vantage
    hosts = {*vantage.host_address, *vantage.maybe_host, *vantage.own_addresses, *topology.bridges}
    if not hosts.isdisjoint(numbers):
        return True
    near = are_near(look, numbers)
    return None if near is None else not near


def _intended_name(
    request: RouteRequest, look: Look, topology: Topology, match: Match, numbers: tuple[str, ...]
) -> Decision:
    """Keep a name that resolves, though no source shows that my service runs."""
    if match.service.certainty == "intended" and all(look.connected(numbers)):
        if is_named_here(request):
            return among_neighbours(request, look, topology, match, numbers)
        return as_written(request, match, numbers)
    return keep(request, "elsewhere")


def _overruled(
    request: RouteRequest,
    look: Look,
    topology: Topology,
    match: Match,
    theirs: tuple[Match, ...],
    numbers: tuple[str, ...],
) -> Decision:
    """Decide between a name that resolves and my running service that it cannot lead to.

    The service shares no network with this process, so the name stays: as written it may
    always have meant something else, unless it was my service in this process before. Only a
    container network's address that no container has and that does not answer is a leftover.
    """
    if theirs or was_mine(request):
        owner = " and ".join(sorted(map(str, theirs))) or "something else"
        reason = f"{match} is on no network of this container, and here the name leads to {owner}"
        return undecided(request, reason, fix=pin(request), misleads=was_mine(request))
    if request.policy.probe == "never" or not all(look.connected(numbers)):
        return keep(request, "here")
    (outcome,) = look.reach(((request.host, request.port or 0),), protocol=request.protocol)
    if outcome in DIALLED:
        return reach(request, look, match, topology)
    return keep(request, "here")


def _others(
    request: RouteRequest, look: Look, topology: Topology, others: tuple[Match, ...]
) -> Decision:
    """Decide a name that only services of other projects, or of none, have."""
    numbers = look.resolves(request.host)
    if numbers:
        return _others_resolved(request, topology, others, numbers)
    match, *more = others
    if more:
        return ambiguous(request, others)
    if numbers is None and not matching.is_containers_own(request.host, match):
        return unresolved(request, request.host)  # as written it may be right
    explicit = matching.is_explicit(request.host, match)
    if explicit or matching.has_none_of_my_own(topology, request.host, match):
        return reach(request, look, match, topology)
    return _unproven(request, topology, match)


def _others_resolved(
    request: RouteRequest, topology: Topology, others: tuple[Match, ...], numbers: tuple[str, ...]
) -> Decision:
    """Keep a name that resolves; name the service that has all its addresses, if one does."""
    owners = [match for match in others if not numbers_of(match).isdisjoint(numbers)]
    if owners and not matching.has_none_of_my_own(topology, request.host, owners[0]):
        return _unproven(request, topology, owners[0], resolves=True)
    if len(owners) == 1 and numbers_of(owners[0]).issuperset(numbers):
        return as_written(request, owners[0], numbers)
    return keep(request, "here")


def _unproven(
    request: RouteRequest, topology: Topology, match: Match, *, resolves: bool = False
) -> Decision:
    """Decide nothing where my own project may have a service of another's name.

    Once the name was my own service in this process, we do not dial it while it leads elsewhere.
    """
    gap = next(iter(concerning(topology)), None)
    fix, missing = (gap.fix or pin(request), gap.where) if gap is not None else (pin(request), "")
    sign = matching.unread_sign(topology, match)
    if request.host.lower().rstrip(".") in topology.reserved_names:
        unsure, missing = "its compose file has this name, too", ""
    elif gap is not None:
        unsure = f"{gap.where} {gap.what}"
    elif sign:
        unsure = f"{redaction.place(sign)} is a sign of one, and is not read"
    else:
        unsure = "no file lists its services"
    reason = f"{match} has this name, and this project may have one of its own ({unsure})"
    misleads = resolves and was_mine(request)
    return undecided(request, reason, fix=fix, missing=missing, misleads=misleads)


def _owners(
    topology: Topology, numbers: Iterable[str], matches: tuple[Match, ...]
) -> tuple[Match, ...]:
    """Return the other services that have one of some addresses."""
    mine = {match.service for match in matches}
    owners = (match for number in numbers for match in matching.by_address(topology, number, 0))
    return tuple(dict.fromkeys(match for match in owners if match.service not in mine))


def _shares_a_network(topology: Topology, match: Match) -> bool:
    """Return True if a service's names answer, while it runs, on a network of this container."""
    return bool(networks_of(topology.me) & set(match.service.networks))

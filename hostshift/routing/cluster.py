"""The members that a server of a cluster announces, translated for this vantage. Pure.

A MongoDB replica set answers ``hello`` with names of its own. If a container that publishes
27018 announces ``localhost:27017``, it means its own 27017; from here that would be any
server on this machine's 27017. So loopback members are on the announcer's machine,
and we look up other names like any.

The decisions belong to one client and one announcement: a later one replaces them.
"""

from __future__ import annotations

from collections import Counter

from hostshift.base.addresses import is_loopback
from hostshift.discovery.gaps import passing
from hostshift.routing import announcer, decide, matching
from hostshift.routing.announcer import Announcement
from hostshift.routing.certainty import Witness
from hostshift.routing.locate import host_addresses, locate
from hostshift.routing.model import Address, Decision, Target
from hostshift.routing.numeric import pin_to_ip
from hostshift.routing.outcomes import goes, stays, undecided
from hostshift.routing.reach import reach

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from hostshift.discovery import Topology
    from hostshift.routing.model import RouteRequest
    from hostshift.routing.queries import Look


__all__ = ["Announcement", "read"]


def read(
    announcement: Announcement,
    request_for: Callable[[Address], RouteRequest],
    look: Look,
    first: Address | None = None,
) -> dict[Address, Decision]:
    """Decide for each member where to dial it from here, or why to leave it alone.

    Args:
        announcement: the members, by one server.
        request_for: returns an endpoint with all that is known here, as the rules need it.
        look: answers about this machine.
        first: the member that gets the time before the others, as it is dialled now.

    """
    about_announcer = Witness(look)
    near = announcer.is_near(announcement, request_for, about_announcer)
    if not near:
        return {
            member: _far(announcement, request_for(member), near=near)
            for member in announcement.members
        }
    decisions = {}
    look.around()  # first, while there is time: names may take all of it
    for member in sorted(announcement.members, key=lambda member: member != first):
        # What has no answer about one member says nothing about the next.
        witness = about_announcer.copy()
        request = request_for(member)
        decision = _member(announcement, request, witness)
        decisions[member] = witness.testify(pin_to_ip(request, witness, decision))
    return _one_to_one(decisions)


def _far(announcement: Announcement, request: RouteRequest, *, near: bool | None) -> Decision:
    """Leave a member of an announcer that is elsewhere; of one that may be near, its loopback.

    Loopback written there is never this machine's: we do not dial it here as it is written.
    """
    located = announcement.located
    if near is None and is_loopback(request.host):
        reason = f"hostshift could not see whether {located.before} is near, and it is its loopback"
        return undecided(request, reason)
    decision = stays(request, "elsewhere", f"announced by a server that is {located.target.kind}")
    return decision if near is False else decision.replace(certainty="intended", settled=False)


def _member(announcement: Announcement, request: RouteRequest, look: Look) -> Decision:
    """Decide one member: on the announcer's loopback, or under a name for everybody."""
    # The hosts file here says nothing about the names of another machine.
    if is_loopback(request.host):
        return _on_its_machine(announcement, request, look)
    decision = decide(request, look)
    if decision.target.kind == "service" and decision.after == request.before:
        return _answered(request, look, decision)
    nowhere = decision.target.kind == "elsewhere" or decision.undecided
    if nowhere and announcement.is_announcer(request.before) and look.resolves(request.host) == ():
        return _the_announcer(announcement, request)
    return decision


def _answered(request: RouteRequest, look: Look, decision: Decision) -> Decision:
    """Believe an engine about a name for which the name server has no answer in time.

    A name in a connection string may be upstream's; one that a near server announces is near.
    """
    numbers, topology = look.resolves(request.host), look.around()
    named = matching.by_name(topology, request.host, request.port or 0)
    match = announcer.alone(matching.candidates(topology, named))
    if numbers is not None or match is None:
        return decision
    return reach(request, look, match, topology)


def _on_its_machine(announcement: Announcement, request: RouteRequest, look: Look) -> Decision:
    """Find a port of the announcer's machine."""
    target = announcement.located.target
    names_itself = announcement.is_announcer(request.before)
    same_route = announcement.by_seed or target.kind != "service"
    if names_itself and announcement.says_who_it_is and same_route:
        return _the_announcer(announcement, request)
    topology = look.around()
    match = announcer.container(announcement, request, topology)
    if match is not None:
        if announcer.names_the_host(announcement, match, topology):
            return _on_the_host(request, look, topology)
        match = match.replace(port=request.port or 0)
        place = locate(request, look, match, topology)
        if place.host is None:
            return _declared(request, look, undecided(request, place.reason))
        reason = f"the announcer's own container: {place.reason}"
        target, port, numbers = match.target, place.port, place.numbers
        return goes(request, place.host, target, "known", reason, port=port, numbers=numbers)
    if names_itself:
        return _the_announcer(announcement, request)
    return _beside(announcement, request, look, topology)


def _beside(
    announcement: Announcement, request: RouteRequest, look: Look, topology: Topology
) -> Decision:
    """Find a port of an announcer that no engine shows: on the host, or in this namespace."""
    located, gap = announcement.located, passing(topology)
    if gap is not None:
        reason = f"{gap.where} {gap.what}, and may know the announcer"
        return _declared(request, look, undecided(request, reason, missing=gap.where))
    if located.target.kind == "host" and announcer.is_no_forward(announcement, topology):
        host, target = located.after.host, Target(kind="host", port=request.port)
        reason = "the announcer is on the host"
        return _declared(request, look, goes(request, host, target, located.certainty, reason))
    if located.target.kind != "host" and announcer.is_here(announcement, request, topology):
        reason = "the announcer is in this network namespace"
        return _declared(request, look, stays(request, "here", reason, settled=False))
    reason = "it is loopback on the announcer's machine, which is not known"
    return _declared(request, look, undecided(request, reason))


def _declared(request: RouteRequest, look: Look, otherwise: Decision) -> Decision:
    """Take the rule of HOSTSHIFT_MAP for a loopback member; ``otherwise`` where none has it."""
    names = request.vantage.loopback_names
    if request.policy.declared(request.host, request.port, names) is None:
        return otherwise
    return decide(request, look)


def _the_announcer(announcement: Announcement, request: RouteRequest) -> Decision:
    """Give the route by which the driver reached the announcer: it named itself."""
    located = announcement.located
    reason = f"the server that the driver reached as {located.before}"
    decision = goes(request, located.after.host, located.target, located.certainty, reason)
    return decision.replace(after=located.after, numbers=located.numbers)


def _on_the_host(request: RouteRequest, look: Look, topology: Topology) -> Decision:
    """Find a port of the engine's host: a container's that publishes it, else the host's own."""
    match = announcer.alone(matching.by_publication(topology, request.port or 0, request.host))
    if match is not None:
        return reach(request, look, match, topology)
    reason = "its host's port, by which the announcer calls itself"
    if request.vantage.network == "host":
        return _declared(request, look, stays(request, "host", reason, settled=False))
    hosts, target = host_addresses(request), Target(kind="host", port=request.port)
    if not hosts:
        reason = "the announcer names ports of its host, which has no address here"
        return _declared(request, look, undecided(request, reason))
    return _declared(request, look, goes(request, hosts[0], target, "known", reason))


def _one_to_one(decisions: dict[Address, Decision]) -> dict[Address, Decision]:
    """Translate no two members to one address: a failed one would hide behind the other."""
    while True:
        dialled = Counter(decision.after for decision in decisions.values())
        shared = [
            member
            for member, decision in decisions.items()
            if decision.changed and dialled[decision.after] > 1
        ]
        if not shared:
            return decisions
        for member in shared:
            decision = decisions[member]
            reason = f"the driver would dial another member at {decision.after} as well"
            decisions[member] = decision.replace(
                after=member, target=Target(kind="undecided"), reason=reason
            )

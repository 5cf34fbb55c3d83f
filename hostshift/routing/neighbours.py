"""Which of the containers around answers to a name, where no engine shows it. Pure.

Other projects may be on a network of this container and have the same names. A network's
name server answers for all of them; only the names of their containers differ.
"""

from __future__ import annotations

from hostshift.base.addresses import is_loopback
from hostshift.discovery.gaps import passing
from hostshift.routing import matching
from hostshift.routing.locate import MOST_NAMES
from hostshift.routing.outcomes import goes, pin, stays, undecided, unresolved
from hostshift.routing.reach import spelled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from hostshift.discovery import Topology
    from hostshift.routing.matching import Match
    from hostshift.routing.model import Decision, RouteRequest
    from hostshift.routing.queries import Look

RESOLVES = "the name resolves here"

MOST_SIBLINGS = 8
"""How many names of a file's containers we look up: an unknown name goes upstream."""


def is_named_here(request: RouteRequest) -> bool:
    """Return True if a name server of this container's network knows its siblings.

    Elsewhere a name server that fails proves nothing about a service's name.
    """
    return request.vantage.network != "host" and request.vantage.naming in ("docker", "podman")


def are_near(look: Look, numbers: Sequence[str]) -> bool | None:
    """Return True if all addresses are on container networks of this process.

    None: we could not read that for at least one of them, and no other is elsewhere.
    """
    near = look.connected(numbers)
    return False if False in near else None if None in near else True


def shared_name(request: RouteRequest, look: Look, topology: Topology) -> Decision | None:
    """Decide a name that only a name server knows; None where it does not know it, either.

    Where it leads to several services, take my own, as far as the names of their containers
    show it. That never proves that no other service has the name: so it is not known.
    """
    if topology.engine or not is_named_here(request):
        return None
    numbers = look.resolves(request.host)
    if numbers is None:
        return unresolved(request, request.host)
    if not numbers or are_near(look, numbers) is False:
        return None
    unchanged = keep(request, "elsewhere")
    # The source that knows whose it is is only late: until then the name may be another's.
    late = passing(topology) is not None
    unsure = late and was_mine(request) and not _as_before(request, numbers)
    if len(numbers) == 1 and len(request.vantage.subnets) == 1 and not unsure:
        return unchanged  # one network has one answer; of several, the first that has one counts
    named = look.around((request.host,))
    mine = matching.mine(named, matching.by_name(named, request.host, request.port or 0))
    if len(mine) == 1:
        unshared = _unshared(request, look, mine[0], numbers, numbers_of(mine[0]))
        return (unshared or as_written(request, mine[0], numbers)).replace(mine=True)
    project = named.observed_project
    if project is None and not unsure:
        return unchanged
    whose = f"of {project}" if project else "mine, as it was before"
    reason = f"{request.host} leads to what is not known to be {whose}"
    return undecided(request, reason, fix=pin(request), misleads=was_mine(request))


def _as_before(request: RouteRequest, numbers: Sequence[str]) -> bool:
    """Return True if a name of mine leads where it led when a source showed that it is mine."""
    return request.chosen is not None and set(numbers) <= set(request.chosen.numbers)


def was_mine(request: RouteRequest) -> bool:
    """Return True if a name was a service of my own earlier in this process."""
    return request.chosen is not None and not is_loopback(
        request.host, request.vantage.loopback_names
    )


def among_neighbours(
    request: RouteRequest, look: Look, topology: Topology, match: Match, numbers: tuple[str, ...]
) -> Decision:
    """Find a file's service among others with its name, by the names of its containers."""
    own = own_numbers(look, match)
    if own:
        return _unshared(request, look, match, numbers, own) or as_written(request, match, numbers)
    mine = is_this_project(request, look, topology, match)
    if mine is False:  # the file's project has another name here, by the name server
        return shared_name(request, look, topology) or keep(request, "elsewhere")
    if mine is None or own is None:
        return undecided(request, unlocated(request, match), fix=pin(request))
    reason = f"{match} does not answer by its container's name, and {request.host} leads elsewhere"
    return undecided(request, reason, fix=pin(request), misleads=True)


def own_numbers(look: Look, match: Match) -> set[str] | None:
    """Return the addresses that a file's containers have by their own names.

    We ask the network's name server first: it answers that it does not know a name, even
    where the one upstream is silent. If the name of this container shows no project, that
    server cannot answer which others are of the same one; then we ask the system's resolver.

    Returns:
        Empty if no container answers to its name; None where no source could answer.

    """
    named = _named_by(look, match)
    if named.observed_project == match.service.project:
        numbers = _addresses(named, match)
        return None if not numbers and passing(named) is not None else numbers
    answers = [look.resolves(name) for name in _container_names(match)]
    numbers = {number for answer in answers for number in answer or ()}
    if not numbers:
        return None if None in answers else set()
    near = are_near(look, sorted(numbers))
    return None if near is None else numbers if near else set()


def is_this_project(
    request: RouteRequest, look: Look, topology: Topology, match: Match
) -> bool | None:
    """Return True if this container is one that the file describes, under the file's own names.

    If somebody starts a project under another name, its containers have other names.

    Returns:
        None where no source could answer.

    """
    project = _named_by(look, match).observed_project
    if project is not None:
        return project == match.service.project
    own = request.vantage.own_addresses
    if not own:
        return None
    names = [mate.name for service in topology.siblings() for mate in service.containers]
    answers = [look.resolves(name) for name in names[:MOST_SIBLINGS]]
    if any(not own.isdisjoint(numbers or ()) for numbers in answers):
        return True
    return None if None in answers or len(names) > MOST_SIBLINGS else False


def unlocated(request: RouteRequest, match: Match) -> str:
    """Return the reason where no source shows whose this container is, or where mine is."""
    return (
        f"no source shows where {match} is, so {request.host} may lead to"
        f" another project's {match.service.service}"
    )


def _named_by(look: Look, match: Match) -> Topology:
    """Return the topology, with a name server's answers for a service's containers."""
    return look.around(_container_names(match))


def _container_names(match: Match) -> tuple[str, ...]:
    return tuple(sorted(container.name for container in match.containers))[:MOST_NAMES]


def _addresses(topology: Topology, match: Match) -> set[str]:
    """Return the addresses that a topology shows of a match's containers."""
    names = {container.name for container in match.containers}
    return {
        number
        for service in topology.siblings()
        if service.service == match.service.service
        for container in service.containers
        if container.name in names
        for on in container.memberships
        for number in on.addresses
    }


def _unshared(
    request: RouteRequest, look: Look, match: Match, numbers: Sequence[str], own: set[str]
) -> Decision | None:
    """Write a name or number that is only my own service's; None where no other has its name.

    Args:
        request: the endpoint.
        look: answers queries.
        match: my own service.
        numbers: the addresses of the name as it is written.
        own: those of them, or others, that are known to be my service's.

    """
    six = {":" in number for number in own}
    theirs = [number for number in numbers if number not in own and (":" in number) in six]
    if not theirs:
        return None
    host, written = spelled(look, match.containers[0].name, sorted(own))
    reason = f"others answer to {request.host} as well; this is {match}"
    return _named(request, host, match, reason, written)


def keep(request: RouteRequest, kind: Literal["here", "elsewhere"]) -> Decision:
    """Keep a name that resolves here, of which no source knows the service."""
    return stays(request, kind, RESOLVES, "observed", settled=False)


def as_written(request: RouteRequest, match: Match, numbers: Sequence[str]) -> Decision:
    """Keep a name that only the service answers to."""
    return _named(request, request.host, match, RESOLVES, numbers)


def _named(
    request: RouteRequest, host: str, match: Match, reason: str, numbers: Sequence[str]
) -> Decision:
    certainty, port = match.service.certainty, request.port
    return goes(request, host, match.target, certainty, reason, port=port, numbers=numbers)


def numbers_of(match: Match) -> set[str]:
    """Return the addresses of a match's containers."""
    return {number for own in match.containers for on in own.memberships for number in on.addresses}

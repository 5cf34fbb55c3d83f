"""Which of the containers around answers to a name, where no engine tells. Pure.

Other projects may be on a network of this container and have the same names. A network's
name server answers for all of them; only the names of their containers tell them apart.
"""

from __future__ import annotations

from hostshift.addresses import is_loopback
from hostshift.routes import identify
from hostshift.routes.locate import MOST_NAMES
from hostshift.routes.reach import spelled
from hostshift.topology.gaps import passing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from hostshift.decision import Asked, Decision
    from hostshift.questions import Look
    from hostshift.routes.identify import Match
    from hostshift.topology import Neighbourhood

RESOLVES = "the name resolves here"

MOST_SIBLINGS = 8
"""Names of a file's containers that are looked up: what does not answer is asked for upstream."""


def is_named_here(asked: Asked) -> bool:
    """Return True if a name server of this container's network tells siblings.

    Where there is none, a name server that fails has no word on a service's name.
    """
    return asked.vantage.network != "host" and asked.vantage.naming in ("docker", "podman")


def are_near(look: Look, numbers: Sequence[str]) -> bool | None:
    """Return True if all addresses are on container networks of this process.

    None: that could not be read, of at least one of them, and no other is elsewhere.
    """
    near = look.connected(numbers)
    return False if False in near else None if None in near else True


def shared_name(asked: Asked, look: Look, around: Neighbourhood) -> Decision | None:
    """Decide a name of which only a name server tells; None where it tells nothing, either.

    Where it leads to several services, my own is taken, as far as the names of their
    containers tell it. It never proves that a name is nobody else's: so it is not known.
    """
    if around.engine or not is_named_here(asked):
        return None
    found = look.resolves(asked.host)
    if found is None:
        return asked.undecided(f"the name server could not say where {asked.host} is")
    if not found or are_near(look, found) is False:
        return None
    stays = asked.stays("elsewhere", RESOLVES, "observed", settled=False)
    # Who could tell whose it is is only late: until then it may be whoever has the name now.
    unsure = was_mine(asked) and passing(around) is not None
    if len(found) == 1 and len(asked.vantage.subnets) == 1 and not unsure:
        return stays  # one network has one answer; of several, the first that has one counts
    seen = look.around((asked.host,))
    mine = identify.mine(seen, identify.by_name(seen, asked.host, asked.port or 0))
    if len(mine) == 1:
        unshared = _unshared(asked, look, mine[0], found, numbers_of(mine[0]))
        return (unshared or as_written(asked, mine[0], found)).replace(mine=True)
    if seen.observed_project is None and not unsure:
        return stays
    whose = f"of {seen.observed_project}" if seen.observed_project else "mine, as it was before"
    reason = f"{asked.host} leads to what is not known to be {whose}"
    return asked.undecided(reason, fix=pin(asked), misleads=was_mine(asked))


def was_mine(asked: Asked) -> bool:
    """Return True if a name was seen to be a service of my own in this process."""
    return asked.chosen is not None and not is_loopback(asked.host, asked.vantage.loopback_names)


def among_neighbours(
    asked: Asked, look: Look, around: Neighbourhood, match: Match, found: tuple[str, ...]
) -> Decision:
    """Tell a file's service from others with its name, by the names of its containers."""
    own = own_numbers(look, match)
    if own:
        return _unshared(asked, look, match, found, own) or as_written(asked, match, found)
    mine = is_this_project(asked, look, around, match)
    if mine is False:  # the file's project is called otherwise here; the name server tells it
        stays = asked.stays("elsewhere", RESOLVES, "observed", settled=False)
        return shared_name(asked, look, around) or stays
    if mine is None or own is None:
        return asked.undecided(unsaid(asked, match), fix=pin(asked))
    reason = f"{match} does not answer by its container's name, and {asked.host} leads elsewhere"
    return asked.undecided(reason, fix=pin(asked), misleads=True)


def own_numbers(look: Look, match: Match) -> set[str] | None:
    """Return the addresses that a file's containers have by their own names.

    The network's name server is asked first: of a name that it does not know it says so, even
    where the one upstream is silent. Of a container whose own name tells no project it
    does not say which others are of that project; then the system's resolver is asked.

    Returns:
        Nothing if no container answers to its name; None where nobody could say.

    """
    seen = _asked_for(look, match)
    if seen.observed_project == match.service.project:
        found = _addresses(seen, match)
        return None if not found and passing(seen) is not None else found
    answers = [look.resolves(name) for name in _container_names(match)]
    found = {number for numbers in answers for number in numbers or ()}
    if not found:
        return None if None in answers else set()
    near = are_near(look, sorted(found))
    return None if near is None else found if near else set()


def is_this_project(asked: Asked, look: Look, around: Neighbourhood, match: Match) -> bool | None:
    """Return True if this container is one that the file describes, under the file's own names.

    Whoever starts a project under another name gets other names for its containers.

    Returns:
        None where nobody could say.

    """
    seen = _asked_for(look, match)
    if seen.observed_project is not None:
        return seen.observed_project == match.service.project
    if not asked.vantage.own_addresses:
        return None
    names = [one.name for service in around.siblings() for one in service.containers]
    found = [look.resolves(name) for name in names[:MOST_SIBLINGS]]
    if any(not asked.vantage.own_addresses.isdisjoint(one or ()) for one in found):
        return True
    return None if None in found or len(names) > MOST_SIBLINGS else False


def unsaid(asked: Asked, match: Match) -> str:
    """Return the reason where nobody could say whose container this is, or where mine is."""
    return (
        f"nothing says where {match} is, so {asked.host} may lead to"
        f" another project's {match.service.service}"
    )


def _asked_for(look: Look, match: Match) -> Neighbourhood:
    """Return what is around, with what a name server says of a service's containers."""
    return look.around(_container_names(match))


def _container_names(match: Match) -> tuple[str, ...]:
    return tuple(sorted(one.name for one in match.containers))[:MOST_NAMES]


def _addresses(seen: Neighbourhood, match: Match) -> set[str]:
    """Return the addresses that were seen of a match's containers."""
    names = {one.name for one in match.containers}
    return {
        number
        for service in seen.siblings()
        if service.service == match.service.service
        for one in service.containers
        if one.name in names
        for on in one.memberships
        for number in on.addresses
    }


def _unshared(
    asked: Asked, look: Look, match: Match, found: Sequence[str], own: set[str]
) -> Decision | None:
    """Write a name or number that is only my own service's; None where nobody else has its name.

    Args:
        asked: the endpoint.
        look: what can be asked.
        match: my own service.
        found: the addresses of the name as it is written.
        own: those of them, or others, that are known to be my service's.

    """
    six = {":" in number for number in own}
    theirs = [number for number in found if number not in own and (":" in number) in six]
    if not theirs:
        return None
    host, numbers = spelled(look, match.containers[0].name, sorted(own))
    reason = f"others answer to {asked.host} as well; this is {match}"
    return asked.goes(
        host, match.target, match.service.certainty, reason, port=asked.port, numbers=numbers
    )


def as_written(asked: Asked, match: Match, found: Sequence[str]) -> Decision:
    """Keep a name that only the service answers to."""
    return asked.goes(
        asked.host,
        match.target,
        match.service.certainty,
        RESOLVES,
        port=asked.port,
        numbers=found,
    )


def numbers_of(match: Match) -> set[str]:
    """Return the addresses of a match's containers."""
    return {number for one in match.containers for on in one.memberships for number in on.addresses}


def pin(asked: Asked) -> str:
    """Return the next step: the setting that says what is meant."""
    return f"say what is meant with HOSTSHIFT_MAP={asked.before}=HOST:PORT"

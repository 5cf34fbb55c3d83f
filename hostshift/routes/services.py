"""What may name a service: ``db:5432``, ``shop-db-1:5432``, ``172.18.0.3:5432``. Pure.

What works as written stays as written: a name that resolves here is left alone,
whatever a file says, unless it leads to another service than the one it names.
"""

from __future__ import annotations

from hostshift import addresses
from hostshift.conventions import usual_names
from hostshift.routes import identify
from hostshift.routes.locate import MOST_NAMES, networks_of
from hostshift.routes.reach import reach, spelled
from hostshift.topology.gaps import concerning, passing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hostshift.decision import Asked, Decision
    from hostshift.questions import Look, Outcome
    from hostshift.routes.identify import Match
    from hostshift.topology import Gap, Neighbourhood

PRIVATE_SUFFIXES = ("internal", "local", "localdomain", "lan", "docker", "podman", "test")
"""Last labels of names that no public name server answers (RFC 6761, 6762, 8375 and habit)."""

DIALLED: tuple[Outcome, ...] = ("refused", "closed", "silent")
"""Outcomes of an address that was tried and is not answering."""

RESOLVES = "the name resolves here"

MOST_SIBLINGS = 8
"""Names of a file's containers that are looked up: what does not answer is asked for upstream."""


def may_be_one(asked: Asked) -> bool:
    """Return True if an endpoint could name a service around; others see no look-up at all."""
    stands = asked.vantage
    return (stands.network == "host" or stands.has_host_beyond) and could_name_one(asked)


def could_name_one(asked: Asked) -> bool:
    """Return True if an endpoint looks like a service's, wherever this process stands."""
    if asked.port is None:
        return False
    if addresses.is_number(asked.host):
        # The rest of 127/8 is somebody's purpose.
        return addresses.is_private(asked.host) and not asked.host.startswith("127.")
    labels = asked.host.rstrip(".").split(".")
    return len(labels) == 1 or "_" in labels[-1] or labels[-1].lower() in PRIVATE_SUFFIXES


def decide(asked: Asked, look: Look) -> Decision:
    """Decide a name or an address that a service around may have."""
    if addresses.is_number(asked.host):
        return _number(asked, look)
    return _name(asked, look)


# --- addresses ----------------------------------------------------------------------------------


def _number(asked: Asked, look: Look) -> Decision:
    """Decide an address: it stays where it routes, else a container may have it."""
    routes = "its address routes from here"
    if any(look.connected((asked.host,))):
        return asked.stays("here", routes, settled=False)
    around, port = look.around(), asked.port or 0
    # Asked again: on the host, only the engine can tell that it made a bridge of another name.
    if around.bridges and any(look.connected((asked.host,))):
        return asked.stays("here", routes, settled=False)
    matches = identify.meant(around, identify.by_address(around, asked.host, port))
    if not matches:
        return _unknown_number(asked, around)
    match, *others = matches
    if others:
        return ambiguous(asked, matches)
    if match.running and _is_routed(asked, look):
        return asked.stays("here", routes, "observed", settled=False)
    return reach(asked, look, match, around)


def _unknown_number(asked: Asked, around: Neighbourhood) -> Decision:
    gap = passing(around)
    if gap is not None:
        return _late(asked, gap)
    return asked.stays("elsewhere", "no service around has this address", settled=False)


def _is_routed(asked: Asked, look: Look) -> bool:
    """Return True if an address on another network of the engine answers as it is written.

    Podman routes between its networks (netavark isolates only those that ask for it).
    Docker drops what goes from one of its bridges to another, so nobody is asked there.
    """
    if asked.vantage.isolation != "podman" or asked.policy.probe == "never":
        return False
    (outcome,) = look.reach(((asked.host, asked.port or 0),), near=(asked.host,))
    return outcome == "open"


# --- names --------------------------------------------------------------------------------------


def _name(asked: Asked, look: Look) -> Decision:
    """Decide a name: of a service of mine, of somebody else's, or of none that is known."""
    around = look.around()
    matches = identify.by_name(around, asked.host, asked.port or 0)
    mine = identify.mine(around, matches)
    if mine:
        return _mine(asked, look, around, mine)
    others = identify.running(matches)
    if others:
        return _others(asked, look, around, others)
    shared = _shared_name(asked, look, around)
    if shared is not None:
        return shared
    gaps = concerning(around)
    if not gaps:
        reason = "no service around has this name or address"
        return asked.stays("elsewhere", reason, settled=False)
    if look.resolves(asked.host):
        return asked.stays("elsewhere", RESOLVES, "observed", settled=False)
    return _late(asked, passing(around) or gaps[0])


def _shared_name(asked: Asked, look: Look, around: Neighbourhood) -> Decision | None:
    """Decide a name of which only a name server tells; None where it tells nothing, either.

    Where it leads to several services, my own is taken, as far as the names of their
    containers tell it. It never proves that a name is nobody else's: so it is not known.
    """
    if around.engine or not is_named_here(asked):
        return None
    found = look.resolves(asked.host) or ()
    if not found or not all(look.connected(found)):
        return None
    stays = asked.stays("elsewhere", RESOLVES, "observed", settled=False)
    if len(found) == 1 and len(asked.vantage.subnets) == 1:
        return stays  # one network has one answer; of several, the first that has one counts
    seen = look.around((asked.host,))
    mine = identify.mine(seen, identify.by_name(seen, asked.host, asked.port or 0))
    if len(mine) == 1:
        unshared = _unshared(asked, look, mine[0], found, _numbers(mine[0]))
        return unshared or _as_written(asked, mine[0], found)
    if seen.observed_project is None:
        return stays
    reason = f"{asked.host} leads to what is not known to be of {seen.observed_project}"
    return asked.undecided(reason, fix=_pin(asked))


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


def _late(asked: Asked, gap: Gap) -> Decision:
    """Decide nothing where a source that should know the services could not say."""
    reason = f"{gap.where} {gap.what}, so nothing says which service {asked.host} is"
    return asked.undecided(reason, fix=gap.fix)


def _mine(asked: Asked, look: Look, around: Neighbourhood, mine: tuple[Match, ...]) -> Decision:
    """Decide a name that a service of my own project has."""
    running = tuple(match for match in mine if match.running)
    matches = running or mine
    found = look.resolves(asked.host)
    if found:
        return _resolved(asked, look, around, matches, found)
    match, *others = matches
    if others:
        return ambiguous(asked, matches)
    if found is None and not running and is_named_here(asked):
        return asked.undecided(f"the name server could not say where {asked.host} is")
    return reach(asked, look, match, around)


def is_named_here(asked: Asked) -> bool:
    """Return True if a name server of this container's network tells siblings.

    Where there is none, a name server that fails has no word on a service's name.
    """
    return asked.vantage.network != "host" and asked.vantage.naming in ("docker", "podman")


def _resolved(
    asked: Asked,
    look: Look,
    around: Neighbourhood,
    matches: tuple[Match, ...],
    found: tuple[str, ...],
) -> Decision:
    """Decide a name of mine that resolves: to my own service, or to something else."""
    match = matches[0]
    if any(set(found) <= _numbers(one) for one in matches):
        return _as_written(asked, match, found)
    theirs = _owners(around, found, matches)
    expected = _shares_a_network(around, match) or bool(set(found) & _numbers(match))
    if match.running:
        if expected:
            return reach(asked, look, match, around)
        return _overruled(asked, look, around, match, theirs, found)
    if theirs:
        who = " and ".join(sorted(map(str, theirs)))
        reason = f"{match} does not run, and the name leads to {who}"
        misleads = around.engine != "" and expected
        return asked.undecided(reason, fix=_pin(asked), misleads=misleads)
    return _intended_name(asked, look, around, match, found)


def _as_written(asked: Asked, match: Match, found: Sequence[str]) -> Decision:
    """Keep a name that only the service answers to."""
    return asked.goes(
        asked.host,
        match.target,
        match.service.certainty,
        RESOLVES,
        port=asked.port,
        numbers=found,
    )


def _intended_name(
    asked: Asked, look: Look, around: Neighbourhood, match: Match, found: tuple[str, ...]
) -> Decision:
    """Keep a name that resolves, though nobody shows my service to run."""
    if match.service.certainty == "intended" and all(look.connected(found)):
        if is_named_here(asked):
            return _among_neighbours(asked, look, around, match, found)
        return _as_written(asked, match, found)
    return asked.stays("elsewhere", RESOLVES, "observed", settled=False)


def _among_neighbours(
    asked: Asked, look: Look, around: Neighbourhood, match: Match, found: tuple[str, ...]
) -> Decision:
    """Tell a file's service from others with its name, by the names of its containers."""
    own = own_numbers(look, match)
    mine = False if own else is_this_project(asked, look, around, match)
    if mine is None:
        return asked.undecided(unsaid(asked, match), fix=_pin(asked))
    if mine:
        reason = (
            f"{match} does not answer by its container's name, and {asked.host} leads elsewhere"
        )
        return asked.undecided(reason, fix=_pin(asked), misleads=True)
    return _unshared(asked, look, match, found, own) or _as_written(asked, match, found)


def is_this_project(asked: Asked, look: Look, around: Neighbourhood, match: Match) -> bool | None:
    """Return True if this container is one that the file describes, under the file's own names.

    Whoever starts a project under another name gets other names for its containers.

    Returns:
        None where nobody could say.

    """
    seen = look.around(tuple(sorted(usual_names(asked.protocol))))
    if seen.observed_project is not None:
        return seen.observed_project == match.service.project
    names = [one.name for service in around.siblings() for one in service.containers]
    found = [look.resolves(name) for name in names[:MOST_SIBLINGS]]
    if any(not asked.vantage.own_addresses.isdisjoint(one or ()) for one in found):
        return True
    return None if None in found or len(names) > MOST_SIBLINGS else False


def unsaid(asked: Asked, match: Match) -> str:
    """Return the reason where nobody could say whose container this is."""
    return (
        f"nothing says whether this container is of {match.service.project}, so {asked.host}"
        f" may lead to another project's {match.service.service}"
    )


def own_numbers(look: Look, match: Match) -> set[str]:
    """Return the addresses that a file's containers have by their own names."""
    names = [one.name for one in match.containers[:MOST_NAMES]]
    found = {number for name in names for number in look.resolves(name) or ()}
    return found if found and all(look.connected(sorted(found))) else set()


def _overruled(
    asked: Asked,
    look: Look,
    around: Neighbourhood,
    match: Match,
    theirs: tuple[Match, ...],
    found: tuple[str, ...],
) -> Decision:
    """Decide between a name that resolves and my running service that it cannot lead to.

    The service shares no network with this process, so as written the name always meant
    something else, and stays. Only an address on a container network of this machine
    that nobody has and that does not answer is left over from before: there the engine decides.
    """
    if theirs:
        return asked.stays("here", RESOLVES, "observed", settled=False)
    if asked.policy.probe == "never" or not all(look.connected(found)):
        return asked.stays("here", RESOLVES, "observed", settled=False)
    (outcome,) = look.reach(((asked.host, asked.port or 0),))
    if outcome in DIALLED:
        return reach(asked, look, match, around)
    return asked.stays("here", RESOLVES, "observed", settled=False)


def _others(asked: Asked, look: Look, around: Neighbourhood, others: tuple[Match, ...]) -> Decision:
    """Decide a name that only services of other projects, or of none, have."""
    found = look.resolves(asked.host)
    if found:
        return _others_resolved(asked, around, others, found)
    match, *more = others
    if more:
        return ambiguous(asked, others)
    if _is_explicit(asked, match) or identify.has_none_of_my_own(around, match):
        return reach(asked, look, match, around)
    gap = next(iter(concerning(around)), None)
    unsure = f"{gap.where} {gap.what}" if gap is not None else "no file lists its services"
    reason = f"{match} has this name, and this project may have one of its own ({unsure})"
    return asked.undecided(reason, fix=(gap.fix if gap is not None else "") or _pin(asked))


def _others_resolved(
    asked: Asked, around: Neighbourhood, others: tuple[Match, ...], found: tuple[str, ...]
) -> Decision:
    """Keep a name that resolves; say whose it is where all its addresses are one service's."""
    whose = [match for match in others if set(found) <= _numbers(match)]
    if len(whose) != 1:
        return asked.stays("here", RESOLVES, "observed", settled=False)
    decision = _as_written(asked, whose[0], found)
    if identify.has_none_of_my_own(around, whose[0]):
        return decision
    return decision.replace(certainty="observed")


def _is_explicit(asked: Asked, match: Match) -> bool:
    """Return True if a name can only be that container's.

    It is a container's own name with its project in it (``blog-db-1``), or its id, and
    not a word by which a service of my own could be called as well.
    """
    if match.service.project is None:
        return False
    name = asked.host.lower().rstrip(".")
    return name != match.service.service.lower() and name not in (
        alias.lower() for alias in match.service.aliases
    )


def _numbers(match: Match) -> set[str]:
    """Return the addresses of a match's containers."""
    return {number for one in match.containers for on in one.memberships for number in on.addresses}


def _owners(
    around: Neighbourhood, found: Iterable[str], matches: tuple[Match, ...]
) -> tuple[Match, ...]:
    """Return the other services that have one of some addresses."""
    mine = {match.service for match in matches}
    owners = (match for at in found for match in identify.by_address(around, at, 0))
    return tuple(dict.fromkeys(match for match in owners if match.service not in mine))


def _shares_a_network(around: Neighbourhood, match: Match) -> bool:
    """Return True if a service's names answer, while it runs, on a network of this container."""
    return bool(networks_of(around.me) & set(match.service.networks))


def _pin(asked: Asked) -> str:
    return f"say what is meant with HOSTSHIFT_MAP={asked.before}=HOST:PORT"


def ambiguous(asked: Asked, matches: tuple[Match, ...], trace: tuple[str, ...] = ()) -> Decision:
    """Choose none of several, and name them."""
    names = sorted(map(str, matches))
    reason = f"{' and '.join(names)} could be meant: name one with HOSTSHIFT_MAP"
    return asked.undecided(reason, trace, fix=_pin(asked))

"""What may name a service: ``db:5432``, ``shop-db-1:5432``, ``172.18.0.3:5432``. Pure.

What works as written stays as written: a name that resolves here is left alone,
whatever a file says, unless it leads to another service than the one it names.
"""

from __future__ import annotations

from hostshift import addresses
from hostshift.routes import identify
from hostshift.routes.locate import networks_of
from hostshift.routes.neighbours import (
    RESOLVES,
    among_neighbours,
    are_near,
    as_written,
    is_named_here,
    numbers_of,
    pin,
    shared_name,
    was_mine,
)
from hostshift.routes.reach import reach
from hostshift.topology import container_names
from hostshift.topology.gaps import concerning, hiding, passing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from hostshift.decision import Asked, Decision
    from hostshift.questions import Look, Outcome
    from hostshift.routes.identify import Match
    from hostshift.topology import Gap, Neighbourhood

PRIVATE_SUFFIXES = ("internal", "local", "localdomain", "lan", "docker", "podman", "test")
"""Last labels of names that no public name server answers (RFC 6761, 6762, 8375 and habit)."""

DIALLED: tuple[Outcome, ...] = ("refused", "closed", "silent")
"""Outcomes of an address that was tried and is not answering."""


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
    gap = hiding(around)
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
    at = (asked.host, asked.port or 0)
    (outcome,) = look.reach((at,), near=(asked.host,), protocol=asked.protocol)
    return outcome == "open"


# --- names --------------------------------------------------------------------------------------


def _name(asked: Asked, look: Look) -> Decision:
    """Decide a name: of a service of mine, of somebody else's, or of none that is known."""
    around = look.around()
    matches = identify.by_name(around, asked.host, asked.port or 0)
    mine = identify.mine(around, matches)
    if mine:
        found = _mine(asked, look, around, mine)
        seen = found.target.kind == "service" and bool(identify.running(mine))
        return found.replace(mine=True) if seen else found
    if identify.running(matches):
        return _others(asked, look, around, matches)
    shared = shared_name(asked, look, around)
    if shared is not None:
        return shared
    gaps = concerning(around)
    if not gaps:
        reason = "no service around has this name or address"
        return asked.stays("elsewhere", reason, settled=False)
    if look.resolves(asked.host):
        return asked.stays("elsewhere", RESOLVES, "observed", settled=False)
    return _late(asked, passing(around) or gaps[0])


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


def _resolved(
    asked: Asked,
    look: Look,
    around: Neighbourhood,
    matches: tuple[Match, ...],
    found: tuple[str, ...],
) -> Decision:
    """Decide a name of mine that resolves: to my own service, or to something else."""
    match, *more = matches
    if more:
        return _one_of_mine(asked, matches, found)
    if numbers_of(match).issuperset(found):
        return as_written(asked, match, found)
    theirs = _owners(around, found, matches)
    expected = _shares_a_network(around, match) or bool(set(found) & numbers_of(match))
    if match.running:
        if expected:
            return reach(asked, look, match, around)
        return _overruled(asked, look, around, match, theirs, found)
    beyond = _is_beyond(asked, look, around, found) if around.engine and expected else False
    if theirs or beyond is not False:
        who = " and ".join(sorted(map(str, theirs))) or _BEYOND[beyond]
        reason = f"{match} does not run, and the name leads to {who}"
        misleads = around.engine != "" and expected and (bool(theirs) or beyond is True)
        return asked.undecided(reason, fix=pin(asked), misleads=misleads)
    return _intended_name(asked, look, around, match, found)


_BEYOND = {
    True: "what is no container of the engine",
    None: "what may be on no network of this container (they could not be read)",
}
"""Where a name leads that no other service has."""


def _one_of_mine(asked: Asked, matches: tuple[Match, ...], found: tuple[str, ...]) -> Decision:
    """Keep a name of several services of mine, if it leads to them and to nobody else."""
    own = set[str]().union(*map(numbers_of, matches))
    if own.issuperset(found):
        return asked.stays("here", RESOLVES, "observed", settled=False)
    return ambiguous(asked, matches)


def _is_beyond(
    asked: Asked, look: Look, around: Neighbourhood, found: tuple[str, ...]
) -> bool | None:
    """Return True if addresses are no container's on a network of this container.

    None: which networks it is on could not be read.

    The name server of a network asks upstream for what it does not know, and some name
    servers there have an answer for everything. (On a swarm's network, tasks on other machines have
    addresses of which this engine does not tell.)
    """
    stands = asked.vantage
    hosts = {*stands.host_address, *stands.maybe_host, *stands.own_addresses, *around.bridges}
    if not hosts.isdisjoint(found):
        return True
    near = are_near(look, found)
    return None if near is None else not near


def _intended_name(
    asked: Asked, look: Look, around: Neighbourhood, match: Match, found: tuple[str, ...]
) -> Decision:
    """Keep a name that resolves, though nobody shows my service to run."""
    if match.service.certainty == "intended" and all(look.connected(found)):
        if is_named_here(asked):
            return among_neighbours(asked, look, around, match, found)
        return as_written(asked, match, found)
    return asked.stays("elsewhere", RESOLVES, "observed", settled=False)


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
    (outcome,) = look.reach(((asked.host, asked.port or 0),), protocol=asked.protocol)
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
    if _is_explicit(asked, match) or identify.has_none_of_my_own(around, asked.host, match):
        return reach(asked, look, match, around)
    return _unproven(asked, around, match)


def _others_resolved(
    asked: Asked, around: Neighbourhood, others: tuple[Match, ...], found: tuple[str, ...]
) -> Decision:
    """Keep a name that resolves; say whose it is where all its addresses are one service's."""
    whose = [match for match in others if not numbers_of(match).isdisjoint(found)]
    if whose and not identify.has_none_of_my_own(around, asked.host, whose[0]):
        return _unproven(asked, around, whose[0], resolves=True)
    if len(whose) == 1 and numbers_of(whose[0]).issuperset(found):
        return as_written(asked, whose[0], found)
    return asked.stays("here", RESOLVES, "observed", settled=False)


def _unproven(
    asked: Asked, around: Neighbourhood, match: Match, *, resolves: bool = False
) -> Decision:
    """Decide nothing where my own project may mean something else by another's name.

    Once the name was my own service in this process, it is not dialled while it leads elsewhere.
    """
    gap = next(iter(concerning(around)), None)
    unsure = f"{gap.where} {gap.what}" if gap is not None else "no file lists its services"
    if asked.host.lower().rstrip(".") in around.reserved_names:
        unsure = "its compose file has this name, too"
    elif gap is None and identify.unread_sign(around, match):
        unsure = f"{identify.unread_sign(around, match)} is a sign of one, and is not read"
    reason = f"{match} has this name, and this project may have one of its own ({unsure})"
    fix = (gap.fix if gap is not None else "") or pin(asked)
    return asked.undecided(reason, fix=fix, misleads=resolves and was_mine(asked))


def _is_explicit(asked: Asked, match: Match) -> bool:
    """Return True if a name can only be that container's.

    It is a container's id, or the name that was made for it of its project and a number
    (``blog-db-1``). No service of my own is called so. A service, an alias or a
    ``container_name`` that begins with its project (``blog-db``) could be mine as well:
    I may be a second checkout, ``blog-2``, whose own ``blog-db`` is not there yet.
    """
    project = (match.service.project or "").lower()
    name = asked.host.lower().rstrip(".")
    if any(one.id.startswith(name) for one in match.containers if len(name) >= identify.SHORT_ID):
        return True
    return any(
        name in identify.own_names(one)
        and container_names.is_generated_for(one.name.lower(), project)
        for one in match.containers
    )


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


def ambiguous(asked: Asked, matches: tuple[Match, ...], trace: tuple[str, ...] = ()) -> Decision:
    """Choose none of several, and name them."""
    names = sorted(map(str, matches))
    reason = f"{' and '.join(names)} could be meant: name one with HOSTSHIFT_MAP"
    return asked.undecided(reason, trace, fix=pin(asked))

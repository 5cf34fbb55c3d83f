"""What a server announces as its cluster's members, read from where that server stands. Pure.

A MongoDB replica set answers ``hello`` with names of its own. ``localhost:27017``
announced by a container that is published as 27018 is that container's 27017;
read from here it would be whatever listens on this machine's 27017. So loopback
members are the announcer's machine, and other names are looked up like any.

What is read belongs to one client and one announcement: a later one replaces it.
"""

from __future__ import annotations

import time
from collections import Counter

from hostshift._record import Record
from hostshift.addresses import is_loopback
from hostshift.decision import Address, Decision, Target
from hostshift.routes import decide, identify, services
from hostshift.routes.dial import by_number, may_be_anothers
from hostshift.routes.honest import Witness
from hostshift.routes.locate import host_addresses, locate
from hostshift.routes.reach import reach
from hostshift.topology.gaps import passing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hostshift.decision import Asked
    from hostshift.questions import Look
    from hostshift.routes.identify import Match
    from hostshift.topology import Neighbourhood


class Announcement(Record):
    """Who the members are, as one server tells it."""

    located: Decision
    """How the announcer was located: ``before`` is what the driver calls it, ``after``
    where it was dialled."""
    members: tuple[Address, ...]
    me: Address | None = None
    """Which of the members the announcer says to be, where it says so."""
    by_seed: bool = True
    """It was located by the route of a seed, which can be asked again; not as a member."""
    about_itself: bool = True
    """The announcer is one of the members: a Redis Sentinel is not."""
    says_who_it_is: bool = True
    """``me`` is its own word. A guess by the port yields to what is known of the container."""

    def is_announcer(self, member: Address) -> bool:
        """Return True if a member is the very server that announced it."""
        if not self.about_itself:
            return False
        if self.members == (member,):
            return True
        # A seed's name is ours: a member of the same name may be another.
        name = None if self.by_seed else self.located.before
        return member == (self.me or name)


def read(
    said: Announcement, asked: Callable[[Address], Asked], look: Look
) -> dict[Address, Decision]:
    """Say for each member where to dial it from here, or why it is left alone.

    Args:
        said: the announcement.
        asked: gives an endpoint with all that is known here, as the rules want it.
        look: answers about this machine.

    """
    witness = Witness(look)
    near = _is_near(said, asked, witness)
    if not near:
        return {one: _far(said, asked(one), near=near) for one in said.members}
    found = {}
    look.around()  # first, while there is time: names may take all of it
    for member in said.members:
        endpoint = asked(member)
        decision = _member(said, endpoint, witness)
        found[member] = witness.testify(by_number(endpoint, witness, decision))
    return _one_to_one(found)


def read_again(
    said: Announcement,
    asked: Callable[[Address], Asked],
    look: Look,
    look_again: Callable[[float], None],
) -> dict[Address, Decision]:
    """Read as :func:`read` does; where an address may be another's by now, look once more.

    Args:
        said: the announcement.
        asked: gives an endpoint with all that is known here, as the rules want it.
        look: answers about this machine.
        look_again: takes what was seen before a time (:func:`time.monotonic`) for outdated.

    """
    began = time.monotonic()
    found = read(said, asked, look)
    if any(map(may_be_anothers, found.values())):
        look_again(began)
        found = read(said, asked, look)
    return found


def _far(said: Announcement, asked: Asked, *, near: bool | None) -> Decision:
    """Leave a member of an announcer that is elsewhere; of one that may be near, its loopback.

    Written there, loopback is never this machine's: it is not dialled here as it is written.
    """
    if near is None and is_loopback(asked.host):
        reason = f"nobody could say whether {said.located.before} is near, and it is its loopback"
        return asked.undecided(reason)
    stays = asked.stays("elsewhere", f"announced by a server that is {said.located.target.kind}")
    return stays if near is False else stays.replace(certainty="intended", settled=False)


def _is_near(said: Announcement, asked: Callable[[Address], Asked], look: Look) -> bool | None:
    """Return True if the announcer is one whose members are to be read from here.

    One that is elsewhere is not, nor one that is to be kept as it is. A plain name that
    no engine and no file knows is near if all its addresses are on networks of this
    process: a container that can be reached and of which nothing else is known.

    Returns:
        None where nobody could say where the name leads.

    """
    kind, after = said.located.target.kind, said.located.after
    if kind == "kept":
        return False
    if kind != "elsewhere":
        return True
    if not services.may_be_one(asked(after)):
        return False
    found = look.resolves(after.host)
    if found is None:
        return None
    connected = look.connected(found)
    if None in connected and False not in connected:
        return None
    return bool(found) and all(connected)


def _member(said: Announcement, asked: Asked, look: Look) -> Decision:
    """Read one member: on the announcer's loopback, or under a name for everybody."""
    # The hosts file here says nothing about the names of another machine.
    if is_loopback(asked.host):
        return _on_its_machine(said, asked, look)
    decision = decide(asked, look)
    if decision.target.kind == "service" and decision.after == asked.before:
        return _answered(asked, look, decision)
    nowhere = decision.target.kind == "elsewhere" or decision.undecided
    if nowhere and said.is_announcer(asked.before) and look.resolves(asked.host) == ():
        return _the_announcer(said, asked)
    return decision


def _answered(asked: Asked, look: Look, decision: Decision) -> Decision:
    """Take an engine's word for a name that the name service gives no answer for in time.

    What a connection string says may be upstream's; what a server near announces is near.
    """
    found, around = look.resolves(asked.host), look.around()
    match = _alone(identify.meant(around, identify.by_name(around, asked.host, asked.port or 0)))
    if found is not None or match is None:
        return decision
    return reach(asked, look, match, around)


def _on_its_machine(said: Announcement, asked: Asked, look: Look) -> Decision:
    """Find a port of the machine that the announcer stands on."""
    target = said.located.target
    itself = said.is_announcer(asked.before)
    if itself and said.says_who_it_is and (said.by_seed or target.kind != "service"):
        return _the_announcer(said, asked)
    around = look.around()
    match = _container(said, asked, around)
    if match is not None:
        if _names_the_host(said, match, around):
            return _on_the_host(asked, look, around)
        match = match.replace(port=asked.port or 0)
        place = locate(asked, look, match, around)
        if place.host is None:
            return _declared(asked, look, place.reason)
        reason = f"the announcer's own container: {place.reason}"
        return asked.goes(
            place.host, match.target, "known", reason, port=place.port, numbers=place.numbers
        )
    if itself:
        return _the_announcer(said, asked)
    return _beside(said, asked, look, around)


def _beside(said: Announcement, asked: Asked, look: Look, around: Neighbourhood) -> Decision:
    """Find a port of an announcer that no engine shows: on the host, or in this namespace."""
    target, gap = said.located.target, passing(around)
    if gap is not None:
        return _declared(asked, look, f"{gap.where} {gap.what}, and may know the announcer")
    if target.kind == "host" and _is_no_forward(said, around):
        host, means = said.located.after.host, Target(kind="host", port=asked.port)
        goes = asked.goes(host, means, said.located.certainty, "the announcer is on the host")
        return _declared(asked, look, otherwise=goes)
    if target.kind != "host" and _is_here(said, asked, around):
        beside = asked.stays("here", "the announcer is in this network namespace", settled=False)
        return _declared(asked, look, otherwise=beside)
    reason = "it is loopback on the announcer's machine, which is not known"
    return _declared(asked, look, reason)


def _declared(
    asked: Asked, look: Look, reason: str = "", otherwise: Decision | None = None
) -> Decision:
    """Take what HOSTSHIFT_MAP says of a loopback member that is not known by itself."""
    names = asked.vantage.loopback_names
    if asked.policy.declared(asked.host, asked.port, names) is None:
        return otherwise or asked.undecided(reason)
    return decide(asked, look)


def _the_announcer(said: Announcement, asked: Asked) -> Decision:
    """Give the route by which the announcer was reached: it named itself."""
    located = said.located
    reason = f"the server that was reached as {located.before}"
    changed = asked.goes(located.after.host, located.target, located.certainty, reason)
    return changed.replace(
        after=located.after, looked_up=located.looked_up, numbers=located.numbers
    )


def _is_here(said: Announcement, asked: Asked, around: Neighbourhood) -> bool:
    """Return True if the announcer was dialled in this network namespace, and stands there."""
    host = said.located.after.host
    if is_loopback(host):
        return True
    return host in asked.vantage.own_addresses and _is_no_forward(said, around)


def _container(said: Announcement, asked: Asked, around: Neighbourhood) -> Match | None:
    """Find the announcer's container: by its service, its address, or the host's port it has."""
    target, host, port = said.located.target, said.located.after.host, said.located.after.port or 0
    if target.kind == "service":
        named = identify.meant(around, identify.by_name(around, target.name, port))
        return _alone([one for one in named if one.service.service == target.name])
    own = is_loopback(host) or host in asked.vantage.own_addresses
    if target.kind == "here" and not own:
        return _alone(identify.by_address(around, host, port))
    if target.kind == "host" or (target.kind == "here" and asked.vantage.network == "host"):
        return _alone(identify.by_publication(around, port, host))
    return None


def _alone(matches: Iterable[Match]) -> Match | None:
    """Return the one that runs. Of replicas nobody knows which one announced."""
    running = [one for one in matches if one.running]
    if len(running) != 1 or len(running[0].containers) != 1:
        return None
    return running[0]


def _names_the_host(said: Announcement, match: Match, around: Neighbourhood) -> bool:
    """Return True if the announcer's loopback names are the host's, not its container's.

    Members in containers of their own cannot meet at a loopback of theirs. Those that
    announce one (MongoDB's split horizons do) name what the host publishes: a port that
    the container does not have inside, or has, while each other member's is another
    container's of the same project.
    """
    me, outs = said.me, match.containers[0].publications
    inside = {out.port for out in outs}
    if me is None or not is_loopback(me.host) or me.port not in {out.published for out in outs}:
        return False
    if me.port not in inside:
        return True
    others = [one for one in said.members if is_loopback(one.host) and one != me]
    found = [_alone(identify.by_publication(around, one.port or 0, one.host)) for one in others]
    return bool(others) and all(
        one is not None
        and one.containers != match.containers
        and one.service.project == match.service.project
        for one in found
    )


def _on_the_host(asked: Asked, look: Look, around: Neighbourhood) -> Decision:
    """Find a port of the engine's host: what is published there, else the host's own."""
    match = _alone(identify.by_publication(around, asked.port or 0, asked.host))
    if match is not None:
        return reach(asked, look, match, around)
    reason = "its host's port, by which the announcer calls itself"
    if asked.vantage.network == "host":
        stays = asked.stays("host", reason, settled=False)
        return _declared(asked, look, otherwise=stays)
    hosts, target = host_addresses(asked), Target(kind="host", port=asked.port)
    if not hosts:
        why = "the announcer names ports of its host, which has no address here"
        return _declared(asked, look, why)
    goes = asked.goes(hosts[0], target, "known", reason)
    return _declared(asked, look, otherwise=goes)


def _is_no_forward(said: Announcement, around: Neighbourhood) -> bool:
    """Return True if the announcer is seen not to be behind a published port or a tunnel.

    There it calls itself by another port than the one that was dialled. One that does
    not say who it is needs an engine that shows nothing to publish the port.
    """
    if said.me is None:
        return bool(around.engine)
    return said.me.port == said.located.after.port


def _one_to_one(found: dict[Address, Decision]) -> dict[Address, Decision]:
    """Translate no two members to one address: a failed one would hide behind the other."""
    while True:
        dialled = Counter(decision.after for decision in found.values())
        shared = [
            member
            for member, decision in found.items()
            if decision.changed and dialled[decision.after] > 1
        ]
        if not shared:
            return found
        for member in shared:
            after = found[member].after
            reason = f"another member would be dialled at {after} as well"
            found[member] = found[member].replace(
                after=member, target=Target(kind="undecided"), reason=reason, undecided=True
            )

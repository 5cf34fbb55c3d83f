"""What a server announces as its cluster's members, read from where that server stands. Pure.

A MongoDB replica set answers ``hello`` with names of its own. ``localhost:27017``
announced by a container that is published as 27018 is that container's 27017;
read from here it would be whatever listens on this machine's 27017. So loopback
members are the announcer's machine, and other names are looked up like any.

What is read belongs to one client and one announcement: a later one replaces it.
"""

from __future__ import annotations

from collections import Counter

from hostshift._record import Record
from hostshift.addresses import is_loopback
from hostshift.decision import Address, Decision, Target
from hostshift.questions import Around, Resolves
from hostshift.routes import decide, identify
from hostshift.routes.locate import locate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from hostshift.decision import Asked
    from hostshift.questions import Asking, Steps
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

    def is_announcer(self, member: Address) -> bool:
        """Tell whether a member is the very server that announced it."""
        if self.members == (member,):
            return True
        # A seed's name is ours: a member of the same name may be another.
        name = None if self.by_seed else self.located.before
        return member == (self.me or name)


def read(said: Announcement, asked: Callable[[Address], Asked]) -> Steps[dict[Address, Decision]]:
    """Say for each member where to dial it from here, or why it is left alone.

    Args:
        said: the announcement.
        asked: gives an endpoint with all that is known here, as the rules want it.

    """
    if said.located.target.kind == "elsewhere":
        reason = "announced by a server that is elsewhere"
        return {one: asked(one).stays("elsewhere", reason) for one in said.members}
    found = {}
    for member in said.members:
        found[member] = yield from _member(said, asked(member))
    return _one_to_one(found)


def _member(said: Announcement, asked: Asked) -> Asking:
    """Read one member: on the announcer's loopback, or under a name for everybody."""
    # The hosts file here says nothing about the names of another machine.
    if is_loopback(asked.host):
        return (yield from _on_its_machine(said, asked))
    decision: Decision = yield from decide(asked)
    nowhere = decision.target.kind == "elsewhere" or decision.undecided
    if nowhere and said.is_announcer(asked.before):
        addresses: tuple[str, ...] | None = yield Resolves(name=asked.host)
        if addresses == ():
            return _the_announcer(said, asked)
    return decision


def _on_its_machine(said: Announcement, asked: Asked) -> Asking:
    """Find a port of the machine that the announcer stands on."""
    target = said.located.target
    itself = said.is_announcer(asked.before)
    if itself and (said.by_seed or target.kind != "service"):
        return _the_announcer(said, asked)
    around: Neighbourhood = yield Around()
    match = _container(said, asked, around)
    if match is not None:
        place = yield from locate(asked, match, around)
        if place.host is None:
            return asked.undecided(place.reason)
        reason = f"the announcer's own container: {place.reason}"
        return asked.goes(place.host, match.target, "known", reason, port=place.port)
    if itself:
        return _the_announcer(said, asked)
    if target.kind == "host" and _is_no_forward(said):
        host, means = said.located.after.host, Target(kind="host", port=asked.port)
        return asked.goes(host, means, said.located.certainty, "the announcer is on the host")
    declared = asked.policy.declared(asked.host, asked.port, asked.vantage.loopback_names)
    if declared is not None:
        return (yield from decide(asked))
    return asked.undecided(f"loopback of {said.located.before}, and its machine is not known")


def _the_announcer(said: Announcement, asked: Asked) -> Decision:
    """Give the route by which the announcer was reached: it named itself."""
    located = said.located
    reason = f"the server that was reached as {located.before}"
    changed = asked.goes(located.after.host, located.target, located.certainty, reason)
    return changed.replace(after=located.after)


def _container(said: Announcement, asked: Asked, around: Neighbourhood) -> Match | None:
    """Find the announcer's container: known by its service, or by the host's port it publishes."""
    target, port = said.located.target, asked.port or 0
    on_host = target.kind == "host" or (target.kind == "here" and asked.vantage.network == "host")
    if target.kind == "service":
        named = identify.meant(around, identify.by_name(around, target.name, port))
        matches = [one for one in named if one.service.service == target.name]
    elif on_host and said.located.after.port is not None:
        matches = list(identify.by_publication(around, said.located.after.port))
    else:
        return None
    running = [one for one in matches if one.running]
    # Of replicas nobody knows which one announced.
    if len(running) != 1 or len(running[0].containers) != 1:
        return None
    return running[0].replace(port=port)


def _is_no_forward(said: Announcement) -> bool:
    """Tell whether the announcer is not seen to be behind a published port or a tunnel.

    There it calls itself by another port than the one that was dialled.
    """
    return said.me is None or said.me.port == said.located.after.port


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

"""A server that announces the members of its cluster, and where it is. Pure."""

from __future__ import annotations

from hostshift.base.addresses import is_loopback, unmapped
from hostshift.base.record import Record
from hostshift.routing import matching, services

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hostshift.discovery import Topology
    from hostshift.routing.matching import Match
    from hostshift.routing.model import Address, Decision, RouteRequest
    from hostshift.routing.queries import Look


class Announcement(Record):
    """The members of a cluster, by one server."""

    located: Decision
    """Where the announcer is: ``before`` is the driver's name for it, ``after`` the address
    that the driver dialled."""
    members: tuple[Address, ...]
    me: Address | None = None
    """The member that the announcer is; None where it does not name itself."""
    by_seed: bool = True
    """We found it by the route of a seed, which we can look up again; not as a member."""
    about_itself: bool = True
    """The announcer is one of the members: a Redis Sentinel is not."""
    says_who_it_is: bool = True
    """The announcer names ``me`` itself. A guess by the port yields to what we know of the
    container."""

    def is_announcer(self, member: Address) -> bool:
        """Return True if a member is the very server that announced it."""
        if not self.about_itself:
            return False
        if self.members == (member,):
            return True
        # A seed's name is ours: a member of the same name may be another.
        name = None if self.by_seed else self.located.before
        return member == (self.me or name)


def is_near(
    announcement: Announcement, request_for: Callable[[Address], RouteRequest], look: Look
) -> bool | None:
    """Return True if we have to translate the announcer's members from here.

    Not those of an announcer elsewhere, nor of one that the user keeps as it is. A plain name
    that no engine and no file knows is near if all its addresses are on networks of this
    process: a container in reach of which nothing else is known.

    Returns:
        None where no source could answer where the name leads.

    """
    kind, after = announcement.located.target.kind, announcement.located.after
    if kind == "kept":
        return False
    if kind != "elsewhere":
        return True
    if not services.may_be_one(request_for(after)):
        return False
    numbers = look.resolves(after.host)
    if numbers is None:
        return None
    connected = look.connected(numbers)
    if None in connected and False not in connected:
        return None
    return bool(numbers) and all(connected)


def container(
    announcement: Announcement, request: RouteRequest, topology: Topology
) -> Match | None:
    """Find the announcer's container: by its service, its address, or its port of the host."""
    target, address = announcement.located.target, announcement.located.after
    host, port = address.host, address.port or 0
    if target.kind == "service":
        named = matching.candidates(topology, matching.by_name(topology, target.name, port))
        return alone([match for match in named if match.service.service == target.name])
    own = is_loopback(host) or unmapped(host) in request.vantage.own_addresses
    if target.kind == "here" and not own:
        return alone(matching.by_address(topology, host, port))
    if target.kind == "host" or (target.kind == "here" and request.vantage.network == "host"):
        return alone(matching.by_publication(topology, port, host))
    return None


def names_the_host(announcement: Announcement, match: Match, topology: Topology) -> bool:
    """Return True if the announcer's loopback names are the host's, not its container's.

    Members in containers of their own cannot meet at a loopback of theirs. Those that
    announce one (MongoDB's split horizons do) name ports that the host publishes. Such a port
    is none inside the container; or it is one, and each other member's is another
    container's of the same project.
    """
    me, outs = announcement.me, match.containers[0].publications
    inside = {out.port for out in outs}
    if me is None or not is_loopback(me.host) or me.port not in {out.published for out in outs}:
        return False
    if me.port not in inside:
        return True
    others = [
        member for member in announcement.members if is_loopback(member.host) and member != me
    ]
    owners = [alone(matching.by_publication(topology, at.port or 0, at.host)) for at in others]
    return bool(others) and all(
        owner is not None
        and owner.containers != match.containers
        and owner.service.project == match.service.project
        for owner in owners
    )


def is_here(announcement: Announcement, request: RouteRequest, topology: Topology) -> bool:
    """Return True if the announcer is in this network namespace, where the driver dialled it."""
    host = announcement.located.after.host
    if is_loopback(host):
        return True
    return unmapped(host) in request.vantage.own_addresses and is_no_forward(announcement, topology)


def is_no_forward(announcement: Announcement, topology: Topology) -> bool:
    """Return True if the announcer is provably not behind a published port or a tunnel.

    There it calls itself by another port than the one that the driver dialled. If it does not
    name itself, an engine has to show that no container publishes the port.
    """
    if announcement.me is None:
        return bool(topology.engine)
    return announcement.me.port == announcement.located.after.port


def alone(matches: Iterable[Match]) -> Match | None:
    """Return the only match that runs. Of replicas it is unknown which one announced."""
    running = [match for match in matches if match.running]
    if len(running) != 1 or len(running[0].containers) != 1:
        return None
    return running[0]

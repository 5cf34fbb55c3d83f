"""Where is a service from here? The design's table, as code. Pure.

A service is reached by loopback in its own network namespace, by its name on a
network in common, and else by the port that its host publishes, if it is bound
to where this process can get.
"""

from __future__ import annotations

from hostshift._record import Record
from hostshift.addresses import is_loopback, is_number
from hostshift.routes.identify import located

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.decision import Asked
    from hostshift.questions import Look
    from hostshift.routes.identify import Match
    from hostshift.topology import Container, Membership, Neighbourhood, Publication

NAMELESS_NETWORK = "bridge"
"""Docker's default network: no name server answers on it."""

MOST_NAMES = 3
"""Names tried: what does not answer may be asked upstream."""

ANY_V4, ANY_V6 = "0.0.0.0", "::"  # noqa: S104 - compared


class Location(Record):
    """An address of a service from here; or none, and why."""

    host: str | None
    port: int
    reason: str
    numbers: tuple[str, ...] = ()
    """The addresses that a name has; all are the service's."""


def locate(asked: Asked, look: Look, match: Match, around: Neighbourhood) -> Location:
    """Return where a running service is from here."""
    me, port = around.me, match.port
    match = located(around, _live(match))
    if me is not None and any(same_namespace(me, one) for one in match.containers):
        return Location(host="localhost", port=port, reason=f"{match} is in this network namespace")
    if around.engine_host:
        return _by_the_host((around.engine_host,), asked, match, around)
    if _is_on_its_host(asked, look, match, around):
        return _on_the_host(look, match)
    shared = _in_common(look, match, around)
    if shared is not None:
        return shared
    return _by_the_host(host_addresses(asked), asked, match, around)


def _live(match: Match) -> Match:
    """Leave out the replicas that are stopped: who publishes their ports now is somebody else."""
    live = tuple(one for one in match.containers if one.running)
    return match.replace(containers=live) if live else match


def _is_on_its_host(asked: Asked, look: Look, match: Match, around: Neighbourhood) -> bool:
    """Return True if the engine's host is this network namespace.

    It is on the host itself; and in a container with an engine of its own, which
    does not list that container, but whose containers are on networks of it. (The
    socket of another engine may be mounted here as well.)
    """
    if asked.vantage.network == "host":
        return True
    if not around.engine or around.me is not None or not match.service.addresses:
        return False
    return any(look.connected(match.service.addresses))


def same_namespace(me: Container, other: Container) -> bool:
    """Return True if two containers have one network namespace."""
    return other.name == me.name or other.has_network_of(me) or me.has_network_of(other)


def _on_the_host(look: Look, match: Match) -> Location:
    """Take the published port, or the container's own address where it routes."""
    port = match.port
    if any(one.network_mode == "host" for one in match.containers):
        return Location(host="localhost", port=port, reason=f"{match} is on the host's network")
    for out in _publications(match):
        if out.published is not None:
            reason = f"{match} publishes {port} as {out.published}"
            return Location(host=_bound_here(out), port=out.published, reason=reason)
    found = tuple(at for one in match.containers for on in one.memberships for at in on.addresses)
    connected = look.connected(found) if found else ()
    for address, routes in zip(found, connected, strict=True):
        if routes:
            reason = f"{match} does not publish {port}; its own address routes from here"
            return Location(host=address, port=port, reason=reason)
    reason = f"{match} does not publish {port}, and its address does not route from here"
    return Location(host=None, port=port, reason=reason)


def _publications(match: Match) -> list[Publication]:
    """List how the port is published, what reaches loopback first, IPv4 before IPv6."""
    found = [
        out
        for one in match.containers
        for out in one.publications
        if out.port == match.port and out.protocol == "tcp"
    ]
    return sorted(
        found,
        key=lambda out: (not (out.address == "" or is_loopback(out.address)), ":" in out.address),
    )


def _bound_here(out: Publication) -> str:
    """Return the host's own name for a bound address."""
    if out.address in ("", ANY_V4):
        return "localhost"
    if out.address == ANY_V6:
        return "::1"
    return "localhost" if out.address == "127.0.0.1" else out.address


def _in_common(look: Look, match: Match, around: Neighbourhood) -> Location | None:
    """Find the service on a network that this container is on as well.

    A name is only written if all its addresses are the service's own: another project's
    service may answer to the same name, in turn with this one. Otherwise the number that
    the engine gave is written. (Leaving a swarm makes Docker forget the names on all its
    networks: libnetwork, agentClose and cleanupServiceDiscovery.)
    """
    mine = networks_of(around.me)
    shared = [
        on
        for one in match.containers
        for on in one.memberships
        if on.network in mine and one.running
    ]
    own = {number for on in shared for number in on.addresses}
    for on in shared:
        reason = f"{match} is on {on.network} like this container"
        for name in _names_on(on, match, around)[:MOST_NAMES]:
            found = look.resolves(name)
            if found and own.issuperset(found):
                return Location(host=name, port=match.port, reason=reason, numbers=found)
        near = look.connected(on.addresses) if on.addresses else ()
        for number, connected in zip(on.addresses, near, strict=True):
            if connected:
                return Location(host=number, port=match.port, reason=reason)
    return None


def networks_of(container: Container | None) -> set[str]:
    """Return the networks that a container is on."""
    return {on.network for on in container.memberships} if container is not None else set()


def _names_on(on: Membership, match: Match, around: Neighbourhood) -> list[str]:
    """List the names that nothing else on the network has, the best first."""
    names = on.names if on.network != NAMELESS_NETWORK else ()
    others = {
        name
        for service in around.services
        if service is not match.service
        for other in service.memberships
        if other.network == on.network and other != on
        for name in other.names
    }
    whole = len(match.containers) == len(match.service.containers)
    preferred = [match.service.service] if whole else []
    wanted = dict.fromkeys((*preferred, *(one.name for one in match.containers), *names))
    return [name for name in wanted if name in names and name not in others]


def _by_the_host(
    hosts: tuple[str, ...], asked: Asked, match: Match, around: Neighbourhood
) -> Location:
    """Go through the host's address to what it publishes."""
    port = match.port
    if any(one.network_mode == "host" for one in match.containers):
        return _through(hosts, port, port, f"{match} is on the host's network")
    reason = f"{match} does not publish {port}, and shares no network with this container"
    if around.me is None:
        reason = f"{match} does not publish {port}"
    for out in sorted(_publications(match), key=lambda out: _misses(asked, out, hosts)):
        if out.published is None:
            continue
        if out.address in ("", ANY_V4, ANY_V6):
            why = f"{match} publishes {port} as {out.published}"
            fitting = _fitting(asked, out, hosts)
            if fitting or not hosts:
                return _through(fitting, out.published, port, why)
            reason = f"{why} on {out.address} alone, and the host has no address of that family"
            continue
        if not is_loopback(out.address):
            why = f"{match} publishes {port} as {out.published} on {out.address}"
            return Location(host=out.address, port=out.published, reason=why)
        reason = f"{match} publishes {port} on {out.address} alone, which only its host reaches"
    return Location(host=None, port=port, reason=reason)


def _misses(asked: Asked, out: Publication, hosts: tuple[str, ...]) -> tuple[bool, bool]:
    """Tell what speaks against a publication: the family, and that another port was written.

    Docker gives random ports for IPv4 and IPv6 apart, so one port has two (moby 42442).
    """
    numbers = asked.vantage.host_names.get(hosts[0], hosts[:1]) if hosts else ()
    known = [number for number in numbers if is_number(number)]
    has_v6 = ":" in out.address
    fits = out.address == "" or not known or any((":" in one) == has_v6 for one in known)
    return (not fits if known else has_v6), out.published != asked.port


def _fitting(asked: Asked, out: Publication, hosts: tuple[str, ...]) -> tuple[str, ...]:
    """Keep the host's addresses of the family that a port is published in, or of none known."""
    if out.address == "":
        return hosts
    is_v6 = out.address == ANY_V6
    families = {host: _families(asked, host) for host in hosts}
    fitting = [host for host in hosts if not families[host] or is_v6 in families[host]]
    return tuple(sorted(fitting, key=lambda host: is_v6 not in families[host]))


def _families(asked: Asked, host: str) -> set[bool]:
    """Return True for IPv6, False for IPv4, as a host's addresses are known."""
    numbers = asked.vantage.host_names.get(host, (host,))
    return {":" in number for number in numbers if is_number(number)}


def _through(hosts: tuple[str, ...], published: int, port: int, reason: str) -> Location:
    if not hosts:
        unknown = f"{reason}, but no address of the host is known from here"
        return Location(host=None, port=port, reason=unknown)
    return Location(host=hosts[0], port=published, reason=reason)


def host_addresses(asked: Asked) -> tuple[str, ...]:
    """List how the host is reached, best first; what the user says replaces what was found."""
    if asked.policy.host_address:
        return (asked.policy.host_address,)
    return asked.vantage.host_address

"""Where is a service from here? Pure.

A service has loopback in its own network namespace, its name on a network in common,
and else the port that its host publishes, if the engine binds that to an address that
this process can reach.
"""

from __future__ import annotations

from hostshift.base.addresses import is_ip_literal, is_loopback
from hostshift.base.record import Record
from hostshift.routing.matching import located

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.discovery import Container, Membership, Publication, Topology
    from hostshift.routing.matching import Match
    from hostshift.routing.model import RouteRequest
    from hostshift.routing.queries import Look

NAMELESS_NETWORK = "bridge"
"""Docker's default network: no name server answers on it."""

MOST_NAMES = 3
"""How many names we try: an unknown name may go upstream."""

ANY_V4, ANY_V6 = "0.0.0.0", "::"  # noqa: S104 - compared


class Location(Record):
    """An address of a service from here; or none, and why."""

    host: str | None
    port: int
    reason: str
    numbers: tuple[str, ...] = ()
    """The addresses of a name; all are the service's."""


def locate(request: RouteRequest, look: Look, match: Match, topology: Topology) -> Location:
    """Return where a running service is from here."""
    me, port = topology.me, match.port
    match = located(topology, _live(match))
    if me is not None and any(same_namespace(me, other) for other in match.containers):
        return Location(host="localhost", port=port, reason=f"{match} is in this network namespace")
    if topology.engine_host:
        return _by_the_host((topology.engine_host,), request, match, topology)
    if _is_on_its_host(request, look, match, topology):
        return _on_the_host(look, match)
    shared = _in_common(look, match, topology)
    if shared is not None:
        return shared
    return _by_the_host(host_addresses(request), request, match, topology)


def _live(match: Match) -> Match:
    """Leave out the stopped replicas: another container may publish their ports now."""
    live = tuple(container for container in match.containers if container.running)
    return match.replace(containers=live) if live else match


def _is_on_its_host(request: RouteRequest, look: Look, match: Match, topology: Topology) -> bool:
    """Return True if the engine's host is this network namespace.

    It is on the host itself; and in a container with an engine of its own, which
    does not list that container, but whose containers are on networks of it. (This
    container may have a mount of another engine's socket as well.)
    """
    if request.vantage.network == "host":
        return True
    if not topology.engine or topology.me is not None or not match.service.addresses:
        return False
    return any(look.connected(match.service.addresses))


def same_namespace(me: Container, other: Container) -> bool:
    """Return True if two containers have one network namespace."""
    return other.name == me.name or other.has_network_of(me) or me.has_network_of(other)


def _on_the_host(look: Look, match: Match) -> Location:
    """Take the published port, or the container's own address where it routes."""
    port = match.port
    if any(container.network_mode == "host" for container in match.containers):
        return Location(host="localhost", port=port, reason=f"{match} is on the host's network")
    for out in _publications(match):
        if out.published is not None:
            reason = f"{match} publishes {port} as {out.published}"
            return Location(host=_bound_here(out), port=out.published, reason=reason)
    memberships = (on for container in match.containers for on in container.memberships)
    numbers = tuple(number for on in memberships for number in on.addresses)
    connected = look.connected(numbers) if numbers else ()
    for address, routes in zip(numbers, connected, strict=True):
        if routes:
            reason = f"{match} does not publish {port}; its own address routes from here"
            return Location(host=address, port=port, reason=reason)
    reason = f"{match} does not publish {port}, and its address does not route from here"
    return Location(host=None, port=port, reason=reason)


def _publications(match: Match) -> list[Publication]:
    """List the port's publications: what loopback reaches first, IPv4 before IPv6."""
    publications = [
        out
        for container in match.containers
        for out in container.publications
        if out.port == match.port and out.protocol == "tcp"
    ]
    return sorted(
        publications,
        key=lambda out: (not (out.address == "" or is_loopback(out.address)), ":" in out.address),
    )


def _bound_here(out: Publication) -> str:
    """Return the host's own name for a bound address."""
    if out.address in ("", ANY_V4):
        return "localhost"
    if out.address == ANY_V6:
        return "::1"
    return "localhost" if out.address == "127.0.0.1" else out.address


def _in_common(look: Look, match: Match, topology: Topology) -> Location | None:
    """Find the service on a network that this container is on as well.

    We write a name only if all its addresses are the service's own: another project's
    service may answer to the same name, in turn with this one. Otherwise we write the number
    that the engine gave. (Leaving a swarm makes Docker forget the names on all its
    networks: libnetwork, agentClose and cleanupServiceDiscovery.)
    """
    mine = networks_of(topology.me)
    shared = [
        on
        for container in match.containers
        for on in container.memberships
        if on.network in mine and container.running
    ]
    own = {number for on in shared for number in on.addresses}
    for on in shared:
        reason = f"{match} is on {on.network} like this container"
        for name in _names_on(on, match, topology)[:MOST_NAMES]:
            numbers = look.resolves(name)
            if numbers and own.issuperset(numbers):
                return Location(host=name, port=match.port, reason=reason, numbers=numbers)
        near = look.connected(on.addresses) if on.addresses else ()
        for number, connected in zip(on.addresses, near, strict=True):
            if connected:
                return Location(host=number, port=match.port, reason=reason)
    return None


def networks_of(container: Container | None) -> set[str]:
    """Return the networks of a container; empty for None."""
    return {on.network for on in container.memberships} if container is not None else set()


def _names_on(on: Membership, match: Match, topology: Topology) -> list[str]:
    """List the names that nothing else on the network has, the best first."""
    names = on.names if on.network != NAMELESS_NETWORK else ()
    others = {
        name
        for service in topology.services
        if service is not match.service
        for other in service.memberships
        if other.network == on.network and other != on
        for name in other.names
    }
    whole = len(match.containers) == len(match.service.containers)
    preferred = [match.service.service] if whole else []
    preferred += [container.name for container in match.containers]
    ordered = dict.fromkeys((*preferred, *names))
    return [name for name in ordered if name in names and name not in others]


def _by_the_host(
    hosts: tuple[str, ...], request: RouteRequest, match: Match, topology: Topology
) -> Location:
    """Go through the host's address to what it publishes."""
    port = match.port
    if any(container.network_mode == "host" for container in match.containers):
        return _through(hosts, port, port, f"{match} is on the host's network")
    reason = f"{match} does not publish {port}, and shares no network with this container"
    if topology.me is None:
        reason = f"{match} does not publish {port}"
    for out in sorted(_publications(match), key=lambda out: _misses(request, out, hosts)):
        if out.published is None:
            continue
        if out.address in ("", ANY_V4, ANY_V6):
            why = f"{match} publishes {port} as {out.published}"
            fitting = _fitting(request, out, hosts)
            if fitting or not hosts:
                return _through(fitting, out.published, port, why)
            reason = f"{why} on {out.address} alone, and the host has no address of that family"
            continue
        if not is_loopback(out.address):
            why = f"{match} publishes {port} as {out.published} on {out.address}"
            return Location(host=out.address, port=out.published, reason=why)
        reason = f"{match} publishes {port} on {out.address} alone, which only its host reaches"
    return Location(host=None, port=port, reason=reason)


def _misses(request: RouteRequest, out: Publication, hosts: tuple[str, ...]) -> tuple[bool, bool]:
    """Return what speaks against a publication: its family, and a port other than the written one.

    Docker gives random ports for IPv4 and IPv6 apart, so one port has two (moby 42442).
    """
    numbers = request.vantage.host_names.get(hosts[0], hosts[:1]) if hosts else ()
    known = [number for number in numbers if is_ip_literal(number)]
    has_v6 = ":" in out.address
    fits = out.address == "" or not known or any((":" in number) == has_v6 for number in known)
    return (not fits if known else has_v6), out.published != request.port


def _fitting(request: RouteRequest, out: Publication, hosts: tuple[str, ...]) -> tuple[str, ...]:
    """Keep the host's addresses of a publication's family, and those of no known family."""
    if out.address == "":
        return hosts
    is_v6 = out.address == ANY_V6
    families = {host: _families(request, host) for host in hosts}
    fitting = [host for host in hosts if not families[host] or is_v6 in families[host]]
    return tuple(sorted(fitting, key=lambda host: is_v6 not in families[host]))


def _families(request: RouteRequest, host: str) -> set[bool]:
    """Return the families of a host's known addresses: True for IPv6, False for IPv4."""
    numbers = request.vantage.host_names.get(host, (host,))
    return {":" in number for number in numbers if is_ip_literal(number)}


def _through(hosts: tuple[str, ...], published: int, port: int, reason: str) -> Location:
    if not hosts:
        unknown = f"{reason}, but no address of the host is known from here"
        return Location(host=None, port=port, reason=unknown)
    return Location(host=hosts[0], port=published, reason=reason)


def host_addresses(request: RouteRequest) -> tuple[str, ...]:
    """Return the host's addresses, best first; the user's setting replaces what we detected."""
    if request.policy.host_address:
        return (request.policy.host_address,)
    return request.vantage.host_address

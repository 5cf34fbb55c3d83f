"""How the host is reached from a network namespace that is not its own. Pure.

Three kinds of address: aliases of the hosts file, gateways, and guesses that are worth a
probe. Each is offered only where what was read says that it can be the host's and that
this namespace has a route to it. What could not be read offers nothing.
"""

from __future__ import annotations

from hostshift import addresses, formats
from hostshift.surroundings import INTERFACES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hostshift.formats import RouteEntry
    from hostshift.surroundings import Surroundings

TUNNELS = ("tun", "tap", "wg", "ppp", "tailscale", "utun")
"""How the device names of VPNs begin: where one holds a default route, the gateway is not
the host's."""

TUNNEL_KINDS = frozenset(("tun", "wireguard", "ppp"))
"""The kernel's kinds of such devices, whatever they are named."""

PASTA_HOST = "169.254.1.2"
"""By this address pasta leads to the host (podman 5.3, ``--map-guest-addr`` in
containers/common libnetwork/pasta). Podman writes it into the hosts file, if there is one."""

FIRST_SUBORDINATE_ID = 100000
"""``SUB_UID_MIN`` of shadow's login.defs: root is mapped to this or more by an engine that
runs as root, and to less by ``--userns`` in the namespace of a rootless Podman."""


def alias_addresses(around: Surroundings, isolation: str) -> dict[str, tuple[str, ...]]:
    """Return the host aliases of the hosts file, with those addresses that lead to the host."""
    own = own_addresses(around)
    found = {}
    for name in addresses.HOST_ALIASES.intersection(around.hosts.names):
        given = around.hosts.names[name]
        usable = tuple(
            one
            for one in given
            if _may_be_the_host(one, isolation)
            and one not in own
            and _is_routed(around, one)
            and _is_surely_another(around, isolation)
        )
        if usable:
            found[name] = usable
    return {name: found[name] for name in around.hosts.names if name in found}


def aliases_elsewhere(around: Surroundings, isolation: str) -> frozenset[str]:
    """Return the host aliases to which the hosts file gives addresses that are no host's.

    Whoever writes a public address there, or loopback, means that and not the host.
    """
    names = around.hosts.names
    return frozenset(
        name
        for name in addresses.HOST_ALIASES.intersection(names)
        if not any(_may_be_the_host(one, isolation) for one in names[name])
    )


def _may_be_the_host(number: str, isolation: str) -> bool:
    """Return True if an address that the hosts file gives for an alias can be the host's.

    Podman looks for its host's first address and writes that (containers/common
    libnetwork/etchosts): in a lab that can be on one of RFC 5737's networks.
    """
    kind = addresses.kind(number)
    if kind == "documentation":
        return isolation == "podman" and ":" not in number
    return kind == "private" and not _is_loopback(number)


def _is_loopback(number: str) -> bool:
    return number.startswith("127.") or addresses.is_loopback(number)


def _is_surely_another(around: Surroundings, isolation: str) -> bool:
    """Return True if it is known, or sure, that the host's address is not our own as well.

    Docker gives containers addresses of their own. Pasta copies the host's.
    """
    return isolation == "docker" or INTERFACES not in around.unread


def own_addresses(around: Surroundings) -> frozenset[str]:
    """Return the addresses of this namespace's own interfaces."""
    return frozenset(one for found in around.interfaces or () for one in found.addresses)


def _is_routed(around: Surroundings, number: str) -> bool:
    """Return True if this namespace has a way to an address of its host, or routes are not known.

    A captured root may be without routes. One whose routes could not be read offers nothing.
    A macvlan or ipvlan has no way to its own host: the kernel keeps the two apart.
    """
    source = "proc/net/ipv6_route" if ":" in number else "proc/net/route"
    if source in around.unread:
        return False
    if "proc/net/route" not in around.texts or (":" in number and not around.closer):
        return True
    ways = [one for one in around.all_routes if addresses.in_subnets(number, (one.network,))]
    if not ways:
        return False
    best = min(ways, key=lambda one: (-int(one.network.partition("/")[2]), one.metric))
    return _kinds(around).get(best.interface) not in ("macvlan", "ipvlan")


def gateways(around: Surroundings, isolation: str) -> tuple[str, ...]:
    """Return the default gateways that are known to be the host, IPv4 before IPv6.

    They are for the bridges of Docker and of Podman as root. They are not in a rootless
    engine (slirp4netns or pasta is the gateway), not on a macvlan or ipvlan (the LAN's
    router is), and not where a VPN holds a default route.
    """
    if not _has_bridges(around, isolation):
        return ()
    kinds = _kinds(around)
    defaults = formats.default_routes(around.all_routes)
    if any(_is_tunnel(route.interface, kinds) for route in defaults):
        return ()
    best: dict[bool, RouteEntry] = {}
    for route in defaults:
        best.setdefault(":" in route.network, route)
    ways = [best[family] for family in sorted(best)]
    return tuple(
        route.gateway
        for route in ways
        if route.gateway is not None
        and addresses.kind(route.gateway) != "metadata"
        and not route.gateway.startswith("fe80:")
        and (not (kinds or around.live) or kinds.get(route.interface) == "veth")
    )


def guesses(around: Surroundings, isolation: str) -> tuple[str, ...]:
    """Return addresses that may be the host's and that only a probe can tell.

    On an internal network Docker leaves out the default route since 25.0; since 27 the
    host still answers at the first address, unless ``gateway_mode`` is isolated.
    """
    if isolation == "podman":
        return _pasta(around)
    if isolation != "docker" or not _has_bridges(around, isolation):
        return ()
    if not around.closer or formats.default_routes(around.all_routes):
        return ()
    found = [
        first
        for device in around.interfaces or ()
        if device.kind == "veth"
        for first in _firsts(device.networks)
    ]
    own = own_addresses(around)
    return tuple(sorted((one for one in found if one not in own), key=lambda one: ":" in one))


def _pasta(around: Surroundings) -> tuple[str, ...]:
    """Return pasta's address of the host where a rootless Podman may run it."""
    unread = {"proc/self/uid_map", INTERFACES} & set(around.unread)
    if unread or not around.uid_map.strip() or _runs_as_root(around, "podman"):
        return ()
    usable = PASTA_HOST not in own_addresses(around) and _is_routed(around, PASTA_HOST)
    return (PASTA_HOST,) if usable else ()


def _firsts(networks: Iterable[str]) -> list[str]:
    """Return the first address of each network, which Docker gives its bridge."""
    from ipaddress import ip_network

    known = [ip_network(text, strict=False) for text in networks]
    return [str(one.network_address + 1) for one in known if one.num_addresses >= 4]


def _has_bridges(around: Surroundings, isolation: str) -> bool:
    """Return True if an engine's bridge is the host's, and all that tells of it was read."""
    needed = ("proc/net/route", "proc/net/ipv6_route", INTERFACES)
    if any(name in around.unread for name in needed):
        return False
    return isolation in ("docker", "podman") and _runs_as_root(around, isolation)


def _runs_as_root(around: Surroundings, isolation: str) -> bool:
    """Return True if the engine runs as root, with its users remapped or not."""
    if formats.identity_uid_map(around.uid_map):
        return True
    outside = formats.remapped_from(around.uid_map)
    if outside is None or "proc/self/uid_map" in around.unread:
        return False
    return isolation == "docker" or outside >= FIRST_SUBORDINATE_ID


def _kinds(around: Surroundings) -> Mapping[str, str]:
    return {found.name: found.kind for found in around.interfaces or ()}


def _is_tunnel(device: str, kinds: Mapping[str, str]) -> bool:
    return device.startswith(TUNNELS) or kinds.get(device) in TUNNEL_KINDS

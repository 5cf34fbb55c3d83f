"""How to reach the host from a network namespace that is not its own. Pure.

Three kinds of address: aliases of the hosts file, gateways, and guesses that are worth a
probe. An address counts only if the facts say that it can be the host's and that this
namespace has a route to it. A source that could not be read adds no address.
"""

from __future__ import annotations

from hostshift.base import addresses
from hostshift.detect import procfs
from hostshift.detect.sources import INTERFACES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hostshift.detect.facts import Facts
    from hostshift.detect.procfs import RouteEntry

TUNNELS = ("tun", "tap", "wg", "ppp", "tailscale", "utun")
"""Starts of the device names of VPNs. If one has a default route, the gateway is not the
host's."""

TUNNEL_KINDS = frozenset(("tun", "wireguard", "ppp"))
"""The kernel's kinds of such devices, whatever their names."""

PASTA_HOST = "169.254.1.2"
"""The address by which pasta leads to the host (podman 5.3, ``--map-guest-addr`` in
containers/common libnetwork/pasta). Podman writes it into the hosts file, if one exists."""

FIRST_SUBORDINATE_ID = 100000
"""``SUB_UID_MIN`` of shadow's login.defs. An engine that runs as root maps root to this or more,
and ``--userns`` in the namespace of a rootless Podman maps it to less."""


def alias_addresses(facts: Facts, isolation: str) -> dict[str, tuple[str, ...]]:
    """Return the host aliases of the hosts file, with those addresses that lead to the host."""
    ours = own_addresses(facts)
    aliases = {}
    for name, numbers in facts.hosts.names.items():
        if name not in addresses.HOST_ALIASES:
            continue
        usable = tuple(
            number
            for number in numbers
            if _may_be_the_host(number, isolation)
            and number not in ours
            and _is_routed(facts, number)
            and _is_surely_another(facts, isolation)
        )
        if usable:
            aliases[name] = usable
    return aliases


def aliases_elsewhere(facts: Facts, isolation: str) -> frozenset[str]:
    """Return the host aliases to which the hosts file gives addresses that are no host's.

    An author who writes a public address there, or loopback, does not name the host.
    """
    names = facts.hosts.names
    return frozenset(
        name
        for name in addresses.HOST_ALIASES.intersection(names)
        if not any(_may_be_the_host(number, isolation) for number in names[name])
    )


def _may_be_the_host(number: str, isolation: str) -> bool:
    """Return True if an alias's address in the hosts file can be the host's.

    Podman writes the first address of its host there (containers/common
    libnetwork/etchosts). In a lab it can be on one of RFC 5737's networks.
    """
    kind = addresses.kind(number)
    if kind == "documentation":
        return isolation == "podman" and ":" not in number
    return kind == "private" and not _is_loopback(number)


def _is_loopback(number: str) -> bool:
    return number.startswith("127.") or addresses.is_loopback(number)


def _is_surely_another(facts: Facts, isolation: str) -> bool:
    """Return True if the host's address is certainly not this container's too.

    Docker gives containers addresses of their own. Pasta copies the host's.
    """
    return isolation == "docker" or INTERFACES not in facts.unread


def own_addresses(facts: Facts) -> frozenset[str]:
    """Return the addresses of this namespace's own interfaces."""
    return frozenset(number for device in facts.interfaces or () for number in device.addresses)


def _is_routed(facts: Facts, number: str) -> bool:
    """Return True if this namespace has a route to an address of its host, or none are known.

    A captured root may have no routes. If its routes could not be read, this returns False.
    A macvlan or ipvlan has no route to its own host, because the kernel keeps the two apart.
    """
    source = "proc/net/ipv6_route" if ":" in number else "proc/net/route"
    if source in facts.unread:
        return False
    if "proc/net/route" not in facts.texts or (":" in number and not facts.closer):
        return True
    ways = [route for route in facts.all_routes if addresses.in_subnets(number, (route.network,))]
    if not ways:
        return False
    best = min(ways, key=lambda route: (-int(route.network.partition("/")[2]), route.metric))
    return _kinds(facts).get(best.interface) not in ("macvlan", "ipvlan")


def gateways(facts: Facts, isolation: str) -> tuple[str, ...]:
    """Return the default gateways that are certainly the host, IPv4 before IPv6.

    Those on the bridges of Docker and of Podman as root are. Those of a rootless engine are
    not (slirp4netns or pasta is the gateway), nor those on a macvlan or ipvlan (the LAN's
    router is), nor any while a VPN has a default route.
    """
    if not _has_bridges(facts, isolation):
        return ()
    kinds = _kinds(facts)
    defaults = procfs.default_routes(facts.all_routes)
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
        and (not (kinds or facts.live) or kinds.get(route.interface) == "veth")
    )


def guesses(facts: Facts, isolation: str) -> tuple[str, ...]:
    """Return addresses that may be the host's, which only a probe can show.

    On an internal network Docker sets no default route since 25.0. Since 27 the host still
    answers at the first address, unless ``gateway_mode`` is isolated.
    """
    if isolation == "podman":
        return _pasta(facts)
    if isolation != "docker" or not _has_bridges(facts, isolation):
        return ()
    if not facts.closer or procfs.default_routes(facts.all_routes):
        return ()
    ours = own_addresses(facts)
    candidates = [
        first
        for device in facts.interfaces or ()
        if device.kind == "veth"
        for first in _firsts(device.networks)
        if first not in ours
    ]
    return tuple(sorted(candidates, key=lambda number: ":" in number))


def _pasta(facts: Facts) -> tuple[str, ...]:
    """Return pasta's address of the host if a rootless Podman may run it."""
    unread = {"proc/self/uid_map", INTERFACES} & set(facts.unread)
    if unread or not facts.uid_map.strip() or _runs_as_root(facts, "podman"):
        return ()
    usable = PASTA_HOST not in own_addresses(facts) and _is_routed(facts, PASTA_HOST)
    return (PASTA_HOST,) if usable else ()


def _firsts(networks: Iterable[str]) -> list[str]:
    """Return the first address of each network, which Docker gives its bridge."""
    from ipaddress import ip_network

    parsed = [ip_network(text, strict=False) for text in networks]
    return [str(network.network_address + 1) for network in parsed if network.num_addresses >= 4]


def _has_bridges(facts: Facts, isolation: str) -> bool:
    """Return True if an engine's bridge is the host's, and all facts about it were readable."""
    needed = ("proc/net/route", "proc/net/ipv6_route", INTERFACES)
    if any(name in facts.unread for name in needed):
        return False
    return isolation in ("docker", "podman") and _runs_as_root(facts, isolation)


def _runs_as_root(facts: Facts, isolation: str) -> bool:
    """Return True if the engine runs as root, with or without remapped users."""
    if procfs.identity_uid_map(facts.uid_map):
        return True
    outside = procfs.remapped_from(facts.uid_map)
    if outside is None or "proc/self/uid_map" in facts.unread:
        return False
    return isolation == "docker" or outside >= FIRST_SUBORDINATE_ID


def _kinds(facts: Facts) -> Mapping[str, str]:
    return {device.name: device.kind for device in facts.interfaces or ()}


def _is_tunnel(device: str, kinds: Mapping[str, str]) -> bool:
    return device.startswith(TUNNELS) or kinds.get(device) in TUNNEL_KINDS

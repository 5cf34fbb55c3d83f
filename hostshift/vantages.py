"""Where this process stands: three answers from an ordered table of evidence. Pure.

*Isolation* (which runtime, if any), *network* (is my loopback the host's, my
own, another container's?) and *naming* (which names reach the siblings?) are
three questions. Rewriting depends on the last two; ``/.dockerenv`` answers none
of them for certain.

(The module is not called ``vantage`` because that is the public function.)
The evidence itself stands in :mod:`hostshift.evidence`.
"""

from __future__ import annotations

from hostshift import addresses, evidence, formats
from hostshift._record import Record
from hostshift.evidence import signs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from hostshift.evidence import Evidence
    from hostshift.surroundings import Surroundings

_NOTHING: Mapping[str, str] = {}

CONTAINERS = frozenset(("docker", "podman"))
"""Runtimes whose containers have a host that is meant to be reached."""

TUNNELS = ("tun", "tap", "wg", "ppp", "tailscale", "utun")
"""How the device names of VPNs begin: where one holds a default route, the gateway is not
the host's."""

TUNNEL_KINDS = frozenset(("tun", "wireguard", "ppp"))
"""The kernel's kinds of such devices, whatever they are named."""


class Vantage(Record):
    """Where this process stands.

    ``isolation``: none, docker, podman, kubernetes, kata, lxc, nspawn, gvisor,
    buildkit, sandbox, a platform's name (ecs, lambda, …), or unknown. ``network``: host, own,
    shared (another container's), isolated (only ``lo``), or unknown.
    ``naming``: host, docker, podman, kubernetes, plain, or unknown.
    """

    isolation: str
    network: str
    naming: str
    host_address: tuple[str, ...]
    """How the host is reached from here, best first; empty: it is not."""
    platform: str = "unknown"
    """The product that carries this container (docker-desktop, orbstack, lima, …), where it
    can be told. It decides nothing but how the host is reached, and is not asked on it."""
    evidence: tuple[Evidence, ...] = ()
    odd: tuple[str, ...] = ()
    """Files that are there but could not be read."""
    host_names: dict[str, tuple[str, ...]] = {}
    """Host aliases of the hosts file, with their addresses."""
    loopback_names: frozenset[str] = frozenset()
    """Names that the hosts file maps to loopback, in lower case."""
    own_addresses: frozenset[str] = frozenset()
    """Addresses of this network namespace's own interfaces; not looked up on the host."""
    subnets: tuple[str, ...] = ()
    """Networks that are connected: reached without a gateway; not looked up on the host."""
    nameservers: tuple[str, ...] = ()
    port_range: tuple[int, int] | None = None
    """The ports that the kernel hands out by itself, first and last."""
    own_ids: tuple[str, ...] = ()
    """Ids of the container that Docker's and Podman's binds name, that of the network first;
    with ``--network container:X`` Docker binds the files of X. Not looked up on the host."""

    @property
    def has_host_beyond(self) -> bool:
        """Tell whether ``localhost`` may mean a host outside this network namespace."""
        container = self.isolation in CONTAINERS or (
            self.isolation == "unknown" and self.naming in CONTAINERS
        )
        return container and self.network in ("own", "shared")

    def as_dict(self) -> dict[str, Any]:
        """Return what ``hostshift vantage --json`` prints."""
        return {
            "isolation": self.isolation,
            "network": self.network,
            "naming": self.naming,
            "host_address": list(self.host_address),
            "platform": self.platform,
            "evidence": [found.as_dict() for found in self.evidence],
            "odd": list(self.odd),
        }


def judge(around: Surroundings, declared: Mapping[str, str] = _NOTHING) -> Vantage:
    """Decide the three answers from the surroundings.

    Args:
        around: what was read.
        declared: answers that the user gives, by question; they are not looked for.

    """
    isolation = _declared("isolation", declared) or evidence.first(evidence.ISOLATION, around)
    network = _declared("network", declared) or evidence.first(evidence.NETWORK, around)
    naming = _declared("naming", declared) or _naming(around, network.answer)
    hosts = around.hosts.names
    stands = Vantage(
        isolation=isolation.answer,
        network=network.answer,
        naming=naming.answer,
        host_address=("localhost",) if network.answer == "host" else (),
        evidence=(isolation, network, naming),
        odd=around.odd,
        host_names={name: hosts[name] for name in hosts if name in addresses.HOST_ALIASES},
        loopback_names=frozenset(
            name for name, found in hosts.items() if any(map(addresses.is_loopback, found))
        ),
    )
    return stands if network.answer == "host" else _away(around, stands)


def _away(around: Surroundings, stands: Vantage) -> Vantage:
    """Add what only counts away from the host: how it is reached, and the networks here."""
    platform = evidence.first(evidence.PLATFORM, around)
    told = (platform,) if platform.answer != "unknown" else ()
    interfaces = around.interfaces or ()
    stands = stands.replace(platform=platform.answer, evidence=(*stands.evidence, *told))
    return stands.replace(
        host_address=_host_address(around, stands),
        own_addresses=frozenset(address for found in interfaces for address in found.addresses),
        subnets=_subnets(around),
        nameservers=around.resolver.nameservers,
        port_range=around.port_range,
        own_ids=_own_ids(around),
    )


def _own_ids(around: Surroundings) -> tuple[str, ...]:
    """List the ids in the engines' own binds; hosts and resolv.conf are those of the network."""
    docker = signs.docker_bind_id(around)
    network = signs.podman_bind_ids(around, "/etc/hosts", "/etc/resolv.conf")
    others = signs.podman_bind_ids(around, "/etc/hostname", "/run/.containerenv")
    found = ((docker,) if docker else (), sorted(network), sorted(others))
    return tuple(dict.fromkeys(name for names in found for name in names))


def _declared(question: str, declared: Mapping[str, str]) -> evidence.Evidence | None:
    """Return what the user says, which goes before whatever could be seen."""
    if question not in declared:
        return None
    return evidence.Evidence(
        question=question,
        answer=declared[question],
        weight="declared",
        seen=f"{question.upper()} is set",
        source="your settings",
    )


def _subnets(around: Surroundings) -> tuple[str, ...]:
    """List the connected networks, by routes and, where they are known, by addresses."""
    by_address = (network for found in around.interfaces or () for network in found.networks)
    return tuple(dict.fromkeys((*formats.subnets(around.routes), *by_address)))


def _naming(around: Surroundings, network: str) -> Evidence:
    """Decide the naming; what the network is says it where the resolver's file does not."""
    if network != "host":
        found = evidence.first(evidence.NAMING, around)
        if found.answer != "unknown" or network == "unknown":
            return found
    return evidence.Evidence(
        question="naming",
        answer="host" if network == "host" else "plain",
        weight="strong",
        seen=f"the network is {network} and nothing names a container resolver",
        source="resolv.conf(5)",
    )


def _host_address(around: Surroundings, stands: Vantage) -> tuple[str, ...]:
    """List how the host is reached from here, best first."""
    isolation, host_names = stands.isolation, stands.host_names
    if stands.network == "isolated" or isolation not in (*CONTAINERS, "unknown"):
        return ()
    if isolation in CONTAINERS and stands.platform in evidence.GUEST_PLATFORMS:
        # The gateway is the virtual machine's, and the alias comes from DNS.
        return tuple(host_names) or evidence.GUEST_PLATFORMS[stands.platform]
    aliases: dict[tuple[str, ...], str] = {}
    for name, at in host_names.items():
        aliases.setdefault(at, name)
    return (*aliases.values(), *_gateway(around, isolation))


def _gateway(around: Surroundings, isolation: str) -> tuple[str, ...]:
    """Return the default gateway where it is known to be the host.

    It is for Docker and rootful Podman bridges. It is not in a rootless engine
    (the gateway is slirp4netns or pasta), not on a macvlan or ipvlan (the LAN's
    router), and not where a VPN holds a default route.
    """
    defaults = formats.default_routes(around.routes)
    kinds = {found.name: found.kind for found in around.interfaces or ()}
    if isolation not in CONTAINERS or not formats.identity_uid_map(around.uid_map):
        return ()
    if not defaults or any(_is_tunnel(route.interface, kinds) for route in defaults):
        return ()
    best = defaults[0]
    if best.gateway is None or ((kinds or around.live) and kinds.get(best.interface) != "veth"):
        return ()
    return (best.gateway,)


def _is_tunnel(device: str, kinds: Mapping[str, str]) -> bool:
    return device.startswith(TUNNELS) or kinds.get(device) in TUNNEL_KINDS

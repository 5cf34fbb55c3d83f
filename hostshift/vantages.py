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

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from hostshift.evidence import Evidence
    from hostshift.surroundings import Surroundings

CONTAINERS = frozenset(("docker", "podman"))
"""Runtimes whose containers have a host that is meant to be reached."""

GUEST_KERNEL = "linuxkit"
"""In the kernel's release: Docker Desktop's virtual machine, whose user sits outside of it."""

TUNNELS = ("tun", "tap", "wg", "ppp", "tailscale", "utun")
"""Device names of VPNs: where one holds a default route, the gateway is not the host's."""


class Vantage(Record):
    """Where this process stands.

    ``isolation``: none, docker, podman, kubernetes, lxc, nspawn, gvisor,
    buildkit, sandbox, a platform's name, or unknown. ``network``: host, own,
    shared (another container's), isolated (only ``lo``), or unknown.
    ``naming``: host, docker, podman, kubernetes, plain, or unknown.
    """

    isolation: str
    network: str
    naming: str
    host_address: tuple[str, ...]
    """How the host is reached from here, best first; empty: it is not."""
    evidence: tuple[Evidence, ...] = ()
    host_names: dict[str, tuple[str, ...]] = {}
    """Host aliases of the hosts file, with their addresses."""
    loopback_names: frozenset[str] = frozenset()
    """Names that the hosts file maps to loopback, in lower case."""
    own_addresses: frozenset[str] = frozenset()
    """Addresses of this network namespace's own interfaces."""
    subnets: tuple[str, ...] = ()
    """Networks that are connected: reached without a gateway."""
    nameservers: tuple[str, ...] = ()
    port_range: tuple[int, int] | None = None
    """The ports that the kernel hands out by itself, first and last."""

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
            "evidence": [found.as_dict() for found in self.evidence],
        }


def judge(around: Surroundings) -> Vantage:
    """Decide the three answers from the surroundings."""
    isolation = evidence.first(evidence.ISOLATION, around)
    network = evidence.first(evidence.NETWORK, around)
    naming = _naming(around, network.answer)
    hosts = around.hosts.names
    host_names = {name: hosts[name] for name in hosts if name in addresses.HOST_ALIASES}
    return Vantage(
        isolation=isolation.answer,
        network=network.answer,
        naming=naming.answer,
        host_address=_host_address(around, isolation.answer, network.answer, host_names),
        evidence=(isolation, network, naming),
        host_names=host_names,
        loopback_names=frozenset(
            name for name in hosts if any(addresses.is_loopback(at) for at in hosts[name])
        ),
        own_addresses=frozenset(
            address for found in around.interfaces or () for address in found.addresses
        ),
        subnets=formats.subnets(around.routes),
        nameservers=around.resolver.nameservers,
        port_range=around.port_range,
    )


def _naming(around: Surroundings, network: str) -> Evidence:
    """Decide the naming; what the network is says it where the resolver's file does not."""
    found = evidence.first(evidence.NAMING, around)
    implied = {"host": "host", "own": "plain", "shared": "plain", "isolated": "plain"}
    if network == "host" or (found.answer == "unknown" and network in implied):
        return evidence.Evidence(
            question="naming",
            answer=implied[network],
            weight="strong",
            seen=f"the network is {network} and nothing names a container resolver",
            source="resolv.conf(5)",
        )
    return found


def _host_address(
    around: Surroundings, isolation: str, network: str, host_names: dict[str, tuple[str, ...]]
) -> tuple[str, ...]:
    """List how the host is reached from here, best first."""
    if network == "host":
        return ("localhost",)
    if network == "isolated" or isolation not in (*CONTAINERS, "unknown"):
        return ()
    if GUEST_KERNEL in around.osrelease:
        # The gateway is the virtual machine's, and the alias comes from DNS.
        return tuple(host_names) or ("host.docker.internal",)
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
    if isolation not in CONTAINERS or not formats.identity_uid_map(around.uid_map or ""):
        return ()
    if not defaults or any(route.interface.startswith(TUNNELS) for route in defaults):
        return ()
    best = defaults[0]
    kinds = {found.name: found.kind for found in around.interfaces or ()}
    if best.gateway is None or ((kinds or around.live) and kinds.get(best.interface) != "veth"):
        return ()
    return (best.gateway,)

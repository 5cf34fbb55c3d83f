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
from hostshift.evidence import host, signs
from hostshift.surroundings import INTERFACES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from hostshift.evidence import Evidence
    from hostshift.surroundings import Surroundings

_NOTHING: Mapping[str, str] = {}

CONTAINERS = frozenset(("docker", "podman"))
"""Runtimes whose containers have a host that is meant to be reached."""

LOCALHOST_NAMES = frozenset(
    ("localhost", "localhost4", "localhost6", "ip6-localhost", "ip6-loopback")
)
"""Names that mean loopback in everybody's hosts file (Debian's, Fedora's)."""


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
    unread: tuple[str, ...] = ()
    """What could not be read, by name: the answers do not rest on it. A question that it may
    decide is answered ``unknown``, with evidence of the weight ``unread``."""
    passing: bool = False
    """True where something could not be read for a reason that passes, such as no free
    descriptors: the next look may answer more, so this one is not to be kept."""
    maybe_host: tuple[str, ...] = ()
    """Addresses that may be the host's: only where a server was observed there, and never
    where the name server knows a container by that address. No part of ``host_address``."""
    host_names: dict[str, tuple[str, ...]] = {}
    """Host aliases of the hosts file, with those of their addresses that lead to the host from
    here. Empty where the network is the host's: there they mean this machine."""
    aliases_elsewhere: frozenset[str] = frozenset()
    """Host aliases that the hosts file gives an address that is no host's, such as a public
    one. Whoever wrote that means it."""
    loopback_names: frozenset[str] = frozenset()
    """Names that the hosts file maps to loopback alone, in lower case."""
    host_entries: frozenset[str] = frozenset()
    """Names that the hosts file of this container gives an address that is neither loopback
    nor its own, in lower case: whoever wrote that (``extra_hosts``, ``links``) means it."""
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
        """Return True if ``localhost`` may mean a host outside this network namespace."""
        container = self.isolation in CONTAINERS or (
            self.isolation == "unknown"
            and self.naming in CONTAINERS
            and "isolation" not in self.unsure
        )
        return container and self.network in ("own", "shared")

    @property
    def unsure(self) -> frozenset[str]:
        """The questions whose answer is unknown because something could not be read."""
        return frozenset(one.question for one in self.evidence if one.weight == "unread")

    def is_connected(self, number: str) -> bool | None:
        """Return True if an address is on a connected network of this process.

        Returns:
            None where neither the routes nor the interfaces could be read.

        """
        if addresses.in_subnets(number, self.subnets):
            return True
        routes = "proc/net/ipv6_route" if ":" in number else "proc/net/route"
        return None if {routes, INTERFACES} <= {*self.unread} else False

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
    stands = Vantage(
        isolation=isolation.answer,
        network=network.answer,
        naming=naming.answer,
        host_address=("localhost",) if network.answer == "host" else (),
        evidence=(isolation, network, naming),
        odd=around.odd,
        unread=around.unread,
        passing=around.passing,
        loopback_names=_loopback_names(around, network),
    )
    return stands if network.answer == "host" else _away(around, stands)


def _loopback_names(around: Surroundings, network: Evidence) -> frozenset[str]:
    """Return the names that stand for ``localhost`` by the hosts file.

    Only names of one label and ``*.localhost`` (RFC 6761), and only if all their addresses
    are loopback's: ad blockers map public names to 0.0.0.0. In a namespace that several
    containers share, Podman maps each of their names to 127.0.0.1: ``db`` is that
    container there.
    """
    if "etc/hosts" in around.unread:
        return frozenset()
    may_be_shared = network.answer == "shared" or network.weight == "unread"
    names = _usual(around.hosts.names) if may_be_shared else around.hosts.names
    return frozenset(
        name
        for name, found in names.items()
        if ("." not in name or name.endswith(".localhost"))
        and name not in addresses.HOST_ALIASES
        and all(map(addresses.is_loopback, found))
    )


def _host_entries(around: Surroundings) -> frozenset[str]:
    """Return the names that somebody put into this container's hosts file.

    Engines put the container's own name there, with its own address.
    """
    own = host.own_addresses(around)
    return frozenset(
        name
        for name, found in around.hosts.names.items()
        if not addresses.is_host_alias(name)
        and own.isdisjoint(found)
        and not any(map(addresses.is_loopback, found))
    )


def _usual(names: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {
        name: found
        for name, found in names.items()
        if name in LOCALHOST_NAMES or name.endswith(".localhost")
    }


def _away(around: Surroundings, stands: Vantage) -> Vantage:
    """Add what only counts away from the host: how it is reached, and the networks here."""
    platform = evidence.first(evidence.PLATFORM, around)
    told = (platform,) if platform.weight != "none" else ()
    stands = stands.replace(
        platform=platform.answer,
        evidence=(*stands.evidence, *told),
        host_names=host.alias_addresses(around, stands.isolation),
        aliases_elsewhere=host.aliases_elsewhere(around, stands.isolation),
        host_entries=_host_entries(around),
        own_addresses=host.own_addresses(around),
        subnets=_subnets(around),
        nameservers=around.resolver.nameservers,
        port_range=around.port_range,
        own_ids=_own_ids(around),
    )
    is_guest = stands.platform in evidence.GUEST_PLATFORMS or "platform" in stands.unsure
    guesses = () if is_guest else host.guesses(around, stands.isolation)
    reachable = stands.network != "isolated" and not stands.unsure & {"isolation", "network"}
    return stands.replace(
        host_address=_host_address(around, stands), maybe_host=guesses if reachable else ()
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
    """List the connected networks, by routes and, where they are known, by addresses.

    The whole link-local range is none: systems route it to find metadata services (RFC 3927).
    """
    by_address = (network for found in around.interfaces or () for network in found.networks)
    found = dict.fromkeys((*formats.subnets(around.routes), *by_address))
    return tuple(network for network in found if network != "169.254.0.0/16")


def _naming(around: Surroundings, network: str) -> Evidence:
    """Decide the naming; what the network is says it where the resolver's file does not."""
    if network != "host":
        found = evidence.first(evidence.NAMING, around)
        if found.answer != "unknown" or network == "unknown" or found.weight == "unread":
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
    if stands.unsure & {"isolation", "network"}:
        return ()
    if isolation in CONTAINERS and stands.platform in evidence.GUEST_PLATFORMS:
        # The gateway is the virtual machine's, and the alias comes from DNS.
        return tuple(host_names) or evidence.GUEST_PLATFORMS[stands.platform]
    aliases: dict[tuple[str, ...], str] = {}
    for name, at in host_names.items():
        aliases.setdefault(at, name)
    # Where the platform could not be told, the gateway may be a virtual machine's.
    known = () if "platform" in stands.unsure else host.gateways(around, isolation)
    return (*aliases.values(), *known)

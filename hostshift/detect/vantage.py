"""Where this process stands: three answers from ordered tables of evidence. Pure.

*Isolation* (which runtime, if any), *network* (is my loopback the host's, my
own, another container's?) and *naming* (which names reach the siblings?) are
three questions. Rewriting depends on the last two; ``/.dockerenv`` answers none
of them for certain. :mod:`hostshift.detect.evidence` has the tables.
"""

from __future__ import annotations

from hostshift.base import addresses
from hostshift.base.record import Record
from hostshift.detect import evidence, procfs
from hostshift.detect.evidence import host, predicates
from hostshift.detect.sources import INTERFACES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypedDict

    from hostshift.detect.evidence import Evidence
    from hostshift.detect.facts import Facts

    class VantageDict(TypedDict):
        """A vantage for JSON."""

        isolation: str
        network: str
        naming: str
        host_address: list[str]
        platform: str
        evidence: list[dict[str, str]]
        odd: list[str]


_NOTHING: Mapping[str, str] = {}

CONTAINERS = frozenset(("docker", "podman"))
"""Runtimes whose containers are to reach their host."""

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
    """Addresses that reach the host from here, best first; empty if none does."""
    platform: str = "unknown"
    """The product facts this container (docker-desktop, orbstack, lima, …), if it is known. It
    only decides how to reach the host, and nothing looks for it on the host."""
    evidence: tuple[Evidence, ...] = ()
    odd: tuple[str, ...] = ()
    """Files that exist but could not be read."""
    unread: tuple[str, ...] = ()
    """What could not be read, by name: the answers do not rest on it. If it may decide a
    question, the answer is ``unknown``, with evidence of the weight ``unread``."""
    passing: bool = False
    """True if something could not be read for a reason that passes, such as no free
    descriptors: the next look may answer more, so callers do not keep this one."""
    maybe_host: tuple[str, ...] = ()
    """Addresses that may be the host's. They only count with an observed server there, and never
    if the name server knows a container by that address. No part of ``host_address``."""
    host_names: Mapping[str, tuple[str, ...]] = {}
    """Host aliases of the hosts file, with those of their addresses that lead to the host from
    here. Empty if the network is the host's: there they mean this machine."""
    aliases_elsewhere: frozenset[str] = frozenset()
    """Host aliases with an address in the hosts file that is no host's, such as a public one.
    Its author chose that address."""
    loopback_names: frozenset[str] = frozenset()
    """Names that the hosts file maps to loopback alone, in lower case."""
    host_entries: frozenset[str] = frozenset()
    """Names in this container's hosts file, in lower case, with an address that is neither
    loopback nor its own. Their author (``extra_hosts``, ``links``) chose that address."""
    own_addresses: frozenset[str] = frozenset()
    """Addresses of this network namespace's own interfaces; empty on the host."""
    subnets: tuple[str, ...] = ()
    """Connected networks, which need no gateway; empty on the host."""
    nameservers: tuple[str, ...] = ()
    port_range: tuple[int, int] | None = None
    """The first and the last ephemeral port, which the kernel hands out by itself."""
    own_ids: tuple[str, ...] = ()
    """Ids of containers in Docker's and Podman's binds, the network's first. With ``--network
    container:X`` Docker binds the files of X. Empty on the host."""

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
        """The questions without an answer because something could not be read."""
        return frozenset(item.question for item in self.evidence if item.weight == "unread")

    def is_connected(self, number: str) -> bool | None:
        """Return True if an address is on a connected network of this process.

        Returns:
            None if neither the routes nor the interfaces could be read.

        """
        if addresses.in_subnets(number, self.subnets):
            return True
        routes = "proc/net/ipv6_route" if ":" in number else "proc/net/route"
        return None if {routes, INTERFACES} <= {*self.unread} else False

    def as_dict(self) -> VantageDict:
        """Return what ``hostshift vantage --json`` prints."""
        return {
            "isolation": self.isolation,
            "network": self.network,
            "naming": self.naming,
            "host_address": list(self.host_address),
            "platform": self.platform,
            "evidence": [item.as_dict() for item in self.evidence],
            "odd": list(self.odd),
        }


def judge(facts: Facts, declared: Mapping[str, str] = _NOTHING) -> Vantage:
    """Decide the three answers from the facts.

    Args:
        facts: those of the machine to judge.
        declared: the user's own answers, by question; they go before the evidence.

    """
    isolation = _declared("isolation", declared) or evidence.evaluate(evidence.ISOLATION, facts)
    network = _declared("network", declared) or evidence.evaluate(evidence.NETWORK, facts)
    naming = _declared("naming", declared) or _naming(facts, network.answer)
    vantage = Vantage(
        isolation=isolation.answer,
        network=network.answer,
        naming=naming.answer,
        host_address=("localhost",) if network.answer == "host" else (),
        evidence=(isolation, network, naming),
        odd=facts.odd,
        unread=facts.unread,
        passing=facts.passing,
        loopback_names=_loopback_names(facts, network),
    )
    return vantage if network.answer == "host" else _away(facts, vantage)


def _loopback_names(facts: Facts, network: Evidence) -> frozenset[str]:
    """Return the names that mean ``localhost`` by the hosts file.

    Only names of one label and ``*.localhost`` count (RFC 6761), and only if all their addresses
    are loopback's, because ad blockers map public names to 0.0.0.0. In a namespace that several
    containers share, Podman maps each of their names to 127.0.0.1: ``db`` is that
    container there.
    """
    if "etc/hosts" in facts.unread:
        return frozenset()
    may_be_shared = network.answer == "shared" or network.weight == "unread"
    names = _usual(facts.hosts.names) if may_be_shared else facts.hosts.names
    return frozenset(
        name
        for name, numbers in names.items()
        if ("." not in name or name.endswith(".localhost"))
        and name not in addresses.HOST_ALIASES
        and all(map(addresses.is_loopback, numbers))
    )


def _host_entries(facts: Facts) -> frozenset[str]:
    """Return the names in this container's hosts file that no engine put there.

    Engines put the container's own name there, with its own address.
    """
    own_addresses = host.own_addresses(facts)
    return frozenset(
        name
        for name, numbers in facts.hosts.names.items()
        if not addresses.is_host_alias(name)
        and own_addresses.isdisjoint(numbers)
        and not any(map(addresses.is_loopback, numbers))
    )


def _usual(names: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {
        name: numbers
        for name, numbers in names.items()
        if name in LOCALHOST_NAMES or name.endswith(".localhost")
    }


def _away(facts: Facts, vantage: Vantage) -> Vantage:
    """Add what only counts away from the host: how to reach it, and the networks here."""
    platform = evidence.evaluate(evidence.PLATFORM, facts)
    platform_evidence = (platform,) if platform.weight != "none" else ()
    vantage = vantage.replace(
        platform=platform.answer,
        evidence=(*vantage.evidence, *platform_evidence),
        host_names=host.alias_addresses(facts, vantage.isolation),
        aliases_elsewhere=host.aliases_elsewhere(facts, vantage.isolation),
        host_entries=_host_entries(facts),
        own_addresses=host.own_addresses(facts),
        subnets=_subnets(facts),
        nameservers=facts.resolver.nameservers,
        port_range=facts.port_range,
        own_ids=_own_ids(facts),
    )
    is_guest = vantage.platform in evidence.GUEST_PLATFORMS or "platform" in vantage.unsure
    guesses = () if is_guest else host.guesses(facts, vantage.isolation)
    reachable = vantage.network != "isolated" and not vantage.unsure & {"isolation", "network"}
    return vantage.replace(
        host_address=_host_address(facts, vantage), maybe_host=guesses if reachable else ()
    )


def _own_ids(facts: Facts) -> tuple[str, ...]:
    """Return the ids in the engines' binds; hosts and resolv.conf are the network's files."""
    docker = predicates.docker_bind_id(facts)
    network = predicates.podman_bind_ids(facts, "/etc/hosts", "/etc/resolv.conf")
    others = predicates.podman_bind_ids(facts, "/etc/hostname", "/run/.containerenv")
    groups = ((docker,) if docker else (), sorted(network), sorted(others))
    return tuple(dict.fromkeys(name for names in groups for name in names))


def _declared(question: str, declared: Mapping[str, str]) -> evidence.Evidence | None:
    """Return the user's own answer, which goes before all other evidence; None without one."""
    if question not in declared:
        return None
    return evidence.Evidence(
        question=question,
        answer=declared[question],
        weight="declared",
        seen=f"{question.upper()} is set",
        source="your settings",
    )


def _subnets(facts: Facts) -> tuple[str, ...]:
    """Return the connected networks, by routes and, if they are known, by addresses.

    The whole link-local range does not count: systems route it to find metadata services
    (RFC 3927).
    """
    by_address = (network for device in facts.interfaces or () for network in device.networks)
    networks = dict.fromkeys((*procfs.subnets(facts.routes), *by_address))
    return tuple(network for network in networks if network != "169.254.0.0/16")


def _naming(facts: Facts, network: str) -> Evidence:
    """Determine the naming; the network decides if the resolver's file does not."""
    if network != "host":
        naming = evidence.evaluate(evidence.NAMING, facts)
        if naming.answer != "unknown" or network == "unknown" or naming.weight == "unread":
            return naming
    return evidence.Evidence(
        question="naming",
        answer="host" if network == "host" else "plain",
        weight="strong",
        seen=f"the network is {network} and nothing names a container resolver",
        source="resolv.conf(5)",
    )


def _host_address(facts: Facts, vantage: Vantage) -> tuple[str, ...]:
    """Return the addresses that reach the host from here, best first."""
    isolation, host_names = vantage.isolation, vantage.host_names
    if vantage.network == "isolated" or isolation not in (*CONTAINERS, "unknown"):
        return ()
    if vantage.unsure & {"isolation", "network"}:
        return ()
    if isolation in CONTAINERS and vantage.platform in evidence.GUEST_PLATFORMS:
        # The gateway belongs to the virtual machine, and the alias comes from DNS.
        return tuple(host_names) or evidence.GUEST_PLATFORMS[vantage.platform]
    aliases: dict[tuple[str, ...], str] = {}
    for name, numbers in host_names.items():
        aliases.setdefault(numbers, name)
    # If the platform is unknown, the gateway may be a virtual machine's.
    gateways = () if "platform" in vantage.unsure else host.gateways(facts, isolation)
    return (*aliases.values(), *gateways)

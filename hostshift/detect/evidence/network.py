"""Whose is this process's loopback: the host's, its own, another container's? Pure."""

from __future__ import annotations

from hostshift.detect.evidence import predicates
from hostshift.detect.evidence.isolation import ISOLATION
from hostshift.detect.evidence.table import evaluate, table
from hostshift.detect.sources import EMBEDDED_DNS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.detect.facts import Facts

FIRST_DYNAMIC_INODE = 4026532048
"""Before Linux 6.17 the inode of the initial network namespace is below this one."""

FALLBACK_DEVICES = frozenset(
    ("tunl0", "gre0", "gretap0", "erspan0", "ip_vti0", "ip6_vti0", "sit0", "ip6tnl0", "ip6gre0")
)
"""Devices that loaded tunnel modules put into every network namespace
(net.core.fb_tunnels_only_for_init_net)."""


def _initial_inode(facts: Facts) -> str | None:
    return "the initial network namespace's inode" if predicates.initial(facts, "net") else None


def _initial_sysctls(facts: Facts) -> str | None:
    if facts.initial_sysctls >= 3:
        return "settings that only the initial network namespace has"
    return None


def _host_network_pod(facts: Facts) -> str | None:
    header = predicates.kubelet_hosts(facts)
    return header if header and "(host network)" in header else None


def _only_loopback(facts: Facts) -> str | None:
    devices = facts.devices
    if devices is None or facts.initial_sysctls or predicates.initial(facts, "net"):
        return None
    real = [name for name in devices if name not in FALLBACK_DEVICES]
    return "the only network device is lo" if real == ["lo"] else None


def _other_docker_id(facts: Facts) -> str | None:
    """Compare the id in Docker's binds with the one in the cgroup.

    ``--network container:X`` binds X's files. The cgroup, if it is visible, is this
    container's. With a private cgroup namespace (the default on cgroup v2) it is not
    visible. In a pod the files are the sandbox's.
    """
    bound, in_cgroup = predicates.docker_bind_id(facts), predicates.cgroup_ids(facts)
    if (
        bound
        and in_cgroup
        and bound not in in_cgroup
        and "kubepods" not in facts.texts.get("proc/self/cgroup", "")
    ):
        return f"the files of container {bound[:12]}, the cgroup of another"
    return None


def _other_podman_id(facts: Facts) -> str | None:
    """Compare the container of Podman's bind on the hosts file and on ``/run/.containerenv``.

    With ``--network container:X``, and in a pod, the hosts file is X's. The other file is
    always this container's. (resolv.conf shows nothing, because CRI-O binds the sandbox's.)
    """
    hosts_file = predicates.podman_bind_ids(facts, "/etc/hosts")
    containerenv = predicates.podman_bind_ids(facts, "/run/.containerenv")
    if hosts_file and containerenv and hosts_file != containerenv:
        return f"the hosts file of container {min(hosts_file)[:12]}, not of this one"
    return None


def nameserver(facts: Facts) -> str | None:
    """Look for Docker's name server in the resolver's file."""
    is_named = EMBEDDED_DNS in facts.resolver.nameservers
    return f"nameserver {EMBEDDED_DNS}" if is_named else None


def internal_trailer(facts: Facts) -> str | None:
    """Look for the comment of newer engines in the resolver's file on a user network."""
    comments = facts.resolver.comments
    return next((text for text in comments if text.endswith("(internal resolver)")), None)


def listening_resolver(facts: Facts) -> str | None:
    """Look for Docker's name server where the resolver's file no longer names it."""
    return f"something listens on {EMBEDDED_DNS}" if facts.embedded_dns else None


def podman_search(facts: Facts) -> str | None:
    """Look for the search domain of Podman's user networks."""
    return "search domain dns.podman" if "dns.podman" in facts.resolver.search else None


def _no_initial_sysctls(facts: Facts) -> str | None:
    if facts.somaxconn and facts.initial_sysctls == 0 and predicates.gvisor(facts) is None:
        return "none of the settings that only the initial network namespace has"
    return None


def _dynamic_inode(facts: Facts) -> str | None:
    inode = facts.namespaces.get("net", 0)
    is_dynamic = inode >= FIRST_DYNAMIC_INODE
    return f"network namespace {inode} was made after boot" if is_dynamic else None


def _low_inode(facts: Facts) -> str | None:
    inode = facts.namespaces.get("net")
    if inode is None or not predicates.INITIAL_INODES["net"] <= inode < FIRST_DYNAMIC_INODE:
        return None
    seen = f"network namespace {inode}, of the range of initial ones"
    return seen if predicates.all_initial(facts) else None


def _wsl_network(facts: Facts) -> str | None:
    return predicates.wsl(facts) if evaluate(ISOLATION, facts).answer == "none" else None


NETWORK = table(
    "network",
    ("host", "decisive", "no network namespaces on this system", predicates.not_linux),
    # Before the initial namespace's signs: in a Kata machine that one is the container's.
    ("own", "decisive", "kata-containers runtime: kataShared", predicates.kata),
    ("host", "decisive", "include/uapi/linux/nsfs.h, Linux 6.17", _initial_inode),
    ("host", "decisive", "net/core/sysctl_net_core.c", _initial_sysctls),
    ("host", "decisive", "kubelet_pods.go: managed hosts header", _host_network_pod),
    ("isolated", "decisive", "network_namespaces(7)", _only_loopback),
    ("shared", "strong", "moby: container network mode", _other_docker_id),
    ("shared", "strong", "podman: container network mode", _other_podman_id),
    ("own", "decisive", "moby libnetwork resolver", nameserver),
    ("own", "strong", "moby resolvconf: trailer since 25.0", internal_trailer),
    ("own", "decisive", "moby libnetwork resolver", listening_resolver),
    ("own", "strong", "netavark: dns.podman", podman_search),
    ("own", "decisive", "net/core/sysctl_net_core.c", _no_initial_sysctls),
    ("own", "strong", "fs/proc: inodes", _dynamic_inode),
    ("host", "medium", "fs/proc: inodes before Linux 6.17", _low_inode),
    ("host", "medium", "a WSL distribution's network is its machine's", _wsl_network),
)

"""Whose is this process's loopback: the host's, its own, another container's? Pure."""

from __future__ import annotations

from hostshift.evidence import signs
from hostshift.evidence.isolation import ISOLATION
from hostshift.evidence.table import first, table
from hostshift.surroundings import EMBEDDED_DNS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.surroundings import Surroundings

FIRST_DYNAMIC_INODE = 4026532048
"""Before Linux 6.17 the initial network namespace has some inode below this one."""

FALLBACK_DEVICES = frozenset(
    ("tunl0", "gre0", "gretap0", "erspan0", "ip_vti0", "ip6_vti0", "sit0", "ip6tnl0", "ip6gre0")
)
"""Devices that loaded tunnel modules put into every network namespace
(net.core.fb_tunnels_only_for_init_net)."""


def _initial_inode(around: Surroundings) -> str | None:
    return "the initial network namespace's inode" if signs.initial(around, "net") else None


def _initial_sysctls(around: Surroundings) -> str | None:
    if around.initial_sysctls >= 3:
        return "settings that only the initial network namespace has"
    return None


def _host_network_pod(around: Surroundings) -> str | None:
    found = signs.kubelet_hosts(around)
    return found if found and "(host network)" in found else None


def _only_loopback(around: Surroundings) -> str | None:
    devices = around.devices
    if devices is None or around.initial_sysctls or signs.initial(around, "net"):
        return None
    real = [name for name in devices if name not in FALLBACK_DEVICES]
    return "the only network device is lo" if real == ["lo"] else None


def _other_docker_id(around: Surroundings) -> str | None:
    """Compare the id in Docker's binds with the one in the cgroup.

    ``--network container:X`` binds X's files; the cgroup, where it is visible,
    is my own. With a private cgroup namespace (the default on cgroup v2) there
    is nothing to compare. In a pod the files are the sandbox's.
    """
    bound, mine = signs.docker_bind_id(around), signs.cgroup_ids(around)
    if (
        bound
        and mine
        and bound not in mine
        and "kubepods" not in around.texts.get("proc/self/cgroup", "")
    ):
        return f"the files of container {bound[:12]}, the cgroup of another"
    return None


def _other_podman_id(around: Surroundings) -> str | None:
    """Compare whose hosts file Podman binds with whose ``/run/.containerenv``.

    With ``--network container:X``, and in a pod, the hosts file is X's; the other
    is always mine. (resolv.conf does not tell: CRI-O binds the sandbox's.)
    """
    theirs = signs.podman_bind_ids(around, "/etc/hosts")
    mine = signs.podman_bind_ids(around, "/run/.containerenv")
    if theirs and mine and theirs != mine:
        return f"the hosts file of container {min(theirs)[:12]}, not of this one"
    return None


def nameserver(around: Surroundings) -> str | None:
    """See Docker's name server in the resolver's file."""
    found = EMBEDDED_DNS in around.resolver.nameservers
    return f"nameserver {EMBEDDED_DNS}" if found else None


def internal_trailer(around: Surroundings) -> str | None:
    """See the note that newer engines leave in the resolver's file on a user network."""
    comments = around.resolver.comments
    return next((text for text in comments if text.endswith("(internal resolver)")), None)


def listening_resolver(around: Surroundings) -> str | None:
    """See Docker's name server where the resolver's file no longer names it."""
    found = around.embedded_dns
    return f"something listens on {EMBEDDED_DNS}" if found else None


def podman_search(around: Surroundings) -> str | None:
    """See the search domain of Podman's user networks."""
    return "search domain dns.podman" if "dns.podman" in around.resolver.search else None


def _no_initial_sysctls(around: Surroundings) -> str | None:
    if around.somaxconn and around.initial_sysctls == 0 and signs.gvisor(around) is None:
        return "none of the settings that only the initial network namespace has"
    return None


def _dynamic_inode(around: Surroundings) -> str | None:
    inode = around.namespaces.get("net", 0)
    made = inode >= FIRST_DYNAMIC_INODE
    return f"network namespace {inode} was made after boot" if made else None


def _low_inode(around: Surroundings) -> str | None:
    inode = around.namespaces.get("net")
    if inode is None or not signs.INITIAL_INODES["net"] <= inode < FIRST_DYNAMIC_INODE:
        return None
    seen = f"network namespace {inode}, of the range of initial ones"
    return seen if signs.all_initial(around) else None


def _wsl_network(around: Surroundings) -> str | None:
    return signs.wsl(around) if first(ISOLATION, around).answer == "none" else None


NETWORK = table(
    "network",
    ("host", "decisive", "no network namespaces on this system", signs.not_linux),
    # Before the initial namespace's signs: a Kata machine's own is its container's.
    ("own", "decisive", "kata-containers runtime: kataShared", signs.kata),
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

"""The sources of the facts: files below the root, and the kernel's answers. Pure data."""

from __future__ import annotations

INITIAL_ONLY_SYSCTLS = (
    "net/core/netdev_max_backlog",
    "net/core/dev_weight",
    "net/ipv4/tcp_mem",
    "net/ipv4/tcp_max_orphans",
)
"""Settings that the kernel registers for the initial network namespace alone
(net/core/sysctl_net_core.c and net/ipv4/sysctl_net_ipv4.c)."""

INITIAL_ONLY_FILES = tuple(f"proc/sys/{name}" for name in INITIAL_ONLY_SYSCTLS)
SOMAXCONN = "proc/sys/net/core/somaxconn"
FIRST_CGROUP = ("proc/1/cgroup",)

TEXTS = (
    "proc/self/mountinfo",
    "proc/self/cgroup",
    "proc/self/uid_map",
    "proc/net/route",
    "proc/net/dev",
    "proc/sys/net/ipv4/ip_local_port_range",
    "proc/sys/kernel/osrelease",
    "proc/version",
    "proc/2/comm",
    "etc/hosts",
    "etc/resolv.conf",
    "run/systemd/container",
)
"""The files to read, below the root."""

MARKS = (".dockerenv", "run/.containerenv", "run/host/container-manager")
"""Files of which only the presence counts."""

IDENTITY_POINTS = ("/etc/hosts", "/etc/resolv.conf", "/etc/hostname", "/run/.containerenv")
"""Places where engines bind files that belong to one container."""

TELLING_POINTS = (*IDENTITY_POINTS, "/", "/proc/sys/kernel/random/boot_id")
"""The only places whose mounts describe this process: a host that runs containers shows
the mounts of all of them."""

EMBEDDED_DNS = "127.0.0.11"
"""Docker's name server on user networks (moby libnetwork/sandbox_dns_unix.go)."""

INTERFACES_FILE = "interfaces.json"
"""The file of a captured root for what the kernel only tells by netlink."""

INTERFACES, LISTENERS = "netlink: interfaces", "netlink: listeners"
"""Names of the sources that are no files, for notes that they could not be read."""

UNREAD_FILE = "unread.txt"
"""The file of a captured root for what could not be read on its machine, a name a line."""

SOURCES: dict[str, tuple[str, ...]] = {
    "mounts": ("proc/self/mountinfo",),
    "identity_binds": ("proc/self/mountinfo",),
    "cgroup_segments": ("proc/self/cgroup",),
    "uid_map": ("proc/self/uid_map",),
    "hosts": ("etc/hosts",),
    "resolver": ("etc/resolv.conf",),
    "routes": ("proc/net/route", "proc/net/ipv6_route"),
    "all_routes": ("proc/net/route", "proc/net/ipv6_route"),
    "devices": ("proc/net/dev",),
    "port_range": ("proc/sys/net/ipv4/ip_local_port_range",),
    "osrelease": ("proc/sys/kernel/osrelease",),
    "version": ("proc/version",),
    "kthreadd": ("proc/2/comm",),
    "systemd_container": ("run/systemd/container",),
    "initial_sysctls": INITIAL_ONLY_FILES,
    "somaxconn": (SOMAXCONN,),
    "marks": MARKS,
    "environ": ("proc/self/environ",),
    "interfaces": (INTERFACES,),
    "embedded_dns": (LISTENERS,),
}
"""The sources of each fact, by their names in ``unread``. ``texts`` and ``namespaces`` have one
source an entry."""

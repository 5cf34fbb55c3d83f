"""The facts of this machine that detection rests on, read once and frozen.

Everything hostshift reads from ``/proc``, ``/etc``, ``/run`` and the environment
is read here, below a given root: ``/`` for this machine, a directory for a
captured one. A file that is missing, unreadable or odd is a fact like any other
(None), never an error.
"""

from __future__ import annotations

import os

from hostshift import formats
from hostshift._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_BYTES = 4 * 1024 * 1024
"""A file is read up to here; a mount table of 10,000 lines is 2 MB."""

NAMESPACES = ("net", "mnt", "pid", "uts", "ipc", "cgroup", "user", "time")

INITIAL_ONLY_SYSCTLS = (
    "net/core/netdev_max_backlog",
    "net/core/dev_weight",
    "net/ipv4/tcp_mem",
    "net/ipv4/tcp_max_orphans",
)
"""Settings that the kernel registers for the initial network namespace alone
(net/core/sysctl_net_core.c and net/ipv4/sysctl_net_ipv4.c)."""

ENVIRONMENT_NAMES = (
    "container",
    "KUBERNETES_SERVICE_HOST",
    "ECS_CONTAINER_METADATA_URI_V4",
    "ECS_CONTAINER_METADATA_URI",
    "AWS_LAMBDA_FUNCTION_NAME",
    "K_SERVICE",
    "CLOUD_RUN_JOB",
    "CONTAINER_APP_NAME",
    "FLY_APP_NAME",
    "DYNO",
)
"""The only variables that detection looks at; their values are never shown."""


class Interface(Record):
    """A network interface of this process's network namespace."""

    name: str
    kind: str
    """The kernel's link kind (``veth``, ``macvlan``, ``bridge``, …), empty for a plain device."""
    addresses: tuple[str, ...] = ()


class Surroundings(Record):
    """What was read. ``None``: the file does not exist or cannot be read."""

    root: str
    system: str
    """``linux``, ``darwin``, ``win32``: :data:`sys.platform`."""
    live: bool
    """Read from this machine itself, not from a captured root."""
    namespaces: dict[str, int]
    """Inode numbers of this process's namespaces."""
    initial_sysctls: int
    """How many of :data:`INITIAL_ONLY_SYSCTLS` exist."""
    somaxconn: bool
    """``net/core/somaxconn`` exists: /proc/sys/net can be seen at all."""
    mounts: tuple[formats.Mount, ...]
    cgroup: str | None
    uid_map: str | None
    hosts: formats.HostsFile
    hosts_read: bool
    resolver: formats.ResolverConfig
    routes: tuple[formats.RouteEntry, ...]
    routes_read: bool
    devices: tuple[str, ...] | None
    """Names of the network devices, of ``/proc/net/dev``."""
    port_range: tuple[int, int] | None
    osrelease: str
    version: str
    hostname: str
    kthreadd: bool
    """Process 2 is the kernel's own: this is the initial pid namespace."""
    dockerenv: bool
    containerenv: bool
    container_manager: bool
    environ: dict[str, str]
    interfaces: tuple[Interface, ...] | None = None
    """None: not asked. They cost a netlink exchange and are only needed away from the host."""


def read(root: str = "/", environ: Mapping[str, str] | None = None) -> Surroundings:
    """Read the surroundings below a root.

    Args:
        root: ``/`` for this machine, a directory for a captured one.
        environ: the environment; by default this process's for ``/``, else empty.

    """
    import sys

    live = root == "/"
    given = environ if environ is not None else os.environ if live else {}
    hosts, routes = _text(root, "etc/hosts"), _text(root, "proc/net/route")
    return Surroundings(
        root=root,
        system=sys.platform if live else "linux",
        live=live,
        namespaces=_namespaces(root),
        initial_sysctls=sum(_exists(root, f"proc/sys/{name}") for name in INITIAL_ONLY_SYSCTLS),
        somaxconn=_exists(root, "proc/sys/net/core/somaxconn"),
        mounts=formats.mounts(_text(root, "proc/self/mountinfo") or ""),
        cgroup=_cgroup(root),
        uid_map=_text(root, "proc/self/uid_map"),
        hosts=formats.hosts_file(hosts or ""),
        hosts_read=hosts is not None,
        resolver=formats.resolver_config(_text(root, "etc/resolv.conf") or ""),
        routes=formats.routes(routes or ""),
        routes_read=routes is not None,
        devices=_devices(root),
        port_range=formats.port_range(_text(root, "proc/sys/net/ipv4/ip_local_port_range") or ""),
        osrelease=(_text(root, "proc/sys/kernel/osrelease") or "").strip(),
        version=(_text(root, "proc/version") or "").strip(),
        hostname=(_text(root, "proc/sys/kernel/hostname") or "").strip(),
        kthreadd=(_text(root, "proc/2/comm") or "").strip() == "kthreadd",
        dockerenv=_exists(root, ".dockerenv"),
        containerenv=_exists(root, "run/.containerenv"),
        container_manager=_exists(root, "run/host/container-manager"),
        environ={name: given[name] for name in ENVIRONMENT_NAMES if name in given},
    )


# Not every system has these flags; a pipe in a file's place must not block.
_READ = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)


def _path(root: str, name: str) -> str:
    return f"/{name}" if root == "/" else os.path.join(root, name)


def _text(root: str, name: str) -> str | None:
    """Read a file of any bytes as text: what is not UTF-8 is kept as escapes."""
    try:
        descriptor = os.open(_path(root, name), _READ)
    except (OSError, ValueError):
        return None
    try:
        return _all(descriptor).decode("utf-8", "surrogateescape")
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _all(descriptor: int) -> bytes:
    """Read until the end: /proc gives at most a page at a time."""
    chunks, size = [], 0
    while size < MOST_BYTES and (chunk := os.read(descriptor, 65536)):
        chunks.append(chunk)
        size += len(chunk)
    return b"".join(chunks)


def _exists(root: str, name: str) -> bool:
    try:
        os.stat(_path(root, name))
    except (OSError, ValueError):
        return False
    return True


def _namespaces(root: str) -> dict[str, int]:
    """Read the inode of each namespace from links of the form ``net:[4026531833]``."""
    found = {}
    for kind in NAMESPACES:
        path = _path(root, f"proc/self/ns/{kind}")
        try:
            link = os.readlink(path)
        except (OSError, ValueError):
            link = _text(root, f"proc/self/ns/{kind}") or ""
        inode = link.strip().rpartition("[")[2].rstrip("]")
        if inode.isascii() and inode.isdecimal():
            found[kind] = int(inode)
    return found


def _cgroup(root: str) -> str | None:
    """Read this process's cgroup; process 1's stands in where ours cannot be read."""
    own = _text(root, "proc/self/cgroup")
    return own if own is not None else _text(root, "proc/1/cgroup")


def _devices(root: str) -> tuple[str, ...] | None:
    """Read the names of the network devices; None where the list cannot be seen."""
    text = _text(root, "proc/net/dev")
    if text is None:
        return None
    lines = text.splitlines()[2:]
    return tuple(line.partition(":")[0].strip() for line in lines if ":" in line)

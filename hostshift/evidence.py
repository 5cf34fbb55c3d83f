"""The evidence on where a process stands: ordered tables, a source beside each row. Pure.

For each question the first row that applies decides. Rows are ordered by
strength: what describes *this* process for certain, then what speaks against a
container for certain, then the weaker signs. Only two kinds of mount describe
this process: the one on ``/`` and the engine's own binds on ``/etc/hosts``,
``/etc/resolv.conf``, ``/etc/hostname`` and ``/run/.containerenv``; a host that
runs containers shows all the others too.
"""

from __future__ import annotations

from hostshift._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hostshift.surroundings import Surroundings

IDENTITY_POINTS = ("/etc/hosts", "/etc/resolv.conf", "/etc/hostname", "/run/.containerenv")

INITIAL_INODES = {
    "ipc": 4026531839,
    "uts": 4026531838,
    "user": 4026531837,
    "pid": 4026531836,
    "cgroup": 4026531835,
    "time": 4026531834,
    "net": 4026531833,
    "mnt": 4026531832,
}
"""Inodes of the initial namespaces: include/linux/proc_ns.h and, for net and
mnt, include/uapi/linux/nsfs.h since Linux 6.17 (they varied before)."""

FIRST_DYNAMIC_INODE = 4026532048
"""Before Linux 6.17 the initial network namespace has some inode below this one."""

FALLBACK_DEVICES = frozenset(
    ("tunl0", "gre0", "gretap0", "erspan0", "ip_vti0", "ip6_vti0", "sit0", "ip6tnl0", "ip6gre0")
)
"""Devices that loaded tunnel modules put into every network namespace
(net.core.fb_tunnels_only_for_init_net)."""


class Evidence(Record):
    """One fact and what it says."""

    question: str
    """isolation, network or naming."""
    answer: str
    weight: str
    """decisive, strong, medium, weak, or none where nothing applied."""
    seen: str
    source: str
    """Where the rule comes from."""

    def as_dict(self) -> dict[str, str]:
        """Return the fields by name."""
        return {name: getattr(self, name) for name in self._fields}


class Row(Record):
    """One row of a table: what is looked for and what it decides."""

    question: str
    answer: str
    weight: str
    source: str
    test: Callable[[Surroundings], str | None]
    """Returns what was seen, or None where the row does not apply."""


def _table(
    question: str, *rows: tuple[str, str, str, Callable[[Surroundings], str | None]]
) -> tuple[Row, ...]:
    """Build a table from rows of answer, weight, source and test."""
    return tuple(
        Row(question=question, answer=answer, weight=weight, source=source, test=test)
        for answer, weight, source, test in rows
    )


def first(table: tuple[Row, ...], around: Surroundings) -> Evidence:
    """Return what the first row that applies says."""
    for row in table:
        seen = row.test(around)
        if seen is not None:
            return Evidence(
                question=row.question,
                answer=row.answer,
                weight=row.weight,
                seen=seen,
                source=row.source,
            )
    return Evidence(
        question=table[0].question,
        answer="unknown",
        weight="none",
        seen="nothing that decides",
        source="",
    )


# --- what the tests look at ---------------------------------------------------------------------


def _identity_binds(around: Surroundings) -> Iterator[str]:
    """Yield the sources of the binds that an engine makes for this container."""
    return (mount.root for mount in around.mounts if mount.point in IDENTITY_POINTS)


def _root_mount(around: Surroundings) -> tuple[str, str, str, str]:
    """Return (root, type, source, options) of the file system on ``/``: the last mounted wins."""
    for mount in reversed(around.mounts):
        if mount.point == "/":
            return mount.root, mount.fstype, mount.source, mount.options
    return "", "", "", ""


def docker_bind_id(around: Surroundings) -> str | None:
    """Return the container's id by Docker's binds, below whatever data root."""
    for root in _identity_binds(around):
        parts = root.split("/")
        if (
            len(parts) > 3
            and parts[-1] in ("hosts", "hostname", "resolv.conf")
            and parts[-3] == "containers"
            and _is_id(parts[-2])
        ):
            return parts[-2]
    return None


def cgroup_ids(around: Surroundings) -> frozenset[str]:
    """Return the container ids that stand in ``/proc/self/cgroup``."""
    found = set()
    for segment in _cgroup_segments(around):
        name = segment.removesuffix(".scope").rpartition("-")[2]
        if _is_id(name):
            found.add(name)
    return frozenset(found)


def _is_id(text: str) -> bool:
    return len(text) == 64 and all(digit in "0123456789abcdef" for digit in text)


def _cgroup_segments(around: Surroundings) -> tuple[str, ...]:
    """Return the path segments of every hierarchy in ``/proc/self/cgroup``."""
    paths = [line.split(":", 2)[-1] for line in (around.cgroup or "").splitlines()]
    return tuple(segment for path in paths for segment in path.split("/") if segment)


def _initial(around: Surroundings, *kinds: str) -> bool:
    """Tell whether all these namespaces are the initial ones."""
    return all(around.namespaces.get(kind) == INITIAL_INODES[kind] for kind in kinds)


def _bind_with(*needles: str) -> Callable[[Surroundings], str | None]:
    """Look for an identity bind whose source holds one of these texts."""

    def test(around: Surroundings) -> str | None:
        for root in _identity_binds(around):
            for needle in needles:
                if needle in root:
                    return f"an engine's bind from …{needle}…"
        return None

    return test


def _cgroup_with(*names: str) -> Callable[[Surroundings], str | None]:
    """Look for a whole path segment of the cgroup, or one that starts so for ``name…``."""

    def test(around: Surroundings) -> str | None:
        for segment in _cgroup_segments(around):
            for name in names:
                if segment == name or (name[-1] in "-." and segment.startswith(name)):
                    return f"cgroup segment {name}"
        return None

    return test


def _environment(*names: str) -> Callable[[Surroundings], str | None]:
    """Look for a variable that is set."""

    def test(around: Surroundings) -> str | None:
        return next((f"${name} is set" for name in names if around.environ.get(name)), None)

    return test


# --- isolation ----------------------------------------------------------------------------------


def _gvisor(around: Surroundings) -> str | None:
    if around.osrelease.endswith("-gvisor") or "Sun Jan 10 15:06:54 PST 2016" in around.version:
        return "the kernel calls itself what gVisor's does"
    return None


def _kubelet_hosts(around: Surroundings) -> str | None:
    comments = around.hosts.comments
    return next((text for text in comments if text.startswith("Kubernetes-managed hosts")), None)


def _docker_bind(around: Surroundings) -> str | None:
    found = docker_bind_id(around)
    return f"Docker's binds of container {found[:12]}" if found else None


def _containerenv_mount(around: Surroundings) -> str | None:
    mounted = any(mount.point == "/run/.containerenv" for mount in around.mounts)
    return "/run/.containerenv is mounted" if mounted else None


def _lxc_root(around: Surroundings) -> str | None:
    root, _, _, _ = _root_mount(around)
    for pool in ("/lxd/storage-pools/", "/incus/storage-pools/", "/lxd/containers/"):
        if pool in root and root.endswith("/rootfs"):
            return f"/ comes from …{pool}…"
    return None


def _lxc_mounts(around: Surroundings) -> str | None:
    for mount in around.mounts:
        if mount.fstype == "fuse.lxcfs":
            return f"lxcfs on {mount.point}"
        if mount.point == "/proc/sys/kernel/random/boot_id" and "lxc" in mount.root:
            return "boot_id is bound by lxc"
    return None


def _all_initial(around: Surroundings) -> str | None:
    seen = [kind for kind in ("pid", "uts", "ipc", "cgroup") if kind in around.namespaces]
    if len(seen) >= 3 and _initial(around, *seen):
        return f"the {', '.join(seen)} namespaces are the initial ones"
    return None


def _kernel_thread(around: Surroundings) -> str | None:
    _, _, source, _ = _root_mount(around)
    if around.kthreadd and source.startswith("/dev/"):
        return f"process 2 is the kernel's and / is {source}"
    return None


def _docker_overlay(around: Surroundings) -> str | None:
    _, fstype, _, options = _root_mount(around)
    upper = next((part for part in options.split(",") if part.startswith("upperdir=")), "")
    if fstype == "overlay" and ("/docker/" in upper or "/overlay2/" in upper):
        return "/ is an overlay of Docker's"
    return None


def _podman_overlay(around: Surroundings) -> str | None:
    _, fstype, _, options = _root_mount(around)
    if fstype == "overlay" and "/containers/storage/overlay/" in options:
        return "/ is an overlay of containers/storage"
    return None


def _container_variable(name: str) -> Callable[[Surroundings], str | None]:
    def test(around: Surroundings) -> str | None:
        return f"$container is {name}" if around.environ.get("container") == name else None

    return test


def _wsl(around: Surroundings) -> str | None:
    release = around.osrelease.lower()
    return f"kernel release {around.osrelease}" if "microsoft" in release else None


def _sandbox(around: Surroundings) -> str | None:
    pid = around.namespaces.get("pid")
    if pid is not None and pid != INITIAL_INODES["pid"]:
        return "the pid namespace is not the initial one"
    return None


def _not_linux(around: Surroundings) -> str | None:
    return f"the system is {around.system}" if around.system != "linux" else None


ISOLATION = _table(
    "isolation",
    ("none", "decisive", "no /proc: containers are guests here", _not_linux),
    ("gvisor", "decisive", "gvisor pkg/sentry/kernel/version", _gvisor),
    (
        "kubernetes",
        "decisive",
        "kubelet binds etc-hosts of the pod; CRI sandboxes",
        _bind_with("/kubelet/pods/", "io.containerd.grpc.v1.cri/sandboxes/", "/etc-hosts"),
    ),
    ("kubernetes", "decisive", "kubelet_pods.go: managed hosts header", _kubelet_hosts),
    ("kubernetes", "strong", "kubelet cgroup driver", _cgroup_with("kubepods", "kubepods.slice")),
    (
        "buildkit",
        "decisive",
        "buildkit executor/oci",
        _bind_with("/executor/resolv.conf", "/executor/hosts"),
    ),
    ("docker", "decisive", "moby daemon/container: hosts paths", _docker_bind),
    (
        "podman",
        "decisive",
        "containers/storage userdata",
        _bind_with("-containers/", "/userdata/"),
    ),
    ("podman", "decisive", "podman: container_internal_common.go", _containerenv_mount),
    ("lxc", "decisive", "LXD and Incus storage pools", _lxc_root),
    ("lxc", "decisive", "lxc conf.c, lxcfs", _lxc_mounts),
    (
        "nspawn",
        "decisive",
        "systemd CONTAINER_INTERFACE",
        lambda around: "/run/host/container-manager" if around.container_manager else None,
    ),
    (
        "ecs",
        "decisive",
        "ECS task metadata endpoint",
        _environment("ECS_CONTAINER_METADATA_URI_V4", "ECS_CONTAINER_METADATA_URI"),
    ),
    ("ecs", "strong", "ECS agent cgroup root", _cgroup_with("ecs")),
    ("lambda", "decisive", "Lambda runtime", _environment("AWS_LAMBDA_FUNCTION_NAME")),
    ("cloudrun", "strong", "Cloud Run contract", _environment("K_SERVICE", "CLOUD_RUN_JOB")),
    ("fly", "strong", "Fly runtime environment", _environment("FLY_APP_NAME")),
    ("heroku", "strong", "Heroku dynos", _environment("DYNO")),
    ("containerapps", "strong", "Azure Container Apps", _environment("CONTAINER_APP_NAME")),
    ("kubernetes", "strong", "Kubernetes service links", _environment("KUBERNETES_SERVICE_HOST")),
    ("none", "decisive", "include/linux/proc_ns.h", _all_initial),
    ("none", "strong", "kthreadd is process 2 of the initial namespace", _kernel_thread),
    ("podman", "medium", "containers/storage overlay", _podman_overlay),
    ("docker", "medium", "moby overlay2", _docker_overlay),
    ("docker", "medium", "cgroup v1 paths", _cgroup_with("docker", "docker-")),
    ("podman", "medium", "cgroup v1 paths", _cgroup_with("libpod_parent", "libpod-")),
    ("lxc", "medium", "cgroup v1 paths", _cgroup_with("lxc", "lxc.payload.")),
    ("podman", "medium", "podman sets container=", _container_variable("podman")),
    ("lxc", "medium", "lxc sets container=", _container_variable("lxc")),
    ("nspawn", "medium", "systemd-nspawn sets container=", _container_variable("systemd-nspawn")),
    ("none", "medium", "Microsoft's kernel: a WSL distribution", _wsl),
    (
        "docker",
        "weak",
        "moby daemon: may be left over in an image",
        lambda around: (
            "/.dockerenv and a pid namespace" if around.dockerenv and _sandbox(around) else None
        ),
    ),
    (
        "podman",
        "weak",
        "podman: may be left over in an image",
        lambda around: (
            "/run/.containerenv and a pid namespace"
            if around.containerenv and _sandbox(around)
            else None
        ),
    ),
    ("sandbox", "strong", "pid_namespaces(7)", _sandbox),
)


# --- network ------------------------------------------------------------------------------------


def _initial_net_inode(around: Surroundings) -> str | None:
    return "the initial network namespace's inode" if _initial(around, "net") else None


def _initial_sysctls(around: Surroundings) -> str | None:
    if around.initial_sysctls >= 3:
        return "settings that only the initial network namespace has"
    return None


def _host_network_pod(around: Surroundings) -> str | None:
    found = _kubelet_hosts(around)
    return found if found and "(host network)" in found else None


def _only_loopback(around: Surroundings) -> str | None:
    devices = around.devices
    if devices is None or around.initial_sysctls or _initial(around, "net"):
        return None
    real = [name for name in devices if name not in FALLBACK_DEVICES]
    return "the only network device is lo" if real == ["lo"] else None


def _embedded_dns(around: Surroundings) -> str | None:
    found = "127.0.0.11" in around.resolver.nameservers
    return "nameserver 127.0.0.11" if found else None


def _internal_trailer(around: Surroundings) -> str | None:
    return next(
        (text for text in around.resolver.comments if text.endswith("(internal resolver)")), None
    )


def _other_network_id(around: Surroundings) -> str | None:
    """Compare the id in Docker's binds with the one in the cgroup.

    ``--network container:X`` binds X's files; the cgroup, where it is visible,
    is my own. With a private cgroup namespace (the default on cgroup v2) there
    is nothing to compare.
    """
    bound, mine = docker_bind_id(around), cgroup_ids(around)
    if bound and mine and bound not in mine and "kubepods" not in (around.cgroup or ""):
        return f"the files of container {bound[:12]}, the cgroup of another"
    return None


def _other_userdata(around: Surroundings) -> str | None:
    """Compare whose hosts file Podman has bound with whose ``/run/.containerenv``.

    With ``--network container:X``, and in a pod, the hosts file is that of the
    container that owns the network namespace; ``.containerenv`` is always mine
    (podman libpod/container_internal_common.go).
    """
    owners = {
        mount.point: mount.root.split("/")[-3]
        for mount in around.mounts
        if mount.point in ("/etc/hosts", "/run/.containerenv") and "/userdata/" in mount.root
    }
    if len(set(owners.values())) == 2:
        return f"the hosts file of container {owners['/etc/hosts'][:12]}, not of this one"
    return None


def _no_initial_sysctls(around: Surroundings) -> str | None:
    if around.somaxconn and around.initial_sysctls == 0 and _gvisor(around) is None:
        return "none of the settings that only the initial network namespace has"
    return None


def _dynamic_inode(around: Surroundings) -> str | None:
    inode = around.namespaces.get("net", 0)
    return (
        f"network namespace {inode} was made after boot" if inode >= FIRST_DYNAMIC_INODE else None
    )


def _low_inode(around: Surroundings) -> str | None:
    inode = around.namespaces.get("net")
    if inode is None or not INITIAL_INODES["net"] <= inode < FIRST_DYNAMIC_INODE:
        return None
    return (
        f"network namespace {inode}, of the range of initial ones" if _all_initial(around) else None
    )


def _wsl_network(around: Surroundings) -> str | None:
    return _wsl(around) if first(ISOLATION, around).answer == "none" else None


NETWORK = _table(
    "network",
    ("host", "decisive", "no network namespaces on this system", _not_linux),
    ("host", "decisive", "include/uapi/linux/nsfs.h, Linux 6.17", _initial_net_inode),
    ("host", "decisive", "net/core/sysctl_net_core.c", _initial_sysctls),
    ("host", "decisive", "kubelet_pods.go: managed hosts header", _host_network_pod),
    ("isolated", "decisive", "network_namespaces(7)", _only_loopback),
    ("shared", "strong", "moby: container network mode", _other_network_id),
    ("shared", "strong", "podman: container_internal_common.go", _other_userdata),
    ("own", "decisive", "moby libnetwork resolver", _embedded_dns),
    ("own", "strong", "moby resolvconf: trailer since 25.0", _internal_trailer),
    ("own", "decisive", "net/core/sysctl_net_core.c", _no_initial_sysctls),
    ("own", "strong", "fs/proc: inodes", _dynamic_inode),
    ("host", "medium", "fs/proc: inodes before Linux 6.17", _low_inode),
    ("host", "medium", "a WSL distribution's network is its machine's", _wsl_network),
)


# --- naming -------------------------------------------------------------------------------------


def _service_search(around: Surroundings) -> str | None:
    for domain in around.resolver.search:
        if domain.startswith("svc.") or ".svc." in domain:
            return f"search domain {domain}"
    return None


def _podman_search(around: Surroundings) -> str | None:
    return "search domain dns.podman" if "dns.podman" in around.resolver.search else None


def _legacy_trailer(around: Surroundings) -> str | None:
    return next((text for text in around.resolver.comments if text.endswith("(legacy)")), None)


def _fly_resolver(around: Surroundings) -> str | None:
    return next((text for text in around.resolver.comments if text == "Generated by Fly"), None)


NAMING = _table(
    "naming",
    ("kubernetes", "decisive", "kubelet dns.go: search paths", _service_search),
    ("docker", "decisive", "moby libnetwork resolver", _embedded_dns),
    ("docker", "decisive", "moby resolvconf: trailer since 25.0", _internal_trailer),
    ("podman", "decisive", "netavark: dns.podman", _podman_search),
    ("plain", "decisive", "moby resolvconf: trailer since 25.0", _legacy_trailer),
    ("plain", "strong", "Fly's resolver names no sibling containers", _fly_resolver),
)

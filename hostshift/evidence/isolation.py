"""Which runtime isolates this process, if any: its table of evidence. Pure."""

from __future__ import annotations

from hostshift.contracts import CONTRACTS
from hostshift.evidence import signs
from hostshift.evidence.table import table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.contracts import Contract
    from hostshift.evidence.table import Sign
    from hostshift.surroundings import Surroundings


def _initial_mounts(around: Surroundings) -> str | None:
    """See the machine's first mount namespace, which is nobody's container.

    It has a known inode since Linux 6.17. Platforms that start a machine for each
    program may leave that in it; their variables tell.
    """
    if around.environ or not signs.initial(around, "mnt", "pid", "uts", "ipc"):
        return None
    return "the mnt, pid, uts, ipc namespaces are the initial ones"


def _docker_bind(around: Surroundings) -> str | None:
    found = signs.docker_bind_id(around)
    return f"Docker's binds of container {found[:12]}" if found else None


def _containerenv_mount(around: Surroundings) -> str | None:
    mounted = any(mount.point == "/run/.containerenv" for mount in around.mounts)
    return "/run/.containerenv is mounted" if mounted else None


def _lxc_root(around: Surroundings) -> str | None:
    root, _, _, _ = signs.root_mount(around)
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


def _container_manager(around: Surroundings) -> str | None:
    mark = "run/host/container-manager"
    return f"/{mark}" if mark in around.marks else None


def _kernel_thread(around: Surroundings) -> str | None:
    _, _, source, _ = signs.root_mount(around)
    if around.kthreadd and source.startswith("/dev/"):
        return f"process 2 is the kernel's and / is {source}"
    return None


def _docker_overlay(around: Surroundings) -> str | None:
    _, fstype, _, options = signs.root_mount(around)
    upper = next((part for part in options.split(",") if part.startswith("upperdir=")), "")
    if fstype == "overlay" and ("/docker/" in upper or "/overlay2/" in upper):
        return "/ is an overlay of Docker's"
    return None


def _containerd_overlay(around: Surroundings) -> str | None:
    """See Docker's containerd image store (the default since 29.0), which others use as well."""
    _, fstype, _, options = signs.root_mount(around)
    snapshot = "/io.containerd.snapshotter.v1.overlayfs/snapshots/" in options
    if fstype == "overlay" and snapshot and ".dockerenv" in around.marks:
        return "/ is an overlay of containerd's, and /.dockerenv"
    return None


def _podman_overlay(around: Surroundings) -> str | None:
    _, fstype, _, options = signs.root_mount(around)
    if fstype == "overlay" and "/containers/storage/overlay/" in options:
        return "/ is an overlay of containers/storage"
    return None


def _variable(name: str) -> Sign:
    """Look for what ``container=`` says in the environment or in systemd's note of it."""

    def sign(around: Surroundings) -> str | None:
        if around.environ.get("container") == name:
            return f"$container is {name}"
        return f"/run/systemd/container says {name}" if around.systemd_container == name else None

    return sign


def _contract(contract: Contract) -> Sign:
    """Look for what a platform sets."""

    def sign(around: Surroundings) -> str | None:
        return contract.seen(around.environ) if around.environ else None

    return sign


def _left_over(mark: str) -> Sign:
    """Count a file that images carry along only together with a pid namespace."""

    def sign(around: Surroundings) -> str | None:
        seen = mark in around.marks and _sandbox(around)
        return f"/{mark} and a pid namespace" if seen else None

    return sign


def _sandbox(around: Surroundings) -> str | None:
    pid = around.namespaces.get("pid")
    if pid is not None and pid != signs.INITIAL_INODES["pid"]:
        return "the pid namespace is not the initial one"
    return None


_POD_BINDS = ("/kubelet/pods/", "io.containerd.grpc.v1.cri/sandboxes/", "/etc-hosts")
_BUILD_BINDS = ("/executor/resolv.conf", "/executor/hosts")
_ECS = ("ECS_CONTAINER_METADATA_URI_V4", "ECS_CONTAINER_METADATA_URI")

ISOLATION = table(
    "isolation",
    ("none", "decisive", "no /proc: containers are guests here", signs.not_linux),
    ("gvisor", "decisive", "gvisor pkg/sentry/kernel/version", signs.gvisor),
    ("none", "decisive", "include/uapi/linux/nsfs.h, Linux 6.17", _initial_mounts),
    ("kubernetes", "decisive", "kubelet's and CRI's binds", signs.bind_with(*_POD_BINDS)),
    ("kubernetes", "decisive", "kubelet_pods.go: managed hosts header", signs.kubelet_hosts),
    (
        "kubernetes",
        "strong",
        "kubelet cgroup driver",
        signs.cgroup_with("kubepods", "kubepods.slice"),
    ),
    ("kata", "decisive", "kata-containers runtime: kataShared", signs.kata),
    # Before the binds of an engine, which some platforms use: the machine is the platform's.
    *((one.platform, "decisive", one.source, _contract(one)) for one in CONTRACTS),
    ("ecs", "strong", "ECS agent: cgroup root", signs.cgroup_with("ecs", "ecstasks.slice")),
    ("buildkit", "decisive", "buildkit executor/oci", signs.bind_with(*_BUILD_BINDS)),
    ("docker", "decisive", "moby daemon/container: hosts paths", _docker_bind),
    (
        "podman",
        "decisive",
        "containers/storage userdata",
        signs.bind_with("-containers/", "/userdata/"),
    ),
    ("podman", "decisive", "podman: container_internal_common.go", _containerenv_mount),
    ("lxc", "decisive", "LXD and Incus storage pools", _lxc_root),
    ("lxc", "decisive", "lxc conf.c, lxcfs", _lxc_mounts),
    ("nspawn", "decisive", "systemd CONTAINER_INTERFACE", _container_manager),
    # One variable alone may be a copy, so it only counts where no engine's bind speaks.
    ("ecs", "strong", "ECS task metadata endpoint", signs.environment(*_ECS)),
    ("lambda", "strong", "Lambda runtime", signs.environment("AWS_LAMBDA_FUNCTION_NAME")),
    (
        "cloudrun",
        "strong",
        "Cloud Run contract",
        signs.environment("K_SERVICE", "CLOUD_RUN_JOB"),
    ),
    ("fly", "strong", "Fly runtime environment", signs.environment("FLY_APP_NAME")),
    ("heroku", "strong", "Heroku dynos", signs.environment("DYNO")),
    (
        "containerapps",
        "strong",
        "Azure Container Apps",
        signs.environment("CONTAINER_APP_NAME"),
    ),
    (
        "kubernetes",
        "strong",
        "Kubernetes service links",
        signs.environment("KUBERNETES_SERVICE_HOST"),
    ),
    ("none", "decisive", "include/linux/proc_ns.h", signs.all_initial),
    ("none", "strong", "kthreadd is process 2 of the initial namespace", _kernel_thread),
    ("podman", "medium", "containers/storage overlay", _podman_overlay),
    ("docker", "medium", "moby overlay2", _docker_overlay),
    ("docker", "medium", "moby: containerd image store", _containerd_overlay),
    ("docker", "medium", "cgroup v1 paths", signs.cgroup_with("docker", "docker-")),
    ("podman", "medium", "cgroup v1 paths", signs.cgroup_with("libpod_parent", "libpod-")),
    ("lxc", "medium", "cgroup v1 paths", signs.cgroup_with("lxc", "lxc.payload.")),
    ("podman", "medium", "podman sets container=", _variable("podman")),
    ("lxc", "medium", "lxc sets container=", _variable("lxc")),
    ("nspawn", "medium", "systemd-nspawn sets container=", _variable("systemd-nspawn")),
    ("none", "medium", "Microsoft's kernel: a WSL distribution", signs.wsl),
    (
        "docker",
        "weak",
        "moby daemon: may be left over in an image",
        _left_over(".dockerenv"),
    ),
    (
        "podman",
        "weak",
        "podman: may be left over in an image",
        _left_over("run/.containerenv"),
    ),
    ("sandbox", "strong", "pid_namespaces(7)", _sandbox),
)

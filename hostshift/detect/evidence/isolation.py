"""Which runtime isolates this process, if any: its table of evidence. Pure."""

from __future__ import annotations

from hostshift.detect.evidence import predicates
from hostshift.detect.evidence.platform_variables import CONTRACTS
from hostshift.detect.evidence.table import table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.detect.evidence.platform_variables import Contract
    from hostshift.detect.evidence.table import Sign
    from hostshift.detect.facts import Facts


def _initial_mounts(facts: Facts) -> str | None:
    """Look for the machine's first mount namespace, which is no container's.

    It has a known inode since Linux 6.17. Platforms that start a machine for each program may
    leave the program in it; their variables show that.
    """
    if facts.environ or not predicates.initial(facts, "mnt", "pid", "uts", "ipc"):
        return None
    return "the mnt, pid, uts, ipc namespaces are the initial ones"


def _docker_bind(facts: Facts) -> str | None:
    container = predicates.docker_bind_id(facts)
    return f"Docker's binds of container {container[:12]}" if container else None


def _containerenv_mount(facts: Facts) -> str | None:
    mounted = any(mount.point == "/run/.containerenv" for mount in facts.mounts)
    return "/run/.containerenv is mounted" if mounted else None


def _lxc_root(facts: Facts) -> str | None:
    root, _, _, _ = predicates.root_mount(facts)
    for pool in ("/lxd/storage-pools/", "/incus/storage-pools/", "/lxd/containers/"):
        if pool in root and root.endswith("/rootfs"):
            return f"/ comes from …{pool}…"
    return None


def _lxc_mounts(facts: Facts) -> str | None:
    for mount in facts.mounts:
        if mount.fstype == "fuse.lxcfs":
            return f"lxcfs on {mount.point}"
        if mount.point == "/proc/sys/kernel/random/boot_id" and "lxc" in mount.root:
            return "boot_id is bound by lxc"
    return None


def _container_manager(facts: Facts) -> str | None:
    mark = "run/host/container-manager"
    return f"/{mark}" if mark in facts.marks else None


def _kernel_thread(facts: Facts) -> str | None:
    _, _, source, _ = predicates.root_mount(facts)
    if facts.kthreadd and source.startswith("/dev/"):
        return f"process 2 is the kernel's and / is {source}"
    return None


def _docker_overlay(facts: Facts) -> str | None:
    _, fstype, _, options = predicates.root_mount(facts)
    upper = next((part for part in options.split(",") if part.startswith("upperdir=")), "")
    if fstype == "overlay" and ("/docker/" in upper or "/overlay2/" in upper):
        return "/ is an overlay of Docker's"
    return None


def _containerd_overlay(facts: Facts) -> str | None:
    """Look for Docker's containerd image store (the default since 29.0); others use it too."""
    _, fstype, _, options = predicates.root_mount(facts)
    snapshot = "/io.containerd.snapshotter.v1.overlayfs/snapshots/" in options
    if fstype == "overlay" and snapshot and ".dockerenv" in facts.marks:
        return "/ is an overlay of containerd's, and /.dockerenv"
    return None


def _podman_overlay(facts: Facts) -> str | None:
    _, fstype, _, options = predicates.root_mount(facts)
    if fstype == "overlay" and "/containers/storage/overlay/" in options:
        return "/ is an overlay of containers/storage"
    return None


def _variable(name: str) -> Sign:
    """Look for this value of ``container=`` in the environment or in systemd's copy of it."""

    def sign(facts: Facts) -> str | None:
        if facts.environ.get("container") == name:
            return f"$container is {name}"
        return f"/run/systemd/container says {name}" if facts.systemd_container == name else None

    return sign


def _contract(contract: Contract) -> Sign:
    """Look for the variables that a platform sets."""

    def sign(facts: Facts) -> str | None:
        return contract.seen(facts.environ) if facts.environ else None

    return sign


def _left_over(mark: str) -> Sign:
    """Look for a file that images may contain too: it needs a pid namespace beside it."""

    def sign(facts: Facts) -> str | None:
        seen = mark in facts.marks and _sandbox(facts)
        return f"/{mark} and a pid namespace" if seen else None

    return sign


def _sandbox(facts: Facts) -> str | None:
    pid = facts.namespaces.get("pid")
    if pid is not None and pid != predicates.INITIAL_INODES["pid"]:
        return "the pid namespace is not the initial one"
    return None


_POD_BINDS = ("/kubelet/pods/", "io.containerd.grpc.v1.cri/sandboxes/", "/etc-hosts")
_BUILD_BINDS = ("/executor/resolv.conf", "/executor/hosts")
_ECS = ("ECS_CONTAINER_METADATA_URI_V4", "ECS_CONTAINER_METADATA_URI")

ISOLATION = table(
    "isolation",
    ("none", "decisive", "no /proc: containers are guests here", predicates.not_linux),
    ("gvisor", "decisive", "gvisor pkg/sentry/kernel/version", predicates.gvisor),
    ("none", "decisive", "include/uapi/linux/nsfs.h, Linux 6.17", _initial_mounts),
    ("kubernetes", "decisive", "kubelet's and CRI's binds", predicates.bind_with(*_POD_BINDS)),
    ("kubernetes", "decisive", "kubelet_pods.go: managed hosts header", predicates.kubelet_hosts),
    (
        "kubernetes",
        "strong",
        "kubelet cgroup driver",
        predicates.cgroup_with("kubepods", "kubepods.slice"),
    ),
    ("kata", "decisive", "kata-containers runtime: kataShared", predicates.kata),
    # Before the binds of an engine, which some platforms use: the machine is the platform's.
    *((each.platform, "decisive", each.source, _contract(each)) for each in CONTRACTS),
    ("ecs", "strong", "ECS agent: cgroup root", predicates.cgroup_with("ecs", "ecstasks.slice")),
    ("buildkit", "decisive", "buildkit executor/oci", predicates.bind_with(*_BUILD_BINDS)),
    ("docker", "decisive", "moby daemon/container: hosts paths", _docker_bind),
    (
        "podman",
        "decisive",
        "containers/storage userdata",
        predicates.bind_with("-containers/", "/userdata/"),
    ),
    ("podman", "decisive", "podman: container_internal_common.go", _containerenv_mount),
    ("lxc", "decisive", "LXD and Incus storage pools", _lxc_root),
    ("lxc", "decisive", "lxc conf.c, lxcfs", _lxc_mounts),
    ("nspawn", "decisive", "systemd CONTAINER_INTERFACE", _container_manager),
    # One variable alone may be a copy, so it only counts without an engine's bind.
    ("ecs", "strong", "ECS task metadata endpoint", predicates.environment(*_ECS)),
    ("lambda", "strong", "Lambda runtime", predicates.environment("AWS_LAMBDA_FUNCTION_NAME")),
    (
        "cloudrun",
        "strong",
        "Cloud Run contract",
        predicates.environment("K_SERVICE", "CLOUD_RUN_JOB"),
    ),
    ("fly", "strong", "Fly runtime environment", predicates.environment("FLY_APP_NAME")),
    ("heroku", "strong", "Heroku dynos", predicates.environment("DYNO")),
    (
        "containerapps",
        "strong",
        "Azure Container Apps",
        predicates.environment("CONTAINER_APP_NAME"),
    ),
    (
        "kubernetes",
        "strong",
        "Kubernetes service links",
        predicates.environment("KUBERNETES_SERVICE_HOST"),
    ),
    ("none", "decisive", "include/linux/proc_ns.h", predicates.all_initial),
    ("none", "strong", "kthreadd is process 2 of the initial namespace", _kernel_thread),
    ("podman", "medium", "containers/storage overlay", _podman_overlay),
    ("docker", "medium", "moby overlay2", _docker_overlay),
    ("docker", "medium", "moby: containerd image store", _containerd_overlay),
    ("docker", "medium", "cgroup v1 paths", predicates.cgroup_with("docker", "docker-")),
    ("podman", "medium", "cgroup v1 paths", predicates.cgroup_with("libpod_parent", "libpod-")),
    ("lxc", "medium", "cgroup v1 paths", predicates.cgroup_with("lxc", "lxc.payload.")),
    ("podman", "medium", "podman sets container=", _variable("podman")),
    ("lxc", "medium", "lxc sets container=", _variable("lxc")),
    ("nspawn", "medium", "systemd-nspawn sets container=", _variable("systemd-nspawn")),
    ("none", "medium", "Microsoft's kernel: a WSL distribution", predicates.wsl),
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

"""What the tables look at: mounts, ids, cgroups, namespaces. Pure.

Only two kinds of mount describe this process: the one on ``/`` and the
engine's own binds on ``/etc/hosts``, ``/etc/resolv.conf``, ``/etc/hostname`` and
``/run/.containerenv``; a host that runs containers shows all the others too.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.evidence.table import Sign
    from hostshift.surroundings import Surroundings

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


def root_mount(around: Surroundings) -> tuple[str, str, str, str]:
    """Return (root, type, source, options) of the file system on ``/``: the last mounted wins."""
    for mount in reversed(around.mounts):
        if mount.point == "/":
            return mount.root, mount.fstype, mount.source, mount.options
    return "", "", "", ""


def docker_bind_id(around: Surroundings) -> str | None:
    """Return the container's id by Docker's binds, below whatever data root."""
    for mount in around.identity_binds:
        parts = mount.root.split("/")
        if (
            len(parts) > 3
            and parts[-1] in ("hosts", "hostname", "resolv.conf")
            and parts[-3] == "containers"
            and is_id(parts[-2])
        ):
            return parts[-2]
    return None


def podman_bind_ids(around: Surroundings, *points: str) -> frozenset[str]:
    """Return the container ids in Podman's binds on these files."""
    found = set()
    for mount in around.mounts:
        before, userdata, _ = mount.root.rpartition("/userdata/")
        name = before.rpartition("/")[2]
        if mount.point in points and userdata and is_id(name):
            found.add(name)
    return frozenset(found)


def cgroup_ids(around: Surroundings) -> frozenset[str]:
    """Return the container ids that stand in ``/proc/self/cgroup``."""
    names = (part.removesuffix(".scope").rpartition("-")[2] for part in around.cgroup_segments)
    return frozenset(name for name in names if is_id(name))


def is_id(text: str) -> bool:
    """Return True if a text is a container's full id."""
    return len(text) == 64 and all(digit in "0123456789abcdef" for digit in text)


def initial(around: Surroundings, *kinds: str) -> bool:
    """Return True if all these namespaces are the initial ones."""
    return all(around.namespaces.get(kind) == INITIAL_INODES[kind] for kind in kinds)


def all_initial(around: Surroundings) -> str | None:
    """See whether this process's own namespaces are the machine's first ones."""
    seen = [kind for kind in ("pid", "uts", "ipc", "cgroup") if kind in around.namespaces]
    if len(seen) >= 3 and initial(around, *seen):
        return f"the {', '.join(seen)} namespaces are the initial ones"
    return None


def gvisor(around: Surroundings) -> str | None:
    """See gVisor's kernel: by the release it gives, or the build date that it has always had."""
    if around.osrelease.endswith("-gvisor") or "Sun Jan 10 15:06:54 PST 2016" in around.version:
        return "the kernel calls itself what gVisor's does"
    return None


def kata(around: Surroundings) -> str | None:
    """See the share by which Kata Containers brings a container's files into its machine."""
    if initial(around, "mnt"):
        return None  # Nobody's container: spares reading the mounts on the usual host.
    shared = any(mount.source == "kataShared" for mount in around.identity_binds)
    return "an engine's bind from kataShared" if shared else None


def kubelet_hosts(around: Surroundings) -> str | None:
    """See the header that the kubelet writes into a pod's hosts file."""
    comments = around.hosts.comments
    return next((text for text in comments if text.startswith("Kubernetes-managed hosts")), None)


def not_linux(around: Surroundings) -> str | None:
    """See a system without /proc."""
    return f"the system is {around.system}" if around.system != "linux" else None


def wsl(around: Surroundings) -> str | None:
    """See Microsoft's kernel."""
    release = around.osrelease.lower()
    return f"kernel release {around.osrelease}" if "microsoft" in release else None


def bind_with(*needles: str) -> Sign:
    """Look for an identity bind whose source holds one of these texts."""

    def sign(around: Surroundings) -> str | None:
        for mount in around.identity_binds:
            for needle in needles:
                if needle in mount.root:
                    return f"an engine's bind from …{needle}…"
        return None

    return sign


def cgroup_with(*names: str) -> Sign:
    """Look for a whole path segment of the cgroup, or one that starts so for ``name…``."""

    def sign(around: Surroundings) -> str | None:
        for segment in around.cgroup_segments:
            for name in names:
                if segment == name or (name[-1] in "-." and segment.startswith(name)):
                    return f"cgroup segment {name}"
        return None

    return sign


def environment(*names: str) -> Sign:
    """Look for a variable that is set."""

    def sign(around: Surroundings) -> str | None:
        for name in names if around.environ else ():
            if around.environ.get(name):
                return f"${name} is set"
        return None

    return sign

"""The signs that several tables use: mounts, ids, cgroups, namespaces. Pure.

Only two kinds of mount describe this process: the one on ``/``, and the
engine's binds on ``/etc/hosts``, ``/etc/resolv.conf``, ``/etc/hostname`` and
``/run/.containerenv``. A host that runs containers shows all the others too.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.detect.evidence.table import Sign
    from hostshift.detect.facts import Facts

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


def root_mount(facts: Facts) -> tuple[str, str, str, str]:
    """Return (root, type, source, options) of the file system on ``/``: the last mount wins."""
    for mount in reversed(facts.mounts):
        if mount.point == "/":
            return mount.root, mount.fstype, mount.source, mount.options
    return "", "", "", ""


def docker_bind_id(facts: Facts) -> str | None:
    """Return the container's id in Docker's binds, below any data root."""
    for mount in facts.identity_binds:
        parts = mount.root.split("/")
        if (
            len(parts) > 3
            and parts[-1] in ("hosts", "hostname", "resolv.conf")
            and parts[-3] == "containers"
            and is_id(parts[-2])
        ):
            return parts[-2]
    return None


def podman_bind_ids(facts: Facts, *points: str) -> frozenset[str]:
    """Return the container ids in Podman's binds on these files."""
    ids = set()
    for mount in facts.mounts:
        before, userdata, _ = mount.root.rpartition("/userdata/")
        name = before.rpartition("/")[2]
        if mount.point in points and userdata and is_id(name):
            ids.add(name)
    return frozenset(ids)


def cgroup_ids(facts: Facts) -> frozenset[str]:
    """Return the container ids in ``/proc/self/cgroup``."""
    names = (part.removesuffix(".scope").rpartition("-")[2] for part in facts.cgroup_segments)
    return frozenset(name for name in names if is_id(name))


def is_id(text: str) -> bool:
    """Return True if a text is a container's full id."""
    return len(text) == 64 and all(digit in "0123456789abcdef" for digit in text)


def initial(facts: Facts, *kinds: str) -> bool:
    """Return True if all these namespaces are the initial ones."""
    return all(facts.namespaces.get(kind) == INITIAL_INODES[kind] for kind in kinds)


def all_initial(facts: Facts) -> str | None:
    """Look for namespaces of this process that all are the machine's first ones."""
    kinds = [kind for kind in ("pid", "uts", "ipc", "cgroup") if kind in facts.namespaces]
    if len(kinds) >= 3 and initial(facts, *kinds):
        return f"the {', '.join(kinds)} namespaces are the initial ones"
    return None


def gvisor(facts: Facts) -> str | None:
    """Look for gVisor's kernel, by its release or by the build date that it has always had."""
    if facts.osrelease.endswith("-gvisor") or "Sun Jan 10 15:06:54 PST 2016" in facts.version:
        return "the kernel calls itself what gVisor's does"
    return None


def kata(facts: Facts) -> str | None:
    """Look for the share that brings a container's files into the machine of Kata Containers."""
    if initial(facts, "mnt"):
        return None  # No container: the usual host need not parse its mounts.
    shared = any(mount.source == "kataShared" for mount in facts.identity_binds)
    return "an engine's bind from kataShared" if shared else None


def kubelet_hosts(facts: Facts) -> str | None:
    """Look for the header that the kubelet writes into a pod's hosts file."""
    comments = facts.hosts.comments
    return next((text for text in comments if text.startswith("Kubernetes-managed hosts")), None)


def not_linux(facts: Facts) -> str | None:
    """Look for a system without /proc."""
    return f"the system is {facts.system}" if facts.system != "linux" else None


def wsl(facts: Facts) -> str | None:
    """Look for Microsoft's kernel."""
    release = facts.osrelease.lower()
    return f"kernel release {facts.osrelease}" if "microsoft" in release else None


def bind_with(*needles: str) -> Sign:
    """Return a sign that looks for an identity bind whose source holds one of these texts."""

    def sign(facts: Facts) -> str | None:
        for mount in facts.identity_binds:
            for needle in needles:
                if needle in mount.root:
                    return f"an engine's bind from …{needle}…"
        return None

    return sign


def cgroup_with(*names: str) -> Sign:
    """Return a sign that looks for a path segment of the cgroup, or for its start: ``name-``."""

    def sign(facts: Facts) -> str | None:
        for segment in facts.cgroup_segments:
            for name in names:
                if segment == name or (name[-1] in "-." and segment.startswith(name)):
                    return f"cgroup segment {name}"
        return None

    return sign


def environment(*names: str) -> Sign:
    """Return a sign that looks for a variable that is set."""

    def sign(facts: Facts) -> str | None:
        for name in names if facts.environ else ():
            if facts.environ.get(name):
                return f"${name} is set"
        return None

    return sign

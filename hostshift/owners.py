"""Which users may decide where this process's credentials go: by whose files they are."""

from __future__ import annotations

import os
import stat

from hostshift import accounts
from hostshift._outside import pass_on

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_INITIAL_PIDS = "pid:[4026531836]"
"""The process namespace of the machine itself (Linux, include/linux/proc_ns.h)."""


def may_decide(owner: int) -> bool:
    """Return True for this user and root; in an engine's container, for whose files are mounted.

    That is the owner of the working directory: a bind mount has the numbers of the machine
    around. For another user than root it must be a number that no account in here has, or
    somebody in here could be it. In what is a machine of its own (LXC, nspawn, WSL) several
    users may live, so there it is another user like any.
    """
    user = os.geteuid()
    if owner in (0, user):
        return True
    if owner != _owner_here() or not is_in_an_engines_container():
        return False
    return user == 0 or not accounts.has(owner)


def is_strangers(path: str) -> bool:
    """Return True if a path is another user's in a directory for everybody, such as ``/tmp``.

    What lies there says nothing about this process: whoever works below ``/tmp`` has no
    project there because a stranger puts a file into it. Only a sticky directory is one for
    everybody. One that is merely open to all may be an image's own.
    """
    if not hasattr(os, "geteuid"):
        return False
    try:
        place, found = os.stat(os.path.dirname(path) or "."), os.lstat(path)
    except (OSError, ValueError) as error:
        pass_on(error)
        return False
    shared = stat.S_ISVTX | stat.S_IWOTH
    return place.st_mode & shared == shared and not may_decide(found.st_uid)


def is_anothers(path: str, *, itself: bool = False) -> bool:
    """Return True if something is at a path, and belongs to a user who may not decide.

    Args:
        path: what is looked at.
        itself: look at a link, and not at what it leads to.

    """
    try:
        found = os.lstat(path) if itself else os.stat(path)
        return hasattr(os, "geteuid") and not may_decide(found.st_uid)
    except (OSError, ValueError) as error:  # it is not there
        pass_on(error)
        return False


def home(environ: Mapping[str, str]) -> str:
    """Return this user's directory: not that of another, whose ``HOME`` ``sudo -E`` passes on."""
    given = environ.get("HOME") or os.path.expanduser("~")
    return accounts.home_of(os.geteuid()) or given if is_anothers(given) else given


def _owner_here() -> int | None:
    try:
        return os.stat(".").st_uid
    except OSError as error:  # it is gone
        pass_on(error)
        return None


def is_in_an_engines_container() -> bool:
    """Return True in a container of Docker, Podman, Kubernetes or BuildKit.

    They leave a mark, or mount the hosts file of each container from elsewhere (moby
    container/container_unix.go, kubelet's ensureHostsFile). LXC, nspawn and WSL, where several
    users may live, do neither.
    """
    if any(map(os.path.exists, ("/.dockerenv", "/run/.containerenv"))):
        return True
    try:
        mounted = os.stat("/etc/hosts").st_dev != os.stat("/").st_dev
    except OSError as error:
        pass_on(error)
        return False
    return mounted and is_in_a_container()


def is_in_a_container() -> bool:
    """Return True where processes have a namespace of their own, or an engine left its mark."""
    try:
        if os.readlink("/proc/self/ns/pid") != _INITIAL_PIDS:
            return True
    except OSError as error:
        pass_on(error)
    return any(map(os.path.exists, ("/.dockerenv", "/run/.containerenv")))


SYSTEM_DIRECTORIES = frozenset(("/run/media", "/run/user", "/var/home", "/var/lib", "/var/tmp"))  # noqa: S108 - compared
"""Directories that belong to root on every machine."""


def is_roots_unmapped(found: os.stat_result, place: str) -> bool:
    """Return True if what is here is root's, and this user namespace has no number for root.

    All users without a number look like one there. So it counts only for the system's own
    directories, and for what lies in ``/`` or ``/run`` itself: nobody but root can put it there.
    """
    system = place in SYSTEM_DIRECTORIES or os.path.dirname(place) in ("/", "/run", "/var/run")
    return system and is_unmapped(found)


def is_unmapped(found: os.stat_result) -> bool:
    """Return True if an owner is shown as nobody because this user namespace has no user for it.

    Nobody in here can be that user. Where the namespace has a user of that number, it is one.
    """
    try:
        with open("/proc/sys/kernel/overflowuid", encoding="utf-8") as file:
            overflow = int(file.read(32))
        if found.st_uid != overflow:
            return False
        with open("/proc/self/uid_map", encoding="utf-8") as file:
            ranges = [line.split() for line in file.read(65536).splitlines()]
        mapped = [range(int(first), int(first) + int(count)) for first, _, count in ranges]
    except (OSError, ValueError) as error:
        pass_on(error)
        return False
    return not any(overflow in one for one in mapped)

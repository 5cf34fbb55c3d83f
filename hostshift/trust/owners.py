"""Which users may decide where this process's credentials go: the owners of files."""

from __future__ import annotations

import errno
import os
import stat

from hostshift.base.interrupts import reraise_interrupt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_INITIAL_PIDS = "pid:[4026531836]"
"""The process namespace of the machine itself (Linux, include/linux/proc_ns.h)."""
SHORT_OF = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)
"""What the system says where this process cannot look at anything now."""
_OVERFLOW, _ALL_USERS = 65534, 0xFFFFFFFF
"""What users without a number look like (``user_namespaces(7)``); how many numbers there are."""


def may_decide(owner: int, descriptor: int | None = None) -> bool:
    """Return True for this user and root; in an engine's container, also for the mounts' owner.

    That is the owner of the working directory, because a bind mount keeps the numbers of the
    machine around. For a user other than root, no account in the container may have the number,
    or somebody in there could be it. In LXC, nspawn and WSL several users may live, as on a
    machine, so there the owner of the working directory does not count.

    Args:
        owner: the owner of a file.
        descriptor: the open file, where there is one. It proves what is this user's where others
            have the same number: see :func:`is_number_of_others`.

    """
    user = os.geteuid()
    if owner == user != 0 and is_number_of_others(user):
        return descriptor is not None and _is_mine(descriptor)
    if owner in (0, user):
        return True
    if owner != _working_directory_owner() or not is_in_an_engines_container():
        return False
    from hostshift.trust import accounts

    return user == 0 or not accounts.has(owner)


def deciding() -> frozenset[int]:
    """Return the numbers of all users who may decide, for whom :func:`may_decide` is true."""
    users = {0, os.geteuid(), _working_directory_owner()}
    return frozenset(user for user in users if user is not None and may_decide(user))


def is_number_of_others(user: int) -> bool:
    """Return True if a number also stands for all users whom this user namespace has no user for.

    That is so for nobody in a container without root's rights, and with ``PrivateUsers=`` of
    systemd.
    """
    if user != _OVERFLOW:
        return False
    try:
        with open("/proc/self/uid_map", encoding="utf-8") as file:
            count = sum(int(line.split()[2]) for line in file)
    except (OSError, ValueError, IndexError) as error:
        reraise_interrupt(error)
        return not _is_absent(error)
    return count < _ALL_USERS


def _is_absent(error: Exception) -> bool:
    """Return True if there is no ``/proc`` here, False if this process just cannot read it."""
    from hostshift.trust import mounts

    return isinstance(error, OSError) and error.errno in mounts.ABSENT


def _is_mine(descriptor: int) -> bool:
    """Return True if this user owns an open file: the kernel lets nobody else set ``O_NOATIME``.

    It asks for the user itself, and not for its number here (open(2)). Root may set it, too.
    """
    kind = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(kind) and not stat.S_ISDIR(kind):
        return False  # opening anything else could do something
    open_fds: list[int] = []
    flags = os.O_RDONLY | os.O_NOATIME | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        open_fds.extend(map(os.open, (f"/proc/self/fd/{descriptor}",), (flags,)))
    except OSError as error:
        reraise_interrupt(error)
    finally:
        for opened in open_fds:
            os.close(opened)
    return bool(open_fds)


def is_private_group(group: int, user: int) -> bool:
    """Return True if nobody is in a group but a user and those who may decide.

    This process's own user may be in it: what root owns, and ``www-data`` may write, is safe for
    a process of ``www-data`` where nobody else is in that group.

    The files of an engine's container do not have the user whose files are mounted there. So the
    group of that user's number counts there without an entry. On a machine, a directory service
    could have any member in it.
    """
    from hostshift.trust import accounts

    unlisted = group == user and is_in_an_engines_container()
    if accounts.is_private_group(group, user, unlisted=unlisted):
        return True  # the usual case, in which nobody has to ask who else may decide
    return accounts.is_private_group(group, user, *deciding(), unlisted=unlisted)


def is_strangers(path: str) -> bool:
    """Return True if a path is another user's in a directory for everybody, such as ``/tmp``.

    Such a file says nothing about this process: a stranger who puts one into ``/tmp`` makes no
    project of it. Only a sticky directory is for everybody. One that is merely open to all may
    be an image's own.
    """
    if not hasattr(os, "geteuid"):
        return False
    try:
        # The directory first: whose a mount is that never answers is not asked in vain.
        shared = is_for_everybody(os.path.dirname(path) or ".")
        return shared and not _may_decide_what_is(path, itself=True)
    except (OSError, ValueError) as error:
        reraise_interrupt(error)
        return False


def is_for_everybody(directory: str) -> bool:
    """Return True if everybody may put files into a directory, and take away only their own."""
    shared = stat.S_ISVTX | stat.S_IWOTH
    try:
        return hasattr(os, "geteuid") and os.stat(directory).st_mode & shared == shared
    except (OSError, ValueError) as error:
        reraise_interrupt(error)
        return False


def is_anothers(path: str, *, itself: bool = False) -> bool:
    """Return True if a path exists and belongs to a user who may not decide, or nobody can say.

    Args:
        path: any path.
        itself: look at a link itself, not at its target.

    """
    try:
        return hasattr(os, "geteuid") and not _may_decide_what_is(path, itself=itself)
    except (OSError, ValueError) as error:
        reraise_interrupt(error)
        return getattr(error, "errno", None) in SHORT_OF  # else it does not exist


def home(environ: Mapping[str, str]) -> str:
    """Return this user's home, even if ``sudo -E`` set ``HOME`` to another user's."""
    configured = environ.get("HOME") or os.path.expanduser("~")
    if not is_anothers(configured):
        return configured
    from hostshift.trust import accounts

    return accounts.home_of(os.geteuid()) or configured


def _working_directory_owner() -> int | None:
    try:
        return _look(".", itself=False)[0]
    except OSError as error:  # it is gone
        reraise_interrupt(error)
        if not _is_absent(error):
            raise
        return None


def _may_decide_what_is(path: str, *, itself: bool) -> bool:
    """Return True if a user who may decide owns what is at a path.

    Raises:
        OSError: it does not exist.

    """
    return _look(path, itself=itself, judges=True)[1]


def _look(path: str, *, itself: bool, judges: bool = False) -> tuple[int, bool]:
    """Return who decides what a path is (see :func:`.mounts.owner`), and whether they may.

    Args:
        path: any path.
        itself: look at a link itself, not at its target.
        judges: False if only the owner is asked for.

    Raises:
        OSError: it does not exist.

    """
    if not hasattr(os, "O_PATH"):
        owner = (os.lstat(path) if itself else os.stat(path)).st_uid
        return owner, judges and may_decide(owner)
    open_fds: list[int] = []
    flags = os.O_PATH | os.O_CLOEXEC | (os.O_NOFOLLOW if itself else 0)
    try:
        # Stored in one step, as in regular_file.py: an interrupt leaves no descriptor open.
        open_fds.extend(map(os.open, (path,), (flags,)))
        from hostshift.trust import mounts  # here, because most paths do not exist

        owner = mounts.owner(open_fds[0])
        return owner, judges and may_decide(owner, open_fds[0])
    finally:
        for descriptor in open_fds:
            os.close(descriptor)


def is_in_an_engines_container() -> bool:
    """Return True in a container of Docker, Podman, Kubernetes or BuildKit.

    They mount files of each container from a directory of its own (moby
    container/container_unix.go, kubelet's ensureHostsFile, BuildKit's executor/oci). LXC, nspawn
    and WSL, where several users may live, do not. A sandbox such as bubblewrap mounts the
    machine's own. Docker's mark alone proves nothing: a machine that was made from an image may
    still have ``/.dockerenv``.

    Raises:
        OSError: this process cannot read the list of mounts now.

    """
    from hostshift.trust import mounts

    return is_in_a_container() and any(map(_is_engines, map(mounts.root_of, _MOUNTED)))


_MOUNTED = ("/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/run/.containerenv")
_LONG_ID = 32
"""How many characters the ids of containers and pods have at least."""
_HEX = frozenset("0123456789abcdef-")


def _is_engines(root: str | None) -> bool:
    """Return True if what is mounted at a place is in an engine's directory for one container.

    Its path has the id of a container or a pod, or is BuildKit's. gVisor shows only ``/``.
    """
    if root is None:
        return False
    place = root.removesuffix("//deleted")
    if place.endswith(_MOUNTED):  # a machine's own, perhaps below the root of a snapshot
        return False
    parts = place.split("/")[:-1]
    return root == "/" or parts[-1:] == ["executor"] or any(map(_is_id, parts))


def _is_id(part: str) -> bool:
    return len(part) >= _LONG_ID and _HEX.issuperset(part)


def is_in_a_container() -> bool:
    """Return True if processes have a namespace of their own, or an engine left its mark."""
    try:
        if os.readlink("/proc/self/ns/pid") != _INITIAL_PIDS:
            return True
    except OSError as error:
        reraise_interrupt(error)
    return any(map(os.path.exists, ("/.dockerenv", "/run/.containerenv")))


SYSTEM_DIRECTORIES = frozenset(("/run/media", "/run/user", "/var/home", "/var/lib", "/var/tmp"))  # noqa: S108 - compared
"""Directories that belong to root on every machine."""


def is_roots_unmapped(status: os.stat_result, place: str) -> bool:
    """Return True if root owns a place, and this user namespace has no number for root.

    All users without a number look alike there. So we only accept the system's own directories,
    and what lies directly in ``/`` or ``/run``, because only root can put it there.
    """
    system = place in SYSTEM_DIRECTORIES or os.path.dirname(place) in ("/", "/run", "/var/run")
    return system and is_unmapped(status)


def is_unmapped(status: os.stat_result) -> bool:
    """Return True if the owner shows as nobody because this user namespace has no user for it.

    No process in the namespace can be that user. If the namespace has a user of that number,
    the owner is that user, and this returns False.
    """
    try:
        with open("/proc/sys/kernel/overflowuid", encoding="utf-8") as file:
            overflow = int(file.read(32))
        if status.st_uid != overflow:
            return False
        with open("/proc/self/uid_map", encoding="utf-8") as file:
            ranges = [line.split() for line in file.read(65536).splitlines()]
        mapped = [range(int(first), int(first) + int(count)) for first, _, count in ranges]
    except (OSError, ValueError) as error:
        reraise_interrupt(error)
        return False
    return not any(overflow in users for users in mapped)

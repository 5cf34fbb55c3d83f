"""Whose mounts files are on. Linux only.

A FUSE file system is a program of the user who mounted it, and says of each file what it
likes: the owner, the mode, and another content at each look (fuse(4), ``user_id`` in
Documentation/filesystems/fuse.rst). ``/proc`` says which mount an open file is on, without
asking that program. Where there is no ``/proc``, all mounts count as root's.
"""

from __future__ import annotations

import errno
import os

from hostshift.base.interrupts import reraise_interrupt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_MOUNTS, _USERS = "/proc/self/mountinfo", "/proc/self/uid_map"
ABSENT = frozenset((errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM))
"""What the system says where there is no ``/proc``, or where it hides it. Anything else, such as
that no descriptor is free, says nothing of whose a file is."""
UNKNOWN = -1
"""A user who has no number in this user namespace, or whose mount is gone."""
_MOST_INFO = 4096
"""Bytes that the kernel says of an open file at most, up to its mount (proc_pid_fdinfo(5))."""
_ROOT = 0
_OPTIONAL = 6
"""Where the optional fields of a mount begin. A hyphen ends them."""


def of(descriptor: int) -> bytes | None:
    """Return the number of the mount that an open file is on; None if the kernel hides it."""
    try:
        with open(f"/proc/self/fdinfo/{descriptor}", "rb", buffering=0) as file:
            _, _, number = file.read(_MOST_INFO).partition(b"mnt_id:")
            return number.split()[0]
    except (OSError, IndexError) as error:
        reraise_interrupt(error)
    return None


def fuse_user(descriptor: int, mount: bytes | None) -> int:
    """Return the user who mounted the FUSE file system that an open file is on.

    The file stays on its mount even if its user unmounts it meanwhile. Then no list has the
    mount any more, and the user is unknown.

    Args:
        descriptor: of the file, which may be open with ``O_PATH``.
        mount: the number of its mount, by :func:`of`.

    Returns:
        The user's number in this user namespace, 0 for all other file systems, or ``UNKNOWN``.

    Raises:
        OSError: this process cannot read the list of mounts now.

    """
    try:
        if mount is None:
            return _user_by_device(descriptor)
        for line in _lines():
            if line[0] == mount:
                return _user_of(line)
    except OSError as error:
        reraise_interrupt(error)
        if error.errno not in ABSENT:
            raise
        return _ROOT
    return _ROOT if mount == _mount_of_root() else UNKNOWN


def owner(descriptor: int) -> int:
    """Return who decides what an open file is: its owner, or the user of its FUSE file system.

    The answer for another user's file system comes from the kernel alone: its program may never
    answer.
    """
    user = fuse_user(descriptor, of(descriptor))
    return user if user not in (_ROOT, os.geteuid()) else os.fstat(descriptor).st_uid


def root_of(point: str) -> str | None:
    """Return which part of its file system is mounted at a place; None if none is known.

    Raises:
        OSError: this process cannot read the list of mounts now.

    """
    try:
        found = [os.fsdecode(line[3]) for line in _lines() if line[4] == os.fsencode(point)]
    except OSError as error:
        reraise_interrupt(error)
        if error.errno not in ABSENT:
            raise
        return None
    return found[-1] if found else None


def _lines() -> Iterator[list[bytes]]:
    """Yield the fields of each mount (proc_pid_mountinfo(5)); blanks in them are escaped.

    The kernel makes the lines, and a user can make only some of them. So no limit is needed,
    and one would hide the last.
    """
    with open(_MOUNTS, "rb") as file:
        for line in file:
            fields = line.rstrip(b"\n").split(b" ")
            if b"-" in fields[_OPTIONAL:]:
                yield fields


def _user_of(line: list[bytes]) -> int:
    """Return the user of a mount if it is of FUSE, else 0."""
    mark = line.index(b"-", _OPTIONAL)
    if not line[mark + 1].startswith(b"fuse"):  # fuse, fuseblk, fuse.sshfs
        return _ROOT
    for option in line[-1].split(b","):
        name, _, number = option.partition(b"=")
        if name == b"user_id":
            return _inside(int(number))
    return _ROOT  # fusectl


def _user_by_device(descriptor: int) -> int:
    """Return the user of a mount that is found by its device, where the kernel hides its number."""
    device = os.fstat(descriptor).st_dev
    number = b"%d:%d" % (os.major(device), os.minor(device))
    return next((user for line in _lines() if line[2] == number and (user := _user_of(line))), 0)


def _inside(user: int) -> int:
    """Return the number in this user namespace of a user of the one around it.

    A mount says who made it in numbers of its own namespace, which is the one around in all but
    odd cases.
    """
    if user == _ROOT:
        return _ROOT
    with open(_USERS, encoding="ascii") as file:
        ranges = [tuple(map(int, line.split())) for line in file]
    for inside, outside, count in ranges:
        if outside <= user < outside + count:
            return inside + user - outside
    return UNKNOWN


def _mount_of_root() -> bytes | None:
    """Return the number of the root's mount, which a changed root may hide (chroot(2))."""
    open_fds: list[int] = []
    try:
        # Stored in one step, as in regular_file.py: an interrupt leaves no descriptor open.
        open_fds.extend(map(os.open, ("/",), (os.O_PATH | os.O_CLOEXEC,)))
        return of(open_fds[0])
    finally:
        for descriptor in open_fds:
            os.close(descriptor)

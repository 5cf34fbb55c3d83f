"""Writing files: whole or not at all, and never through another user's link."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from struct import iter_unpack

_NEW = (
    os.O_WRONLY
    | os.O_CREAT
    | os.O_EXCL  # an error if anything exists there, even a link
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
)
MODE = 0o644
"""Whatever the umask is, because :mod:`.gate` refuses a file that a group may write."""

_LIST = "system.posix_acl_access"
_HEADER, _ENTRY, _NAMED = 4, "<HHI", (0x02, 0x04, 0x08)
"""The form of a list, and its entries of users, of the file's group and of other groups (Linux,
include/uapi/linux/posix_acl_xattr.h)."""
_PRIVATE = 0o600
"""The most rights that a file has before it has its mode."""


def create(path: str, data: bytes, mode: int = MODE, group: int | None = None) -> None:
    """Write a file that does not exist yet.

    Args:
        path: its name.
        data: what it shall hold.
        mode: its mode from the beginning: it holds nothing yet while it has another.
        group: the group for which the mode is meant. If this user may not give the file to it,
            the file's own group gets what everybody gets. None for any group.

    Raises:
        OSError: it exists, or cannot be written.

    """
    descriptor = os.open(path, _NEW, mode & _PRIVATE)
    with os.fdopen(descriptor, "wb") as file:
        _drop_list(file.fileno())
        os.fchmod(file.fileno(), mode if _has(file.fileno(), group) else for_no_group(mode))
        file.write(data)


def _has(descriptor: int, group: int | None) -> bool:
    """Return True if a new file has a group, or could be given to it.

    Its own comes from this process, or from a directory with the set-group-ID bit.
    """
    if group is None or os.fstat(descriptor).st_gid == group:
        return True
    with suppress(OSError, ValueError):
        os.fchown(descriptor, -1, group)
        return True
    return False


def for_no_group(mode: int) -> int:
    """Return a mode for a file of another group: all but the owner may do what both may.

    Members of the first group count as everybody then, and a mode may give them less.
    """
    return for_everybody(mode, mode & mode >> 3)


def for_everybody(mode: int, rights: int) -> int:
    """Return a mode in which all but the owner have these rights, of those of everybody."""
    rights &= mode & stat.S_IRWXO
    return mode & ~(stat.S_IRWXG | stat.S_IRWXO) | rights << 3 | rights


def without_list(path: str, mode: int) -> int:
    """Return a mode for a copy that has not the access control list of a file.

    Nobody may do more with the copy: everybody gets what each user and group of the list has
    (acl(5), "ACCESS CHECK ALGORITHM"). Without a list, the mode stays.
    """
    try:
        data = os.getxattr(path, _LIST)
    except (AttributeError, OSError, ValueError):  # no list, or a system without them
        return mode
    least = mode >> 3  # the mask
    entries = data[_HEADER:]
    for tag, rights, _ in iter_unpack(_ENTRY, entries[: len(entries) // 8 * 8]):
        if tag in _NAMED:
            least &= rights
    return for_everybody(mode, least) if data else mode


def _drop_list(descriptor: int) -> None:
    """Remove the list that a new file has from its directory: the mode alone counts."""
    with suppress(AttributeError, OSError):
        os.removexattr(descriptor, _LIST)


def replace(path: str, data: bytes, mode: int = MODE, group: int | None = None) -> None:
    """Write a file beside the one that it replaces, then put it in its place.

    It replaces a link, and leaves the link's target alone. Readers find the old file or the new
    one at any time.

    Raises:
        OSError: it cannot be written.

    """
    beside = f"{path}.{os.urandom(8).hex()}.new"
    try:
        create(beside, data, mode, group)
        os.replace(beside, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(beside)
        raise

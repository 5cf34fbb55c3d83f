"""Access control lists of files: who may write besides the owner and the group. Linux only.

Where a file has one, the group bits of its mode are the list's mask and say nothing of the
group (acl(5), "CORRESPONDENCE BETWEEN ACL ENTRIES AND FILE PERMISSION BITS").
"""

from __future__ import annotations

import errno
import os
from struct import iter_unpack

from hostshift.base.interrupts import reraise_interrupt
from hostshift.trust import owners

_ATTRIBUTE = "system.posix_acl_access"
_HEADER = 4
_ENTRY = "<HHI"
"""Tag, permissions and id (Linux, include/uapi/linux/posix_acl_xattr.h)."""
_USER, _GROUP_OWNER, _GROUP = 0x02, 0x04, 0x08
_WRITE = 0x02
_NONE = (errno.ENODATA, errno.EOPNOTSUPP)
"""The file has none, or its file system knows none (getxattr(2))."""


def lets_others_write(path: str | int, owner: int, group: int) -> bool | None:
    """Return True if a list lets somebody write who is neither the owner nor may decide.

    Args:
        path: a file, or an open descriptor of it.
        owner: its owner.
        group: its group.

    Returns:
        None where the file has no list, so that its mode says all.

    Raises:
        OSError: it is unknown whether the file has one.

    """
    try:
        data = os.getxattr(path, _ATTRIBUTE) if hasattr(os, "getxattr") else b""
    except OSError as error:
        reraise_interrupt(error)
        if error.errno not in _NONE:
            raise
        return None
    if len(data) <= _HEADER or (len(data) - _HEADER) % 8:
        return True if data else None
    return any(
        permissions & _WRITE and not _is_harmless(tag, number, owner, group)
        for tag, permissions, number in iter_unpack(_ENTRY, data[_HEADER:])
    )


def _is_harmless(tag: int, number: int, owner: int, group: int) -> bool:
    if tag == _USER:
        return number in (0, owner) or owners.may_decide(number)
    if tag in (_GROUP_OWNER, _GROUP):
        return owners.is_private_group(group if tag == _GROUP_OWNER else number, owner)
    return True  # the owner, the mask; the rest of the world is in the mode

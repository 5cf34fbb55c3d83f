"""Which users may decide where this process's credentials go: by whose files they are."""

from __future__ import annotations

import os
import stat

from hostshift._outside import pass_on

_INITIAL_PIDS = "pid:[4026531836]"
"""The process namespace of the machine itself (Linux, include/linux/proc_ns.h)."""


def may_decide(owner: int) -> bool:
    """Return True for this user and root; for root in a container, for whose files are mounted."""
    user = os.geteuid()
    if owner in (0, user):
        return True
    return user == 0 and owner == _owner_here() and is_in_a_container()


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


def _owner_here() -> int | None:
    try:
        return os.stat(".").st_uid
    except OSError as error:  # it is gone
        pass_on(error)
        return None


def is_in_a_container() -> bool:
    """Return True where processes have a namespace of their own, or an engine left its mark."""
    try:
        if os.readlink("/proc/self/ns/pid") != _INITIAL_PIDS:
            return True
    except OSError as error:
        pass_on(error)
    return any(map(os.path.exists, ("/.dockerenv", "/run/.containerenv")))


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

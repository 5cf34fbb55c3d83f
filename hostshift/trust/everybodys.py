"""What is this user's own in a directory for everybody, as ``/tmp`` is: many names in little time.

A name in there may be the mount of another user's program that never answers (FUSE). So this asks
the kernel alone which mount each name is on, and asks a file system for an owner only if it is
the one of the directory itself.
"""

from __future__ import annotations

import os

from hostshift.base.interrupts import reraise_interrupt
from hostshift.trust import mounts, owners

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_PATH = getattr(os, "O_PATH", 0) | getattr(os, "O_CLOEXEC", 0)


def own(place: str, entries: Iterable[os.DirEntry[str]]) -> Iterator[os.DirEntry[str]]:
    """Yield the entries that belong to a user who may decide, or of whom nobody can say.

    Args:
        place: the directory.
        entries: of the directory.

    Raises:
        OSError: the directory is gone, or no descriptor is free.

    """
    if not hasattr(os, "O_PATH"):
        yield from (entry for entry in entries if not owners.is_strangers(entry.path))
        return
    users = owners.deciding()
    open_fds: list[int] = []
    try:
        # Stored in one step, as in regular_file.py: an interrupt leaves no descriptor open.
        open_fds.extend(map(os.open, (place,), (_PATH,)))
        mount = mounts.of(open_fds[0])
        for entry in entries:
            if _is_own(entry.path, mount, users):
                yield entry
    finally:
        for descriptor in open_fds:
            os.close(descriptor)


def _is_own(path: str, mount: bytes | None, users: frozenset[int]) -> bool:
    open_fds: list[int] = []
    try:
        open_fds.extend(map(os.open, (path,), (_PATH | os.O_NOFOLLOW,)))
        (opened,) = open_fds
        is_here = mount is not None and mounts.of(opened) == mount
        return (os.fstat(opened).st_uid if is_here else mounts.owner(opened)) in users
    except OSError as error:  # it was removed meanwhile, or no descriptor is free to find out
        reraise_interrupt(error)
        return error.errno in owners.SHORT_OF
    finally:
        for descriptor in open_fds:
            os.close(descriptor)

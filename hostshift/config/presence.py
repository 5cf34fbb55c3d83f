"""Is something at a path? Asks no file system of another user's program (FUSE)."""

from __future__ import annotations

import os

from hostshift.base.interrupts import reraise_interrupt


def exists(path: str) -> bool:
    """Return True if a file exists, also behind a link to where this user may not look.

    Such a file is not absent: reading it says why it cannot be read. A broken link leads to none.
    """
    if not is_there(path):
        return False
    try:
        look(path)
    except PermissionError:
        return True
    except OSError as error:
        reraise_interrupt(error)
        return False
    return True


def is_there(path: str) -> bool:
    """Return True if anything has a name, a broken link too; see :func:`look`."""
    try:
        look(path, itself=True)
    except (OSError, ValueError) as error:
        reraise_interrupt(error)
        return False
    return True


def look(path: str, *, itself: bool = False) -> None:
    """Return if something is at a path, and ask no file system what it is.

    Another user's program may be the file system that is mounted there (FUSE), and it need not
    answer ``stat(2)``. ``O_PATH`` opens what is mounted at a name without a word to it.

    Args:
        path: any path.
        itself: look for a link itself, not for its target.

    Raises:
        OSError: nothing is there, or this user may not look.
        ValueError: the path holds a NUL.

    """
    plainly = os.lstat if itself else os.stat
    if not hasattr(os, "O_PATH"):
        plainly(path)
        return
    open_fds: list[int] = []
    flags = os.O_PATH | os.O_CLOEXEC | (os.O_NOFOLLOW if itself else 0)
    try:
        # Stored in one step, as in regular_file.py: an interrupt leaves no descriptor open.
        open_fds.extend(map(os.open, (path,), (flags,)))
    except OSError as error:
        if not _says_nothing(error):
            raise
        plainly(path)
    finally:
        for descriptor in open_fds:
            os.close(descriptor)


def _says_nothing(error: OSError) -> bool:
    """Return True if no descriptor is free, or a sandbox's kernel does not know ``O_PATH``."""
    if isinstance(error, (FileNotFoundError, NotADirectoryError, PermissionError)):
        return False
    import errno  # most processes need none of its numbers

    passing = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)
    return error.errno in (*passing, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)

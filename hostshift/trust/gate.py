"""Whose files and sockets may decide where credentials go: one gate for all of them.

A file counts if only its owner can write it or put another in its place, and that owner is
this user or root. So the gate walks the whole path from the root on, opens each part without
following links, and checks what it has opened: nobody can swap it in between. It follows a
link if the link's owner may decide. It reads nothing from a pipe, a device or a directory, and
waits for none.

These set-ups are normal and pass: a group whose only member is the owner (the umask 002 of
Debian and Fedora), a sticky directory such as ``/tmp``, and for root in a container the owner
of the working directory, whose files the engine mounts there.
"""

from __future__ import annotations

import errno
import os
import stat
from functools import partial

from hostshift.base.interrupts import reraise_interrupt
from hostshift.trust import acl, mounts, owners, regular_file
from hostshift.trust.untrusted import UntrustedError, quoted

__all__ = [
    "NO_FILE",
    "UntrustedError",
    "check_directory",
    "check_file",
    "check_private_directory",
    "check_socket",
    "read",
]

_MOST_LINKS = 40
"""As many as the kernel follows (``path_resolution(7)``)."""
NO_FILE = "it is no regular file"
_SOCKET_FIX = "let root or this user start what listens there"
"""Another owner of its name would not change whose program answers."""
_PATH = getattr(os, "O_PATH", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_READ = regular_file.FLAGS | getattr(os, "O_NOFOLLOW", 0)
_UNKNOWN = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)
"""What a sandbox's kernel answers to ``O_PATH`` if it does not know it."""
_WALKS = bool(getattr(os, "O_PATH", 0)) and os.open in os.supports_dir_fd
"""True if the system can open a path part by part. Elsewhere the gate checks it by its name."""


def read(path: str, most: int) -> bytes:
    """Read a file that may decide.

    Args:
        path: its name.
        most: the most bytes to read. A file without a size, as in ``/proc``, counts as empty.

    Raises:
        UntrustedError: another user could have written it.
        OSError: it does not exist, cannot be read, or is no regular file (EISDIR, EINVAL).
        ValueError: its name holds a NUL.

    """
    walk = _Walk(path)
    try:
        checked = walk.go_to_file()
        descriptor = walk.open()
        status = os.fstat(descriptor)
        if not os.path.samestat(status, checked):
            raise walk.untrusted("was replaced while it was read", "try again")
        return b"".join(regular_file.parts(descriptor, most if status.st_size else 0))
    finally:
        walk.close()


def check_socket(path: str) -> os.stat_result:
    """Return the status of a socket, if the process that listens there may decide.

    Its mode does not matter: users who may write to a socket may talk to the listener, and
    cannot take its place.

    Raises:
        UntrustedError: it is another user's, or lies where others could put theirs.
        OSError: it does not exist, or is no socket (ENOTSOCK).

    """
    walk = _Walk(path)
    try:
        status = walk.go()
        if not stat.S_ISSOCK(status.st_mode):
            raise OSError(errno.ENOTSOCK, os.strerror(errno.ENOTSOCK), path)
        walk.check_user(status, fix=_SOCKET_FIX)
        return status
    finally:
        walk.close()


def check_file(path: str) -> None:
    """Return if only users who may decide can write a file, or put another in its place.

    Raises:
        UntrustedError: others can.
        OSError: it does not exist, or is no regular file.

    """
    walk = _Walk(path)
    try:
        walk.go_to_file()
    finally:
        walk.close()


def check_private_directory(path: str) -> None:
    """Return if nobody else can put anything into a directory, in a name that is free, too.

    Raises:
        UntrustedError: others can, as in ``/tmp``.
        OSError: it is not there, or is no directory.

    """
    walk = _Walk(path)
    try:
        found = walk.go()
        walk.check_directory(found)
        walk.check_writers(found)
    finally:
        walk.close()


def check_directory(path: str, *, may_be_shared: bool = False) -> None:
    """Return if only users who may decide can replace a directory, or put something into it.

    Args:
        path: the directory.
        may_be_shared: others may put something into it.

    Raises:
        UntrustedError: others can.
        OSError: it does not exist, or is no directory.

    """
    walk = _Walk(path)
    try:
        walk.check_directory(walk.go(), may_be_shared=may_be_shared)
    finally:
        walk.close()


# --- the walk -----------------------------------------------------------------------------------


class _Walk:
    """A walk from the root to a file that opens and checks each part."""

    def __init__(self, path: str) -> None:
        self._path = path if path.startswith("/") else os.path.abspath(path)
        self.place = self._path
        """How far the walk has come, without links."""
        self._name = self.place
        self._ahead: list[str] = []
        self._links = 0
        self._open_fds: list[int] = []
        self._mount: bytes | None = None
        """The last mount that was checked."""

    def go(self) -> os.stat_result:
        """Go to the end and return the status of what exists there, which is no link.

        Nothing is open for reading yet.

        Raises:
            UntrustedError: another user could replace a part of the path.
            OSError: it does not exist.

        """
        self._ahead = self.place.split("/")
        try:
            status = self._from_the_root() if _WALKS else None
        except OSError as error:
            if error.errno not in _UNKNOWN:
                raise
            status = None
        if status is None:
            return self._by_name()
        while self._ahead:
            name = self._ahead.pop(0)
            if name in ("", "."):
                continue
            self.check_directory(status)
            status = self._step(name)
        return status

    def go_to_file(self) -> os.stat_result:
        """Go to the end, and raise unless it is a regular file that nobody else can write."""
        status = self.go()
        self.check_user(status)  # first, because the owner matters whatever kind of file it is
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), self._path)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, NO_FILE, self._path)
        self.check_writers(status)
        return status

    def open(self) -> int:
        """Open the file at the end for reading, and return its descriptor."""
        self._open(self._name, _READ, self._open_fds[-2] if self._open_fds else None)
        return self._open_fds[-1]

    def close(self) -> None:
        """Close everything that is open."""
        self._close(*[-1] * len(self._open_fds))

    __del__ = close  # an interrupt may come just before `close` begins

    def _open(self, name: str, flags: int, directory: int | None) -> None:
        """Open and store in one step, so that an interrupt leaves no descriptor open."""
        self._open_fds.extend(map(partial(os.open, dir_fd=directory), (name,), (flags,)))

    def _close(self, *positions: int) -> None:
        """Forget and close in one step, for the same reason."""
        list(map(os.close, map(self._open_fds.pop, positions)))

    def check_directory(self, status: os.stat_result, *, may_be_shared: bool = False) -> None:
        """Raise unless only users who may decide can put something else into a directory."""
        if not stat.S_ISDIR(status.st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), self.place)
        self.check_user(status)
        if not status.st_mode & stat.S_ISVTX and not may_be_shared:
            self.check_writers(status)

    def check_user(self, status: os.stat_result, place: str = "", fix: str = "") -> None:
        """Raise unless a user who may decide owns this place, or a link on the way."""
        place = place or self.place
        opened = self._open_fds[-1] if self._open_fds else None
        if hasattr(os, "geteuid") and not (
            owners.may_decide(status.st_uid, opened) or owners.is_roots_unmapped(status, place)
        ):
            link = "-h " if stat.S_ISLNK(status.st_mode) else ""
            fix = fix or f"if you trust it: chown {link}{os.geteuid()} {quoted(place)}"
            raise self.untrusted(f"belongs to user {status.st_uid}", fix, place)

    def check_writers(self, status: os.stat_result) -> None:
        """Raise if users besides the owner may write this place."""
        if not hasattr(os, "geteuid") or not status.st_mode & (stat.S_IWOTH | stat.S_IWGRP):
            return
        if self._is_read_only() and owners.is_in_an_engines_container():
            return  # a volume of Kubernetes' ConfigMaps has the mode 0777
        fix = f"chmod go-w {quoted(self.place)}"
        if status.st_mode & stat.S_IWOTH:
            raise self.untrusted("may be written by every user", fix)
        others = self._others_by_list(status, fix)
        if others:
            fix = f"setfacl -b {quoted(self.place)}"
            raise self.untrusted("may be written by others, by its access control list", fix)
        if others is None and not owners.is_private_group(status.st_gid, status.st_uid):
            raise self.untrusted(f"may be written by the group {status.st_gid}", fix)

    def _check_mount(self, place: str) -> None:
        """Raise if what was opened last is on a FUSE file system of a user who may not decide.

        This asks the kernel alone, before anything asks that user's program.
        """
        mount = mounts.of(self._open_fds[-1])
        if mount is not None and mount == self._mount:
            return
        owner = mounts.fuse_user(self._open_fds[-1], mount)
        if owner not in (0, os.geteuid()) and not owners.may_decide(owner):
            user = "a user who is unknown here" if owner == mounts.UNKNOWN else f"user {owner}"
            fix = f"let root unmount it: umount {quoted(place)}"
            raise self.untrusted(f"is on a FUSE file system of {user}", fix, place)
        self._mount = mount

    def _others_by_list(self, status: os.stat_result, fix: str) -> bool | None:
        """Return what the access control list says: see :func:`.acl.lets_others_write`.

        An ``O_PATH`` descriptor has no attributes. So this asks by its name below ``/proc``, and
        opens the place once more where there is no ``/proc``.
        """
        users, opened = (status.st_uid, status.st_gid), len(self._open_fds)
        handle = f"/proc/self/fd/{self._open_fds[-1]}" if self._open_fds else self.place
        try:
            return acl.lets_others_write(handle, *users)
        except OSError as error:
            reraise_interrupt(error)
        try:
            again = self.open()
            if os.path.samestat(os.fstat(again), status):
                return acl.lets_others_write(again, *users)
        except OSError as error:
            reraise_interrupt(error)
        finally:
            self._close(*[-1] * (len(self._open_fds) - opened))
        rule = "may be written by others, because its access control list cannot be read"
        raise self.untrusted(rule, fix)

    def _is_read_only(self) -> bool:
        """Return True if this place is on a read-only mount."""
        target = self._open_fds[-1] if self._open_fds else self.place
        return bool(os.statvfs(target).f_flag & os.ST_RDONLY)

    def untrusted(self, rule: str, fix: str, place: str = "") -> UntrustedError:
        """Return the error about this place, or another one."""
        return UntrustedError(self._path, place or self.place, rule, fix)

    def _from_the_root(self) -> os.stat_result:
        self.close()
        self.place, self._name, self._mount = "/", ".", None
        for _ in range(2):  # for the parent directory, and for this place
            self._open("/", _PATH, None)
        self._check_mount(self.place)
        return os.fstat(self._open_fds[-1])

    def _step(self, name: str) -> os.stat_result:
        """Go on to a name in this directory, or to where a link leads."""
        self._open(name, _PATH, self._open_fds[-1])
        self._check_mount(self._child(name))
        status = os.fstat(self._open_fds[-1])
        if stat.S_ISLNK(status.st_mode):
            return self._follow(status, self._child(name))
        self._close(0)
        self._name = name
        self.place = os.path.dirname(self.place) if name == ".." else self._child(name)
        return status

    def _child(self, name: str) -> str:
        return f"{self.place}/{name}" if self.place != "/" else f"/{name}"

    def _follow(self, status: os.stat_result, place: str) -> os.stat_result:
        self._links += 1
        if self._links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), place)
        self.check_user(status, place)
        target = os.readlink("", dir_fd=self._open_fds[-1])
        self._ahead[:0] = target.split("/")
        if target.startswith("/"):
            return self._from_the_root()
        self._close(-1)
        return os.fstat(self._open_fds[-1])

    def _by_name(self) -> os.stat_result:
        """Check a file and its directory by name, because this system opens no path in parts."""
        self.place = self._name = os.path.realpath(self._path)
        directory = os.path.dirname(self.place)
        if hasattr(os, "geteuid"):
            self.place = directory
            self.check_directory(os.stat(directory))
            self.place = self._name
        return os.stat(self.place)

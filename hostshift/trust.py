"""Whose files and sockets may decide where credentials go: one gate for all of them.

A file counts if only its owner can write it or put another in its place, and that owner is
this user or root. So the whole path is walked from the root on, each part is opened without
following links, and what was opened is what is looked at: nobody can swap it in between. A
link is followed if its owner may decide. Nothing is read of a pipe, a device or a directory,
and nothing is waited for.

These set-ups are normal and pass: a group that has no other member than the owner (the umask
002 of Debian and Fedora), a sticky directory such as ``/tmp``, and for root in a container the
owner of the working directory, whose files are mounted there.
"""

from __future__ import annotations

import errno
import os
import stat
from functools import partial

from hostshift import _regular_file, accounts, acl, owners, redaction

_MOST_LINKS = 40
"""As many as the kernel follows (``path_resolution(7)``)."""
NO_FILE = "it is no regular file"
_PATH = getattr(os, "O_PATH", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_READ = _regular_file.FLAGS | getattr(os, "O_NOFOLLOW", 0)
_UNKNOWN = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)
"""What a sandbox's kernel says of ``O_PATH`` if it does not have it."""
_WALKS = bool(getattr(os, "O_PATH", 0)) and os.open in os.supports_dir_fd
"""Whether the system can open a path part by part. Elsewhere it is looked at by its name."""


class UntrustedError(Exception):
    """Somebody else could decide what is there.

    Args:
        path: what was asked for.
        place: the file, directory or link that is at fault.
        rule: what is wrong with that.
        fix: how to put it right, with a command.

    """

    def __init__(self, path: str, place: str, rule: str, fix: str) -> None:
        """Keep what is wrong and where."""
        at = "it" if place == path else redaction.path(place)
        self.rule = f"{at} {rule}"
        """What is wrong: "it belongs to user 5", or the same of a directory on the way."""
        super().__init__(f"{path} is not believed: {self.rule}")
        self.place, self.fix = place, fix


def read(path: str, most: int) -> bytes:
    """Read a file that may decide.

    Args:
        path: its name.
        most: bytes that are read at most; what has no size, as in ``/proc``, is not read.

    Raises:
        UntrustedError: somebody else could have written it.
        OSError: it is not there, cannot be read, or is no regular file (EISDIR, EINVAL).
        ValueError: its name holds a NUL.

    """
    walk = _Walk(path)
    try:
        found = walk.go_to_file()
        descriptor = walk.open()
        status = os.fstat(descriptor)
        if not os.path.samestat(status, found):
            raise walk.untrusted("was replaced while it was read", "try again")
        return b"".join(_regular_file.parts(descriptor, most if status.st_size else 0))
    finally:
        walk.close()


def check_file(path: str) -> None:
    """Return if a file may decide, without reading it.

    Raises:
        UntrustedError: somebody else could have written it.
        OSError: it is not there, or is no regular file.

    """
    walk = _Walk(path)
    try:
        walk.go_to_file()
    finally:
        walk.close()


def check_socket(path: str) -> os.stat_result:
    """Return what a socket is, if whoever listens there may decide.

    Who may write to a socket may talk to who listens, and not take its place: its mode is free.

    Raises:
        UntrustedError: it is another user's, or lies where others could put theirs.
        OSError: it is not there, or is no socket (ENOTSOCK).

    """
    walk = _Walk(path)
    try:
        found = walk.go()
        if not stat.S_ISSOCK(found.st_mode):
            raise OSError(errno.ENOTSOCK, os.strerror(errno.ENOTSOCK), path)
        walk.check_user(found)
        return found
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


def check_directory(path: str) -> None:
    """Return if only who may decide can put something in a directory's place, or into it.

    Raises:
        UntrustedError: others can.
        OSError: it is not there, or is no directory.

    """
    walk = _Walk(path)
    try:
        walk.check_directory(walk.go())
    finally:
        walk.close()


def _quoted(place: str) -> str:
    """Write a path for a shell: the fix is there to be pasted."""
    if place.replace("/", "").replace("-", "").replace("_", "").replace(".", "").isalnum():
        return place
    return "'" + place.replace("'", "'\\''") + "'"


# --- the walk -----------------------------------------------------------------------------------


class _Walk:
    """A way from the root to a file, each part of it opened and looked at."""

    def __init__(self, path: str) -> None:
        self._path = path if path.startswith("/") else os.path.abspath(path)
        self.place = self._path
        """How far it has come, without links."""
        self._name = self.place
        self._ahead: list[str] = []
        self._links = 0
        self._held: list[int] = []

    def go(self) -> os.stat_result:
        """Go to the end and return what is there; it is neither opened for reading nor a link.

        Raises:
            UntrustedError: somebody else could put something in the way.
            OSError: it is not there.

        """
        self._ahead = self.place.split("/")
        try:
            found = self._from_the_root() if _WALKS else None
        except OSError as error:
            if error.errno not in _UNKNOWN:
                raise
            found = None
        if found is None:
            return self._by_name()
        while self._ahead:
            name = self._ahead.pop(0)
            if name in ("", "."):
                continue
            self.check_directory(found)
            found = self._step(name)
        return found

    def go_to_file(self) -> os.stat_result:
        """Go to the end, where a regular file has to be that nobody else can write."""
        found = self.go()
        self.check_user(found)  # first: what another user puts there is theirs, of any kind
        if stat.S_ISDIR(found.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), self._path)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, NO_FILE, self._path)
        self.check_writers(found)
        return found

    def open(self) -> int:
        """Open what is at the end for reading."""
        self._open(self._name, _READ, self._held[-2] if self._held else None)
        return self._held[-1]

    def close(self) -> None:
        """Close all that was opened."""
        self._close(*[-1] * len(self._held))

    __del__ = close  # an interrupt may come just before `close` begins

    def _open(self, name: str, flags: int, directory: int | None) -> None:
        """Open and store in one step: an interrupt leaves no descriptor open."""
        self._held.extend(map(partial(os.open, dir_fd=directory), (name,), (flags,)))

    def _close(self, *positions: int) -> None:
        """Forget and close in one step, likewise."""
        list(map(os.close, map(self._held.pop, positions)))

    def check_directory(self, found: os.stat_result) -> None:
        """Raise unless only who may decide can put something else into a directory."""
        if not stat.S_ISDIR(found.st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), self.place)
        self.check_user(found)
        if not found.st_mode & stat.S_ISVTX:
            self.check_writers(found)

    def check_user(self, found: os.stat_result, place: str = "") -> None:
        """Raise unless what is here, or a link on the way, belongs to who may decide."""
        place = place or self.place
        if hasattr(os, "geteuid") and not (
            owners.may_decide(found.st_uid) or owners.is_roots_unmapped(found, place)
        ):
            link = "-h " if stat.S_ISLNK(found.st_mode) else ""
            fix = f"if you trust it: chown {link}{os.geteuid()} {_quoted(place)}"
            raise self.untrusted(f"belongs to user {found.st_uid}", fix, place)

    def check_writers(self, found: os.stat_result) -> None:
        """Raise if others than its owner may write what is here."""
        if not hasattr(os, "geteuid") or not found.st_mode & (stat.S_IWOTH | stat.S_IWGRP):
            return
        if self._is_read_only() and owners.is_in_a_container():
            return  # a volume of Kubernetes' ConfigMaps is of mode 0777
        fix = f"chmod go-w {_quoted(self.place)}"
        if found.st_mode & stat.S_IWOTH:
            raise self.untrusted("may be written by every user", fix)
        others = acl.lets_others_write(self._handle(), found.st_uid, found.st_gid)
        if others:
            fix = f"setfacl -b {_quoted(self.place)}"
            raise self.untrusted("may be written by others, by its access control list", fix)
        if others is None and not accounts.is_private_group(found.st_gid, found.st_uid):
            raise self.untrusted(f"may be written by the group {found.st_gid}", fix)

    def _handle(self) -> str:
        """Return a name for what was opened: an ``O_PATH`` descriptor itself has no attributes."""
        return f"/proc/self/fd/{self._held[-1]}" if self._held else self.place

    def _is_read_only(self) -> bool:
        """Return True if what is here is mounted so that nobody here can write it."""
        at = self._held[-1] if self._held else self.place
        return bool(os.statvfs(at).f_flag & os.ST_RDONLY)

    def untrusted(self, rule: str, fix: str, place: str = "") -> UntrustedError:
        """Return the error about what is here."""
        return UntrustedError(self._path, place or self.place, rule, fix)

    def _from_the_root(self) -> os.stat_result:
        self.close()
        self.place, self._name = "/", "."
        for _ in range(2):  # the directory that something is in, and that itself
            self._open("/", _PATH, None)
        return os.fstat(self._held[-1])

    def _step(self, name: str) -> os.stat_result:
        """Go on to a name in the directory that was come to, or to where a link leads."""
        self._open(name, _PATH, self._held[-1])
        found = os.fstat(self._held[-1])
        if stat.S_ISLNK(found.st_mode):
            return self._follow(found, self._at(name))
        self._close(0)
        self._name = name
        self.place = os.path.dirname(self.place) if name == ".." else self._at(name)
        return found

    def _at(self, name: str) -> str:
        return f"{self.place}/{name}" if self.place != "/" else f"/{name}"

    def _follow(self, found: os.stat_result, place: str) -> os.stat_result:
        self._links += 1
        if self._links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), place)
        self.check_user(found, place)
        target = os.readlink("", dir_fd=self._held[-1])
        self._ahead[:0] = target.split("/")
        if target.startswith("/"):
            return self._from_the_root()
        self._close(-1)
        return os.fstat(self._held[-1])

    def _by_name(self) -> os.stat_result:
        """Look at a file and at its directory by name: this system opens no path by its parts."""
        self.place = self._name = os.path.realpath(self._path)
        directory = os.path.dirname(self.place)
        if hasattr(os, "geteuid"):
            self.place = directory
            self.check_directory(os.stat(directory))
            self.place = self._name
        return os.stat(self.place)

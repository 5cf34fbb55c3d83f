"""Reading files and links below a root: of this machine, or of a captured one."""

from __future__ import annotations

import os

from hostshift.base.interrupts import reraise_interrupt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MOST_BYTES = 4 * 1024 * 1024
"""The most bytes of a file to read; a mount table of 10,000 lines is 2 MB."""

NAMESPACES = ("net", "mnt", "pid", "uts", "ipc", "cgroup", "user", "time")

NAMESPACE_FILES = {kind: f"proc/self/ns/{kind}" for kind in NAMESPACES}

# Not every system has these flags; a pipe in a file's place must not block.
_READ = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)


FAILURES = (OSError, ValueError, MemoryError, RecursionError)
"""Errors of reading. Any other exception has nothing to do with the file: one that a signal
handler raises (a task's time limit) belongs to the caller, and goes on to it."""


class RootFs:
    """Reads below a root, and notes what exists but cannot be read.

    A file has three outcomes: it has content, it does not exist, or it could not be read. The
    third never counts as the second.
    """

    def __init__(self, root: str) -> None:
        self._prefix = root.rstrip("/") + "/"
        self._real = "" if root == "/" else os.path.realpath(root)
        """The root of a captured machine: nothing outside of it is read."""
        self.odd: list[str] = []
        """What could not be read, each with its reason, for people."""
        self.unread: dict[str, bool] = {}
        """What could not be read, or not to its end; True if the reason passes."""

    def texts(self, names: Iterable[str]) -> dict[str, str]:
        """Read files of any bytes as text; bytes that are not UTF-8 become escapes."""
        texts = {}
        for name in names:
            try:
                data = _bytes(self._inside(name))
            except FileNotFoundError:
                continue
            except FAILURES as error:
                self.failed(name, error)
                continue
            if len(data) >= MOST_BYTES:
                self.could_not(name, ValueError(f"longer than {MOST_BYTES >> 20} MiB"))
            texts[name] = data.decode("utf-8", "surrogateescape")
        return texts

    def _inside(self, name: str) -> str:
        """Return the path of a name below the root. A link in a capture may lead anywhere.

        Raises:
            FileNotFoundError: it leads out of the root.

        """
        path = self._prefix + name
        if self._real and not os.path.realpath(path).startswith(f"{self._real}/"):
            raise FileNotFoundError(path)
        return path

    def could_not(self, name: str, error: Exception) -> None:
        """Note that something could not be read, and why."""
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        self.odd.append(f"{name} ({reason})")
        self.unread[name] = _passes(error)

    def failed(self, name: str, error: Exception) -> None:
        """Note an error of reading, unless a signal handler raised it.

        Raises:
            Exception: this error, if a signal handler raised it.

        """
        reraise_interrupt(error)
        self.could_not(name, error)

    def exists(self, name: str) -> bool:
        """Return True if the name exists; note it if that is unknown."""
        try:
            os.stat(self._prefix + name)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except FAILURES as error:
            self.failed(name, error)
            return False
        return True

    def existing(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return which of the names exist."""
        return tuple(filter(self.exists, names))

    def namespaces(self) -> dict[str, int]:
        """Read the namespaces' inodes: ``net:[4026531833]``, from a link or a capture's file."""
        inodes = {}
        for kind, name in NAMESPACE_FILES.items():
            try:
                link = os.readlink(self._prefix + name)
            except FileNotFoundError:
                continue
            except FAILURES as error:
                reraise_interrupt(error)
                # A capture keeps them as files. If this is none, the link's error counts.
                link = self.texts((name,)).get(name, "").strip()
                if not link and name not in self.unread and not _is_no_link(error):
                    self.could_not(name, error)
            inode = link[len(kind) + 2 : -1]
            if inode.isdecimal() and inode.isascii() and len(inode) < 20:
                inodes[kind] = int(inode)
            elif link and name not in self.unread:
                self.could_not(name, ValueError("not a namespace"))
        return inodes


def _passes(error: BaseException) -> bool:
    """Return True if the file may be readable again in a moment."""
    import errno

    passing = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.EINTR, errno.EIO)
    return isinstance(error, MemoryError) or getattr(error, "errno", None) in passing


def _is_no_link(error: Exception) -> bool:
    """Return True if readlink failed because it got a file, as in a capture."""
    import errno

    return getattr(error, "errno", None) == errno.EINVAL


def _bytes(path: str) -> bytes:
    """Read until the end, within bounds: /proc returns at most a page at a time."""
    open_fds: list[int] = []
    try:
        # Stored in one step: a signal handler that raises runs as soon as a call returns, before
        # `fd = os.open(…)` would have stored the descriptor, and would leave it open.
        open_fds.extend(map(os.open, (path,), (_READ,)))
        data = os.read(open_fds[0], 65536)
        if data and (more := os.read(open_fds[0], 65536)):
            chunks, size = [data], len(data)
            while more and size < MOST_BYTES:
                chunks.append(more)
                size += len(more)
                more = os.read(open_fds[0], 65536)
            data = b"".join(chunks)
        return data
    finally:
        for descriptor in open_fds:
            os.close(descriptor)

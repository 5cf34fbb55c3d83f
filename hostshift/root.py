"""Reading files and links below a root: of this machine, or of a captured one."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_BYTES = 4 * 1024 * 1024
"""A file is read up to here; a mount table of 10,000 lines is 2 MB."""

NAMESPACES = ("net", "mnt", "pid", "uts", "ipc", "cgroup", "user", "time")

_NAMESPACE_FILES = {kind: f"proc/self/ns/{kind}" for kind in NAMESPACES}

# Not every system has these flags; a pipe in a file's place must not block.
_READ = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)


class Root:
    """Reads below a root, and notes what is there but cannot be read."""

    def __init__(self, root: str) -> None:
        self._prefix = root.rstrip("/") + "/"
        self.odd: list[str] = []

    def texts(self, names: Sequence[str]) -> dict[str, str]:
        """Read files of any bytes as text: what is not UTF-8 is kept as escapes."""
        found = {}
        for name in names:
            try:
                data = _bytes(self._prefix + name)
            except FileNotFoundError:
                continue
            except (OSError, ValueError) as error:
                self.odd.append(f"{name} ({getattr(error, 'strerror', error)})")
                continue
            if len(data) >= MOST_BYTES:
                self.odd.append(f"{name} (longer than {MOST_BYTES >> 20} MiB)")
            found[name] = data.decode("utf-8", "surrogateescape")
        return found

    def exists(self, name: str) -> bool:
        """Tell whether there is something of that name."""
        try:
            os.stat(self._prefix + name)
        except (OSError, ValueError):
            return False
        return True

    def namespaces(self) -> dict[str, int]:
        """Read the namespaces' inodes: ``net:[4026531833]``, from a link or a capture's file."""
        found = {}
        for kind, name in _NAMESPACE_FILES.items():
            try:
                link = os.readlink(self._prefix + name)
            except (OSError, ValueError):
                link = self.texts((name,)).get(name, "").strip()
            inode = link[len(kind) + 2 : -1]
            if inode.isdecimal() and inode.isascii() and len(inode) < 20:
                found[kind] = int(inode)
        return found


def _bytes(path: str) -> bytes:
    """Read until the end, within bounds: /proc gives at most a page at a time."""
    descriptor = os.open(path, _READ)
    try:
        data = os.read(descriptor, 65536)
        if data and (more := os.read(descriptor, 65536)):
            chunks, size = [data], len(data)
            while more and size < MOST_BYTES:
                chunks.append(more)
                size += len(more)
                more = os.read(descriptor, 65536)
            data = b"".join(chunks)
        return data
    finally:
        os.close(descriptor)

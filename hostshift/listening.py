"""Does something else listen here on a port? Reads the kernel's tables, sends no packet.

A row that is found is proof. That none is found is not: gVisor shows none.
"""

from __future__ import annotations

import os

from hostshift import addresses, formats

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hostshift.formats import Listener

MOST_ANCESTORS = 64


def something_else(host: str, port: int) -> bool:
    """Tell whether a client of ``host:port`` reaches a listener of this network namespace.

    Sockets of this process and its ancestors do not count: a server that asks
    where its database is has not found it in itself.
    """
    rows = [row for row in listeners() if row.port == port and reached_by(row, host)]
    if not rows:
        return False
    own = frozenset(_own_inodes())
    return any(row.inode not in own for row in rows)


def listeners() -> tuple[Listener, ...]:
    """Return the listening sockets, by netlink or else by the kernel's files."""
    from hostshift import netlink

    try:
        return netlink.listeners()
    except netlink.FAILURES:
        return tuple(row for name in ("tcp", "tcp6") for row in _file(name))


def reached_by(row: Listener, host: str) -> bool:
    """Tell whether a client that dials a loopback spelling reaches a listener.

    It does where the socket is bound to 127.0.0.1, to ::1 or to a wildcard, in a
    family that the spelling has. Docker's name server on 127.0.0.11 and other
    addresses of 127/8 are not reached by ``localhost``.
    """
    reachable = addresses.families(host)
    if row.address in ("127.0.0.1", "0.0.0.0", "::ffff:127.0.0.1"):  # noqa: S104 - compared
        return 4 in reachable
    if row.address == "::1":
        return 6 in reachable
    return row.address == "::" and (6 in reachable or not row.only_v6)


def _file(name: str) -> Iterable[Listener]:
    """Read the LISTEN rows of a file below ``/proc/net``."""
    try:
        # Unbuffered: each read of this file walks the kernel's connection table.
        with open(f"/proc/net/{name}", "rb", buffering=0) as file:
            return formats.listeners(file.readall().decode("ascii", "replace"))
    except OSError:
        return ()


def _own_inodes() -> Iterator[int]:
    """Yield the inodes of the sockets that this process and its ancestors hold."""
    process = os.getpid()
    for _ in range(MOST_ANCESTORS):
        yield from _socket_inodes(process)
        process = _parent(process)
        if process <= 0:
            return


def _socket_inodes(process: int) -> Iterator[int]:
    """Yield the inodes of one process's sockets; none where they may not be seen."""
    directory = f"/proc/{process}/fd"
    try:
        names = os.listdir(directory)
    except OSError:
        return
    for name in names:
        try:
            link = os.readlink(f"{directory}/{name}")
        except OSError:
            continue
        if link.startswith("socket:["):
            yield int(link[8:-1])


def _parent(process: int) -> int:
    """Return the parent of a process, 0 where there is none to be seen."""
    try:
        with open(f"/proc/{process}/stat", "rb") as file:
            # The command may hold blanks and brackets; the fields after it do not.
            return int(file.read().rpartition(b")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return 0

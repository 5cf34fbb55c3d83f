"""Does something else listen here on a port? Reads the kernel's tables, sends no packet.

A row that is found is proof. That none is found is not: gVisor shows none. Where
the tables cannot be read, nothing is known: None.
"""

from __future__ import annotations

import os
import stat

from hostshift import addresses, formats
from hostshift._outside import pass_on
from hostshift._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hostshift.formats import Listener

MOST_ANCESTORS = 64
MOST_DESCRIPTORS = 4096
"""Own descriptors looked at where ``/proc`` does not list them."""


class Table(Record):
    """The listening sockets of this network namespace, as far as they could be read."""

    rows: tuple[Listener, ...] = ()
    whole: bool = True
    """False where a part could not be read: that a row is missing means nothing then."""
    tells_families: bool = True
    """False where a socket on ``::`` may take IPv4 as well or not: the files do not say."""


def something_else(host: str, port: int) -> bool | None:
    """Return True if a client of ``host:port`` reaches a listener of this network namespace.

    Sockets of this process and its ancestors do not count: a server that asks
    where its database is has not found it in itself.

    Returns:
        None where it could not be told: the kernel's tables, or which sockets are this
        process's own, could not be read.

    """
    table = _table()
    rows = [row for row in table.rows if row.port == port and reached_by(row, host)]
    if not rows:
        return False if table.whole else None
    own, all_seen = _own_inodes()
    others = [row for row in rows if row.inode not in own]
    if not others:
        return False if table.whole else None
    certain = table.tells_families or 6 in addresses.families(host)
    if all_seen and any(certain or row.address != "::" for row in others):
        return True
    return None


def foreign_owner(host: str, port: int) -> bool | None:
    """Return True if another user than root or this one may get a connection to an address here.

    A socket that is bound to another address does not count: anybody may have one. Users are
    numbers of this user namespace, in which all users of other namespaces look like one
    (65534), which is another.

    Args:
        host: a loopback spelling or an address of this machine.
        port: the port that is dialled.

    Returns:
        None where the kernel's tables could not be read.

    """
    table = _table()
    trusted = {0, os.geteuid()} if hasattr(os, "geteuid") else {0}
    rows = (row for row in table.rows if row.port == port and _takes(row, host))
    if any(row.uid not in trusted for row in rows):
        return True
    return False if table.whole else None


def _takes(row: Listener, host: str) -> bool:
    """Return True if a socket may take a connection to a host."""
    if host not in ("127.0.0.1", "::1") and addresses.is_number(host):
        return row.address in (host, f"::ffff:{host}", "0.0.0.0", "::")  # noqa: S104 - compared
    return reached_by(row, host)


def listeners() -> tuple[Listener, ...]:
    """Return the listening sockets, by netlink or else by the kernel's files."""
    return _table().rows


def _table() -> Table:
    from hostshift import netlink

    try:
        return Table(rows=netlink.listeners())
    except netlink.FAILURES as error:
        pass_on(error)
        return _by_files()


def _by_files() -> Table:
    """Read the files. A kernel without IPv6 has one of them only."""
    four, six = _file("tcp"), _file("tcp6")
    rows = (*(four or ()), *(six or ()))
    whole = four is not None and (six is not None or not os.path.exists("/proc/net/tcp6"))
    return Table(rows=rows, whole=whole, tells_families=False)


def reached_by(row: Listener, host: str) -> bool:
    """Return True if a client that dials a loopback spelling reaches a listener.

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


def _file(name: str) -> tuple[Listener, ...] | None:
    """Read the LISTEN rows of a file below ``/proc/net``; None where it cannot be read."""
    try:
        # Unbuffered: each read of this file walks the kernel's connection table.
        with open(f"/proc/net/{name}", "rb", buffering=0) as file:
            return formats.listeners(file.readall().decode("ascii", "replace"))
    except OSError as error:
        pass_on(error)
        return None


def _own_inodes() -> tuple[frozenset[int], bool]:
    """Return the inodes of the sockets of this process and its ancestors; False: not all seen.

    An ancestor of another user may hide its sockets. It counts as having none, as
    what it shares with this process is among this one's.
    """
    own, whole = set(_my_inodes()), True
    process = os.getppid()
    for _ in range(MOST_ANCESTORS):
        if process <= 0:
            break
        seen = _socket_inodes(process)
        own.update(seen or ())
        parent = _parent(process)
        whole = whole and seen is not None and parent is not None
        process = parent or 0
    return frozenset(own), whole


def _my_inodes() -> Iterator[int]:
    """Yield the inodes of this process's sockets, without opening anything."""
    for descriptor in _descriptors():
        try:
            found = os.fstat(descriptor)
        except OSError as error:
            pass_on(error)
            continue
        if stat.S_ISSOCK(found.st_mode):
            yield found.st_ino


def _descriptors() -> list[int] | range:
    try:
        return [int(name) for name in os.listdir("/proc/self/fd")]
    except OSError as error:
        pass_on(error)
        return range(MOST_DESCRIPTORS)


_HIDDEN = (PermissionError, FileNotFoundError, ProcessLookupError)
"""What reading about another process ends in where it is hidden, or gone."""


def _socket_inodes(process: int) -> list[int] | None:
    """Return the inodes of a process's sockets, none where they are hidden.

    None where it could not be told for want of descriptors, or of ``/proc``.
    """
    directory = f"/proc/{process}/fd"
    try:
        names = os.listdir(directory)
    except _HIDDEN:
        return [] if os.path.exists("/proc/self") else None
    except OSError as error:
        pass_on(error)
        return None
    return list(_inodes([f"{directory}/{name}" for name in names]))


def _inodes(links: list[str]) -> Iterator[int]:
    for path in links:
        try:
            link = os.readlink(path)
        except OSError as error:
            pass_on(error)
            continue
        if link.startswith("socket:["):
            yield int(link[8:-1])


def _parent(process: int) -> int | None:
    """Return the parent of a process, 0 where there is none to be seen, None where unknown."""
    try:
        with open(f"/proc/{process}/stat", "rb") as file:
            # The command may hold blanks and brackets; the fields after it do not.
            return int(file.read().rpartition(b")")[2].split()[1])
    except (*_HIDDEN, ValueError, IndexError):
        return 0 if os.path.exists("/proc/self") else None
    except OSError as error:
        pass_on(error)
        return None

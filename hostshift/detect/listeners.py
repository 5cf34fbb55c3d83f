"""Does something else listen here on a port? Reads the kernel's tables, sends no packet.

A row in them proves a listener. The absence of one proves nothing, because gVisor shows none.
If the tables cannot be read, the answer is None.
"""

from __future__ import annotations

import os
import stat

from hostshift.base import addresses
from hostshift.base.interrupts import reraise_interrupt
from hostshift.base.record import Record
from hostshift.detect import connections, procfs
from hostshift.trust import owners

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hostshift.detect.procfs import Listener

MOST_ANCESTORS = 64
MOST_DESCRIPTORS = 4096
"""The most own descriptors to check if ``/proc`` does not list them."""


_EVERYWHERE_V4, _EVERYWHERE_V6 = (4, 0), (6, 0)
"""The wildcards, as :func:`addresses.value` reads them. It reads IPv4 inside IPv6 as IPv4."""


class Table(Record):
    """The listening sockets of this network namespace, those that could be read."""

    rows: tuple[Listener, ...] = ()
    whole: bool = True
    """False if a part could not be read: the absence of a row means nothing then."""
    tells_families: bool = True
    """False if it is unknown whether a socket on ``::`` takes IPv4 too: the files do not say."""


def has_foreign_listener(host: str, port: int) -> bool | None:
    """Return True if a client of ``host:port`` reaches a listener of this network namespace.

    Sockets of this process and its ancestors do not count: a server that asks for its
    database is not that database. Nor do those of `hostshift forward`, in any process.

    Returns:
        None if it is unknown: the kernel's tables, or which sockets are this process's own,
        could not be read.

    """
    table = _table()
    rows = [row for row in table.rows if row.port == port and reached_by(row, host)]
    if not rows:
        return False if table.whole else None
    # First, because a forwarder asks this for each connection: a mark shows its sockets sooner than
    # a list of all that it has open, which may be thousands.
    rows = [row for row in rows if not _is_marked(row)]
    if not rows:
        return False if table.whole else None
    own_inodes, complete = _own_inodes()
    others, answered = _without_forwarders([row for row in rows if row.inode not in own_inodes])
    if not others:
        return False if table.whole and answered else None
    certain = table.tells_families or 6 in addresses.loopback_families(host)
    if complete and any(certain or row.address != "::" for row in others):
        return True
    return None


def is_forwarded(host: str, port: int) -> bool:
    """Return True if a client of a loopback address reaches a socket of `hostshift forward`."""
    from hostshift.detect import forwarders

    rows = (row for row in _table().rows if row.port == port and reached_by(row, host))
    return any(forwarders.is_forwarder(row.inode) is not False for row in rows)


def _is_marked(row: Listener) -> bool:
    """Return True if a socket is known to be a forwarder's."""
    from hostshift.detect import forwarders

    return forwarders.is_forwarder(row.inode) is True


def forwarded_to(host: str, port: int, seconds: float) -> tuple[tuple[str, int], ...] | None:
    """Return where a connection to a forwarder's socket would go at this moment.

    Args:
        host: a loopback address.
        port: the port that a client dials.
        seconds: how long to wait for its answer.

    Returns:
        Numeric addresses; none if it would refuse, or could not be asked. None if no forwarder
        listens there.

    """
    from hostshift.detect import forwarders

    for row in _table().rows:
        reached = row.port == port and reached_by(row, host)
        if reached and forwarders.is_forwarder(row.inode) is not False:
            return forwarders.peers(row.inode, seconds) or ()
    return None


def _without_forwarders(rows: list[Listener]) -> tuple[list[Listener], bool]:
    """Return the rows that are no forwarder's; False if one of them could not be asked."""
    if not rows:
        return rows, True
    from hostshift.detect import forwarders

    verdicts = [forwarders.is_forwarder(row.inode) for row in rows]
    pairs = zip(rows, verdicts, strict=True)
    return [row for row, verdict in pairs if verdict is False], None not in verdicts


def foreign_owner(host: str, port: int) -> bool | None:
    """Return True if a user other than root and this one may get a connection to an address here.

    A socket on another address does not count, because anybody may open one. Users are numbers
    of this user namespace. In it all users of other namespaces look like one (65534), which
    counts as another user, even if this user has that number.

    Args:
        host: a loopback spelling, or an address of this machine.
        port: the port that a client dials.

    Returns:
        None if the kernel's tables could not be read.

    """
    table = _table()
    trusted = {0, os.geteuid()} if hasattr(os, "geteuid") else {0}
    trusted = {user for user in trusted if not owners.is_number_of_others(user)}
    rows = (row for row in table.rows if row.port == port and _takes(row, host))
    if any(row.uid not in trusted for row in rows):
        return True
    return False if table.whole else None


def is_listening(host: str, port: int) -> bool:
    """Return True if a socket that can be seen may take a connection to an address here."""
    return any(row.port == port and _takes(row, host) for row in _table().rows)


def _takes(row: Listener, host: str) -> bool:
    """Return True if a socket may take a connection to a host."""
    dialled = addresses.value(host)
    if dialled is None or addresses.is_loopback(host):
        return reached_by(row, host)
    bound = addresses.value(row.address)
    if bound == _EVERYWHERE_V6:
        return dialled[0] == 6 or not row.only_v6
    return bound in (dialled, _EVERYWHERE_V4) and dialled[0] == bound[0]


def listeners() -> tuple[Listener, ...]:
    """Return the listening sockets, from netlink or else from the kernel's files."""
    return _table().rows


def _table() -> Table:
    from hostshift.detect import netlink

    try:
        return Table(rows=netlink.listeners())
    except netlink.FAILURES as error:
        reraise_interrupt(error)
        return _by_files()


def _by_files() -> Table:
    """Read the files. A kernel without IPv6 has only one of them."""
    four, six = _file("tcp"), _file("tcp6")
    rows = (*(four or ()), *(six or ()))
    whole = four is not None and (six is not None or not os.path.exists("/proc/net/tcp6"))
    return Table(rows=rows, whole=whole, tells_families=False)


def reached_by(row: Listener, host: str) -> bool:
    """Return True if a client that dials a loopback spelling reaches a listener.

    It does if the socket is bound to 127.0.0.1, to ::1 or to a wildcard, in a family that
    the spelling has. ``localhost`` reaches neither Docker's name server on 127.0.0.11 nor
    other addresses of 127/8.
    """
    reachable = addresses.loopback_families(host)
    bound = addresses.value(row.address)
    if bound in ((4, addresses.LOOPBACK_V4), _EVERYWHERE_V4):
        return 4 in reachable
    if bound == (6, 1):
        return 6 in reachable
    return bound == _EVERYWHERE_V6 and (6 in reachable or not row.only_v6)


def _file(name: str) -> tuple[Listener, ...] | None:
    """Read the LISTEN rows of a file below ``/proc/net``; None if it cannot be read."""
    text = connections.table(name)
    return None if text is None else procfs.listeners(text)


def _own_inodes() -> tuple[frozenset[int], bool]:
    """Return the inodes of this process's and its ancestors' sockets; True if that is all.

    An ancestor of another user may hide its sockets. It counts as having none, because this
    process has those that the two share.
    """
    inodes, complete = set(_my_inodes()), True
    process = os.getppid()
    for _ in range(MOST_ANCESTORS):
        if process <= 0:
            break
        theirs = _socket_inodes(process)
        inodes.update(theirs or ())
        parent = _parent(process)
        complete = complete and theirs is not None and parent is not None
        process = parent or 0
    return frozenset(inodes), complete


def _my_inodes() -> Iterator[int]:
    """Yield the inodes of this process's sockets, without opening anything."""
    for descriptor in _descriptors():
        try:
            status = os.fstat(descriptor)
        except OSError as error:
            reraise_interrupt(error)
            continue
        if stat.S_ISSOCK(status.st_mode):
            yield status.st_ino


def _descriptors() -> list[int] | range:
    try:
        return [int(name) for name in os.listdir("/proc/self/fd")]
    except OSError as error:
        reraise_interrupt(error)
        return range(MOST_DESCRIPTORS)


_HIDDEN = (PermissionError, FileNotFoundError, ProcessLookupError)
"""Errors of reading about another process that is hidden, or has ended."""


def _socket_inodes(process: int) -> list[int] | None:
    """Return the inodes of a process's sockets; an empty list if they are hidden.

    None if they are unknown, because descriptors or ``/proc`` are missing.
    """
    directory = f"/proc/{process}/fd"
    try:
        names = os.listdir(directory)
    except _HIDDEN:
        return [] if os.path.exists("/proc/self") else None
    except OSError as error:
        reraise_interrupt(error)
        return None
    return list(_inodes([f"{directory}/{name}" for name in names]))


def _inodes(links: list[str]) -> Iterator[int]:
    for path in links:
        try:
            link = os.readlink(path)
        except OSError as error:
            reraise_interrupt(error)
            continue
        if link.startswith("socket:["):
            yield int(link[8:-1])


def _parent(process: int) -> int | None:
    """Return the parent of a process, 0 if it has no visible one, None if it is unknown."""
    try:
        with open(f"/proc/{process}/stat", "rb") as file:
            # The command may hold blanks and brackets; the fields after it hold none.
            return int(file.read().rpartition(b")")[2].split()[1])
    except (*_HIDDEN, ValueError, IndexError):
        return 0 if os.path.exists("/proc/self") else None
    except OSError as error:
        reraise_interrupt(error)
        return None

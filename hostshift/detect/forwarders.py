"""Which listening sockets are those of `hostshift forward`? They are nobody's server.

A forwarder marks each of its sockets by a second one beside it: an abstract Unix socket whose
name has the inode of the first. Abstract names belong to the network namespace, as ports do
(``network_namespaces(7)``), so all processes that can reach the port can see the mark, in any
container that shares the namespace. The kernel closes both at the end of the forwarder.

A mark answers one question, too: where would a connection to the socket go at this moment? That a
forwarder accepts says nothing about a server behind it.

Anybody may take such a name. So the kernel says who listens there (``SO_PEERCRED``,
``unix(7)``: the credentials at the time of ``listen()``), and only root's marks and this user's
count. Another user who marks a server as a forwarder's changes nothing for us.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
import time

from hostshift.base.interrupts import reraise_interrupt
from hostshift.trust import owners

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


class NameTakenError(OSError):
    """Another program has the name of a socket's mark."""


BACKLOG = 1024
"""Connections to a mark that may wait until the forwarder closes them."""
_MOST_SKIPPED = 1 << 14
QUESTION = b"?"
"""Asks a mark where a connection to its socket would go."""
_WHOLE = "."
"""The last line of the answer: one that a forwarder's end cut off says nothing."""
_MOST_BYTES = 1 << 16
_CREDENTIALS = struct.Struct("=iII")
"""Process, user and group (``struct ucred``)."""


def name(inode: int) -> str:
    """Return the abstract name of the mark for a socket."""
    return f"\0hostshift/forward/{inode}"


def mark(listener: socket.socket) -> socket.socket | None:
    """Mark a listening socket as a forwarder's, as long as the returned socket is open.

    Returns:
        None where there are no abstract names (macOS, Windows), or no descriptor is free: the
        socket counts as any server's then.

    Raises:
        NameTakenError: another has the name. Inodes can be guessed, so take another socket.

    """
    if not hasattr(socket, "SO_PEERCRED"):
        return None
    inode = os.fstat(listener.fileno()).st_ino
    sign = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sign.setblocking(False)
        sign.bind(name(inode))
        sign.listen(BACKLOG)
    except OSError as error:
        sign.close()
        reraise_interrupt(error)
        if error.errno == errno.EADDRINUSE:
            raise NameTakenError(error.errno, error.strerror) from error
        return None
    return sign


def skip_inodes() -> None:
    """Use up some inodes of sockets, as many as nobody can guess: the kernel counts them up."""
    for _ in range(int.from_bytes(os.urandom(2), "little") % _MOST_SKIPPED):
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM).close()


def is_forwarder(inode: int) -> bool | None:
    """Return True if a listening socket is that of a forwarder of this user's or of root's.

    Returns:
        None if it is unknown: the mark cannot be asked at this moment.

    """
    if not hasattr(socket, "SO_PEERCRED"):
        return False
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.setblocking(False)
            client.connect(name(inode))
            return _is_trusted(client)
    except ConnectionRefusedError:  # nobody has the name
        return False
    except OSError as error:
        reraise_interrupt(error)
        return None if error.errno in _PASSING else False


def _is_trusted(client: socket.socket) -> bool:
    """Return True if root or this user listens where a Unix socket has connected."""
    raw = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, user, _ = _CREDENTIALS.unpack(raw)
    return user in (0, os.geteuid()) and not owners.is_number_of_others(user)


def peers(inode: int, seconds: float) -> tuple[tuple[str, int], ...] | None:
    """Ask a forwarder where a connection to one of its sockets would go at this moment.

    Args:
        inode: of the listening socket.
        seconds: how long to wait.

    Returns:
        The numeric addresses in the order that it tries; none if it would refuse. None if it
        could not be asked, or it is not one of this user's or of root's.

    """
    ends = time.monotonic() + seconds
    answer = b""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(seconds)
            client.connect(name(inode))
            if not _is_trusted(client):
                return None
            client.sendall(QUESTION)
            while (data := client.recv(4096)) and len(answer) < _MOST_BYTES:
                answer += data
                client.settimeout(max(0.001, ends - time.monotonic()))
    except OSError as error:
        reraise_interrupt(error)
        return None
    return _addresses(answer.decode("ascii", "replace"))


def written(addresses: Iterable[tuple[str, int]]) -> bytes:
    """Write the answer to :func:`peers`."""
    lines = [f"{host} {port}" for host, port in addresses]
    return "\n".join([*lines, _WHOLE]).encode("ascii")


def _addresses(answer: str) -> tuple[tuple[str, int], ...] | None:
    *lines, last = answer.split("\n")
    if last != _WHOLE:
        return None
    pairs = [line.split(" ") for line in lines]
    return tuple((host, int(port)) for host, port in pairs)


_PASSING = frozenset((errno.EAGAIN, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS))
"""Errors that say nothing about the mark: too many ask it, or no descriptor is free."""

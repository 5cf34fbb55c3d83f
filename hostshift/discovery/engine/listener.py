"""Whose engine listens on loopback: any user of a machine may listen on a free port there.

The same holds for a name in a directory for everybody that an engine gives up when it stops. The
owner of a unix socket says who made it, and not who answers once we have dialled its name. Only
the kernel says that: of a unix socket by its credentials, of TCP by its tables.
"""

from __future__ import annotations

import socket
import struct
import sys

from hostshift.base.interrupts import reraise_interrupt
from hostshift.detect import connections, listeners
from hostshift.discovery.engine.problems import Problem
from hostshift.trust import gate, owners

_FIX = "let root or this user start that engine, or choose another with DOCKER_HOST"
_ANOTHERS = "the program that listens there belongs to another user"
_CREDENTIALS = struct.Struct("=iII")
"""Process, user and group (Linux, include/linux/socket.h, struct ucred)."""
_NOBODY = 0xFFFFFFFF
"""The user of an end that has no credentials (net/core/sock.c, cred_to_ucred)."""


class Foreign(Problem):
    """The program that listens may be another user's."""

    def __init__(self, why: str) -> None:
        super().__init__(f"is not believed, because {why}", fix=_FIX)


def check(address: str, port: int) -> None:
    """Raise if a user other than root and this one listens, or may listen, on a port of loopback.

    Systems other than Linux do not say whose a listener is.

    Args:
        address: a loopback address.
        port: the engine's port.

    Raises:
        Foreign: another user listens there, or the kernel does not say who does.

    """
    foreign = listeners.foreign_owner(address, port)
    if foreign:
        raise Foreign(_ANOTHERS)
    if foreign is None and sys.platform == "linux":
        raise Foreign("the kernel does not say whose program listens there")


def check_connected(connected: socket.socket) -> None:
    """Raise if what a socket is connected to may be another user's: see :func:`check`.

    Whoever listened may have stopped since. Then the other end of the connection is on this
    machine, and nobody listens.

    Raises:
        Foreign: another user listens there, or nobody does any more.

    """
    peer, own = connected.getpeername()[:2], connected.getsockname()[:2]
    check(*peer)
    if not listeners.is_listening(*peer) and connections.is_peer_here(peer, own):
        raise Foreign("the program that answered listens no longer, so nothing says whose it was")


def check_peer(connected: socket.socket, path: str) -> None:
    """Raise if the program at the other end of a unix socket may be another user's.

    Args:
        connected: the connection.
        path: what was dialled, and passed the gate before that. Where the kernel does not say
            whose the program is, that is all that counts.

    Raises:
        Foreign: another user listened there when we dialled.

    """
    user = _peer(connected)
    if user is None or owners.may_decide(user) or _is_unmapped_root(user, path):
        return
    raise Foreign(_ANOTHERS)


def _peer(connected: socket.socket) -> int | None:
    """Return the user who made the other end listen (unix(7), ``SO_PEERCRED``); None if unknown."""
    if sys.platform != "linux":
        return None
    try:
        found = connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        user: int = _CREDENTIALS.unpack(found)[1]
    except (OSError, struct.error) as error:  # a sandbox's own kernel
        reraise_interrupt(error)
        return None
    return None if user == _NOBODY else user


def _is_unmapped_root(user: int, path: str) -> bool:
    """Return True if this user namespace has no number for root, whose socket this is.

    All users without a number look alike. So the gate looks once more: only root can have put
    what it believes there in the place of another.
    """
    try:
        status = gate.check_socket(path)
    except (gate.UntrustedError, OSError, ValueError) as error:
        reraise_interrupt(error)
        return False
    return status.st_uid == user and owners.is_unmapped(status)

"""Whose engine listens on loopback: any user of a machine may listen on a free port there.

The owner of a unix socket says who made it. On TCP only the kernel's tables do.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from hostshift.detect import connections, listeners
from hostshift.discovery.engine.problems import Problem

if TYPE_CHECKING:
    from socket import socket

_FIX = "let root or this user start that engine, or choose another with DOCKER_HOST"


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
        raise Foreign("the program that listens there belongs to another user")
    if foreign is None and sys.platform == "linux":
        raise Foreign("the kernel does not say whose program listens there")


def check_connected(connected: socket) -> None:
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

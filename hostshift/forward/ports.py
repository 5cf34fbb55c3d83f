"""Listening sockets on 127.0.0.1 and ::1, and on no address that others can reach."""

from __future__ import annotations

import errno
import os
import socket
from contextlib import suppress

from hostshift.detect import forwarders
from hostshift.errors import ForwardError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self

BACKLOG = 4096
"""Connections that may wait until they are accepted; the kernel takes less if it must
(``net.core.somaxconn``)."""
_MARKS_TRIED = 8
_LOOPBACK = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))
_NO_FAMILY = frozenset((errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT))
"""What binding ::1 ends with where there is no IPv6."""


class PortRefusedError(ForwardError):
    """This process cannot have the port: see :class:`PortInUseError`, or its user may not."""


class PortInUseError(PortRefusedError):
    """Something else listens on the port."""


class Port:
    """A port of this namespace's loopback that a forwarder has, with a mark on each socket."""

    def __init__(self, number: int) -> None:
        """Listen.

        Raises:
            PortInUseError: something else has the port.
            PortRefusedError: this user may not have it.
            ForwardError: nothing can listen, or there is no loopback.

        """
        self.number, self._process = number, os.getpid()
        self.sockets: list[socket.socket] = []
        self.marks: list[socket.socket] = []
        try:
            for family, address in _LOOPBACK:
                self._listen(family, address)
            reachable = bool(self.sockets) and _has_loopback()
        except OSError as error:
            self.close()
            raise _refused(number, error) from error
        except ForwardError:
            self.close()
            raise
        if not reachable:
            self.close()
            raise ForwardError(
                "this network namespace has no loopback, so nothing can listen on localhost:"
                " bring it up (ip link set lo up)"
            )

    def _listen(self, family: socket.AddressFamily, address: str) -> None:
        """Bind an address; nothing is done where the namespace has none of this family."""
        try:
            listener, sign = _marked(family)
        except OSError as error:
            if error.errno in _NO_FAMILY:
                return
            raise
        try:
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            # On Windows, SO_REUSEADDR would take the port of another process over.
            option = getattr(socket, "SO_EXCLUSIVEADDRUSE", socket.SO_REUSEADDR)
            listener.setsockopt(socket.SOL_SOCKET, option, 1)
            listener.setblocking(False)
            listener.bind((address, self.number))
        except OSError as error:
            for each in (listener, sign):
                if each is not None:
                    each.close()
            if error.errno in _NO_FAMILY:
                return
            raise
        self.sockets.append(listener)
        if sign is not None:
            self.marks.append(sign)
        listener.listen(BACKLOG)

    @property
    def families(self) -> frozenset[int]:
        """Return the versions of IP on which it listens: 4, 6 or both."""
        return frozenset(4 if each.family == socket.AF_INET else 6 for each in self.sockets)

    def close(self) -> None:
        """Stop listening; a mark goes after its socket.

        A child that was just forked has copies for a moment. On Linux a shutdown ends them too
        (``inet_shutdown()``), and one more forwarder can have the port at once. In a child it
        would end the parent's.
        """
        for each in self.sockets if os.getpid() == self._process else ():
            with suppress(OSError):  # it does not listen yet, or this is not Linux
                each.shutdown(socket.SHUT_RDWR)
        self.abandon()

    def abandon(self) -> None:
        """Close the descriptors alone, in a forked child: the parent goes on to listen."""
        for each in (*self.sockets, *self.marks):
            each.close()
        self.sockets, self.marks = [], []

    def __enter__(self) -> Self:
        """Return the port."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening."""
        self.close()


def _marked(family: socket.AddressFamily) -> tuple[socket.socket, socket.socket | None]:
    """Return a socket and its mark: that comes first, so nobody ever sees a server.

    Raises:
        ForwardError: another program has the names of all marks that were tried.
        OSError: there can be no such socket.

    """
    for _ in range(_MARKS_TRIED):
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            sign = forwarders.mark(listener)
        except forwarders.NameTakenError:
            listener.close()
            forwarders.skip_inodes()
            continue
        return listener, sign
    raise ForwardError(
        "another program has the names by which processes know a forwarder"
        " (hostshift/forward/… in /proc/net/unix): end it"
    )


def _has_loopback() -> bool:
    """Return True if there is a way to 127.0.0.1: Linux binds it even where `lo` is down.

    To connect a UDP socket looks for the way, and sends nothing (udp(7)).
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        return probe.connect_ex(("127.0.0.1", 9)) == 0


def _refused(number: int, error: OSError) -> ForwardError:
    if error.errno == errno.EADDRINUSE:
        return PortInUseError(f"port {number} is in use here: something else listens on it")
    if error.errno in (errno.EACCES, errno.EPERM):
        return PortRefusedError(
            f"no permission to listen on port {number}: ports below 1024 need root,"
            " CAP_NET_BIND_SERVICE or a lower net.ipv4.ip_unprivileged_port_start"
        )
    return ForwardError(f"port {number} cannot be listened on: {error.strerror}")

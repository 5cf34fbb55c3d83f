"""Asking the Linux kernel about this network namespace: devices, addresses, listeners.

Netlink answers without privileges, and about 150 times cheaper than
``/proc/net/tcp``, which walks the whole connection table.
"""

from __future__ import annotations

import errno
import socket
import struct
from contextlib import contextmanager

from hostshift.detect.interface import Interface
from hostshift.detect.procfs import Listener

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

FAILURES = (OSError, AttributeError, struct.error, ValueError, IndexError)
"""Errors of asking: a refusal, a system without netlink, or an emulation's nonsense."""

_ROUTE, _SOCK_DIAG = 0, 4  # linux/netlink.h: protocols
_REQUEST, _DUMP = 0x1, 0x300  # NLM_F_REQUEST, NLM_F_ROOT | NLM_F_MATCH
_INTERRUPTED = 0x10  # NLM_F_DUMP_INTR: the table changed while it was read
_ERROR, _DONE = 2, 3  # NLMSG_ERROR, NLMSG_DONE
_GETLINK, _NEWLINK, _GETADDR, _NEWADDR = 18, 16, 22, 20  # linux/rtnetlink.h
_IFLA_IFNAME, _IFLA_LINKINFO, _IFLA_INFO_KIND = 3, 18, 1  # linux/if_link.h
_IFA_ADDRESS, _IFA_LOCAL = 1, 2  # linux/if_addr.h
_SCOPE_LINK = 253  # RT_SCOPE_LINK, linux/rtnetlink.h; 254 is the machine itself
_SOCK_DIAG_BY_FAMILY = 20  # linux/sock_diag.h
_LISTEN = 1 << 10  # the state TCP_LISTEN as a mask
_SKV6ONLY = 11  # INET_DIAG_SKV6ONLY, linux/inet_diag.h
_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
_TIMEOUT = 0.25
"""Seconds; the kernel answers at once, and an emulation of netlink may not answer at all."""
_MOST = 1 << 16
"""The most bytes of one answer; the kernel sends at most 32 KiB at a time (af_netlink.c)."""
_ATTEMPTS = 5
"""How often to read a table that changes meanwhile."""
_MOST_ANSWERS = 4096
"""The most answers to one request: 128 MiB of them. More is an emulation's nonsense."""


def interfaces() -> tuple[Interface, ...]:
    """Return the devices of this network namespace with their kinds and addresses.

    Raises:
        FAILURES: netlink cannot be used here (gVisor, some seccomp filters).

    """
    with _connected(_ROUTE) as kernel:
        links = _dump(kernel, _GETLINK, _NEWLINK, struct.pack("=BxHiII", 0, 0, 0, 0, 0))
        assigned = _dump(kernel, _GETADDR, _NEWADDR, struct.pack("=BBBBi", 0, 0, 0, 0, 0))
    names: dict[int, str] = {}
    kinds: dict[int, str] = {}
    for body in links:
        (index,) = struct.unpack_from("=i", body, 4)
        attributes = dict(_attributes(body, 16))
        names[index] = attributes.get(_IFLA_IFNAME, b"").rstrip(b"\0").decode("utf-8", "replace")
        info = dict(_attributes(attributes.get(_IFLA_LINKINFO, b""), 0))
        kinds[index] = info.get(_IFLA_INFO_KIND, b"").rstrip(b"\0").decode("ascii", "replace")
    addresses: dict[int, list[str]] = {}
    networks: dict[int, list[str]] = {}
    for body in assigned:
        (index,) = struct.unpack_from("=I", body, 4)
        attributes = dict(_attributes(body, 8))
        raw = attributes.get(_IFA_LOCAL) or attributes.get(_IFA_ADDRESS) or b""
        if len(raw) in (4, 16):
            addresses.setdefault(index, []).append(_address(body[0], raw))
            networks.setdefault(index, []).extend(_network(body, attributes.get(_IFA_ADDRESS, raw)))
    return tuple(
        Interface(
            name=name,
            kind=kinds[index],
            addresses=tuple(addresses.get(index, ())),
            networks=tuple(networks.get(index, ())),
        )
        for index, name in names.items()
    )


def _network(body: bytes, raw: bytes) -> Iterator[str]:
    """Yield the network of an ``ifaddrmsg``, if it can hold other machines."""
    family, bits, scope = body[0], body[1], body[3]
    width = len(raw) * 8
    if bits >= width or scope >= _SCOPE_LINK:
        return
    masked = int.from_bytes(raw, "big") >> (width - bits) << (width - bits)
    yield f"{_address(family, masked.to_bytes(len(raw), 'big'))}/{bits}"


def listeners() -> tuple[Listener, ...]:
    """Return all listening TCP sockets of this network namespace.

    Raises:
        FAILURES: netlink cannot be used here.

    """
    sockets: list[Listener] = []
    with _connected(_SOCK_DIAG) as kernel:
        for family in (socket.AF_INET, socket.AF_INET6):
            # inet_diag_req_v2: family, protocol, extensions, states, an empty socket id.
            request = struct.pack("=BBBxI48x", family, socket.IPPROTO_TCP, 0, _LISTEN)
            rows = _dump(kernel, _SOCK_DIAG_BY_FAMILY, _SOCK_DIAG_BY_FAMILY, request)
            sockets += map(_listener, rows)
    return tuple(sockets)


def _listener(body: bytes) -> Listener:
    """Read one ``inet_diag_msg`` and its attributes."""
    size = 4 if body[0] == socket.AF_INET else 16
    (port,) = struct.unpack_from("!H", body, 4)
    uid, inode = struct.unpack_from("=II", body, 64)
    only_v6 = dict(_attributes(body, 72)).get(_SKV6ONLY, b"\0")
    return Listener(
        address=_address(body[0], body[8 : 8 + size]),
        port=port,
        inode=inode,
        only_v6=bool(only_v6[0]),
        uid=uid,
    )


def _address(family: int, raw: bytes) -> str:
    return socket.inet_ntop(socket.AddressFamily(family), raw)


@contextmanager
def _connected(protocol: int) -> Iterator[socket.socket]:
    """Open a netlink socket; opening one costs about as much as a request does."""
    flags = socket.SOCK_RAW | socket.SOCK_CLOEXEC
    with socket.socket(socket.AF_NETLINK, flags, protocol) as kernel:
        kernel.settimeout(_TIMEOUT)
        kernel.bind((0, 0))
        yield kernel


def _dump(kernel: socket.socket, request: int, answer: int, payload: bytes) -> list[bytes]:
    """Send one dump request and return the payloads of the answers.

    The kernel marks a dump during which its table changed, because rows may be missing. Then
    this asks for it again.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        size = _HEADER.size + len(payload)
        header = _HEADER.pack(size, request, _REQUEST | _DUMP, attempt, 0)
        kernel.send(header + payload)
        payloads: list[bytes] = []
        if _collect(kernel, attempt, answer, payloads):
            return payloads
    raise OSError(errno.EAGAIN, "netlink's table changes all the time")


def _collect(kernel: socket.socket, attempt: int, answer: int, payloads: list[bytes]) -> bool:
    """Collect the answers to one request; return False if the table changed meanwhile."""
    whole = True
    for _ in range(_MOST_ANSWERS):
        data, _, flags, sender = kernel.recvmsg(_MOST)
        if flags & socket.MSG_TRUNC:
            raise OSError(errno.EMSGSIZE, "netlink's answer was cut")
        for kind, marks, number, body in _messages(data):
            if sender[0] or number != attempt:  # not the kernel, or of an earlier request
                continue
            whole = whole and not marks & _INTERRUPTED
            if kind in (_ERROR, _DONE):
                _check(kind, body)
                return whole
            if kind == answer:
                payloads.append(body)
    raise OSError(errno.EMSGSIZE, "netlink answers without end")


def _check(kind: int, body: bytes) -> None:
    """Raise the error that a dump ended with. The end itself may carry one (af_netlink.c)."""
    (code,) = struct.unpack_from("=i", body) if len(body) >= 4 else (0,)
    if kind == _ERROR or code < 0:
        raise OSError(-code, "netlink refused")


def _messages(data: bytes) -> Iterator[tuple[int, int, int, bytes]]:
    """Split received bytes into (type, flags, sequence number, payload)."""
    at = 0
    while at + _HEADER.size <= len(data):
        size, kind, flags, number, _ = _HEADER.unpack_from(data, at)
        if not _HEADER.size <= size <= len(data) - at:
            raise OSError(errno.EBADMSG, "netlink answered nonsense")
        yield kind, flags, number, data[at + _HEADER.size : at + size]
        at += size + 3 & ~3


def _attributes(data: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """Split route attributes from an offset on; the type's upper bits are flags."""
    while at + _ATTRIBUTE.size <= len(data):
        size, kind = _ATTRIBUTE.unpack_from(data, at)
        if size < _ATTRIBUTE.size:
            return
        yield kind & 0x3FFF, data[at + _ATTRIBUTE.size : at + size]
        at += size + 3 & ~3

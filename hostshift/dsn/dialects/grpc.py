"""``grpc``: targets of gRPC channels (grpc/doc/naming.md; tried with grpcio's core).

``dns:`` has its target in the path, behind an optional ``//authority/``, which is a
DNS server and stays as it is. ``ipv4:`` and ``ipv6:`` take literal addresses with
ports. Anything without a scheme that gRPC knows is a ``host[:port]``.
"""

from __future__ import annotations

from hostshift.dsn.dialects._nested import pieces
from hostshift.dsn.host_port import bracketed, check_host, host_port, is_ipv6, nowhere
from hostshift.dsn.model import Endpoint, Reading, Slot, Unreadable, Unwritable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.dsn.model import Scheme

_WITHOUT = frozenset(("unix", "unix-abstract", "vsock", "xds", "google-c2p", "inproc"))
_LITERAL = frozenset(("ipv4", "ipv6"))
_DEFAULT_PORT = 443


def read(text: str, scheme: Scheme) -> Reading:
    """Find the endpoints."""
    name, colon, _ = text.partition(":")
    name = name.lower()
    if colon and name in _WITHOUT:
        return _without(text, name)
    if any(mark in text for mark in "%?#@"):
        raise Unreadable("a target with escapes, a query or user information")
    default_port = scheme.port or _DEFAULT_PORT
    endpoints: tuple[Endpoint, ...]
    if colon and name in _LITERAL:
        endpoints = _literals(text, name)
    elif colon and name == "dns":
        endpoints = (_named(text, _path(text, len(name) + 1), default_port),)
    elif text.startswith("passthrough:///"):  # grpc-go hands it on as it is
        endpoints = (_named(text, len("passthrough:///"), scheme.port),)
    else:
        endpoints = (_named(text, 0, default_port),)
    return Reading(dialect="grpc", protocol=scheme.protocol or "http", endpoints=endpoints)


def _without(text: str, name: str) -> Reading:
    """Read a target without an address that hostshift could rewrite."""
    rest = text[len(name) + 1 :]
    if rest.isascii() and rest.isdecimal():
        raise Unreadable("a host and port that gRPC takes for one of its schemes")
    return Reading(dialect="grpc")


def _path(text: str, start: int) -> int:
    """Return the offset of the path, behind ``//authority/`` or one slash."""
    if not text.startswith("//", start):
        return start + text.startswith("/", start)
    slash = text.find("/", start + 2)
    if slash < 0:
        raise Unreadable("an authority without a target", refused=True)
    return slash + 1


def _named(text: str, start: int, default_port: int | None) -> Endpoint:
    """Read ``host[:port]``; without brackets an IPv6 address has no port (SplitHostPort)."""
    end = len(text)
    if text[start : start + 1] != "[" and text.count(":", start) > 1:
        return _bare_ipv6(text, start, default_port)
    endpoint = host_port(text, start, end, default_port)
    if start == len("dns:") and endpoint.host.isdecimal():
        raise Unreadable("a host and port that gRPC takes for one of its schemes")
    return endpoint


def _bare_ipv6(text: str, start: int, default_port: int | None) -> Endpoint:
    """Read an IPv6 address without brackets, which has no place for a port."""
    host, end = text[start:], len(text)
    check_host(host)
    _check_literal(host, "ipv6")
    return Endpoint(
        host=host,
        port=None,
        default_port=default_port,
        host_at=Slot(start=start, end=end, write=bracketed),
        port_at=nowhere(end, "an IPv6 address without brackets cannot take a port"),
    )


def _literals(text: str, name: str) -> tuple[Endpoint, ...]:
    """Read a comma list of literal addresses; grpcio refuses one without a port."""
    start = _path(text, len(name) + 1)
    write = _ipv4 if name == "ipv4" else _ipv6
    endpoints = []
    for first, last in pieces(text, ",", start):
        if first == last:
            continue
        endpoint = host_port(text, first, last, None)
        if endpoint.port is None:
            raise Unreadable("a literal address without a port", refused=True)
        _check_literal(endpoint.host, name)
        endpoints.append(endpoint.replace(host_at=endpoint.host_at.replace(write=write)))
    return tuple(endpoints)


def _check_literal(host: str, name: str) -> None:
    """Refuse a host that is no address of the family."""
    if not _is_literal(host, name):
        raise Unreadable("this is no literal address of its family", refused=True)


def _is_literal(host: str, name: str) -> bool:
    """Return True if a host is an address of the family."""
    if name == "ipv6":
        return is_ipv6(host)
    from ipaddress import AddressValueError, IPv4Address

    try:
        IPv4Address(host)
    except AddressValueError:
        return False
    return True


def _ipv4(host: str) -> str:
    """Write an IPv4 address."""
    if not _is_literal(host, "ipv4"):
        raise Unwritable("ipv4: takes literal IPv4 addresses only")
    return host


def _ipv6(host: str) -> str:
    """Write an IPv6 address."""
    if "%" in host or not _is_literal(host, "ipv6"):
        raise Unwritable("ipv6: takes literal IPv6 addresses only")
    return bracketed(host)

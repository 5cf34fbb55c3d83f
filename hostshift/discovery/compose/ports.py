"""Published and exposed ports, in the short and the long form. Pure.

The rules of the short form are those of go-connections (nat/nat.go,
ParsePortSpec), which compose uses; those of the long form are compose-go's.
"""

from __future__ import annotations

import re

from hostshift.discovery.compose.problems import Problem
from hostshift.discovery.compose.values import items, mapping, text
from hostshift.discovery.model import Publication

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hostshift.discovery.compose.values import Value

_USUAL = re.compile(r"(?:([1-9][0-9]{0,3}|[1-5][0-9]{4}):)?([0-9]{1,5})\Z")
"""``8080:80`` or ``80``; the host's port is certainly a valid one."""
PROTOCOLS = ("tcp", "udp", "sctp")
MOST = 70_000
"""Ports of one service, at most: a range of all ports, and some more."""

_Binding = tuple[str, str, int | None, int, str]
"""Address, the host's port or ports as written, the host's port, the port inside, the protocol."""

Ports = dict[tuple[str, str, int, str], Publication]
"""Publications by compose's own key; a later one replaces an earlier one."""


def publications(value: Value, where: str) -> Ports:
    """Read a service's ``ports``.

    Raises:
        Problem: an entry is not one that compose takes.

    """
    result: Ports = {}
    left = MOST
    for at, entry in enumerate(items(value, where)):
        place = f"{where}[{at}]"
        bindings = [_long(entry, place)] if type(entry) is dict else _short(entry, place)
        for host, outside, published, inside, protocol in bindings:
            left -= 1
            if left < 0:
                raise Problem(f"{where}: more than {MOST:,} ports")
            key = (host or "0.0.0.0", outside, inside, protocol)  # noqa: S104 - so does uncity.go
            result[key] = Publication(
                port=inside, published=published, address=host, protocol=protocol
            )
    return result


def exposed(value: Value, where: str) -> tuple[int, ...]:
    """Read a service's ``expose``: its TCP ports, for we dial nothing else.

    Raises:
        Problem: an entry is not a port or a range of ports.

    """
    result: dict[int, None] = {}
    left = MOST
    for at, entry in enumerate(items(value, where)):
        place = f"{where}[{at}]"
        ports, _, protocol = text(entry, place).partition("/")
        first, last = _range(ports, place)
        left -= last - first + 1
        if left < 0:
            raise Problem(f"{where}: more than {MOST:,} ports")
        if protocol.lower() in ("", "tcp"):
            result.update(dict.fromkeys(range(first, last + 1)))
    return tuple(result)


def _short(entry: Value, where: str) -> Iterable[_Binding]:
    """Read the short form; nearly all entries match the pattern for the usual ones."""
    spec = text(entry, where)
    usual = _USUAL.match(spec)
    if usual is None:
        return _full(spec, where)
    outside, inside = usual[1] or "", _port(usual[2], where)
    return [("", outside, int(outside) if outside else None, inside, "tcp")]


def _full(spec: str, where: str) -> Iterator[_Binding]:
    """Read ``address:outside:inside/protocol``, and yield the ports of a range one by one."""
    host, outside, inside = _split(spec)
    ports, slash, protocol = inside.partition("/")
    protocol = (protocol if slash and protocol else "tcp").lower()
    if not ports or protocol not in PROTOCOLS:
        raise Problem(f"{where}: not a port, or not a protocol")
    host = _bare(host, where)
    first, last = _range(ports, where)
    if not outside:
        yield from ((host, "", None, port, protocol) for port in range(first, last + 1))
        return
    out_first, out_last = _range(outside, where, least=0)
    if first == last:
        text_out = str(out_first) if out_first == out_last else f"{out_first}-{out_last}"
        yield host, text_out, _chosen(out_first, out_last), first, protocol
    elif last - first == out_last - out_first:
        for port in range(first, last + 1):
            out = out_first + port - first
            yield host, str(out), out or None, port, protocol
    else:
        raise Problem(f"{where}: two ranges of different lengths")


def _split(spec: str) -> tuple[str, str, str]:
    """Split at the last two colons: an IPv6 address may come before them, bracketed or not."""
    head, _, inside = spec.rpartition(":")
    host, _, outside = head.rpartition(":")
    return host, outside, inside


def _bare(host: str, where: str) -> str:
    """Take the brackets off an address and check it."""
    if host.startswith("["):
        host, bracket, rest = host[1:].partition("]")
        if not bracket or rest:
            raise Problem(f"{where}: an address whose bracket is not closed")
    return host and address(host, where)


def _long(entry: Value, where: str) -> _Binding:
    """Read an entry with ``target``, ``published``, ``host_ip`` and ``protocol``."""
    raw = mapping(entry, where)
    if "target" not in raw:
        raise Problem(f"{where}: no target")
    inside = _port(text(raw["target"], f"{where}.target"), where)
    outside = text(raw.get("published", ""), f"{where}.published")
    host = raw.get("host_ip")
    protocol = text(raw.get("protocol", "tcp"), f"{where}.protocol").lower()
    if protocol not in PROTOCOLS:
        raise Problem(f"{where}.protocol: not one of {', '.join(PROTOCOLS)}")
    bound = "" if host is None else address(text(host, f"{where}.host_ip"), where)
    published = _chosen(*_range(outside, where, least=0)) if outside else None
    return bound, outside, published, inside, protocol


def _chosen(first: int, last: int) -> int | None:
    """Return the host's port; None for 0 and for a range: the engine chooses."""
    return first if first == last and first else None


def _range(ports: str, where: str, least: int = 1) -> tuple[int, int]:
    """Read ``8000`` or ``8000-8010``. It ignores what follows a second ``-``, as Go does."""
    if "-" not in ports:
        port = _port(ports, where, least)
        return port, port
    first, _, rest = ports.partition("-")
    low = _port(first, where, least)
    high = _port(rest.partition("-")[0], where, least)
    if high < low:
        raise Problem(f"{where}: a range that ends before it begins")
    return low, high


def _port(digits: str, where: str, least: int = 1) -> int:
    if digits.isascii() and digits.isdecimal() and len(digits) < 20:
        port = int(digits)
        if least <= port < 65536:
            return port
    raise Problem(f"{where}: a port is a number from 1 to 65535")


def address(written: str, where: str) -> str:
    """Check an IP address, as Go's net.ParseIP does: no zone.

    Raises:
        Problem: it is none.

    """
    from ipaddress import ip_address

    try:
        valid = "%" not in written and ip_address(written) is not None
    except ValueError:
        valid = False
    if not valid:
        raise Problem(f"{where}: not an IP address")
    return written

"""Hosts as text: which spellings mean loopback, which are numbers. Pure.

Numbers are read as the C library reads them (``inet_aton``): ``127.1``,
``0x7f.1``, ``017700000001`` and ``2130706433`` all are 127.0.0.1. Drivers pass
the text on to ``getaddrinfo``, so what it takes is what a string means.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

LOOPBACK_V4 = 0x7F000001
_USUAL_LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))
UNSPECIFIED_V4 = 0
HOST_ALIASES = frozenset(
    (
        "host.docker.internal",  # Docker Desktop; on Linux by --add-host …:host-gateway
        "gateway.docker.internal",  # Docker Desktop
        "docker.for.mac.localhost",  # Docker for Mac before 18.03
        "docker.for.win.localhost",  # Docker for Windows before 18.03
        "host.containers.internal",  # Podman
        "host.lima.internal",  # Lima, Colima
        "host.orb.internal",  # OrbStack
        "host.minikube.internal",  # minikube
        "host.k3d.internal",  # k3d
        "host.rancher-desktop.internal",  # Rancher Desktop
    )
)
"""Names by which container platforms call the machine they run on."""


def ipv4_value(text: str) -> int | None:
    """Return the value of an IPv4 address in any ``inet_aton`` spelling, else None."""
    if not text or text[0] not in "0123456789":
        return None
    parts = text.split(".")
    if len(parts) > 4:
        return None
    numbers = [_number(part) for part in parts]
    last = numbers.pop()
    if last is None or last >= 256 ** (4 - len(numbers)):
        return None
    value = 0
    for number in numbers:
        if number is None or number > 255:
            return None
        value = value << 8 | number
    return value << 8 * (4 - len(numbers)) | last


def _number(part: str) -> int | None:
    """Read one part of an address: decimal, 0 octal or 0x hexadecimal."""
    base, digits = 10, part
    if part[:2] in ("0x", "0X"):
        base, digits = 16, part[2:]
    elif len(part) > 1 and part[0] == "0":
        base, digits = 8, part[1:]
    # int() would take signs, underscores, other scripts' digits and a second 0x as well.
    if not digits or len(digits) > 11 or not (digits.isascii() and digits.isalnum()):
        return None
    if digits[1:2] in ("x", "X"):
        return None
    try:
        return int(digits, base)
    except ValueError:
        return None


def ipv6_value(text: str) -> int | None:
    """Return the value of an IPv6 address without a zone, else None."""
    if ":" not in text or "%" in text:
        return None
    from ipaddress import AddressValueError, IPv6Address

    try:
        return int(IPv6Address(text))
    except AddressValueError:
        return None


def is_number(host: str) -> bool:
    """Tell whether a host is an address rather than a name."""
    return ipv4_value(host) is not None or ":" in host


def is_loopback(host: str, loopback_names: Iterable[str] = ()) -> bool:
    """Tell whether a host as written reaches loopback on every client.

    ``localhost`` in any case, 127.0.0.1 and ::1 by value, and the unspecified
    addresses, which Linux connects to loopback. The rest of 127/8 reaches
    loopback too but is somebody's purpose (127.0.0.11 is Docker's name server,
    127.0.0.53 systemd's). ``loopback_names``: what this machine's hosts file
    says besides, in lower case.
    """
    name = host.lower()
    if name in _USUAL_LOOPBACK or name in loopback_names:
        return True
    if ":" in host:
        return ipv6_value(host) in (0, 1, 0xFFFF00000000 | LOOPBACK_V4, 0xFFFF00000000)
    return ipv4_value(host) in (LOOPBACK_V4, UNSPECIFIED_V4)


def families(host: str) -> tuple[int, ...]:
    """Name the IP versions that a loopback spelling can reach."""
    if ":" in host:
        return (4,) if (ipv6_value(host) or 0) >> 32 == 0xFFFF else (6,)
    return (4,) if ipv4_value(host) is not None else (4, 6)


def is_host_alias(host: str) -> bool:
    """Tell whether a name is one that container platforms give their host."""
    return host.lower() in HOST_ALIASES


def is_private(number: str) -> bool:
    """Tell whether an address cannot be somewhere on the internet.

    0.250.250.254 is OrbStack's host; nothing is routed from 0.0.0.0/8.
    """
    from ipaddress import ip_address

    try:
        return not ip_address(number).is_global
    except ValueError:
        return False


def in_subnets(address: str, subnets: Iterable[str]) -> bool:
    """Tell whether an address lies in one of the subnets, given as ``10.0.0.0/8``."""
    from ipaddress import ip_address, ip_network

    try:
        wanted = ip_address(address)
    except ValueError:
        return False
    networks = (ip_network(subnet, strict=False) for subnet in subnets)
    return any(wanted.version == network.version and wanted in network for network in networks)


def format_address(host: str, port: int | None) -> str:
    """Write ``host:port``, an IPv6 host in brackets."""
    shown = f"[{host}]" if ":" in host else host
    return shown if port is None else f"{shown}:{port}"

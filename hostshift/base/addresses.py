"""Hosts as text: which spellings mean loopback, which are numbers. Pure.

This module reads numbers as the C library does (``inet_aton``): ``127.1``,
``0x7f.1``, ``017700000001`` and ``2130706433`` all are 127.0.0.1. Drivers pass
the text on to ``getaddrinfo``, which decides what a string means.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

LOOPBACK_V4 = 0x7F000001
_USUAL_V6 = {"::": 0, "::1": 1}
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
"""Names that container platforms give the machine they run on."""


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
    # int() also takes signs, underscores, other scripts' digits and a second 0x.
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
    if text in _USUAL_V6:
        return _USUAL_V6[text]
    if ":" not in text or "%" in text:
        return None
    from ipaddress import AddressValueError, IPv6Address

    try:
        return int(IPv6Address(text))
    except AddressValueError:
        return None


def value(host: str) -> tuple[int, int] | None:
    """Return the version and the value of an address, None for a name.

    An IPv4 address inside an IPv6 one (``::ffff:10.0.0.1``) is that IPv4 address.
    """
    if ":" not in host:
        number = ipv4_value(host)
        return None if number is None else (4, number)
    number = ipv6_value(host)
    if number is None:
        return None
    return (4, number & 0xFFFFFFFF) if number >> 32 == 0xFFFF else (6, number)


def unmapped(host: str) -> str:
    """Return the IPv4 address inside an IPv6 one (``::ffff:10.0.0.1``); any other host as it is.

    A client of the one reaches the other (RFC 4291, 2.5.5.2). So we compare what this returns.
    """
    known = value(host) if ":" in host else None
    if known is None or known[0] == 6:
        return host
    return _dotted(known[1])


def is_odd_number(host: str) -> bool:
    """Return True for an IPv4 address in another form than four decimal numbers: ``1``, ``10.1``.

    The C library takes ``6432`` for 0.0.25.32. Who writes it mostly means a port.
    """
    number = ipv4_value(host)
    return number is not None and host != _dotted(number)


def is_nowhere(host: str) -> bool:
    """Return True for a number that leads to no host: an odd one in 0.0.0.0/8, but for 0.

    That network is no destination (RFC 1122, 3.2.1.3). A few products have an address in it, as
    four numbers.
    """
    return is_odd_number(host) and 0 < (ipv4_value(host) or 0) < 1 << 24


def _dotted(number: int) -> str:
    return ".".join(str(number >> bits & 255) for bits in (24, 16, 8, 0))


def is_ip_literal(host: str) -> bool:
    """Return True if a host is an address rather than a name."""
    return ipv4_value(host) is not None or ":" in host


_HEXADECIMAL = frozenset("0123456789abcdefABCDEF")
MOST_OF_A_NAME = 255
"""The longest name, in characters (RFC 1035, 2.3.4)."""


def is_host(text: str) -> bool:
    """Return True if a text has the form of a host name or of an address; an empty one has.

    Any other text in the place of a host may be a whole connection string, with its password. A
    name may have letters of any script, because Python encodes them (RFC 3490), and ``_``, as
    compose's names have. An IPv6 address may have a zone (RFC 4007, 11).
    """
    if ":" in text:
        number, _, zone = text.partition("%")
        return _has_form_of_ipv6(number) and _is_name(zone)
    return _is_name(text)


def _has_form_of_ipv6(text: str) -> bool:
    """Return True for groups of hexadecimal digits (RFC 4291, 2.2).

    This loads no module: messages show hosts where a process has no free descriptor, too.
    """
    *words, last = text.split(":")
    dotted = "." in last and ipv4_value(last) is not None
    words += ["0", "0"] if dotted else [last]
    if not all(len(word) <= 4 and _HEXADECIMAL.issuperset(word) for word in words):
        return False
    if "::" in text:
        return text.find("::") == text.rfind("::") and sum(map(bool, words)) < 8
    return len(words) == 8 and all(words)


def _is_name(text: str) -> bool:
    plain = text.replace("-", "").replace(".", "").replace("_", "")
    if not plain or (plain.isascii() and plain.isalnum()):
        return len(text) <= MOST_OF_A_NAME
    # Some scripts write vowels as marks, which are no letters. Identifiers may have them.
    return len(text) <= MOST_OF_A_NAME and not plain.isascii() and f"_{plain}".isidentifier()


def is_loopback(host: str, loopback_names: Iterable[str] = ()) -> bool:
    """Return True if a host as written reaches loopback on every client.

    These are ``localhost`` in any case, 127.0.0.1 and ::1 by value, and the unspecified
    addresses, which Linux connects to loopback. The rest of 127/8 reaches loopback too, but
    programs use it for services of their own (127.0.0.11 is Docker's name server,
    127.0.0.53 systemd's).

    Args:
        host: a host name or an address.
        loopback_names: further names that this machine's hosts file maps to loopback, in
            lower case.

    """
    name = host.lower().removesuffix(".")
    if name in _USUAL_LOOPBACK or name in loopback_names:
        return True
    if ":" in host:
        return ipv6_value(host) in (0, 1, 0xFFFF00000000 | LOOPBACK_V4, 0xFFFF00000000)
    return ipv4_value(host) in (LOOPBACK_V4, UNSPECIFIED_V4)


def loopback_families(host: str) -> tuple[int, ...]:
    """Return the IP versions that a loopback spelling can reach."""
    if ":" in host:
        return (4,) if (ipv6_value(host) or 0) >> 32 == 0xFFFF else (6,)
    return (4,) if ipv4_value(host) is not None else (4, 6)


def is_host_alias(host: str) -> bool:
    """Return True if container platforms give their host this name."""
    return host.lower().removesuffix(".") in HOST_ALIASES


_RANGES = (
    # Instance metadata and credentials: every cloud serves secrets of the machine there.
    ("169.254.169.0/24", "metadata", "AWS, Azure, GCP, Oracle, DigitalOcean: instance metadata"),
    ("169.254.170.0/24", "metadata", "ECS task metadata, EKS pod identity"),
    ("169.254.42.42/32", "metadata", "Scaleway instance metadata"),
    ("169.254.0.23/32", "metadata", "Tencent Cloud instance metadata"),
    ("100.100.100.200/32", "metadata", "Alibaba Cloud instance metadata"),
    ("168.63.129.16/32", "metadata", "Azure WireServer"),
    ("192.0.0.192/32", "metadata", "Oracle Cloud Classic instance metadata"),
    ("fd00:ec2::/32", "metadata", "AWS over IPv6: metadata, DNS, time"),
    ("fd20:ce::/32", "metadata", "GCP over IPv6"),
    ("fd00:c1::/32", "metadata", "Oracle Cloud over IPv6"),
    ("fd00:42::42/128", "metadata", "Scaleway over IPv6"),
    ("fe80::a9fe:a9fe/128", "metadata", "OpenStack over IPv6"),
    # Products that use an address of a range that nobody owns.
    ("0.250.250.254/32", "private", "OrbStack: its host"),
    ("198.19.0.0/16", "private", "OrbStack: its machines"),
    ("10.0.0.0/8", "private", "RFC 1918"),
    ("172.16.0.0/12", "private", "RFC 1918"),
    ("192.168.0.0/16", "private", "RFC 1918"),
    ("100.64.0.0/10", "private", "RFC 6598: shared between a provider and its customers"),
    ("127.0.0.0/8", "private", "RFC 1122: loopback"),
    ("169.254.0.0/16", "private", "RFC 3927: link-local"),
    ("::1/128", "private", "RFC 4291: loopback"),
    ("fc00::/7", "private", "RFC 4193: unique local"),
    ("fe80::/10", "private", "RFC 4291: link-local"),
    ("192.0.2.0/24", "documentation", "RFC 5737"),
    ("198.51.100.0/24", "documentation", "RFC 5737"),
    ("203.0.113.0/24", "documentation", "RFC 5737"),
    ("2001:db8::/32", "documentation", "RFC 3849"),
    ("3fff::/20", "documentation", "RFC 9637"),
    ("0.0.0.0/8", "special", "RFC 1122: this network"),
    ("192.0.0.0/24", "special", "RFC 6890: protocol assignments"),
    ("198.18.0.0/15", "special", "RFC 2544: benchmarks"),
    ("224.0.0.0/4", "special", "RFC 1112: multicast"),
    ("240.0.0.0/4", "special", "RFC 1112: reserved"),
    ("::/128", "special", "RFC 4291: unspecified"),
    ("100::/64", "special", "RFC 6666: discarded"),
    ("2001:2::/48", "special", "RFC 5180: benchmarks"),
    ("ff00::/8", "special", "RFC 4291: multicast"),
)
"""Ranges, their kind and its source. The first range that holds an address decides. An address
in none of them is public.

The table does not rest on :mod:`ipaddress`: what that calls global has changed within Python
3.11, 3.12 and 3.13 (cpython 113171), and it counts documentation and benchmark networks as
private."""


def kind(number: str) -> str | None:
    """Return private, metadata, documentation, special or public; None if it is no address.

    An IPv4 address inside an IPv6 one (``::ffff:10.0.0.1``) counts by its own value.
    """
    from ipaddress import IPv6Address, ip_address

    try:
        address = ip_address(number)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or address
    size, value = address.max_prefixlen, int(address)
    for text, range_kind, _ in _RANGES:
        network, _, bits = text.partition("/")
        # Parsed by hand: ip_network would take a millisecond for all of them.
        if (":" in network) == (size == 128) and not (_value(network) ^ value) >> size - int(bits):
            return range_kind
    return "public"


def _value(number: str) -> int:
    """Return the value of an address of the table."""
    return (ipv6_value(number) if ":" in number else ipv4_value(number)) or 0


def is_private(number: str) -> bool:
    """Return True if an address belongs to a private network, a link, or loopback.

    Public, documentation, benchmark, multicast and reserved addresses do not. A cloud's
    metadata service never does: no container and no host has its address.
    """
    return kind(number) == "private"


def in_subnets(address: str, subnets: Iterable[str]) -> bool:
    """Return True if an address lies in one of the subnets, written as ``10.0.0.0/8``."""
    from ipaddress import ip_address, ip_network

    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    for subnet in subnets:
        try:
            network = ip_network(subnet, strict=False)
        except ValueError:
            continue
        if parsed.version == network.version and parsed in network:
            return True
    return False


def format_address(host: str, port: int | None) -> str:
    """Write ``host:port``, an IPv6 host in brackets."""
    shown = f"[{host}]" if ":" in str(host) else str(host)
    return shown if port is None else f"{shown}:{port}"

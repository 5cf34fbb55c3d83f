"""Shared by the dialects: read one ``host[:port]`` in a text, and write values there."""

from __future__ import annotations

from hostshift.dsn.model import Endpoint, Slot, Unreadable, Unwritable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


_HEX = frozenset("0123456789abcdefABCDEF:")


def as_is(value: str) -> str:
    """Write a value as it is; an IPv6 address without brackets as well."""
    return value


def bracketed(host: str) -> str:
    """Write a host as URIs do: an IPv6 address in brackets (RFC 3986, 3.2.2)."""
    return f"[{host}]" if ":" in host else host


def after_colon(port: str) -> str:
    """Write a port where the text has none."""
    return f":{port}"


def no_ipv6(reason: str) -> Callable[[str], str]:
    """Return a writer that takes names and IPv4 addresses only."""

    def write(host: str) -> str:
        if ":" in host:
            raise Unwritable(reason)
        return host

    return write


def nowhere(at: int, reason: str) -> Slot:
    """Return the slot of a port that the text has no place for."""

    def write(_: str) -> str:
        raise Unwritable(reason)

    return Slot(start=at, end=at, write=write)


def host_port(
    text: str,
    start: int,
    end: int,
    default_port: int | None,
    decode: Callable[[str], str] = as_is,
) -> Endpoint:
    """Read ``host``, ``host:port``, ``[ipv6]`` or ``[ipv6]:port`` between two offsets.

    Raises:
        Unreadable: the text is none of these, or the port is impossible.

    """
    if text.startswith("[", start):
        close = text.find("]", start, end)
        if close < 0:
            raise Unreadable("a bracket is not closed")
        host, host_end = text[start + 1 : close], close + 1
        if ":" not in host:
            raise Unreadable("brackets hold something that is no IPv6 address")
    else:
        if text.count(":", start, end) > 2 and _HEX.issuperset(text[start:end]):
            raise Unreadable("an IPv6 address without brackets, which clients read differently")
        colon = text.find(":", start, end)
        host_end = colon if colon >= 0 else end
        host = text[start:host_end]
    if "%" in host:
        host = decode(host)
    check_host(host)
    port, port_at = _port(text, host_end, end)
    return Endpoint(
        host=host,
        port=port,
        default_port=default_port,
        host_at=Slot(start=start, end=host_end, write=bracketed),
        port_at=port_at,
    )


def is_address(text: str) -> bool:
    """Return True if a text is ``host[:port]`` and nothing else."""
    try:
        host_port(text, 0, len(text), None)
    except Unreadable:
        return False
    return True


def _port(text: str, start: int, end: int) -> tuple[int | None, Slot]:
    """Read ``:port`` from the end of the host on; return None for an empty port."""
    if start == end:
        return None, Slot(start=end, end=end, write=after_colon)
    if text[start] != ":":
        raise Unreadable("something stands behind a host that is no port", refused=True)
    slot = Slot(start=start + 1, end=end, write=as_is)
    return (port_number(text[start + 1 : end]) if start + 1 < end else None), slot


def port_number(text: str) -> int:
    """Read a port of 1 to 65535 in plain digits.

    Raises:
        Unreadable: the text is no such port.

    """
    if len(text) > 5 or not (text.isascii() and text.isdecimal()) or not 0 < int(text) < 65536:
        raise Unreadable("a port is not a number from 1 to 65535", refused=True)
    return int(text)


def check_host(host: str) -> None:
    """Refuse a host that clients would read in different ways.

    It may hold letters, digits, ``-``, ``.``, ``_``, and for IPv6 ``:`` and a zone.
    One client or another reads anything else (backslashes, other scripts, invisible
    characters) as a different host.

    Raises:
        Unreadable: the host holds something else, or is longer than a DNS name can be.

    """
    plain = host.replace("-", "").replace(".", "").replace("_", "")
    if ":" in host:
        plain = plain.replace(":", "").replace("%", "")
    if host.startswith(".") and host.strip("."):
        raise Unreadable("a host begins with a dot, as the path of a socket may")
    if len(host) > 255:
        raise Unreadable("a host is longer than a name can be")
    if not (plain.isascii() and plain.isalnum()) and not (":" in host and not plain):
        oddity = _oddity(plain)
        # What no name and no address can hold is refused, if only by the name server.
        refused = oddity in _UNRESOLVABLE
        raise Unreadable(f"a host holds {oddity}, which clients read differently", refused=refused)


_ODDITIES = (
    ("a quote", "'\"`"),
    ("a blank", " \t"),
    ("a backslash", "\\"),
    ("a comma", ","),
    ("a semicolon", ";"),
    ("an equals sign", "="),
    ("a percent sign", "%"),
    ("an @", "@"),
    ("a brace or a bracket", "{}[]()<>"),
)


_UNRESOLVABLE = frozenset(
    ("a quote", "a blank", "a comma", "a semicolon", "an equals sign", "a brace or a bracket")
)


def _oddity(host: str) -> str:
    """Name the first kind of character that no host has. Its class only: it may be a secret."""
    if not host:
        return "nothing but dots and dashes"
    for name, characters in _ODDITIES:
        if any(character in host for character in characters):
            return name
    return "a character that is no letter, digit, dot or dash"


def is_ipv6(host: str) -> bool:
    """Return True if a host is an IPv6 address, with or without a zone."""
    from ipaddress import AddressValueError, IPv6Address

    try:
        IPv6Address(host)
    except AddressValueError:
        return False
    return True


def is_socket(host: str) -> bool:
    """Return True if a host is the path of a Unix socket (or an abstract one, ``@…``)."""
    return host[:1] in ("/", "@") or host[:3].lower() == "%2f"

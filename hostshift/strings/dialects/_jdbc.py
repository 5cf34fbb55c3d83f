"""Shared by the modules of the JDBC drivers: trimming, parameters, IPv6."""

from __future__ import annotations

from hostshift.strings import authority, places
from hostshift.strings.masking import is_secret, secret_parameters
from hostshift.strings.model import Endpoint, Unreadable, Unwritable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

Span = tuple[int, int]


def trimmed(text: str, start: int, end: int) -> Span:
    """Return the span without the blanks around it."""
    while start < end and text[start] == " ":
        start += 1
    while start < end and text[end - 1] == " ":
        end -= 1
    return start, end


def is_ipv6(host: str) -> bool:
    """Return True if a text can be an IPv6 address, with or without a zone; not ``host:port``."""
    address = host.partition("%")[0]
    if address.count(":") < 2:
        return False
    from ipaddress import AddressValueError, IPv6Address

    try:
        IPv6Address(address)
    except AddressValueError:
        return False
    return True


def plain_host(text: str, start: int, end: int, default_port: int | None) -> Endpoint | None:
    """Read ``host``, ``host:port`` or ``[ipv6]:port``; None where there is no host.

    Raises:
        Unreadable: it is none of these.

    """
    if start == end or text[start] == ":":
        if start + 1 < end:
            places.port_number(text[start + 1 : end])
        return None
    endpoint = places.host_port(text, start, end, default_port, authority.refuse_escapes)
    if ":" in endpoint.host and not is_ipv6(endpoint.host):
        raise Unreadable("brackets hold something that is no IPv6 address")
    return endpoint


def between(text: str, mark: str, start: int, end: int) -> list[Span]:
    """Return the spans that a mark parts."""
    spans = []
    while start <= end:
        at = text.find(mark, start, end)
        stop = at if at >= 0 else end
        spans.append((start, stop))
        start = stop + 1
    return spans


def no_ipv6(host: str) -> str:
    """Write a host where a colon would begin the port.

    Raises:
        Unwritable: it is an IPv6 address.

    """
    if ":" in host:
        raise Unwritable("an IPv6 address cannot stand in this place")
    return host


def parameters(text: str, start: int, mark: str) -> Iterator[tuple[str, int, int]]:
    """Yield name and span of the value of each ``name=value`` from an offset on."""
    while start < len(text):
        end = authority.first_of(text, mark, start)
        equals = text.find("=", start, end)
        name_end = equals if equals >= 0 else end
        yield text[start:name_end], min(name_end + 1, end), end
        start = end + 1


def refuse_parameters(text: str, start: int, harmless: dict[str, str]) -> None:
    """Leave alone what says in its query where to connect, unless it says so in vain.

    Args:
        text: the connection string.
        start: the offset of the first parameter's name.
        harmless: names in lower case that matter, and the one value with which they do not.

    """
    for name, at, end in parameters(text, start, "&"):
        plain = name.strip().lower()
        if plain in harmless and text[at:end].lower() != harmless[plain]:
            raise Unreadable("the query says where to connect, or by what means")


def secrets(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield the secret spans of ``//authority/path?query`` without user information.

    Args:
        text: the connection string.
        start: where the authority begins.
        end: where it ends; an ``@`` behind may be the rest of a password.

    """
    yield authority.credentials(text, start, -1, end)
    yield from secret_parameters(text, end)


def secret_settings(text: str, start: int, mark: str) -> Iterator[Span]:
    """Yield the secret values of ``name=value`` with a mark of the driver's own between them."""
    for name, at, end in parameters(text, start, mark):
        if is_secret(name):
            yield at, end

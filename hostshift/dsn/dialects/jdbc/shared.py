"""Shared by the modules of JDBC and Oracle: hosts, parameters, secrets."""

from __future__ import annotations

from hostshift.dsn import authority, host_port
from hostshift.dsn.masking import secret_parameters
from hostshift.dsn.model import Endpoint, Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

Span = tuple[int, int]

no_ipv6 = host_port.no_ipv6("an IPv6 address cannot stand in this place")
"""Writes a host where a colon would begin the port."""


def is_ipv6(text: str) -> bool:
    """Return True if a text is an IPv6 address, with any zone or none."""
    return host_port.is_ipv6(text.partition("%")[0])


def plain_host(text: str, start: int, end: int, default_port: int | None) -> Endpoint | None:
    """Read ``host``, ``host:port`` or ``[ipv6]:port``; return None if the host is missing.

    Raises:
        Unreadable: the text is none of these.

    """
    if start == end or text[start] == ":":
        if start + 1 < end:
            host_port.port_number(text[start + 1 : end])
        return None
    endpoint = host_port.host_port(text, start, end, default_port, authority.refuse_escapes)
    if ":" in endpoint.host and not is_ipv6(endpoint.host):
        raise Unreadable("brackets hold something that is no IPv6 address")
    return endpoint


def parameters(text: str, start: int, mark: str) -> Iterator[tuple[str, int, int]]:
    """Yield the name, and the span of the value, of each ``name=value`` from an offset on."""
    while start < len(text):
        end = authority.first_of(text, mark, start)
        equals = text.find("=", start, end)
        name_end = equals if equals >= 0 else end
        yield text[start:name_end], min(name_end + 1, end), end
        start = end + 1


def refuse_parameters(text: str, start: int, harmless: dict[str, str]) -> None:
    """Refuse a query that decides where to connect.

    Args:
        text: the connection string.
        start: the offset of the first parameter's name.
        harmless: the parameters that decide it, in lower case, each with the one value
            that decides nothing.

    Raises:
        Unreadable: the query has such a parameter with another value.

    """
    for name, at, end in parameters(text, start, "&"):
        plain = name.strip().lower()
        if plain in harmless and text[at:end].lower() != harmless[plain]:
            raise Unreadable("the query says where to connect, or by what means")


def secrets(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield the secret spans of ``//authority/path?query`` without user information.

    Args:
        text: the connection string.
        start: the offset where the authority begins.
        end: the offset where it ends; an ``@`` behind may belong to a password.

    """
    yield authority.credentials(text, start, -1, end)
    yield from secret_parameters(text, end)

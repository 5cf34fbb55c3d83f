"""``odbc_connect``: an ODBC string for SQL Server, percent-encoded in a SQLAlchemy URL.

``SERVER=[tcp:]host[,port]`` among attributes with ``;`` between them, whose values may
stand in braces with ``}`` doubled (ODBC's SQLDriverConnect; "DSN and connection string
keywords" of Microsoft's driver).
"""

from __future__ import annotations

from hostshift.dsn.host_port import as_is, check_host, no_ipv6, port_number
from hostshift.dsn.model import Endpoint, Slot, Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

PORT = 1433
_OTHER = frozenset(
    ("addr", "address", "network address", "servername", "port", "failover_partner", "hostname")
)
_SOURCES = frozenset(("dsn", "filedsn"))
_HEX = "0123456789abcdefABCDEF"
_NO_IPV6 = no_ipv6("an IPv6 address cannot stand in an ODBC string")
"""Drivers differ in how they take IPv6 addresses."""


def endpoints(text: str, start: int, end: int) -> list[Endpoint]:
    """Read the server of the encoded string between two offsets."""
    plain, offsets = _decoded(text, start, end)
    servers = []
    for name, first, last in _attributes(plain):
        if name in _OTHER:
            raise Unreadable("the ODBC string names its address in a way drivers read differently")
        if name in ("server", *_SOURCES):
            servers.append((name, first, last))
    if not servers or (len(servers) == 1 and servers[0][0] in _SOURCES):
        return []
    if len(servers) > 1:
        raise Unreadable("the ODBC string names more than one server")
    return [_server(plain, offsets, *servers[0][1:])]


def _decoded(text: str, start: int, end: int) -> tuple[str, list[int]]:
    """Undo the escapes; return the offset in the text of every character as well.

    Other than ASCII becomes a stand-in, because it can only be part of other values.
    """
    plain, offsets, at = [], [], start
    while at < end:
        offsets.append(at)
        escaped = text[at] == "%" and at + 2 < end and all(c in _HEX for c in text[at + 1 : at + 3])
        if escaped:
            code = int(text[at + 1 : at + 3], 16)
            plain.append(chr(code) if code < 128 else "\ufffd")
            at += 3
        else:
            plain.append(" " if text[at] == "+" else text[at])
            at += 1
    return "".join(plain), [*offsets, end]


def _attributes(plain: str) -> Iterator[tuple[str, int, int]]:
    """Yield the name of every attribute, and the span of its value without braces."""
    at = 0
    while at < len(plain):
        semicolon = plain.find(";", at)
        stop = semicolon if semicolon >= 0 else len(plain)
        equals = plain.find("=", at, stop)
        if equals < 0:
            if plain[at:stop].strip():
                raise Unreadable("the ODBC string holds an attribute without a value")
            at = stop + 1
            continue
        name = plain[at:equals].strip().lower()
        first = _past_spaces(plain, equals + 1)
        if plain.startswith("{", first):
            last, at = _braced(plain, first)
            yield name, first + 1, last
        else:
            yield name, min(first, stop), min(first, stop) + len(plain[first:stop].rstrip())
            at = stop + 1


def _past_spaces(plain: str, at: int) -> int:
    """Return the offset behind spaces."""
    while at < len(plain) and plain[at] == " ":
        at += 1
    return at


def _braced(plain: str, start: int) -> tuple[int, int]:
    """Return the end of a value in braces, and the start of the next attribute."""
    close = plain.find("}", start)
    while close >= 0 and plain.startswith("}}", close):
        close = plain.find("}", close + 2)
    behind = _past_spaces(plain, close + 1)
    if close < 0 or (behind < len(plain) and plain[behind] != ";"):
        raise Unreadable("the ODBC string holds a brace that is not closed")
    return close, behind + 1


def _server(plain: str, offsets: list[int], first: int, last: int) -> Endpoint:
    """Read ``[tcp:]host[,port]``."""
    if plain[first : first + 4].lower() == "tcp:":
        first += 4
    comma = plain.find(",", first, last)
    host_end = comma if comma >= 0 else last
    host = plain[first:host_end]
    check_host(host)
    if ":" in host:
        raise Unreadable("the server holds a colon, which drivers read differently")
    port = port_number(plain[comma + 1 : last]) if comma >= 0 else None
    port_start = comma + 1 if comma >= 0 else last
    write = as_is if comma >= 0 else _after_comma
    return Endpoint(
        host=host,
        port=port,
        default_port=PORT,
        host_at=Slot(start=offsets[first], end=offsets[host_end], write=_NO_IPV6),
        port_at=Slot(start=offsets[port_start], end=offsets[last], write=write),
    )


def _after_comma(port: str) -> str:
    """Write a port where the text has none."""
    return f"%2C{port}"

"""One host of a MySQL URL: ``host:port``, ``(host=…,port=…)`` or ``address=(host=…)(port=…)``."""

from __future__ import annotations

from hostshift.dsn import host_port
from hostshift.dsn.dialects._nested import pieces, trimmed
from hostshift.dsn.dialects.jdbc import shared
from hostshift.dsn.masking import is_secret
from hostshift.dsn.model import Endpoint, Scheme, Slot, Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

Fields = dict[str, shared.Span]

_CONNECTING = frozenset(
    ("pipe", "localsocket", "socketfactory", "namedpipepath", "sharedmemory", "dnssrv")
)
"""Keys beside a host that decide where the driver connects."""


def host_of(
    text: str,
    start: int,
    end: int,
    scheme: Scheme,
    secrets: list[shared.Span],
    *,
    maria: bool,
) -> Endpoint | None:
    """Read one host; return None if the entry names none."""
    if text.startswith("(", start) and not maria:
        spans = _commas(text, start, end)
        write = _after_comma
    elif text[start : min(start + 8, end)].lower() == "address=":
        if maria and (not text.startswith("address=", start) or text.find(",", start, end) >= 0):
            raise Unreadable("this driver reads such an address differently", refused=True)
        spans = _parentheses(text, start + 8, end)
        write = _after_parenthesis
    else:
        return shared.plain_host(text, start, end, scheme.port)
    # A comma in a password looks like the next pair, so hide all that follows.
    fields = _fields(text, spans, secrets, spans[-1][1] if write is _after_comma else -1)
    return _keyed(text, fields, scheme, write)


def _commas(text: str, start: int, end: int) -> list[shared.Span]:
    """Return the spans of ``(key=value,key=value)``."""
    start, end = start + 1, end - 1
    if not text.startswith(")", end) or any(mark in text[start:end] for mark in "()"):
        raise Unreadable("parentheses stand where this driver reads them differently")
    return pieces(text, ",", start, end)


def _parentheses(text: str, start: int, end: int) -> list[shared.Span]:
    """Return the spans of ``(key=value)(key=value)``."""
    spans = []
    while start < end:
        close = text.find(")", start, end)
        if text[start] != "(" or close < 0 or text.find("(", start + 1, close) >= 0:
            raise Unreadable("parentheses stand where this driver reads them differently")
        spans.append((start + 1, close))
        start = close + 1
    return spans


def _fields(
    text: str, spans: list[shared.Span], secrets: list[shared.Span], hidden_to: int
) -> Fields:
    """Return the spans of the values by key in lower case, without the blanks around them.

    It adds the secrets to the list, each up to the end of its value or to ``hidden_to``
    behind it.
    """
    fields: Fields = {}
    for start, end in spans:
        equals = text.find("=", start, end)
        key = text[start : equals if equals >= 0 else end].strip().lower()
        if "%" in key or " " in key:
            raise Unreadable("a key holds percent escapes or blanks")
        value = trimmed(text, equals + 1 if equals >= 0 else end, end)
        if key in fields and key in ("host", "port", "address"):
            raise Unreadable("a host or port is named twice")
        fields[key] = value
        if is_secret(key):
            secrets.append((value[0], max(value[1], hidden_to)))
    return fields


def _keyed(
    text: str,
    fields: Fields,
    scheme: Scheme,
    write: Callable[[str], str],
) -> Endpoint | None:
    """Read the host that the keys name."""
    if "address" in fields:
        return _addressed(text, fields, scheme)
    start, end = fields.get("host", (0, 0))
    if start == end:
        return None
    _refuse_others(text, fields)
    port_at = Slot(start=end, end=end, write=write)
    port = None
    if "port" in fields:
        at, stop = fields["port"]
        port_at = Slot(start=at, end=stop, write=host_port.as_is)
        port = host_port.port_number(text[at:stop]) if at < stop else None
    return Endpoint(
        host=_host(text[start:end]),
        port=port,
        default_port=scheme.port,
        host_at=Slot(start=start, end=end, write=host_port.bracketed),
        port_at=port_at,
    )


def _host(value: str) -> str:
    """Return a host without the brackets that an IPv6 address may have here."""
    host = value[1:-1] if value[0] == "[" and value[-1] == "]" else value
    host_port.check_host(host)
    if (":" in host or host != value) and not shared.is_ipv6(host):
        raise Unreadable("a host holds colons or brackets but is no IPv6 address")
    return host


def _addressed(text: str, fields: Fields, scheme: Scheme) -> Endpoint | None:
    """Read the key ``address``, which only the X DevAPI reads (XDevApiConnectionUrl)."""
    if scheme.protocol != "mysqlx" or "host" in fields or "port" in fields:
        raise Unreadable("an address is named that this driver does not heed")
    return shared.plain_host(text, *fields["address"], scheme.port)


def _refuse_others(text: str, fields: Fields) -> None:
    """Refuse a host that a pipe or a factory may replace."""
    protocol = fields.get("protocol", (0, 0))
    other = text[slice(*protocol)].lower() not in ("", "tcp")
    if other or not _CONNECTING.isdisjoint(fields):
        raise Unreadable("a key beside the host decides where to connect")


def _after_comma(port: str) -> str:
    """Write a port behind a host between commas."""
    return f",port={port}"


def _after_parenthesis(port: str) -> str:
    """Write a port behind a host between parentheses."""
    return f")(port={port}"

"""``clickhouse``: ClickHouse's native URLs (clickhouse_driver/util/helpers.py, parse_url).

User information ends at the last ``@`` before the first ``/``, ``?`` or ``#``. The
drivers do not undo escapes in hosts. Further hosts stand in ``?alt_hosts=``, or with
commas in the authority, which only clickhouse-go takes (clickhouse_options.go).
"""

from __future__ import annotations

from hostshift.dsn import authority
from hostshift.dsn.dialects._nested import doubtful, scheme_name
from hostshift.dsn.model import Reading, Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hostshift.dsn.model import Scheme

    Span = tuple[int, int]

_TRUE = frozenset(("yes", "true", "on", "y", "t", "1"))
_FALSE = frozenset(("no", "false", "off", "n", "f", "0"))
_PORT, _TLS_PORT = 9000, 9440


def read(text: str, scheme: Scheme) -> Reading:
    """Find the endpoints."""
    name = scheme_name(text)
    if "+" in name:
        raise Unreadable("a URL of SQLAlchemy's ClickHouse dialects")
    start = authority.start_of(text)
    end = authority.first_of(text, "/?#", start)
    parameters = dict(_parameters(text, end, ("alt_hosts", "secure")))
    secure = name == "clickhouses"
    if "secure" in parameters:
        secure = _is_true(text, parameters["secure"])
    scheme = scheme.replace(port=_default_port(scheme, secure=secure))
    at = text.rfind("@", start, end)
    if text.find("%25", max(at, start), end) >= 0:
        raise Unreadable("a zone of an IPv6 address, which clients write differently")
    first = max(at + 1, start)
    if text.find(",", first, end) >= 0:
        # clickhouse-go dials an empty entry as it is, and clickhouse-driver takes no list.
        if not all(text[first:end].split(",")):
            raise Unreadable("a host is empty")
        authority.refuse_later_brackets(text, first, end)
    reading = authority.reading("clickhouse", text, scheme, at, end, several=True)
    further = authority.endpoints(text, *parameters.get("alt_hosts", (1, 0)), scheme.port, True)
    return reading.replace(
        protocol="clickhouse",
        endpoints=(*reading.endpoints, *further),
        secrets=(*reading.secrets, *doubtful(text, start, end)),
    )


def _default_port(scheme: Scheme, *, secure: bool) -> int:
    """Return the default port: the consumer's own, else the one for plain or TLS."""
    if scheme.port in (None, _PORT, _TLS_PORT):
        return _TLS_PORT if secure else _PORT
    return scheme.port


def _is_true(text: str, span: Span) -> bool:
    """Read a boolean as clickhouse-driver does (util/compat.py, asbool)."""
    value = text[span[0] : span[1]].lower()
    if value not in _TRUE and value not in _FALSE:
        raise Unreadable("secure is neither true nor false", refused=True)
    return value in _TRUE


def _parameters(text: str, end: int, names: tuple[str, ...]) -> Iterator[tuple[str, Span]]:
    """Yield the names of some parameters and the spans of their values; skip empty ones."""
    stop = authority.first_of(text, "#", end)
    at = text.find("?", end, stop) + 1
    yielded = set()
    while 0 < at < stop:
        after = text.find("&", at, stop)
        after = after if after >= 0 else stop
        name, _, value = text[at:after].partition("=")
        if "%" in name or "+" in name:
            raise Unreadable("the name of a parameter has escapes")
        if name in names and value:
            if name in yielded or "%" in value or "+" in value:
                raise Unreadable("alt_hosts or secure is given twice, or has escapes")
            yielded.add(name)
            yield name, (after - len(value), after)
        at = after + 1

"""The URI dialects: where each family of drivers finds hosts in ``scheme://…``.

They differ in where user information ends, which is why one text can have
different hosts for different drivers:

========== ============================================== ===================
dialect    user information ends at                       several hosts
========== ============================================== ===================
uri        the last ``@`` before the first ``/``, ``?``   no
           or ``#``
libpq      the first ``@``, if no ``/`` comes before it   comma
sqlalchemy the first ``@`` behind the first ``:``, else   no
           the last one before any ``/``
mongodb    the only ``@`` before the first ``/``, ``?``   comma
========== ============================================== ===================
"""

from __future__ import annotations

from hostshift.strings.masking import secret_parameters
from hostshift.strings.model import Endpoint, Reading, Unreadable
from hostshift.strings.places import host_port, is_socket, port_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.strings.model import Scheme


def read_uri(text: str, scheme: Scheme) -> Reading:
    """Read as urllib does (RFC 3986); redis-py, kombu and most others use it."""
    start = _authority(text)
    end = _first_of(text, "/?#", start)
    at = text.rfind("@", start, end)
    return _reading("uri", text, scheme, start, at, end, several=False)


def read_mongodb(text: str, scheme: Scheme) -> Reading:
    """Read as the MongoDB drivers do (Connection String Specification)."""
    start = _authority(text)
    end = _first_of(text, "/?", start)
    at = text.rfind("@", start, end)
    if at >= 0 and (text.find("@", start, at) >= 0 or text.count(":", start, at) > 1):
        raise Unreadable("the user information holds a raw @ or a second colon", refused=True)
    return _reading("mongodb", text, scheme, start, at, end, several=True)


def read_libpq(text: str, scheme: Scheme) -> Reading:
    """Read as libpq does (fe-connect.c, conninfo_uri_parse_options)."""
    start = _authority(text)
    at = text.find("@", start, _first_of(text, "/", start))
    end = _first_of(text, "/?", at + 1 if at >= 0 else start)
    _refuse_parameters(text, end, ("host", "hostaddr", "port", "service"))
    return _reading("libpq", text, scheme, start, at, end, several=True)


def read_sqlalchemy(text: str, scheme: Scheme) -> Reading:
    """Read as SQLAlchemy does (engine/url.py, _parse_url)."""
    start = _authority(text)
    name_end = _first_of(text, ":/", start)
    at = text.find("@", name_end) if text.startswith(":", name_end) else -1
    if at < 0:
        at = text.rfind("@", start, name_end)
    end = _first_of(text, "/?", at + 1 if at >= 0 else start)
    _refuse_parameters(text, end, ("host", "port", "odbc_connect", "service"))
    return _reading("sqlalchemy", text, scheme, start, at, end, several=False)


def read_none(text: str, scheme: Scheme) -> Reading:
    """Read a scheme whose strings hold no host that could be rewritten."""
    return Reading(
        dialect="none",
        protocol=scheme.protocol,
        secrets=((text.find("://") + 3, len(text)),),
        trouble="strings of this scheme hold no address that can be rewritten",
    )


def _authority(text: str) -> int:
    """Return the offset behind ``://``."""
    return text.index("://") + 3


def _first_of(text: str, marks: str, start: int) -> int:
    """Return the offset of the first of these characters, or the end of the text."""
    found = [at for at in (text.find(mark, start) for mark in marks) if at >= 0]
    return min(found) if found else len(text)


def _refuse_parameters(text: str, start: int, names: tuple[str, ...]) -> None:
    """Leave alone what names its hosts in the query: those override the authority."""
    query = (
        text.partition("?")[2] if text.startswith("?", start) else text[start:].partition("?")[2]
    )
    for parameter in query.split("&"):
        if parameter.partition("=")[0] in names or "%" in parameter.partition("=")[0]:
            raise Unreadable("the query names an address, which overrides the one before it")


def _reading(
    dialect: str, text: str, scheme: Scheme, start: int, at: int, end: int, *, several: bool
) -> Reading:
    """Read the hosts between the user information and the end of the authority."""
    hosts_start = at + 1 if at >= 0 else start
    secrets = _credentials(text, start, at, end)
    return Reading(
        dialect=dialect,
        protocol=scheme.protocol,
        endpoints=tuple(_endpoints(dialect, text, hosts_start, end, scheme.port, several=several)),
        secrets=(secrets, *secret_parameters(text, end)),
    )


def _credentials(text: str, start: int, at: int, end: int) -> tuple[int, int]:
    """Return the span of the password, or of everything where there is none: a token.

    An ``@`` behind the end of the authority may be the rest of a password that
    holds a raw ``/``, ``?`` or ``#``: then everything may be secret.
    """
    if at < 0:
        return (start, len(text)) if text.find("@", end) >= 0 else (start, start)
    colon = text.find(":", start, at)
    return (colon + 1 if colon >= 0 else start), at


def _endpoints(
    dialect: str, text: str, start: int, end: int, default_port: int | None, *, several: bool
) -> list[Endpoint]:
    """Read ``host[:port]`` or a comma list of them; sockets and empty hosts give no endpoint."""
    found = []
    while start <= end:
        comma = text.find(",", start, end) if several else -1
        stop = comma if comma >= 0 else end
        entry = text[start:stop]
        if entry[:1] == ":":  # no host: the driver's own default
            _ = entry == ":" or port_number(entry[1:])
        elif entry and not is_socket(entry) and not entry.endswith(".sock"):
            decode = _unquote if dialect == "libpq" else _refuse_escapes
            found.append(host_port(text, start, stop, default_port, decode))
        start = stop + 1
    return found


def _unquote(host: str) -> str:
    """Undo percent escapes, as libpq does in hosts."""
    from urllib.parse import unquote

    return unquote(host)


def _refuse_escapes(host: str) -> str:
    """Leave escapes alone: most drivers take them literally, some undo them."""
    if ":" in host:  # the zone of an IPv6 address
        return host
    raise Unreadable("a host holds percent escapes, which clients read differently")

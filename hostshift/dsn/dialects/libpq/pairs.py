"""libpq's ``keyword=value`` strings (fe-connect.c, conninfo_parse).

White space separates pairs, and may also stand around the ``=``. So
``host= port=5432`` names the host ``port=5432``. A value in single quotes may hold
anything. A backslash takes the next character as it is, in quotes and outside. The last pair
of a name wins.
"""

from __future__ import annotations

from hostshift.base.record import Record
from hostshift.dsn.dialects._host_lists import (
    Entry,
    check_numeric,
    entries,
    numeric,
    pair_lists,
    plain,
    refuse_issuer,
)
from hostshift.dsn.dialects.libpq.keywords import KEYWORDS, SETTINGS
from hostshift.dsn.host_port import as_is
from hostshift.dsn.masking import is_secret
from hostshift.dsn.model import Reading, Slot, Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_SPACE = " \t\n\r\v\f"


class Parameter(Record):
    """One keyword and the spans of its value: within the quotes, and with them."""

    name: str
    at: int
    """Where the name begins."""
    start: int
    end: int
    outer_start: int
    outer_end: int


def read(text: str, default_port: int) -> Reading:
    """Find the endpoints of a keyword=value string."""
    listed = list(parameters(text))
    _refuse_repeated(text, listed)
    last = {parameter.name: parameter for parameter in listed}
    addressed = "host" in last or "hostaddr" in last
    if not all(name in KEYWORDS or (addressed and _is_setting(name)) for name in last):
        raise Unreadable("a keyword is none of libpq's", refused=True)
    if "service" in last:
        raise Unreadable("a service is named, which may name another address")
    if "oauth_issuer" in last:
        refuse_issuer(text[last["oauth_issuer"].start : last["oauth_issuer"].end])
    for name in ("host", "hostaddr", "port"):
        if name in last and "\\" in text[last[name].start : last[name].end]:
            raise Unreadable("a host or a port holds a backslash")
    names = _listed(text, last.get("host"))
    addresses = _listed(text, last.get("hostaddr"))
    for entry in addresses:
        if entry.value:
            check_numeric(entry.value)
    addresses = [
        entry.replace(at=Slot(start=entry.at.start, end=entry.at.end, write=numeric))
        for entry in addresses
    ]
    return Reading(
        dialect="libpq",
        endpoints=pair_lists(names, addresses, _ports(text, last), default_port),
        secrets=tuple(_secrets(text, listed)),
    )


def _refuse_repeated(text: str, parameters: list[Parameter]) -> None:
    """Refuse an address that is given again behind a password, whose rest it may be."""
    named: set[str] = set()
    behind = False
    for parameter in parameters:
        if parameter.name in ("host", "hostaddr", "port"):
            if behind and parameter.name in named:
                raise Unreadable("the address is given again behind a password")
            named.add(parameter.name)
        behind = behind or (parameter.name == "password" and not _is_quoted(text, parameter))


def _secrets(text: str, parameters: list[Parameter]) -> Iterator[tuple[int, int]]:
    """Yield the spans of secret values.

    A keyword that nobody knows may be the rest of the password before it, behind a raw blank or
    quote. So it is hidden as well.
    """
    behind = False
    for parameter in parameters:
        secret, quoted = _is_secret(text, parameter), _is_quoted(text, parameter)
        odd = _is_unknown(parameter)
        if secret:
            yield parameter.at - 1 if behind and odd else parameter.outer_start, parameter.outer_end
        behind = (secret and not quoted) or (behind and odd)


def _is_quoted(text: str, parameter: Parameter) -> bool:
    """Return True if quotes end a value for certain: behind ``'it's=x'`` a word may be its rest."""
    quoted = parameter.start > parameter.outer_start
    return quoted and text[parameter.outer_end : parameter.outer_end + 1].strip(_SPACE) == ""


def _is_secret(text: str, parameter: Parameter) -> bool:
    """Return True if a value may be secret; a database's name may be a whole connection string."""
    nested = parameter.name == "dbname" and ("@" in text[parameter.start : parameter.end])
    return nested or _is_unknown(parameter) or is_secret(parameter.name)


def _is_unknown(parameter: Parameter) -> bool:
    return parameter.name not in KEYWORDS and parameter.name.lower() not in SETTINGS


def _is_setting(name: str) -> bool:
    """Return True if a keyword may be a run-time setting of the server, as pgx sends them."""
    return name.isascii() and name.replace(".", "_").isidentifier()


def parameters(text: str) -> Iterator[Parameter]:
    """Yield the parameters in order.

    Raises:
        Unreadable: the text does not consist of such pairs.

    """
    at = _space(text, 0)
    while at < len(text):
        start = at
        while at < len(text) and text[at] != "=" and text[at] not in _SPACE:
            at += 1
        name = text[start:at]
        at = _space(text, at)
        if at >= len(text) or text[at] != "=":
            raise Unreadable("a keyword has no value", refused=True)
        parameter = _value(text, name, start, _space(text, at + 1))
        yield parameter
        at = _space(text, parameter.outer_end)


def _space(text: str, at: int) -> int:
    """Return the offset behind white space."""
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def _value(text: str, name: str, at: int, start: int) -> Parameter:
    """Read a value: up to white space, or in single quotes."""
    if text.startswith("'", start):
        end = _unescaped(text, start + 1, "'")
        if end == len(text):
            raise Unreadable("a quote is not closed", refused=True)
        return Parameter(
            name=name, at=at, start=start + 1, end=end, outer_start=start, outer_end=end + 1
        )
    end = _unescaped(text, start, _SPACE)
    return Parameter(name=name, at=at, start=start, end=end, outer_start=start, outer_end=end)


def _unescaped(text: str, at: int, marks: str) -> int:
    """Return the offset of the first of these characters without a backslash before it."""
    while at < len(text) and text[at] not in marks:
        at += 2 if text[at] == "\\" else 1
    return min(at, len(text))


def _listed(text: str, parameter: Parameter | None) -> list[Entry]:
    """Return the comma list of a value."""
    return entries(text, parameter.start, parameter.end, plain) if parameter else []


def _ports(text: str, last: dict[str, Parameter]) -> list[Entry]:
    """Return the ports, or the place for a new one: behind the host's value."""
    parameter = last.get("port")
    if parameter:
        return entries(text, parameter.start, parameter.end, as_is)
    host = last.get("host") or last.get("hostaddr")
    at = host.outer_end if host else len(text)
    # The next keyword may follow a closing quote at once.
    behind = "" if at >= len(text) or text[at] in _SPACE else " "
    slot = Slot(start=at, end=at, write=lambda ports: f" port={ports}{behind}")
    return [Entry(value="", at=slot)]

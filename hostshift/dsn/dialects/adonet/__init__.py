"""``adonet``: ADO.NET's connection strings (DbConnectionOptions.GetKeyValuePair).

``keyword=value;``, with values in ``'`` or ``"`` where they need it, and a quote doubled
inside. ``==`` is an equals sign in a keyword. The last of several wins. The keywords show
the driver, because every driver raises on those that it does not know: see
:mod:`.adonet.keywords`, :mod:`.adonet.drivers` and :mod:`.adonet.others`. Each driver that takes
all keywords of a text has a vote, however many others take them too.
"""

from __future__ import annotations

from hostshift.dsn.dialects._keyword_values import (
    Pair,
    credentials,
    refuse_invisible,
    secret_values,
    skip_blanks,
)
from hostshift.dsn.dialects._nested import trimmed
from hostshift.dsn.dialects.adonet import drivers, keywords, others
from hostshift.dsn.host_port import nowhere
from hostshift.dsn.model import Endpoint, Reading, Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.dsn.model import Scheme


def read(text: str, scheme: Scheme) -> Reading:
    """Find the endpoints."""
    refuse_invisible(text)
    pairs = list_pairs(text)
    named = {pair.keyword.translate(_FILL): pair for pair in pairs}
    _refuse_repeated(pairs)
    readings = _readings(text, named, scheme.protocol)
    if "://" in text:
        _refuse_further(text, named)
    _, first = readings[0]
    endpoints = first if len(readings) == 1 else _agreed([endpoints for _, endpoints in readings])
    if scheme.port is not None:
        endpoints = [endpoint.replace(default_port=scheme.port) for endpoint in endpoints]
    spoken = {protocol for protocol, _ in readings}
    return Reading(
        dialect="adonet",
        protocol=scheme.protocol or (spoken.pop() if len(spoken) == 1 else ""),
        endpoints=tuple(endpoints),
        secrets=(*secret_values(pairs), *credentials(text, pairs)),
    )


_FILL = {ord(character): None for character in " _-"}


def _refuse_further(text: str, named: dict[str, Pair]) -> None:
    """Refuse a URL of this machine (``Enclave Attestation Url``, ``msiendpoint``): it would stay.

    Raises:
        Unreadable: a keyword that is not the server's has one.

    """
    from hostshift.dsn import second_addresses

    for keyword, pair in named.items():
        value = text[pair.start : pair.end]
        if keyword in keywords.ADDRESSES or "://" not in value:
            continue
        if second_addresses.holds_one(keyword, value):
            raise Unreadable(second_addresses.REASON)


def _refuse_repeated(pairs: list[Pair]) -> None:
    """Refuse an address that is given again behind a password, whose rest it may be."""
    named: set[str] = set()
    behind = False
    for pair in pairs:
        keyword = pair.keyword.translate(_FILL)
        kind = "address" if keyword in keywords.ADDRESSES else keyword
        if kind in ("address", "port"):
            if behind and kind in named:
                raise Unreadable("the address is given again behind a password")
            named.add(kind)
        behind = behind or (keyword in _PASSWORDS and pair.after == pair.end)


_PASSWORDS = frozenset(("password", "pwd", "psw"))


def _readings(text: str, named: dict[str, Pair], protocol: str) -> list[tuple[str, list[Endpoint]]]:
    """Read as each plausible driver does; those that refuse the text do not count.

    Raises:
        Unreadable: one of them cannot be sure, or there is none.

    """
    takers = drivers.plausible(named.keys(), protocol)
    if not (protocol and takers):
        takers += others.plausible(named.keys(), protocol)
    readings, trouble = _read_as(takers, text, named)
    if not readings:
        raise Unreadable(trouble or _unknown(named), refused=True)
    if readings[0][0] == "oracle" and drivers.is_alias(text, named):
        raise Unreadable("an Oracle data source may be an alias")
    return readings


def _read_as(
    plausible: tuple[drivers.Driver, ...], text: str, named: dict[str, Pair]
) -> tuple[list[tuple[str, list[Endpoint]]], str]:
    """Return the protocol and the endpoints for each driver, and why the last refused the text."""
    readings, trouble = [], ""
    for driver in plausible:
        try:
            readings.append((driver.protocol, driver.read(text, named)))
        except Unreadable as error:
            if not error.refused:
                raise
            trouble = error.reason
    return readings, trouble


def _unknown(named: dict[str, Pair]) -> str:
    """Return that no driver takes the keywords, with the odd one if it can be no secret."""
    from hostshift.dsn.known_names import is_known

    taken = frozenset[str]().union(
        *(driver.keywords for driver in (*drivers.DRIVERS, *others.OTHERS))
    )
    odd = [keyword for keyword in named if keyword not in taken]
    if not odd:
        return "no known driver takes these keywords together"
    known = next((keyword for keyword in odd if is_known(keyword)), "")
    why = f"the first unknown one is {known}" if known else "one may be misspelled"
    return f"no known driver takes these keywords: {why}"


def _agreed(readings: list[list[Endpoint]]) -> list[Endpoint]:
    """Return the endpoints that all plausible drivers see.

    Raises:
        Unreadable: the drivers see different hosts or ports.

    """
    first, *others = readings
    for other in others:
        if [_address(endpoint) for endpoint in other] != [_address(endpoint) for endpoint in first]:
            raise Unreadable("the drivers that take such a text see different addresses in it")
    return [_common(endpoints) for endpoints in zip(*readings, strict=True)]


def _address(endpoint: Endpoint) -> tuple[str, int | None, int, int]:
    """Return what drivers have to agree on."""
    return endpoint.host, endpoint.port, endpoint.host_at.start, endpoint.host_at.end


def _common(endpoints: tuple[Endpoint, ...]) -> Endpoint:
    """Return one driver's endpoint, without what the others do differently."""
    first = endpoints[0]
    if any(endpoint.host_at.write is not first.host_at.write for endpoint in endpoints):
        first = first.replace(host_at=first.host_at.replace(write=drivers.NO_IPV6))
    if any(endpoint.default_port != first.default_port for endpoint in endpoints):
        first = first.replace(default_port=None)
    if any(endpoint.port_at != first.port_at for endpoint in endpoints):
        reason = "it is not clear which driver reads it, and each has another place for the port"
        first = first.replace(port_at=nowhere(first.host_at.end, reason))
    return first


def list_pairs(text: str) -> list[Pair]:
    """Find the pairs.

    Raises:
        Unreadable: the text does not consist of such pairs.

    """
    pairs: list[Pair] = []
    at, end = 0, len(text)
    while True:
        while at < end and text[at] in "; ":
            at += 1
        if at == end:
            return pairs
        equals = _equals(text, at)
        keyword = text[at:equals].rstrip(" ").replace("==", "=").lower()
        if not keyword or not keyword.isascii():
            raise Unreadable("a keyword is empty or not ASCII", refused=True)
        pair = _value(text, keyword, skip_blanks(text, equals + 1, end))
        pairs.append(pair)
        at = skip_blanks(text, pair.after, end)
        if at < end and text[at] != ";":
            raise Unreadable("something stands behind a closing quote", refused=True)


def _equals(text: str, at: int) -> int:
    """Return the offset of the equals sign that ends a keyword; a doubled one does not."""
    while True:
        at = text.find("=", at)
        if at < 0:
            raise Unreadable("a keyword has no value", refused=True)
        if not text.startswith("==", at):
            return at
        at += 2


def _value(text: str, keyword: str, start: int) -> Pair:
    """Read a value from its first character on."""
    quote = text[start : start + 1]
    if quote in ("'", '"'):
        return _quoted(text, keyword, start + 1, quote)
    semicolon = text.find(";", start)
    start, end = trimmed(text, start, semicolon if semicolon >= 0 else len(text))
    if end > start and text[end - 1] in "'\"":
        raise Unreadable("a value ends with a quote that was not opened", refused=True)
    return Pair(keyword=keyword, start=start, end=end, after=end)


def _quoted(text: str, keyword: str, start: int, quote: str) -> Pair:
    """Read a value in quotes from behind the opening one."""
    end, escaped = text.find(quote, start), False
    while end >= 0 and text.startswith(quote, end + 1):
        escaped = True
        end = text.find(quote, end + 2)
    if end < 0:
        raise Unreadable("a quote is not closed", refused=True)
    return Pair(keyword=keyword, start=start, end=end, after=end + 1, escaped=escaped)

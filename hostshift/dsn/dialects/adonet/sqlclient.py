"""How SqlClient reads its data source (SniProxy, DataSource): ``[tcp:]host[,port]``."""

from __future__ import annotations

from hostshift.dsn.dialects._keyword_values import (
    Pair,
    after,
    check_address,
    last_address,
)
from hostshift.dsn.dialects._nested import pieces, trimmed
from hostshift.dsn.host_port import as_is, bracketed, is_ipv6, port_number
from hostshift.dsn.model import Endpoint, Slot, Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    Named = dict[str, Pair]

_BEHIND_COMMA = after(",")
_KEYWORDS = ("server", "datasource", "addr", "address", "networkaddress")


def read(text: str, named: Named) -> list[Endpoint]:
    """Read ``Data Source``, and the failover partner beside it (SniProxy, DataSource)."""
    endpoints: list[Endpoint] = []
    _refuse_library(text, named)
    address = last_address(named, _KEYWORDS)
    partner = last_address(named, ("failoverpartner",)) if address else None
    for pair in (address, partner):
        if pair is not None:
            endpoints += _data_source(text, pair)
    return endpoints


def _refuse_library(text: str, named: Named) -> None:
    """Refuse a network library other than TCP."""
    for name in ("net", "network", "networklibrary"):
        pair = named.get(name)
        if pair is not None and text[pair.start : pair.end].lower() not in ("", "dbmssocn"):
            raise Unreadable("a network library other than TCP is named")


def _data_source(text: str, pair: Pair) -> list[Endpoint]:
    """Read ``[tcp:]host[,port]``; pipes and LocalDB are no endpoints."""
    start, end = trimmed(text, pair.start, pair.end)
    colon = text.find(":", start, end)
    prefix = text[start:colon].strip(" ").lower() if colon >= 0 else ""
    if prefix in ("np", "lpc") or text[start:end].lower().startswith("(localdb)"):
        return []
    if prefix == "admin":
        raise Unreadable("the port of an administrator's connection is asked for elsewhere")
    if prefix == "tcp":
        start = colon + 1
    return [_comma_port(text, start, end)]


def _comma_port(text: str, start: int, end: int) -> Endpoint:
    """Read ``host`` or ``host,port``, blanks around either."""
    parts = [trimmed(text, *span) for span in pieces(text, ",", start, end)]
    if len(parts) > 2:
        raise Unreadable("there is more than a host and a port")
    (start, end), *ports = parts
    if text[start:end].lower() in (".", "(local)"):
        raise Unreadable("the local server may be reached without a network")
    brackets = text.startswith("[", start) and text.endswith("]", start, end)
    at = (start + 1, end - 1) if brackets else (start, end)
    host = text[at[0] : at[1]]
    if "/" in host or (":" in host and not is_ipv6(host)) or (brackets and ":" not in host):
        raise Unreadable("a data source holds a slash or a colon", refused=True)
    check_address(host)
    port_at = Slot(start=end, end=end, write=_BEHIND_COMMA)
    if ports:
        port_at = Slot(start=ports[0][0], end=ports[0][1], write=as_is)
    return Endpoint(
        host=host,
        port=_port_or_refuse(text[port_at.start : port_at.end]) if ports else None,
        default_port=1433,
        host_at=Slot(start=start, end=end, write=bracketed if brackets else as_is),
        port_at=port_at,
    )


def _port_or_refuse(text: str) -> int:
    """Read a port; SqlClient refuses anything else, such as another driver's second host."""
    try:
        return port_number(text)
    except Unreadable as error:
        raise Unreadable(error.reason, refused=True) from None

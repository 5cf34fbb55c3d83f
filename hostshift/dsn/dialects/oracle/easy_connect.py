"""Oracle's EZConnect: ``[tcps:][//]host[:port][,host[:port]…][/service…][?name=value&…]``.

A port serves all hosts before it that have none, back to the last port or ``;``.
Source: python-oracledb, ``impl/base/parsers.pyx``, _parse_easy_connect_hosts.
"""

from __future__ import annotations

from hostshift.dsn import authority
from hostshift.dsn.dialects._nested import pieces, port_backwards
from hostshift.dsn.dialects.jdbc import shared
from hostshift.dsn.masking import secret_parameters
from hostshift.dsn.model import Endpoint, Unreadable

_CONNECTING = ("https_proxy", "oracle.net.https", "oracle.net.socks", "source_route")
"""Beginnings of parameters that make the driver dial another host."""


def endpoints(
    text: str, start: int, default_port: int, secrets: list[shared.Span]
) -> list[Endpoint]:
    """Read the hosts; a bare word is a name in ``tnsnames.ora`` and has none."""
    start, named = _behind_protocol(text, start)
    end = authority.first_of(text, "/?", start)
    query = authority.first_of(text, "?", end)
    secrets += secret_parameters(text, query)
    for name, _, _ in shared.parameters(text, query + 1, "&"):
        if name.strip().lower().startswith(_CONNECTING):
            raise Unreadable("a proxy is named, and so another host is dialled")
    if not named and not text.startswith("/", end) and ":" not in text[start:end]:
        if any(mark in text[start:end] for mark in ",;[]()"):
            raise Unreadable("it is no name, and its hosts have no service behind them")
        return []
    listed = []
    for begin, stop in pieces(text, ";", start, end):
        listed += _list(text, begin, stop, default_port)
    return listed


def _behind_protocol(text: str, start: int) -> tuple[int, bool]:
    """Return the offset of the hosts, and whether slashes before show that they are hosts."""
    if text.startswith("//", start):
        return start + 2, True
    colon = text.find("://", start)
    protocol = text[start : max(colon, start)].lower()
    if protocol in ("tcp", "tcps"):
        return colon + 3, True
    if protocol.replace("-", "").replace("_", "").isalnum():
        raise Unreadable("this protocol asks a directory or a file, or is not known")
    return start, False


def _list(text: str, start: int, end: int, default_port: int) -> list[Endpoint]:
    """Read the hosts of one list, and give those without a port the one that serves them."""
    spans = pieces(text, ",", start, end)
    if len(spans) > 1 and any(text[stop - 1] == ":" for _, stop in spans):
        raise Unreadable("a port in a list is empty")
    return list(port_backwards(_host(text, *span, default_port) for span in spans))


def _host(text: str, start: int, end: int, default_port: int) -> Endpoint:
    """Read one ``host[:port]``."""
    endpoint = shared.plain_host(text, start, end, default_port)
    if endpoint is None:
        raise Unreadable("a host is empty")
    return endpoint

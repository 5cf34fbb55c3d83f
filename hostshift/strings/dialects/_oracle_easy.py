"""Oracle's EZConnect: ``[tcps:][//]host[:port][,host[:port]…][/service…][?name=value&…]``.

A port serves all hosts before it that have none, back to the last port or ``;``.
Source: python-oracledb, ``impl/base/parsers.pyx``, _parse_easy_connect_hosts.
"""

from __future__ import annotations

from hostshift.strings import authority, places
from hostshift.strings.dialects import _jdbc
from hostshift.strings.masking import secret_parameters
from hostshift.strings.model import Endpoint, Slot, Unreadable, Unwritable

_CONNECTING = ("https_proxy", "oracle.net.https", "oracle.net.socks", "source_route")
"""Beginnings of parameters with which another host is dialled."""


def endpoints(
    text: str, start: int, default_port: int, secrets: list[_jdbc.Span]
) -> list[Endpoint]:
    """Read the hosts; a bare word is a name in ``tnsnames.ora``, which gives none."""
    start, named = _behind_protocol(text, start)
    end = authority.first_of(text, "/?", start)
    query = authority.first_of(text, "?", end)
    secrets += secret_parameters(text, query)
    for name, _, _ in _jdbc.parameters(text, query + 1, "&"):
        if name.strip().lower().startswith(_CONNECTING):
            raise Unreadable("a proxy is named, and so another host is dialled")
    if not named and not text.startswith("/", end) and ":" not in text[start:end]:
        if any(mark in text[start:end] for mark in ",;[]()"):
            raise Unreadable("it is no name, and no service stands behind its hosts")
        return []
    found = []
    for begin, stop in _jdbc.between(text, ";", start, end):
        found += _list(text, begin, stop, default_port)
    return found


def _behind_protocol(text: str, start: int) -> tuple[int, bool]:
    """Return where the hosts begin, and whether slashes before say that they are hosts."""
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
    found: list[Endpoint] = []
    waiting: list[Endpoint] = []
    spans = _jdbc.between(text, ",", start, end)
    for span in spans:
        if len(spans) > 1 and text[span[1] - 1] == ":":
            raise Unreadable("a port in a list is empty")
        waiting.append(_host(text, *span, default_port))
        if waiting[-1].port is not None:
            found += _sharing(waiting)
            waiting = []
    return [*found, *_sharing(waiting)]


def _host(text: str, start: int, end: int, default_port: int) -> Endpoint:
    """Read one ``host[:port]``."""
    endpoint = _jdbc.plain_host(text, start, end, default_port)
    if endpoint is None:
        raise Unreadable("a host is empty")
    return endpoint


def _sharing(waiting: list[Endpoint]) -> list[Endpoint]:
    """Give all the port of the last."""
    if len(waiting) < 2:
        return waiting
    last = waiting[-1]
    write = _one_port if last.port_at.write is places.as_is else _one_port_added
    at = Slot(start=last.port_at.start, end=last.port_at.end, write=write, shared=True)
    return [endpoint.replace(port=last.port, port_at=at) for endpoint in waiting]


def _one_port(port: str) -> str:
    """Write the port that serves several hosts.

    Raises:
        Unwritable: they are to have different ones.

    """
    if "," in port:
        raise Unwritable("one port serves several hosts here, they cannot have different ones")
    return port


def _one_port_added(port: str) -> str:
    """Write that port where none stood."""
    return f":{_one_port(port)}"

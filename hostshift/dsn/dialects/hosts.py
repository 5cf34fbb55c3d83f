"""``hosts``: ``host``, ``host:port`` and ``[ipv6]:port``, several with commas.

Only for a caller that names this dialect, because any word is a host.
"""

from __future__ import annotations

from hostshift.dsn.dialects._nested import pieces, trimmed
from hostshift.dsn.host_port import host_port
from hostshift.dsn.model import Reading, Scheme, Unreadable


def read(text: str, scheme: Scheme) -> Reading:
    """Find the endpoints."""
    spans = [trimmed(text, *span) for span in pieces(text, ",")]
    if len(spans) > 1:  # blanks around commas do not count, nor do empty entries
        spans = [span for span in spans if span[0] < span[1]]
    if spans:
        spans[-1] = spans[-1][0], _before_path(text, spans)
    endpoints = [host_port(text, start, end, scheme.port) for start, end in spans]
    return Reading(dialect="hosts", protocol=scheme.protocol, endpoints=tuple(endpoints))


def _before_path(text: str, spans: list[tuple[int, int]]) -> int:
    """Return where the last host ends: a list may have a path behind it, ZooKeeper's chroot.

    Behind a single host it may be anything: a service of Oracle's, the name of an image.
    """
    start, end = spans[-1]
    slash = text.find("/", start, end)
    if slash < 0 or "@" in text or not text[text.rfind(":", start, slash) + 1 : slash].isdecimal():
        return end
    if len(spans) < 2:
        raise Unreadable("a path stands behind the port: name the dialect of who reads it")
    return slash

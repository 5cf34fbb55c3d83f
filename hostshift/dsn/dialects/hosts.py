"""``hosts``: ``host``, ``host:port`` and ``[ipv6]:port``, several with commas.

Only for a caller that names this dialect, because any word is a host.
"""

from __future__ import annotations

from hostshift.dsn.dialects._nested import pieces, trimmed
from hostshift.dsn.host_port import host_port
from hostshift.dsn.model import Reading, Scheme


def read(text: str, scheme: Scheme) -> Reading:
    """Find the endpoints."""
    spans = [trimmed(text, *span) for span in pieces(text, ",")]
    if len(spans) > 1:  # blanks around commas do not count, nor do empty entries
        spans = [span for span in spans if span[0] < span[1]]
    endpoints = [host_port(text, start, end, scheme.port) for start, end in spans]
    return Reading(dialect="hosts", protocol=scheme.protocol, endpoints=tuple(endpoints))

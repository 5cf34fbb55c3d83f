"""``hosts``: ``host``, ``host:port`` and ``[ipv6]:port``, several with commas.

Only for a caller that names this dialect, because any word is a host.
"""

from __future__ import annotations

from hostshift.dsn.host_port import host_port
from hostshift.dsn.model import Reading, Scheme


def read(text: str, scheme: Scheme) -> Reading:
    """Find the endpoints."""
    endpoints, start = [], 0
    for entry in text.split(","):
        endpoints.append(host_port(text, start, start + len(entry), scheme.port))
        start += len(entry) + 1
    return Reading(dialect="hosts", protocol=scheme.protocol, endpoints=tuple(endpoints))

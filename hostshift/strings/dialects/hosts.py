"""``hosts``: ``host``, ``host:port`` and ``[ipv6]:port``, several with commas.

Only for a consumer that says it takes such a list: any word is a host.
"""

from __future__ import annotations

from hostshift.strings.model import Reading, Scheme
from hostshift.strings.places import host_port


def read(text: str, scheme: Scheme) -> Reading:
    """Find the endpoints."""
    endpoints, start = [], 0
    for entry in text.split(","):
        endpoints.append(host_port(text, start, start + len(entry), scheme.port))
        start += len(entry) + 1
    return Reading(dialect="hosts", protocol=scheme.protocol, endpoints=tuple(endpoints))

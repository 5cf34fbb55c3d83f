"""``hostport``: ``host:port`` and ``[ipv6]:port``, several with commas; each needs a port.

What a text without a scheme is taken for. A host without a port is not taken
for one: any word would be.
"""

from __future__ import annotations

from hostshift.strings.dialects import hosts
from hostshift.strings.model import Reading, Scheme, Unreadable


def read(text: str, scheme: Scheme) -> Reading:
    """Find the endpoints."""
    found = hosts.read(text, scheme)
    if any(endpoint.port is None for endpoint in found.endpoints):
        raise Unreadable("this is no connection string: neither scheme://… nor host:port")
    return found.replace(dialect="hostport")

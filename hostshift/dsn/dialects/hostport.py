"""``hostport``: ``host:port`` and ``[ipv6]:port``, several with commas; each needs a port.

hostshift reads a text without a scheme so. Each host needs a port, because without
that rule any word would be a host.
"""

from __future__ import annotations

from hostshift.dsn.dialects import hosts
from hostshift.dsn.model import Reading, Scheme, Unreadable


def read(text: str, scheme: Scheme) -> Reading:
    """Find the endpoints."""
    reading = hosts.read(text, scheme)
    if any(endpoint.port is None for endpoint in reading.endpoints):
        raise Unreadable("this is no connection string: neither scheme://… nor host:port")
    return reading.replace(dialect="hostport")

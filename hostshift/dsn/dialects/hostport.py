"""``hostport``: ``host:port`` and ``[ipv6]:port``, several with commas; each needs a port.

hostshift reads a text without a scheme so. Each host needs a port, because without
that rule any word would be a host. ``user:password@host:port/path?options`` is read as the
URL that its consumers make of it.
"""

from __future__ import annotations

from hostshift.dsn.dialects import hosts, uri
from hostshift.dsn.dialects._nested import moved_reading
from hostshift.dsn.model import Reading, Scheme, Unreadable
from hostshift.dsn.shapes import has_credentials

_SCHEME = "any://"


def read(text: str, scheme: Scheme) -> Reading:
    """Find the endpoints."""
    if has_credentials(text):
        reading = moved_reading(uri.parsed(_SCHEME + text, scheme), -len(_SCHEME))
        return reading.replace(dialect="hostport")
    reading = hosts.read(text, scheme)
    if any(endpoint.port is None for endpoint in reading.endpoints):
        raise Unreadable("this is no connection string: neither scheme://… nor host:port")
    return reading.replace(dialect="hostport")

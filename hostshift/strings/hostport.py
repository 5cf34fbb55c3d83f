"""The dialects ``hostport`` and ``hosts``: bare addresses, or a comma list of them."""

from __future__ import annotations

from hostshift.strings.model import Reading, Scheme, Unreadable
from hostshift.strings.places import host_port


def read_hosts(text: str, scheme: Scheme) -> Reading:
    """Read ``host``, ``host:port`` and ``[ipv6]:port``, several with commas.

    Only where the consumer says that it takes such a list: any word is a host.
    """
    endpoints, start = [], 0
    for entry in text.split(","):
        endpoints.append(host_port(text, start, start + len(entry), scheme.port))
        start += len(entry) + 1
    return Reading(dialect="hosts", protocol=scheme.protocol, endpoints=tuple(endpoints))


def read_hostport(text: str, scheme: Scheme) -> Reading:
    """Read ``host:port`` and ``[ipv6]:port``, several with commas; each needs a port.

    A host without a port is not taken for one: any word would be.
    """
    found = read_hosts(text, scheme)
    if any(endpoint.port is None for endpoint in found.endpoints):
        raise Unreadable("this is no connection string: neither scheme://… nor host:port")
    return found.replace(dialect="hostport")

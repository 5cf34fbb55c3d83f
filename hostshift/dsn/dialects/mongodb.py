"""``mongodb``: the MongoDB drivers' Connection String Specification, as pymongo reads it.

A comma list of hosts before the first ``/`` or ``?`` (uri_parser_shared.py,
_validate_uri, split_hosts, parse_host). It refuses raw ``@`` and further colons in the
user information, empty hosts, empty ports, and percent escapes in hosts other than
sockets (``….sock``) and the zones of IPv6 addresses.
"""

from __future__ import annotations

from hostshift.dsn import authority
from hostshift.dsn.host_port import bracketed, host_port
from hostshift.dsn.model import Reading, Slot, Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hostshift.dsn.model import Endpoint, Scheme


def read(text: str, scheme: Scheme) -> Reading:
    """Find the endpoints."""
    if not text.startswith("mongodb://"):
        raise Unreadable("a MongoDB driver takes only mongodb://", refused=True)
    start = len("mongodb://")
    end = authority.first_of(text, "/?", start)
    at = text.rfind("@", start, end)
    if at >= 0 and (text.find("@", start, at) >= 0 or text.count(":", start, at) > 1):
        raise Unreadable("the user information holds a raw @ or a second colon", refused=True)
    if "proxyhost=" in text[end:].lower():
        raise Unreadable("a proxy is dialled in place of the hosts")
    return Reading(
        dialect="mongodb",
        protocol=scheme.protocol or "mongodb",
        endpoints=tuple(_hosts(text, at + 1 if at >= 0 else start, end, scheme.port)),
        secrets=tuple(authority.secrets(text, start, at, end)),
    )


def _hosts(text: str, start: int, end: int, default_port: int | None) -> Iterator[Endpoint]:
    """Yield the endpoints of a comma list, without sockets."""
    for entry in text[start:end].split(","):
        stop = start + len(entry)
        if not entry or entry.endswith(":"):
            raise Unreadable("a host or a port is empty", refused=True)
        if not entry.endswith(".sock"):
            endpoint = host_port(text, start, stop, default_port, _zone)
            # parse_host lowers hosts, and takes any that then ends so for a socket.
            if not endpoint.host.lower().endswith(".sock"):
                at = endpoint.host_at
                yield endpoint.replace(host_at=Slot(start=at.start, end=at.end, write=_escaped))
        start = stop + 1


def _zone(host: str) -> str:
    """Undo the one escape that a host may have: the sign before an IPv6 address's zone."""
    if ":" not in host:
        raise Unreadable("a host holds percent escapes", refused=True)
    return host.replace("%25", "%")


def _escaped(host: str) -> str:
    """Write a host, with the sign before a zone escaped."""
    return bracketed(host).replace("%", "%25")

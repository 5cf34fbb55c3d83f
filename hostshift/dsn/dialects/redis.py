"""``redis``: Redis and Valkey URLs, as redis-py reads them (redis/connection.py, parse_url).

User information ends at the last ``@`` before the first ``/``, ``?`` or ``#``. The
driver undoes escapes in the host. It takes one host, and without one ``localhost``,
which then stands nowhere in the text. ``…+sentinel`` and ``…+cluster`` take a comma
list, as redis-sentinel-url and limits do.
"""

from __future__ import annotations

from hostshift.dsn import authority
from hostshift.dsn.dialects import hosts
from hostshift.dsn.dialects._nested import doubtful, scheme_name
from hostshift.dsn.host_port import host_port
from hostshift.dsn.masking import parameters, secret_parameters
from hostshift.dsn.model import Reading, Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hostshift.dsn.model import Endpoint, Scheme

_SINGLE = frozenset(("redis", "rediss", "valkey", "valkeys"))
_ALIASES = frozenset(("redis+ssl", "redis+tls", "rediscache", "valkeycache"))
"""Of Perl's and PHP's clients, and of django-environ: one host as well."""
_SOCKETS = frozenset(("unix", "socket", "socket+redis"))
_KINDS = {"sentinel": 26379, "cluster": 6379}
_OVERRIDING = ("host", "port")
"""They fill in for the authority in redis-py and override it in Celery
(celery/backends/redis.py, _params_from_url)."""
_FURTHER = ("addr=", "node=")
"""Parameters with a further ``host:port``: go-redis' (ParseClusterURL) and fred's. Others take
no notice of them."""


def read(text: str, scheme: Scheme) -> Reading:
    """Find the endpoints."""
    if not (text.isdigit() or any(mark in text for mark in "/?@")):  # ioredis takes a bare host
        bare = hosts.read(text, scheme.replace(port=scheme.port or 6379))
        return bare.replace(dialect="redis", protocol="redis")
    name = scheme_name(text)
    base, plus, kind = name.replace("-", "+").partition("+")
    start = authority.start_of(text)
    end = authority.first_of(text, "/?#", start)
    if name in _SOCKETS or (plus and base in _SINGLE and kind in ("socket", "unix")):
        return _socket(text, start, end)
    authority.refuse_parameters(text, end, _OVERRIDING)
    if name in _SINGLE or name in _ALIASES:
        reading = _single(text, scheme, end)
    elif base in _SINGLE and kind in _KINDS:
        reading = _list(text, scheme, end, _KINDS[kind])
    else:
        raise Unreadable("this is no scheme of Redis", refused=True)
    secrets = (*reading.secrets, *doubtful(text, start, end))
    endpoints = (*reading.endpoints, *_further(text, end, reading))
    return reading.replace(protocol="redis", secrets=secrets, endpoints=endpoints)


def _further(text: str, end: int, reading: Reading) -> Iterator[Endpoint]:
    """Yield the further addresses of a cluster or of sentinels, which the query lists."""
    default = reading.endpoints[0].default_port if reading.endpoints else 6379
    for start, stop in parameters(text, text.find("?", end)):
        if text.startswith(_FURTHER, start):
            yield host_port(text, start + len("addr="), stop, default, authority.refuse_escapes)


def _socket(text: str, start: int, end: int) -> Reading:
    """Read the URL of a Unix socket, which holds no address but may hold a password."""
    at = text.rfind("@", start, end)
    secrets = (
        authority.credentials(text, start, at, end),
        *secret_parameters(text, end),
        *doubtful(text, start, end),
    )
    return Reading(dialect="redis", protocol="redis", secrets=secrets)


def _single(text: str, scheme: Scheme, end: int) -> Reading:
    """Read what redis-py reads: one host."""
    _refuse_further_urls(text, end)
    start = authority.start_of(text)
    at = text.rfind("@", start, end)
    comma = text.find(",", start, authority.first_of(text, ":@", start))
    if comma >= 0 and text.find("=", start, at if at >= 0 else end) >= 0:
        raise Unreadable("options of StackExchange.Redis stand behind a scheme")
    with_port = scheme.replace(port=scheme.port or 6379)
    # Lettuce and django-environ take a list, redis-py refuses it.
    first = max(at + 1, start)
    several = authority.is_list(text, first, end)
    if several:
        authority.refuse_later_brackets(text, first, end)
    return authority.reading(
        "redis", text, with_port, at, end, several=several, decode=authority.unquote
    )


def _list(text: str, scheme: Scheme, end: int, port: int) -> Reading:
    """Read a comma list; its readers differ on which of several ``@`` counts."""
    start = authority.start_of(text)
    at = text.rfind("@", start, end)
    if text.find("@", start, max(at, start)) >= 0:
        raise Unreadable("a raw @ in the user information of a list of hosts")
    with_port = scheme.replace(port=scheme.port or port)
    return authority.reading("redis", text, with_port, at, end, several=True)


def _refuse_further_urls(text: str, end: int) -> None:
    """Refuse a list of URLs, which only some clients split: kombu at ``;``, Django at ``,`` too."""
    at = text.find("://", end)
    query = authority.first_of(text, "?", end)
    while at >= 0:
        before = at
        while before > end and (text[before - 1].isalnum() or text[before - 1] in "+-."):
            before -= 1
        if at < query or text[before - 1] in ";, ":
            raise Unreadable("several URLs stand here, which not every client takes")
        at = text.find("://", at + 3)

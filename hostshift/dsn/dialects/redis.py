"""``redis``: Redis and Valkey URLs, as redis-py reads them (redis/connection.py, parse_url).

User information ends at the last ``@`` before the first ``/``, ``?`` or ``#``. The
driver undoes escapes in the host. It takes one host, and without one ``localhost``,
which then stands nowhere in the text. ``…+sentinel`` and ``…+cluster`` take a comma
list, as redis-sentinel-url and limits do.
"""

from __future__ import annotations

from hostshift.dsn import authority
from hostshift.dsn.dialects._nested import doubtful, scheme_name
from hostshift.dsn.masking import secret_parameters
from hostshift.dsn.model import Reading, Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.dsn.model import Scheme

_SINGLE = frozenset(("redis", "rediss", "valkey", "valkeys"))
_ALIASES = frozenset(("redis+ssl", "redis+tls", "rediscache", "valkeycache"))
"""Of Perl's and PHP's clients, and of django-environ: one host as well."""
_SOCKETS = frozenset(("unix", "socket", "socket+redis"))
_KINDS = {"sentinel": 26379, "cluster": 6379}
_OVERRIDING = ("host", "port", "addr")
"""``host`` and ``port`` fill in for the authority in redis-py and override it in Celery
(celery/backends/redis.py, _params_from_url); go-redis lists more hosts as ``addr``."""


def read(text: str, scheme: Scheme) -> Reading:
    """Find the endpoints."""
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
    return reading.replace(protocol="redis", secrets=secrets)


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
    if comma >= 0 and text.find("=", start, at) >= 0:
        raise Unreadable("options of StackExchange.Redis stand behind a scheme")
    with_port = scheme.replace(port=scheme.port or 6379)
    return authority.reading("redis", text, with_port, at, end, decode=authority.unquote)


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

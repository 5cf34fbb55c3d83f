"""``redis``: Redis and Valkey URLs, as redis-py reads them (redis/connection.py, parse_url).

User information ends at the last ``@`` before the first ``/``, ``?`` or ``#``;
escapes in the host are undone. One host, and without one the driver takes
``localhost``, which is written nowhere. ``…+sentinel`` and ``…+cluster`` take a
comma list, as redis-sentinel-url and limits do.
"""

from __future__ import annotations

from hostshift.strings import authority
from hostshift.strings.dialects._nested import doubtful, scheme_name
from hostshift.strings.masking import secret_parameters
from hostshift.strings.model import Reading, Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.strings.model import Scheme

_SINGLE = frozenset(("redis", "rediss", "valkey", "valkeys"))
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
    if name in _SINGLE:
        found = _single(text, scheme, end)
    elif base in _SINGLE and kind in _KINDS:
        found = _list(text, scheme, end, _KINDS[kind])
    else:
        raise Unreadable("this is no scheme of Redis", refused=True)
    return found.replace(protocol="redis", secrets=(*found.secrets, *doubtful(text, start, end)))


def _socket(text: str, start: int, end: int) -> Reading:
    """Read the URL of a Unix socket: it holds no address, but may hold a password."""
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
    if (
        text.find(",", start, authority.first_of(text, ":@", start))
        >= 0
        <= text.find("=", start, at)
    ):
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
    """Leave lists of URLs to those who split them: kombu at ``;``, Django at ``,`` too."""
    at = text.find("://", end)
    query = authority.first_of(text, "?", end)
    while at >= 0:
        before = at
        while before > end and (text[before - 1].isalnum() or text[before - 1] in "+-."):
            before -= 1
        if at < query or text[before - 1] in ";, ":
            raise Unreadable("several URLs stand here, which not every client takes")
        at = text.find("://", at + 3)

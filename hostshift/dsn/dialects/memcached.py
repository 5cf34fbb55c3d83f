"""``memcached``: server lists of memcached clients, and Django's ``CACHES`` ``LOCATION``.

``;``, ``,`` (django/core/cache/backends/memcached.py) or spaces (libmemcached, Dalli)
separate servers. Each is a ``host[:port]``, a socket (``unix:…``, a path), or a
``memcached://`` URL. Django splits its lists of Redis URLs the same way.
"""

from __future__ import annotations

from hostshift.dsn import authority
from hostshift.dsn.dialects import redis
from hostshift.dsn.dialects._nested import doubtful, joined, nested, pieces, scheme_name
from hostshift.dsn.host_port import host_port
from hostshift.dsn.masking import secret_parameters
from hostshift.dsn.model import Reading, Scheme, Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from hostshift.dsn.dialects._nested import Span

_SCHEMES = frozenset(("memcached", "memcache", "pymemcache", "pylibmc", "tcp"))
_REDIS = ("redis://", "rediss://", "valkey://", "valkeys://")


def read(text: str, scheme: Scheme) -> Reading:
    """Find the endpoints."""
    if text.lower().startswith(_REDIS):
        return _of(text, scheme, "redis", ";,")
    return _of(text, scheme, "memcached", ";, ")


def _of(text: str, scheme: Scheme, protocol: str, marks: str) -> Reading:
    """Read every server of a list."""
    read_entry = redis.read if protocol == "redis" else _server
    end = _end(text)
    spans = [span for span in pieces(text, marks, 0, end) if span[0] < span[1]]
    _refuse_split_parameters(text, spans)
    readings = [nested(read_entry, text, span, scheme) for span in spans]
    listed = joined(Reading(dialect="memcached", protocol=protocol), readings)
    return listed.replace(secrets=(*listed.secrets, *secret_parameters(text, end)))


def _end(text: str) -> int:
    """Return where the servers end: before a slash at the end, as Celery's backends have it.

    Also before the query of one URL with several servers (django-cache-url, _parse_netloc):
    ``memcached://a:1,b:2?key_prefix=x``. An ``@`` behind that may end a password with a raw ``?``.
    """
    start = text.find("://") + 3
    query = text.find("?")
    one_url = start > 2 and text.find("://", start) < 0 and text.find("@", max(query, 0)) < 0
    if one_url and text.find(",", start, max(query, 0)) >= 0:
        authority.refuse_parameters(text, query, ("host",))
        return query - text.endswith("/", start, query)
    return len(text) - (text.endswith("/") and start > 2)


def _refuse_split_parameters(text: str, spans: Iterable[Span]) -> None:
    """Refuse ``memcached://h/?namespace=my app``: what no URL begins may be a parameter's rest.

    Raises:
        Unreadable: a server without a scheme stands behind a URL with parameters.

    """
    parameters = False
    for start, end in spans:
        url = text.find("://", start, end) >= 0
        if parameters and not url:
            raise Unreadable("a separator stands in a parameter, which not every client takes")
        parameters = url and text.find("?", start, end) >= 0


def _server(text: str, scheme: Scheme) -> Reading:
    """Read one server. Clients differ on a number behind the port: a port, or a weight."""
    default_port = scheme.port or 11211
    if text.startswith(("unix:", "/")):
        if "@" in text:
            raise Unreadable("an @ stands in a path, which may be the rest of a password")
        return Reading(dialect="memcached")
    if "://" in text:
        return _url(text, scheme.replace(port=default_port))
    if text[0] != "[" and text.count(":") > 1:
        raise Unreadable("an IPv6 address without brackets, or a weight behind the port")
    endpoint = host_port(text, 0, len(text), default_port)
    return Reading(dialect="memcached", endpoints=(endpoint,))


def _url(text: str, scheme: Scheme) -> Reading:
    """Read a server in the form of a URL, as hosted services hand it out."""
    if scheme_name(text) not in _SCHEMES:
        raise Unreadable("this is no scheme of memcached", refused=True)
    start = authority.start_of(text)
    end = authority.first_of(text, "/?#", start)
    authority.refuse_parameters(text, end, ("host",))
    at = text.rfind("@", start, end)
    reading = authority.reading("memcached", text, scheme, at, end)
    authority.refuse_user_alone(reading, at)
    return reading.replace(secrets=(*reading.secrets, *doubtful(text, start, end)))

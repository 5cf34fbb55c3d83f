"""``amqp``: broker and result backend URLs of kombu and Celery, whatever the transport.

kombu splits brokers at ``;`` (kombu/connection.py, Connection), reads each as an HTTP
URL (kombu/utils/url.py, url_to_parts), and undoes escapes in hosts. A later broker
without a scheme is a bare host name.

``sqla+…`` and ``db+…`` hold an SQLAlchemy URL, ``cache+…`` memcached servers.

For a broker without a port, kombu keeps the port of the broker before (``port or
self.port`` in Connection._init_params), and for a bare name the first one's. So such
brokers share one port here, and hostshift can change it for all of them only.
"""

from __future__ import annotations

from hostshift.dsn import authority, schemes
from hostshift.dsn.dialects._nested import doubtful, joined, nested, pieces, scheme_name
from hostshift.dsn.dialects.amqp import brokers
from hostshift.dsn.host_port import check_host, no_ipv6, nowhere
from hostshift.dsn.model import Endpoint, Reading, Scheme, Slot, Unreadable

_UNKNOWN = Scheme(protocol="", port=None, dialects=("amqp",))
_SQL = frozenset(("sqla", "sqlalchemy", "db", "database"))
_BACKENDS = frozenset(("db", "database", "cache"))
"""Result backends, which Celery does not split at ``;`` (celery/app/backends.py, by_url)."""
_WITHOUT = frozenset(
    (
        "memory",
        "filesystem",
        "file",
        "rpc",
        "disabled",
        "socket",
        "gcpubsub",
        "azureservicebus",
        "azurestoragequeues",
        "azureblockblob",
        "slmq",
        "dynamodb",
        "s3",
        "gs",
        "redis+socket",
        "mongodb+srv",
        "cache+memory",
    )
)
"""Transports without an address: they name directories, buckets, regions (``localhost`` is a
region to dynamodb)."""

_NO_IPV6 = no_ipv6("kombu takes no IPv6 address without a scheme")


def read(text: str, scheme: Scheme) -> Reading:
    """Find the endpoints."""
    name = text[: max(text.find("://"), 0)].lower()
    backend = name.partition("+")[0] if "+" in name else ""
    if backend in _BACKENDS:
        return _broker(text, scheme).replace(dialect="amqp")
    spans = [span for span in pieces(text, ";") if span[0] < span[1]]
    if not spans:
        raise Unreadable("the text names no broker", refused=True)
    readings = [nested(_broker, text, spans[0], scheme)]
    for start, end in spans[1:]:
        readings.append(nested(_broker, text, (start, end), _scheme_of(text[start:end])))
    names = [_name_of(text[start:end]) for start, end in spans]
    whole = joined(readings[0].replace(dialect="amqp"), readings)
    return whole.replace(endpoints=brokers.linked(readings, names))


def _name_of(broker: str) -> str:
    """Return a broker's scheme, empty for a bare name."""
    return scheme_name(broker) if "://" in broker else ""


def _scheme_of(broker: str) -> Scheme:
    """Return what hostshift knows of a later broker's scheme."""
    name = _name_of(broker)
    if "+" in name:
        raise Unreadable("kombu knows no + in the scheme of a later broker", refused=True)
    return (schemes.find(name) if name else None) or _UNKNOWN


def _broker(text: str, scheme: Scheme) -> Reading:
    """Read one broker."""
    if "://" not in text:
        return _bare(text)
    name = scheme_name(text)
    base, plus, _ = name.partition("+")
    if name == "dynamodb" and text.lower().find("localhost") >= 0:
        raise Unreadable("Celery takes only localhost for a DynamoDB of one's own")
    if name in _WITHOUT or (plus and base == "filesystem"):
        secret = (authority.start_of(text), len(text))
        return Reading(dialect="amqp", secrets=(secret,))
    if plus:
        return _within(text, base)
    if base == "mongodb":
        from hostshift.dsn.dialects import mongodb

        return mongodb.read(text, scheme)
    return _url(text, scheme)


def _url(text: str, scheme: Scheme) -> Reading:
    """Read a broker as kombu's ``url_to_parts`` does."""
    start = authority.start_of(text)
    end = authority.first_of(text, "/?#", start)
    authority.refuse_parameters(text, end, ("host", "port", "hostname"))
    at = text.rfind("@", start, end)
    if _asks_for_tls(text[end:]):
        scheme = scheme.replace(port=None)
    reading = authority.reading("amqp", text, scheme, at, end, decode=authority.unquote)
    return reading.replace(secrets=(*reading.secrets, *doubtful(text, start, end)))


def _asks_for_tls(behind: str) -> bool:
    """Return True if a parameter asks for TLS: kombu then takes 5671, and others 5672.

    To kombu, any value of ``ssl`` does (kombu/transport/pyamqp.py, default_connection_params).
    """
    _, _, query = behind.partition("?")
    return any(part.startswith(("ssl=", "ssl_")) for part in query.split("&"))


def _bare(text: str) -> Reading:
    """Read a broker without a scheme, which kombu takes for a host name as a whole."""
    if "@" in text or ":" in text:
        raise Unreadable("what stands behind a ; is no host name; maybe a password holds a raw ;")
    check_host(text)
    end = len(text)
    endpoint = Endpoint(
        host=text,
        port=None,
        default_port=5672,
        host_at=Slot(start=0, end=end, write=_NO_IPV6),
        port_at=nowhere(end, "kombu takes no port without a scheme"),  # part of the name to it
    )
    return Reading(dialect="amqp", endpoints=(endpoint,))


def _within(text: str, base: str) -> Reading:
    """Read the text behind ``sqla+``, ``db+`` or ``cache+``."""
    start = len(base) + 1
    span = start, len(text)
    if base == "cache":
        return _cache(text)
    if base not in _SQL:
        raise Unreadable("this is no transport of kombu", refused=True)
    scheme = schemes.find(text[start : text.find("://")]) or _UNKNOWN
    if scheme.dialects == ("none",):
        return Reading(dialect="amqp", secrets=((authority.start_of(text), len(text)),))
    from hostshift.dsn.dialects import sqlalchemy

    return nested(sqlalchemy.read, text, span, scheme)


def _cache(text: str) -> Reading:
    """Read Celery's cache backend: servers with ``;`` between them (celery/backends/cache.py)."""
    from hostshift.dsn.dialects import memcached

    start = authority.start_of(text)
    end = authority.first_of(text, "/?#", start)
    if text[end:].strip("/"):
        raise Unreadable("a cache backend takes nothing behind its servers")
    if any(mark in text[start:end] for mark in "@, "):
        raise Unreadable("a cache backend takes only servers with ; between them")
    servers = Scheme(protocol="memcached", port=11211, dialects=("memcached",))
    return nested(memcached.read, text, (start, end), servers)

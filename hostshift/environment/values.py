"""What the value of a variable is, by its text alone. Pure."""

from __future__ import annotations

from hostshift.environment.model import Variable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

DATA_PROTOCOLS = frozenset(
    (
        *("postgresql", "mysql", "mysqlx", "mariadb", "mssql", "oracle", "mongodb", "redis"),
        *("amqp", "kafka", "nats", "memcached", "clickhouse", "neo4j", "mqtt", "stomp"),
        *("h2", "hsqldb", "cassandra", "beanstalk", "pulsar", "statsd", "smtp", "ldap", "db2"),
    )
)
"""Protocols of services that an application uses and its users never see."""

KEYWORD_DIALECTS = frozenset(("libpq", "adonet", "odbc", "jdbc", "oracle", "go_mysql"))
"""Grammars that only connection strings of databases have."""

EVERYWHERE = frozenset(("0.0.0.0", "::"))  # noqa: S104 - compared
LAST_WORDS = frozenset(
    (
        *("HOST", "HOSTNAME", "SERVER", "ADDRESS", "ADDR", "HOSTS", "HOSTNAMES", "SERVERS"),
        *("NODES", "SEEDS", "POINTS", "ENDPOINT"),
    )
)
"""Last words of names that may hold hosts without ports."""

TEMPLATES = ("${", "{{", "<%", "$(", "%(", "#{", "{env:")
"""What stands for a value that something else puts there."""


def is_data(value: str) -> bool:
    """Return True if a value is a connection string of a data service, by its text alone.

    That includes a string that no grammar reads, if its scheme is a data protocol's: it stays,
    and a log line says so.
    """
    if not any(mark in value for mark in ("://", "=", "jdbc:", "@tcp(")):
        return False
    if value.startswith(("http://", "https://")) and value.count("://") == 1:
        return False
    from hostshift import dsn

    reading = dsn.read(value)
    if any(endpoint.host in EVERYWHERE for endpoint in reading.endpoints):
        return False
    if reading.trouble and not reading.dialect:
        return dsn.scheme_protocol(value) in DATA_PROTOCOLS
    return reading.protocol in DATA_PROTOCOLS or reading.dialect in KEYWORD_DIALECTS


def may_be_address(value: str) -> bool:
    """Return True if a value may hold an address: a URL, keywords, a list, a host with a port."""
    host, colon, port = value.rpartition(":")
    if any(mark in value for mark in ("://", "=", "(", "[", ",")) or value.count(".") > 1:
        return True
    return bool(host and colon and port.isdecimal()) or value.lower() == "localhost"


def is_template(value: str) -> bool:
    """Return True if a value, or a part of it, is what something else fills in."""
    if any(mark in value for mark in TEMPLATES):
        return True
    return value[:1] == "$" or (value[:1] == "<" and value[-1:] == ">")


def has_address(value: str) -> bool:
    """Return True if a value is a URL, or ``host:port``, or a list of them."""
    if "://" in value:
        return True
    entries = value.strip(" \"'").split(",")
    return all(map(is_host_and_port, entries))


def is_host_and_port(text: str) -> bool:
    """Return True for ``host:port``; not for a time of day, a ratio or a mere number."""
    from hostshift.base.addresses import is_host

    host, colon, port = text.strip().rpartition(":")
    host = host[1:-1] if host[:1] == "[" and host[-1:] == "]" else host
    if not colon or not (port.isascii() and port.isdecimal() and 0 < int(port[:6]) < 65536):
        return False
    return not host.isdecimal() and is_host(host)


def are_hosts(value: str) -> bool:
    """Return True for the name or the IP address of a host, or a comma list of them."""
    from hostshift.base.addresses import is_host

    return all(is_host(entry) and not entry.isdecimal() for entry in value.split(","))


def is_bound(value: str) -> bool:
    """Return True if a value names all addresses of this machine, which only servers do."""
    if not any(host in value for host in EVERYWHERE):
        return False
    return any(_host(entry) in EVERYWHERE for entry in value.strip(" \"'[]").split(","))


_INNER = ("http", "https", "ws", "wss", "grpc", "tcp", "h2c")


def names_service(value: str) -> bool:
    """Return True if a value leads to services by names that mean something on a network only.

    These have one label, and are not ``localhost``.
    """
    for entry in value.strip(" \"'").split(","):
        scheme, separator, _ = entry.partition("://")
        host = _host(entry).lower()
        if separator and scheme.lower() not in _INNER:
            return False
        if "." in host or host == "localhost" or host.isdecimal() or not are_hosts(host):
            return False
    return True


def labelled(value: str) -> tuple[tuple[int, int], ...]:
    """Return the positions of URLs behind labels: ``db_1=mariadb://…,db_2=mariadb://…`` (Appwrite).

    All of them have to be connection strings of data services.
    """
    spans: list[tuple[int, int]] = []
    start = 0
    for entry in value.split(","):
        label, equals, url = entry.partition("=")
        if not equals or not label.isidentifier() or "://" not in url or not is_data(url):
            return ()
        spans.append((start + len(label) + 1, start + len(entry)))
        start += len(entry) + 1
    return tuple(spans)


def _host(entry: str) -> str:
    """Return the host of a URL, of ``host:port`` or alone, where none of these is odd."""
    authority = entry.strip(" \"'").rpartition("://")[2].rpartition("@")[2].partition("/")[0]
    if authority[:1] == "[":
        return authority[1:].partition("]")[0]
    return authority if authority.count(":") > 1 else authority.partition(":")[0]


def is_json_list(value: str) -> bool:
    """Return True if a value is a JSON list that :func:`json_list` reads."""
    from hostshift.dsn import json_lists

    return json_lists.texts(value) is not None


def json_list(
    name: str, value: str, is_address: Callable[[str], bool], *, listed: bool = False
) -> Variable | None:
    """Return the strings of a JSON list that are addresses; None for another text, or if none is.

    Args:
        name: the variable.
        value: its value.
        is_address: decides on one string.
        listed: HOSTSHIFT_ENV lists the variable.

    """
    from hostshift.dsn import json_lists

    listing = json_lists.texts(value)
    if listing is None:
        return None
    all_spans, escaped = listing
    spans = tuple(span for span in all_spans if is_address(value[slice(*span)]))
    has_escaped = any(map(is_address, escaped))
    if not spans and not has_escaped:
        return None
    return Variable(name=name, listed=listed, spans=spans, escaped=has_escaped)

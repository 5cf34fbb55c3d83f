"""Shapes of values that only some variables have: hosts, lists, labels, templates. Pure."""

from __future__ import annotations

from hostshift.environment.model import Variable
from hostshift.environment.values import host_of, is_data, is_host_and_port

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

PLACEHOLDERS = ("${", "{{", "{%", "<%", "$(", "$__", "%(", "#{", "{env:", "\ue000")
"""What begins a place that something else fills in: ``${X}``, ``{{ x }}``, ``{% if x %}``,
``<%= x %>``, ``$(X)``, ``$__env{X}`` (Grafana), ``%(x)s``, ``#{X}``, ``{env:X}``. The last one
stands in a value of YAML for two of these."""

_INNER = ("http", "https", "ws", "wss", "grpc", "tcp", "h2c", "static")


def may_be_address(value: str) -> bool:
    """Return True if a value may hold an address: a URL, keywords, a list, a host with a port."""
    host, colon, port = value.rpartition(":")
    if any(mark in value for mark in ("://", "=", "(", "[", ",")) or value.count(".") > 1:
        return True
    return bool(host and colon and port.isdecimal()) or value.lower() == "localhost"


def has_placeholder(value: str) -> bool:
    """Return True if a value has a place that something else fills in."""
    return any(mark in value for mark in PLACEHOLDERS)


def is_template(value: str) -> bool:
    """Return True if a value, or a part of it, is what something else fills in."""
    return has_placeholder(value) or value[:1] == "$" or (value[:1] == "<" and value[-1:] == ">")


def are_hosts(value: str) -> bool:
    """Return True for the name or the IP address of a host, or a comma list of them."""
    from hostshift.base.addresses import is_host

    return all(is_host(entry) and not entry.isdecimal() for entry in value.split(","))


def is_endpoint(value: str) -> bool:
    """Return True unless a value may be the name and the tag of an image: ``redis:7``."""
    _, _, port = value.strip(" \"'").rpartition(":")
    return "://" in value or not port.isdecimal() or int(port[:6]) >= 1024


def port_of(value: str) -> str:
    """Return the port that is written in a URL or ``host:port``, empty if there is none."""
    entry = value.strip(" \"'").rpartition("://")[2].rpartition("@")[2]
    authority = entry.partition("/")[0].partition("?")[0]
    host, colon, port = authority.rpartition(":")
    return port if colon and port.isdecimal() and not host.endswith(":") else ""


def names_service(value: str) -> bool:
    """Return True if a value leads to services by names that mean something on a network only.

    These have one label and are not ``localhost``, or are names of services in a cluster of
    Kubernetes, by its specification of DNS: ``web.shop.svc.cluster.local``, ``web.shop.svc``.
    """
    for entry in value.strip(" \"'").split(","):
        scheme, separator, _ = entry.partition("://")
        host = host_of(entry).lower()
        if separator and scheme.lower() not in _INNER:
            return False
        in_cluster = host.endswith((".svc", ".svc.cluster.local"))
        if (
            not host
            or ("." in host and not in_cluster)
            or host == "localhost"
            or host.isdecimal()
            or not are_hosts(host)
        ):
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


def weighted(value: str) -> tuple[tuple[int, int], ...]:
    """Return the positions of addresses with a number behind: ``127.0.0.1:11211:100`` (BookStack).

    The number is a weight or a database.
    """
    spans: list[tuple[int, int]] = []
    start = 0
    for entry in value.split(","):
        address, _, number = entry.rpartition(":")
        if not number.isdecimal() or address.count(":") != 1 or not is_host_and_port(address):
            return ()
        spans.append((start, start + len(address)))
        start += len(entry) + 1
    return tuple(spans)


def rooted(value: str) -> tuple[tuple[int, int], ...]:
    """Return the positions of addresses before a path: ``a:2181,b:2181/kafka``, ``h:1521/XEPDB1``.

    So the clients of ZooKeeper write a root, and Oracle's the name of a service.
    """
    addresses, slash, path = value.partition("/")
    return _all_addresses(addresses, ",") if slash and path else ()


def parted(value: str) -> tuple[tuple[int, int], ...]:
    """Return the positions of addresses of a list with blanks or semicolons (libmemcached, Dalli).

    Blanks behind commas count as well.
    """
    return _all_addresses(value, ",; ") if ";" in value or " " in value.strip() else ()


def _all_addresses(value: str, marks: str) -> tuple[tuple[int, int], ...]:
    """Return the positions of all entries of a list; none unless each is ``host:port``."""
    spans: list[tuple[int, int]] = []
    start = 0
    for end in (*(at for at, mark in enumerate(value) if mark in marks), len(value)):
        if end > start:
            spans.append((start, end))
        start = end + 1
    return tuple(spans) if all(is_host_and_port(value[slice(*span)]) for span in spans) else ()


def are_sockets(value: str) -> bool:
    """Return True if a value names paths of sockets and nothing else, also behind ``unix:``."""
    entries = value.replace(";", ",").replace(" ", ",").split(",")
    return all(entry.startswith(("unix:", "/")) or _is_path_of(entry) for entry in entries if entry)


def _is_path_of(text: str) -> bool:
    """Return True for ``localhost:/run/mysqld/mysqld.sock``, as PHP's mysqli and WordPress take."""
    _, colon, path = text.partition(":")
    return bool(colon) and path[:1] == "/" and path[:2] != "//"


def is_json_list(value: str) -> bool:
    """Return True if a value is a JSON list that :func:`json_list` reads."""
    if value.lstrip()[:1] != "[":
        return False
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

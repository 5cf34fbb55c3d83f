"""Find an address in a parameter that no grammar reads: it would stay when the others move.

All addresses of a text move, or none does. Drivers have many parameters for further servers,
proxies and registries, and nobody can list them all. So this goes by the parameter's name, and by
a value that can hardly be anything but an address.
"""

from __future__ import annotations

from bisect import bisect_left

from hostshift.base.addresses import is_host_alias, is_loopback
from hostshift.dsn.authority import first_of, unquote
from hostshift.dsn.dialects._nested import pieces
from hostshift.dsn.host_port import host_port, is_socket
from hostshift.dsn.masking import is_secret
from hostshift.dsn.model import Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.dsn.model import Endpoint, Reading

REASON = (
    "a parameter names another address, which hostshift does not change there:"
    " write addresses that are right from where the program runs"
)
IN_PATH = (
    "what stands behind the path looks like a further address of a list, which hostshift does not"
    " change there: write a whole URL for each address"
)

NAMES = (
    *("host", "hosts", "hostname", "hostnames", "server", "servers", "servername", "servernames"),
    *("node", "nodes", "proxy", "proxies", "alternate", "alternates", "backup", "backups"),
    *("endpoint", "endpoints", "controller", "controllers", "registry", "registries"),
    *("address", "addresses", "addr", "addrs", "broker", "brokers", "brokerlist", "sentinels"),
    *("seeds", "failoverpartner"),
)
"""Ends of names of parameters that hold an address, without the marks between words. For example
Vertica's ``backup_server_node``, Db2's ``clientRerouteAlternateServerName`` (JCC's properties),
``socksProxy`` of Trino, ``controller`` of Pinot, Dubbo's ``backup``, clickhouse-go's
``alt_hosts``, Qpid's ``brokerlist``."""
_OTHERWISE = (
    *("ssl", "tls", "sni", "krb", "kerberos", "gss", "verify", "check"),  # whom to expect there
    *("asserthost", "loadbalancehosts"),  # urllib3's; libpq's and pgjdbc's order of the hosts
    *("local", "bind", "mac", "clienthost", "clientaddr"),  # where this side stands
    *("vhost", "virtualhost"),  # a part of the server: RabbitMQ's, in many clients' spelling
    "informixserver",  # a name in the server's own settings (INFORMIXSERVER)
)
"""Beginnings of names that end so too, and hold no address that is dialled."""
_LABELS = (
    *("name", "app", "clientid", "description", "label", "comment"),  # of the client
    *("callback", "redirect", "redirecturi", "redirecturl", "returnurl", "referer"),
)
"""Ends of names whose values may look like an address, and are none that is dialled."""
_WORDS = frozenset(
    (
        *("true", "false", "yes", "no", "on", "off", "none", "null", "auto", "default", "primary"),
        *("disable", "disabled", "enable", "enabled", "random"),
    )
)
"""Values that are no host, whatever the name."""
_AROUND = " '\"(){}"
"""What may stand around a value or an address of a list."""
_PARTING = ',;|+/"(){}[]<>'
"""What may stand before a host or behind a port, in a list or in an address with more."""
_HTTP = frozenset(("http", "https", "ws", "wss"))
_DIGITS = "0123456789"
_IDENTITIES = {"clickhouse": ("serverhostname",)}
"""Names that hold the name for TLS in one dialect, and an address in others: clickhouse-driver's
(connection.py, ``server_hostname``), Databricks'."""


def is_in(text: str, reading: Reading) -> bool:
    """Return True if a parameter behind the first address holds one that was not read.

    The query of an HTTP URL belongs to the server, and that of an LDAP URL is a filter. Neither
    says where to connect.
    """
    if reading.protocol == "ldap" or text.partition("://")[0].lower() in _HTTP:
        return False
    if reading.protocol == "mssql" and (reading.dialect == "jdbc" or ";" in text):
        return False  # it knows its own, and braces in it may hold any text
    begin, stop = _begin(text, reading.endpoints), len(text)
    if reading.dialect != "jdbc":  # its drivers may begin with a colon behind the path (Db2)
        stop = first_of(text, "#", begin)
        begin = min(first_of(text, "?;", begin), stop)
    slots = (slot for one in reading.endpoints for slot in (one.host_at, one.port_at))
    places = sorted(slot.start for slot in slots if slot.end > begin)
    identities = _IDENTITIES.get(reading.dialect, ())
    for start, end in pieces(text, "&;?", begin, stop):
        at = bisect_left(places, start)
        known = at < len(places) and places[at] <= end
        until = _before_url(text, start, places[at]) if known else end
        name, equals, value = text[start:until].partition("=")
        if _word(name) in identities:
            continue
        if holds_one(name, value) if equals else holds_one("", name):
            return True
    return False


def is_in_path(text: str, reading: Reading) -> bool:
    """Return True if a list seems to go on behind a path: ``redis://a/0,b:2``, ``unix:///s,b:2``.

    Clients differ: to some it is a list, and to others a path with a comma.
    """
    if reading.trouble and reading.dialect != "none":
        return False
    begin = _begin(text, reading.endpoints) if reading.endpoints else text.find("://") + 3
    end = first_of(text, "?#", begin)
    slash = text.find("/", begin, end)
    if slash < 0:
        return False
    known = {endpoint.host_at.start for endpoint in reading.endpoints}
    for start, stop in pieces(text, ",; ", slash, end)[1:]:
        entry = text[start:stop].partition("/")[0].rpartition("@")[2]
        if (_is_near(entry) or _host(entry)) and known.isdisjoint(range(start, stop)):
            return True
    return False


def _before_url(text: str, start: int, place: int) -> int:
    """Return where a parameter ends before the next URL of a list, or before an address in it."""
    slashes = text.rfind("://", start, place)
    return max(start, *(text.rfind(mark, start, max(slashes, start)) for mark in ", "))


def _begin(text: str, endpoints: tuple[Endpoint, ...]) -> int:
    """Return the offset behind the addresses that stand before the parameters."""
    first = min(one.host_at.end for one in endpoints)
    query = text.rfind("?", 0, first)
    if query >= 0 and text.find("=", query, first) >= 0 > text.find("@", query, first):
        return query  # all of them stand in parameters
    mark = first_of(text, "?;", first)
    slots = (slot for one in endpoints for slot in (one.host_at, one.port_at))
    return max((slot.end for slot in slots if slot.start <= mark), default=first)


def holds_one(name: str, value: str) -> bool:
    """Return True if a parameter holds an address, by its name or by its value."""
    word = _word(name)
    value = _plain(value).strip(_AROUND)
    if not value or value.isdigit() or value.lower() in _WORDS:
        return False
    if word.endswith(NAMES) and not word.startswith(_OTHERWISE):
        return not is_socket(value)
    if is_secret(_plain(name)):  # a token's URL is none, and a password looks like anything
        return "://" in value and _is_near(_host(value))
    hosts = [_host(entry.strip(_AROUND)) for entry in value.split(",")]
    if len(hosts) == 1 and word.endswith(_LABELS):
        return False
    return (len(hosts) > 1 and all(hosts)) or any(map(_is_near, hosts)) or _names_near(value)


def _names_near(value: str) -> bool:
    """Return True if a value names this machine with a port, whatever stands around that.

    For example ``[localhost:1]``, ``localhost:1|localhost:2``, ``user:secret@localhost:1/db``.
    """
    for mark in _PARTING:
        value = value.replace(mark, " ")
    for entry in value.split(" "):
        user, at, host = entry.rpartition("@")
        if host.count(":") == 1 and (":" in user or not at) and _is_near(_host(host)):
            return True
    return False


def _word(name: str) -> str:
    """Return a parameter's name without marks, and without a number or an index behind it."""
    name = _plain(name)
    last = name[max(name.rfind("/"), name.rfind(":")) + 1 :]
    return "".join(filter(str.isalnum, last.lower())).rstrip(_DIGITS)


def _plain(text: str) -> str:
    """Return a text without its percent escapes."""
    return unquote(text) if "%" in text else text


def _host(entry: str) -> str:
    """Return the host of ``host:port`` or of a URL, empty for any other text."""
    start = entry.find("://") + 3
    if start > 2:
        end = first_of(entry, "/?#", start)
        start = max(entry.rfind("@", start, end) + 1, start)
    else:
        start, end = 0, len(entry)
    try:
        found = host_port(entry, start, end, None)
    except Unreadable:
        return ""
    named = not found.host.isdigit()  # 12:30 is a time
    return found.host if named and (start or found.port is not None) else ""


def _is_near(host: str) -> bool:
    """Return True for a host that is this machine, or the one that runs the container."""
    return bool(host) and (is_loopback(host) or is_host_alias(host))

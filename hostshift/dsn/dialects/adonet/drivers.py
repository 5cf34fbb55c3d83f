"""How each ADO.NET driver reads the address in its keywords."""

from __future__ import annotations

from hostshift.base.record import Record
from hostshift.dsn.dialects._keyword_values import (
    Pair,
    after,
    bare_ipv6,
    check_address,
    last_address,
)
from hostshift.dsn.dialects._nested import nested, one_port, pieces, trimmed
from hostshift.dsn.dialects.adonet import keywords, sqlclient
from hostshift.dsn.host_port import (
    as_is,
    bracketed,
    host_port,
    is_socket,
    no_ipv6,
    nowhere,
    port_number,
)
from hostshift.dsn.model import Endpoint, Scheme, Slot, Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    Named = dict[str, Pair]
    Read = Callable[[str, Named], list[Endpoint]]

NO_IPV6 = no_ipv6("it is not clear which driver reads it, and each writes IPv6 in another way")
BEHIND_COLON, _AS_KEYWORD = after(":"), after(";Port=")

_SQLCLIENT_ONLY = "encrypt"
"""A keyword of SqlClient alone. ``TrustServerCertificate`` counts as one where ``SSL Mode`` is
missing, because Npgsql trusts a certificate only beside that."""


class Driver(Record):
    """One family of drivers."""

    protocol: str
    keywords: frozenset[str]
    """Those that the driver takes. It raises on every other."""
    read: Read
    """Finds the endpoints. Raises Unreadable as a dialect does."""


def plausible(named: Collection[str], protocol: str) -> tuple[Driver, ...]:
    """Return the drivers of a known protocol, or the ones that take all these keywords."""
    if protocol:
        return tuple(driver for driver in DRIVERS if driver.protocol == protocol)
    if "trustservercertificate" in named and "sslmode" not in named:
        named = {*named, _SQLCLIENT_ONLY}
    return tuple(driver for driver in DRIVERS if driver.keywords.issuperset(named))


# --- Npgsql -------------------------------------------------------------------------------------


def _npgsql(text: str, named: Named) -> list[Endpoint]:
    """Read ``Host``: a comma list, each entry with its own port or the one of ``Port``."""
    pair = last_address(named, ("host", "server"))
    if pair is None:
        return []
    spans = [trimmed(text, *span) for span in pieces(text, ",", pair.start, pair.end)]
    if len(spans) == 1:
        spans = [(pair.start, pair.end)]  # Npgsql does not trim a single host
    port = port_pair(named)
    endpoints = []
    for start, end in spans:
        if text[start:end] and not is_socket(text[start:end]):
            alone = pair if len(spans) == 1 else None
            endpoints.append(_npgsql_host(text, start, end, port, alone))
    return endpoints


def _npgsql_host(
    text: str, start: int, end: int, port: Pair | None, alone: Pair | None
) -> Endpoint:
    """Read one host (NpgsqlConnectionStringBuilder.TrySplitHostPort)."""
    if text[start] != "[" and text.count(":", start, end) > 1:
        return _npgsql_ipv6(text, start, end, port, alone)
    endpoint = host_port(text, start, end, 5432)
    check_address(endpoint.host)
    refuse_number(endpoint.host)
    if text[end - 1] == ":":
        raise Unreadable("a colon is followed by no port", refused=True)
    if endpoint.port is not None:
        return endpoint
    return _with_port(text, endpoint, port, alone)


def _npgsql_ipv6(
    text: str, start: int, end: int, port: Pair | None, alone: Pair | None
) -> Endpoint:
    """Read an IPv6 address without brackets, which takes no port behind it."""
    check_address(text[start:end])
    endpoint = bare_ipv6(text, start, end, 5432)
    if alone is None:
        return endpoint.replace(port=number(text, port))
    return _with_port(text, endpoint, port, alone)


def _with_port(text: str, endpoint: Endpoint, port: Pair | None, alone: Pair | None) -> Endpoint:
    """Add the port of the keyword. A new one goes there for one host, behind it for one of many."""
    at = endpoint.host_at.end
    beside = Slot(start=at, end=at, write=BEHIND_COLON)
    slot = beside if alone is None else port_slot(port, alone)
    return endpoint.replace(port=number(text, port), port_at=slot)


# --- MySqlConnector, Connector/NET --------------------------------------------------------------

_MYSQL = ("server", "host", "datasource", "addr", "address", "networkaddress")


def _mysql(text: str, named: Named) -> list[Endpoint]:
    """Read ``Server``: a comma list of hosts; one ``Port`` for all (ConnectionSettings)."""
    pair = last_address(named, _MYSQL)
    if pair is not None and text.startswith("//", pair.start):
        raise Unreadable("slashes before a host are Oracle's", refused=True)
    if _no_network(text, named) or pair is None or text[pair.start] in "/.":
        return []
    port = port_pair(named)
    spans = pieces(text, ",", pair.start, pair.end)
    slot = port_slot(port, pair)
    if len(spans) > 1:
        slot = slot.replace(write=one_port(slot.write), shared=True)
    return [_mysql_host(text, span, number(text, port), slot) for span in spans]


def _mysql_host(text: str, span: tuple[int, int], port: int | None, slot: Slot) -> Endpoint:
    """Read one host. Neither driver takes a port behind it, and only one takes spaces."""
    start, end = span
    host = text[start:end]
    if host != host.strip(" "):
        raise Unreadable("a blank stands in a list of hosts, which drivers read differently")
    if host[:1] == "[" and host[-1:] == "]" and ":" in host:
        host = host[1:-1]
    try:
        check_address(host)
    except Unreadable as error:
        raise Unreadable(error.reason, refused=True) from None
    refuse_number(host)
    return Endpoint(
        host=host,
        port=port,
        default_port=3306,
        host_at=Slot(start=start, end=end, write=bracketed),
        port_at=slot,
    )


def _no_network(text: str, named: Named) -> bool:
    """Return True if the driver uses a socket, a pipe or shared memory.

    Raises:
        Unreadable: the hosts come from DNS.

    """
    service = named.get("dnssrv")
    if service is not None and text[service.start : service.end].lower() not in ("false", "no", ""):
        raise Unreadable("the hosts come from DNS")
    protocols = [named[name] for name in ("protocol", "connectionprotocol") if name in named]
    values = {text[pair.start : pair.end].lower() for pair in protocols}
    if not values <= _NETWORKS | _OTHER_NETWORKS:
        raise Unreadable("the protocol is none of MySQL's", refused=True)
    return not values <= _NETWORKS


_NETWORKS = frozenset(("", "socket", "sockets", "tcp"))
_OTHER_NETWORKS = frozenset(
    ("pipe", "namedpipe", "memory", "sharedmemory", "unix", "unixsocket", "unixdomainsocket")
)
"""MySqlConnector's MySqlConnectionProtocol, and Connector/NET's."""


# --- others -------------------------------------------------------------------------------------


def _oracle(text: str, named: Named) -> list[Endpoint]:
    """Take a plain name for a host as the others do, although it may be an alias.

    EZConnect and descriptors are none (ODP.NET's manual, Data Source).
    """
    pair = last_address(named, ("datasource",))
    if pair is None:
        return []
    if not is_alias(text, named):
        if text.find("@", pair.start, pair.end) >= 0:
            raise Unreadable("the data source may hold credentials")
        from hostshift.dsn.dialects import oracle

        scheme = Scheme(protocol="oracle", port=None, dialects=())
        return list(nested(oracle.read, text, (pair.start, pair.end), scheme).endpoints)
    check_address(text[pair.start : pair.end])
    reason = "an Oracle data source has no place for a port"
    return [
        Endpoint(
            host=text[pair.start : pair.end],
            port=None,
            default_port=1521,
            host_at=Slot(start=pair.start, end=pair.end, write=NO_IPV6),
            port_at=nowhere(pair.end, reason),
        )
    ]


def is_alias(text: str, named: Named) -> bool:
    """Return True if Oracle's data source may be a name of ``tnsnames.ora``."""
    pair = named.get("datasource")
    return pair is not None and not any(mark in text[pair.start : pair.end] for mark in "/(")


def _sqlite(text: str, named: Named) -> list[Endpoint]:
    """Refuse a data source, which may be a file."""
    _ = text
    if named.keys() & keywords.ADDRESSES or "filename" in named:
        raise Unreadable("the data source may be a file")
    return []


def port_pair(named: Named) -> Pair | None:
    """Return the pair of the port, None if it is missing or empty."""
    pair = named.get("port")
    return pair if pair is not None and pair.start < pair.end else None


def number(text: str, pair: Pair | None) -> int | None:
    """Read the port of the keyword."""
    return None if pair is None else port_number(text[pair.start : pair.end])


def port_slot(port: Pair | None, address: Pair) -> Slot:
    """Return the place of the keyword's port, or else the one behind the address."""
    if port is not None:
        return Slot(start=port.start, end=port.end, write=as_is)
    return Slot(start=address.after, end=address.after, write=_AS_KEYWORD)


def refuse_number(host: str) -> None:
    """Refuse a number as a host: it is SqlClient's port, and these drivers cannot dial it."""
    if host.isdecimal():
        raise Unreadable("a host is a number", refused=True)


DRIVERS = (
    Driver(protocol="mssql", keywords=keywords.SQLCLIENT, read=sqlclient.read),
    Driver(protocol="postgresql", keywords=keywords.NPGSQL, read=_npgsql),
    Driver(protocol="mysql", keywords=keywords.MYSQL, read=_mysql),
    Driver(protocol="oracle", keywords=keywords.ORACLE, read=_oracle),
    Driver(protocol="", keywords=keywords.SQLITE, read=_sqlite),
)
"""The likeliest first. If several are plausible, they have to agree."""

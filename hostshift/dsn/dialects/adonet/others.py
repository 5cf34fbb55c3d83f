"""Drivers with ADO.NET's form of text that are no driver of the three large ones.

Many take only keywords that the large ones take as well. So they have a vote beside them: where
a broker and a database dial different default ports, the text does not say which.
"""

from __future__ import annotations

from hostshift.dsn.dialects._keyword_values import Pair, check_address, last_address
from hostshift.dsn.dialects._nested import pieces
from hostshift.dsn.dialects.adonet import keywords, sqlclient
from hostshift.dsn.dialects.adonet.drivers import (
    BEHIND_COLON,
    NO_IPV6,
    Driver,
    number,
    port_pair,
    port_slot,
    refuse_number,
)
from hostshift.dsn.host_port import as_is, host_port
from hostshift.dsn.model import Endpoint, Slot, Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    Named = dict[str, Pair]


def plausible(named: Collection[str], protocol: str) -> tuple[Driver, ...]:
    """Return the drivers that take all these keywords."""
    return tuple(
        driver
        for driver in OTHERS
        if driver.keywords.issuperset(named) and protocol in ("", driver.protocol)
    )


def _go_or_node(text: str, named: Named) -> list[Endpoint]:
    """Read ``server`` as SqlClient does; go-mssqldb also takes ``port`` (msdsn/conn_str.go)."""
    if "failoverport" in named:
        raise Unreadable("a keyword says where to connect, or by what means")
    _refuse_protocol(text, named)
    if not keywords.SERVERS & named.keys():
        raise Unreadable("no server is named", refused=True)
    endpoints = sqlclient.read(text, named)
    port = port_pair(named)
    if port is None or not endpoints:
        return endpoints
    if len(endpoints) > 1 or endpoints[0].port is not None:
        raise Unreadable("there are two ports")
    slot = Slot(start=port.start, end=port.end, write=as_is)
    return [endpoints[0].replace(port=number(text, port), port_at=slot)]


def _refuse_protocol(text: str, named: Named) -> None:
    """Refuse any protocol of go-mssqldb's but TCP (mssql.go, ``dialConnection``).

    It knows no other words, so that MySQL's (``socket``, ``unix``) make it fail.

    Raises:
        Unreadable: the protocol is another.

    """
    pair = named.get("protocol")
    protocol = "tcp" if pair is None else text[pair.start : pair.end].lower()
    if protocol != "tcp":
        refused = protocol not in ("np", "lpc", "admin")
        raise Unreadable("a keyword says by what means to connect", refused=refused)


def _easynetq(text: str, named: Named) -> list[Endpoint]:
    """Read ``host``: a comma list of ``host[:port]``; ``port`` serves those that have none.

    A new port goes behind a colon, but into the keyword if a database's driver may read the text,
    which takes it only there. Source: EasyNetQ, ConnectionStringGrammar. It knows no quotes.
    """
    pair = last_address(named, ("host",))
    if "amqp" in named:
        raise Unreadable("no host is named, or in another form")
    if pair is None or pair.after != pair.end:
        raise Unreadable("no host is named, or in another form", refused=True)
    port = port_pair(named)
    spans = pieces(text, ",", pair.start, pair.end)
    endpoints = [_broker(text, start, end) for start, end in spans]
    alone = port_slot(port, pair) if len(spans) == 1 else None
    if port is None:
        shared = any(others.issuperset(named) for others in _DATABASES)
        if alone is None or not shared or endpoints[0].port is not None:
            return endpoints
        return [endpoints[0].replace(port_at=alone)]
    return [_with_port(text, endpoint, port, alone) for endpoint in endpoints]


_DATABASES = (keywords.NPGSQL, keywords.MYSQL, keywords.CLICKHOUSE)


def _broker(text: str, start: int, end: int) -> Endpoint:
    """Read one host of EasyNetQ's list, which cannot dial what is no name and no address."""
    try:
        endpoint = host_port(text, start, end, 5672)
        check_address(endpoint.host)
    except Unreadable as error:
        raise Unreadable(error.reason, refused=True) from None
    refuse_number(endpoint.host)
    return endpoint


def _with_port(text: str, endpoint: Endpoint, port: Pair, alone: Slot | None) -> Endpoint:
    """Return an endpoint with the port of the keyword, if it has none of its own."""
    if endpoint.port is not None:
        return endpoint
    at = endpoint.host_at.end
    beside = Slot(start=at, end=at, write=BEHIND_COLON)
    return endpoint.replace(port=number(text, port), port_at=alone or beside)


def _clickhouse(text: str, named: Named) -> list[Endpoint]:
    """Read ``Host`` and ``Port`` (ClickHouse.Driver, ClickHouseConnectionStringBuilder)."""
    protocol = named.get("protocol")
    secure = protocol is not None and text[protocol.start : protocol.end] == "https"
    return _one_host(text, named, ("host",), "port", 8443 if secure else 8123)


def _vertica(text: str, named: Named) -> list[Endpoint]:
    """Read ``Host`` and ``Port`` (Vertica's manual, "ADO.NET Connection Properties")."""
    return _one_host(text, named, ("host",), "port", 5433)


def _poco(text: str, named: Named) -> list[Endpoint]:
    """Read ``host`` and ``port`` (POCO, Data/MySQL, SessionImpl)."""
    return _one_host(text, named, ("host",), "port", 3306)


def _firebird(text: str, named: Named) -> list[Endpoint]:
    """Read the data source (FirebirdSql.Data.Common, ConnectionString)."""
    database = named.get("database") or named.get("initialcatalog")
    if database is not None:
        name = text[database.start : database.end]
        if name.startswith("//") or ":" in name[:1] + name[2:]:
            raise Unreadable("the database may name a host, too")
    kind = named.get("servertype")
    if kind is not None and text[kind.start : kind.end].lower() not in ("0", "default"):
        raise Unreadable("the server may be embedded")
    name = "portnumber" if "portnumber" in named else "port"
    return _one_host(text, named, ("datasource", "server", "host"), name, 3050)


def _one_host(
    text: str, named: Named, hosts: tuple[str, ...], name: str, default: int
) -> list[Endpoint]:
    """Read one host, and the port of a keyword."""
    pair = last_address(named, hosts)
    if pair is None:
        return []
    try:
        check_address(text[pair.start : pair.end])
    except Unreadable as error:  # a list, a path, …: the driver looks it up as one name
        raise Unreadable(error.reason, refused=True) from None
    refuse_number(text[pair.start : pair.end])
    port = named.get(name)
    return [
        Endpoint(
            host=text[pair.start : pair.end],
            port=number(text, port),
            default_port=default,
            host_at=Slot(start=pair.start, end=pair.end, write=NO_IPV6),
            port_at=port_slot(port, pair),
        )
    ]


OTHERS = (
    Driver(protocol="mssql", keywords=keywords.GO_AND_NODE, read=_go_or_node),
    Driver(protocol="amqp", keywords=keywords.EASYNETQ, read=_easynetq),
    Driver(protocol="clickhouse", keywords=keywords.CLICKHOUSE, read=_clickhouse),
    Driver(protocol="firebird", keywords=keywords.FIREBIRD, read=_firebird),
    Driver(protocol="vertica", keywords=keywords.VERTICA, read=_vertica),
    Driver(protocol="mysql", keywords=keywords.POCO_MYSQL, read=_poco),
)
"""If several are plausible, they have to agree."""

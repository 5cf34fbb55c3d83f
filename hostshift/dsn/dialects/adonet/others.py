"""Drivers with ADO.NET's form of text that are no driver of the three large ones.

Their keywords count only if no driver of :mod:`.drivers` takes all keywords of a text.
"""

from __future__ import annotations

from hostshift.dsn.dialects._keyword_values import Pair, after, check_address, last_address
from hostshift.dsn.dialects._nested import pieces
from hostshift.dsn.dialects.adonet import keywords, sqlclient
from hostshift.dsn.dialects.adonet.drivers import NO_IPV6, Driver, number, port_pair, port_slot
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
    if "failoverport" in named or "protocol" in named:
        raise Unreadable("a keyword says where to connect, or by what means")
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


_BEHIND_COLON = after(":")


def _easynetq(text: str, named: Named) -> list[Endpoint]:
    """Read ``host``: a comma list of ``host[:port]``; ``port`` serves those that have none.

    Source: EasyNetQ, ConnectionStringGrammar. It knows no quotes.
    """
    pair = last_address(named, ("host",))
    if pair is None or "amqp" in named or pair.after != pair.end:
        raise Unreadable("no host is named, or in another form")
    port = port_pair(named)
    spans = pieces(text, ",", pair.start, pair.end)
    endpoints = [host_port(text, start, end, 5672) for start, end in spans]
    if port is None:
        return endpoints
    alone = port_slot(port, pair) if len(spans) == 1 else None
    return [_with_port(text, endpoint, port, alone) for endpoint in endpoints]


def _with_port(text: str, endpoint: Endpoint, port: Pair, alone: Slot | None) -> Endpoint:
    """Return an endpoint with the port of the keyword, if it has none of its own."""
    if endpoint.port is not None:
        return endpoint
    at = endpoint.host_at.end
    beside = Slot(start=at, end=at, write=_BEHIND_COLON)
    return endpoint.replace(port=number(text, port), port_at=alone or beside)


def _clickhouse(text: str, named: Named) -> list[Endpoint]:
    """Read ``Host`` and ``Port`` (ClickHouse.Driver, ClickHouseConnectionStringBuilder)."""
    protocol = named.get("protocol")
    secure = protocol is not None and text[protocol.start : protocol.end] == "https"
    return _one_host(text, named, ("host",), "port", 8443 if secure else 8123)


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
    check_address(text[pair.start : pair.end])
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
)
"""If several are plausible, they have to agree."""

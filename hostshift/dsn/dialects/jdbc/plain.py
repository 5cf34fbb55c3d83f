"""Further JDBC drivers whose texts have one ``host[:port]`` between ``//`` and the path.

These are Redshift's (com.amazon.redshift.Driver.parseURL), ClickHouse's (``jdbc:ch:``,
JdbcConfiguration), those of H2's, HSQLDB's and Derby's servers, and others by their manuals.
hostshift leaves alone what these drivers could read differently: lists but HANA's, and users
before the host. H2, HSQLDB and Derby databases in files or memory, and SQLite, have no host.
"""

from __future__ import annotations

from hostshift.dsn import authority, host_port
from hostshift.dsn.dialects._nested import pieces
from hostshift.dsn.dialects.jdbc import shared
from hostshift.dsn.masking import is_secret
from hostshift.dsn.model import Endpoint, Reading, Scheme, Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_PORTS: dict[str, int | None] = {
    "jdbc:redshift://": 5439,
    # 8123 for ClickHouse's driver; ClickHouse-Native-JDBC, of the same prefix, speaks the other
    # protocol (ClickhouseJdbcUrlParser).
    "jdbc:clickhouse://": None,
    "jdbc:clickhouse:http://": 8123,
    "jdbc:clickhouse:https://": 8443,
    "jdbc:ch://": 8123,
    "jdbc:ch:http://": 8123,
    "jdbc:ch:https://": 8443,
    "jdbc:ch:grpc://": 9100,
    "jdbc:clickhouse:grpc://": 9100,
    "jdbc:h2:tcp://": 9092,
    "jdbc:h2:ssl://": 9092,
    "jdbc:hsqldb:hsql://": 9001,
    "jdbc:hsqldb:hsqls://": 554,
    "jdbc:jtds:sqlserver://": 1433,  # jtds, Driver.getPropertyInfo
    "jdbc:jtds:sybase://": 7100,
    "jdbc:db2://": 446,  # DRDA's; IBM's "URL format for … type 4 connectivity"
    "jdbc:as400://": None,  # JTOpen asks the port mapper of the server (AS400, PortMapper)
    "jdbc:derby://": 1527,
    "jdbc:oceanbase://": 3306,  # obconnector-j, HostAddress.parseSimpleHostAddress
    "jdbc:cockroachdb://": 26257,
    "jdbc:opengauss://": 5432,
    "jdbc:kingbase8://": 54321,
    "jdbc:vertica://": 5433,
    "jdbc:trino://": None,  # both refuse a URL without a port
    "jdbc:presto://": None,
    "jdbc:hive2://": 10000,
    "jdbc:impala://": 21050,
    "jdbc:sap://": 30015,
    "jdbc:firebirdsql://": 3050,
    "jdbc:firebird://": 3050,
    "jdbc:informix-sqli://": 9088,
    "jdbc:neo4j:bolt://": 7687,
    "jdbc:neo4j:neo4j://": 7687,
    "jdbc:neo4j://": 7687,
    "jdbc:arrow-flight-sql://": None,  # refuses a URL without a port
    "jdbc:dm://": 5236,
}
"""Beginnings that a host follows, and the port that the driver takes by default.

None stands for a driver that has no default.
"""

_EMBEDDED = ("jdbc:h2:", "jdbc:hsqldb:", "jdbc:sqlite:", "jdbc:derby:")
_BY_SEMICOLON = ("jdbc:h2:", "jdbc:hsqldb:", "jdbc:derby:", "jdbc:jtds:", "jdbc:db2:")
"""Drivers for which only a ``;`` ends a value: a password may hold any other mark."""
_BY_COLON = ("jdbc:db2:", "jdbc:informix-sqli:")
"""Drivers whose settings begin behind a colon after the path."""
_LISTS = ("jdbc:sap:",)
"""Drivers that take further hosts behind a ``;``, for a failover (SAP's manual of ESP, "Configure
ESP to support SAP HANA failover": for each further node a semicolon, the host, and its port)."""
_INSTANCES = ("instance", "instancenumber")
"""Settings that decide on the port: SQL Server's browser service knows it (jTDS), and HANA's
follows the number (3NN13 or 3NN15)."""
_SERVERS = ("tcp:", "ssl:", "hsql:", "hsqls:", "http:", "https:")
_CONNECTING = ("host", "port", "protocol", "socket", "proxy")
"""Beginnings of settings that decide where to connect."""


def read(text: str, start: int, scheme: Scheme) -> Reading:
    """Find the endpoint behind ``jdbc:NAME:``."""
    begin = text.find("//", start) + 2
    if text[:begin] not in _PORTS:
        return _embedded(text, start, scheme)
    end = authority.first_of(text, "/?&#" if text.startswith(_LISTS) else "/?;&#", begin)
    authority.refuse_another_url(text, end)  # ClickHouse's [protocol://]host: its own lists
    if text.startswith("jdbc:redshift:") and not text.startswith("/", end):
        raise Unreadable("no slash stands behind the host", refused=True)
    marks = "?;:" if text.startswith(_BY_COLON) else "?;"
    user = begin
    if scheme.protocol == "clickhouse":  # ClickHouse's driver takes a user before the host
        begin = text.rfind("@", begin, end) + 1 or begin
        authority.refuse_users(text, user, begin - 1, end)
    settings = _settings(text, authority.first_of(text, marks, end) + 1)
    if any(name.lower().startswith(_CONNECTING) for name, _, _ in settings):
        raise Unreadable("the settings say where to connect, or by what means")
    mark = ";" if text.startswith(_BY_SEMICOLON) else "&"
    secrets = [
        (at, authority.first_of(text, mark, at)) for name, at, _ in settings if is_secret(name)
    ]
    return Reading(
        dialect="jdbc",
        protocol=scheme.protocol,
        endpoints=tuple(_endpoints(text, begin, end, _port(text, user, scheme, settings))),
        secrets=(
            *shared.secrets(text, begin, end),
            authority.credentials(text, user, begin - 1, end) if user < begin else (0, 0),
            *secrets,
        ),
    )


def _embedded(text: str, start: int, scheme: Scheme) -> Reading:
    """Read a text that names a file or memory of the process; hide the name."""
    if not text.startswith(_EMBEDDED) or text.startswith(_SERVERS, start):
        raise Unreadable("no address of a known form stands in it")
    hidden = ((start, len(text)),)
    return Reading(dialect="jdbc", protocol=scheme.protocol, secrets=hidden)


def _settings(text: str, start: int) -> list[tuple[str, int, int]]:
    """Return the name, and the span of the value, of each setting, for any separator."""
    rest = text[start:].replace(";", "&").replace("?", "&")
    return [(name, start + at, start + end) for name, at, end in shared.parameters(rest, 0, "&")]


def _port(
    text: str, begin: int, scheme: Scheme, settings: list[tuple[str, int, int]]
) -> int | None:
    """Return the driver's default port; encryption changes ClickHouse's."""
    if scheme.port is not None:  # the caller knows better
        return scheme.port
    if any(name.lower() in _INSTANCES for name, _, _ in settings):
        return None
    default = _PORTS[text[:begin]]
    encrypted = {text[at:end].lower() for name, at, end in settings if name.lower() == "ssl"}
    if scheme.protocol == "clickhouse" and default and not encrypted <= {"false"}:
        return 8443 if encrypted == {"true"} else None
    return default


def _endpoints(text: str, begin: int, end: int, port: int | None) -> Iterator[Endpoint]:
    """Yield the one host, or each of a list."""
    if not text.startswith(_LISTS):
        yield from _endpoint(text, begin, end, port)
        return
    for span in pieces(text, ";", begin, end):
        yield from _endpoint(text, *span, port)


def _endpoint(text: str, begin: int, end: int, port: int | None) -> list[Endpoint]:
    """Read the host; only some of these drivers take IPv6 in brackets."""
    if begin == end:
        return []
    endpoint = host_port.host_port(text, begin, end, port, authority.refuse_escapes)
    if "hsqldb" not in text[:begin]:
        return [endpoint]
    if ":" in endpoint.host:
        raise Unreadable("hostshift does not know how this driver reads IPv6")
    return [endpoint.replace(host_at=endpoint.host_at.replace(write=shared.no_ipv6))]

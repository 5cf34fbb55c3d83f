"""``pdo``: the data source names of PHP's PDO: a driver, a colon, and ``keyword=value;``.

Each driver has its own keywords (php-src, ext/pdo_*): ``host`` and ``port`` for MySQL and
PostgreSQL, ``Server=host,port`` for SQL Server, ``dbname=//host:port/service`` for Oracle.
PostgreSQL's driver hands the text to libpq, with blanks in place of the semicolons. In
MySQL's, ``;;`` is a semicolon in a value. Some hand the text to ODBC, and :mod:`.odbc` reads it.

Perl's DBI has the same form behind ``dbi:Pg:`` (DBD::Pg), ``dbi:mysql:`` (DBD::mysql, _OdbcParse)
and ``dbi:MariaDB:``, where a colon parts keywords as well and ``;;`` is nothing special.
"""

from __future__ import annotations

from hostshift.dsn import second_addresses
from hostshift.dsn.dialects import odbc
from hostshift.dsn.dialects._nested import nested, trimmed
from hostshift.dsn.host_port import as_is, check_host, host_port, is_socket, port_number
from hostshift.dsn.masking import is_secret
from hostshift.dsn.model import Endpoint, Reading, Scheme, Slot, Unreadable, Unwritable
from hostshift.dsn.shapes import DBI, PDO_OF_ODBC

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Span = tuple[int, int]
    Values = dict[str, Span]

_OURS = frozenset(("host", "port", "server", "dbname", "unix_socket"))
_ORACLE = Scheme(protocol="oracle", port=1521, dialects=("oracle",))


def read(text: str, scheme: Scheme) -> Reading:
    """Find the endpoint."""
    begin = 4 if text[:4].lower() == "dbi:" else 0
    driver, colon, rest = text[begin:].partition(":")
    if begin:
        driver = DBI.get(driver, "")
        if ":" in rest or ";;" in rest:
            raise Unreadable("a colon or two semicolons, which only some drivers take so")
    elif f"{driver}:" in PDO_OF_ODBC and colon:
        return odbc.read(text, scheme).replace(dialect="pdo")
    reads = _DRIVERS.get(driver)
    if reads is None or not colon:
        raise Unreadable("this is no data source of a known PDO driver", refused=True)
    protocol, port, endpoints = reads
    values, secrets = _values(text, len(text) - len(rest), driver)
    if begin and "host" not in values and "hostname" in values:  # DBD::mysql's other name
        values["host"] = values.pop("hostname")
    if any(second_addresses.holds_one(*pair) for pair in _others(text, values)):
        raise Unreadable(second_addresses.REASON)
    known = scheme.port if scheme.port is not None else port
    return Reading(
        dialect="pdo",
        protocol=scheme.protocol or protocol,
        endpoints=tuple(endpoints(text, values, known)),
        secrets=tuple(secrets),
    )


def _values(text: str, at: int, driver: str) -> tuple[Values, list[Span]]:
    """Return the spans of the values by their names in lower case, and those that are secret."""
    values: Values = {}
    secrets = []
    while at < len(text):
        end = _end(text, at)
        equals = text.find("=", at, end)
        if equals >= 0:
            name = text[at:equals].strip().lower()
            if name in values:
                raise Unreadable("a keyword stands twice")
            values[name] = trimmed(text, equals + 1, end)
            if is_secret(name):
                secrets.append((equals + 1, end))
        elif text[at:end].strip():
            raise Unreadable("a keyword has no value", refused=driver == "pgsql")
        at = end + 1
    return values, secrets


def _others(text: str, values: Values) -> Iterator[tuple[str, str]]:
    """Yield the keywords that no driver's reader here knows, with their values."""
    for name, (start, end) in values.items():
        if name not in _OURS:
            yield name, text[start:end]


def _end(text: str, at: int) -> int:
    """Return the offset of the semicolon that ends a value."""
    end = text.find(";", at)
    while end >= 0 and text.startswith(";", end + 1):
        end = text.find(";", end + 2)
    return end if end >= 0 else len(text)


def _host_and_port(text: str, values: Values, port: int | None) -> list[Endpoint]:
    """Read ``host=`` and ``port=``; with a socket there is no address."""
    if "host" not in values or any(name.endswith("_socket") for name in values):
        return []
    start, end = values["host"]
    host = text[start:end]
    if not host or is_socket(host):
        return []
    if any(mark in host for mark in ", :"):
        raise Unreadable("a host holds a comma, a colon or a blank")
    check_host(host)
    port_at = Slot(start=end, end=end, write=_behind)
    number = None
    if "port" in values:
        first, last = values["port"]
        number = port_number(text[first:last])
        port_at = Slot(start=first, end=last, write=as_is)
    host_at = Slot(start=start, end=end, write=_plain)
    return [Endpoint(host=host, port=number, default_port=port, host_at=host_at, port_at=port_at)]


def _behind(port: str) -> str:
    """Write a port behind the host, as a keyword of its own."""
    return f";port={port}"


def _plain(host: str) -> str:
    """Write a host; IPv6 addresses are taken differently by each driver."""
    if ":" in host:
        raise Unwritable("an IPv6 address cannot stand in such a place")
    return host


def _sql_server(text: str, values: Values, port: int | None) -> list[Endpoint]:
    """Read ``Server=host,port`` as ODBC does."""
    from hostshift.dsn.dialects._keyword_values import Pair
    from hostshift.dsn.dialects.adonet import sqlclient

    if "server" not in values:
        return []
    start, end = values["server"]
    pair = Pair(keyword="server", start=start, end=end, after=end)
    endpoints = sqlclient.read(text, {"server": pair})
    return [endpoint.replace(default_port=port) for endpoint in endpoints]


def _tds(text: str, values: Values, port: int | None) -> list[Endpoint]:
    """Read ``host=host:port`` or ``host=host,port`` (FreeTDS)."""
    if "host" not in values:
        return []
    start, end = values["host"]
    if text.find(",", start, end) >= 0:
        return _sql_server(text, {"server": values["host"]}, port)
    # A host without a port may be a name in freetds.conf.
    endpoint = host_port(text, start, end, port)
    return [endpoint if endpoint.port is not None else endpoint.replace(default_port=None)]


def _oracle(text: str, values: Values, port: int | None) -> list[Endpoint]:
    """Read ``dbname=//host:port/service``, the same without slashes, or a descriptor.

    A plain word is an alias. php-src hands all of them to Oracle's client (oci_driver.c).
    """
    from hostshift.dsn.dialects import oracle

    name = text[slice(*values.get("dbname", (0, 0)))]
    if not any(mark in name for mark in "/:("):
        return []
    if "@" in name:
        raise Unreadable("the data source may hold credentials")
    scheme = _ORACLE.replace(port=port)
    return list(nested(oracle.read, text, values["dbname"], scheme).endpoints)


_DRIVERS: dict[str, tuple[str, int | None, Callable[[str, Values, int | None], list[Endpoint]]]] = {
    "mysql": ("mysql", 3306, _host_and_port),
    "pgsql": ("postgresql", 5432, _host_and_port),
    "sqlsrv": ("mssql", 1433, _sql_server),
    "dblib": ("mssql", 1433, _tds),
    "oci": ("oracle", 1521, _oracle),
}

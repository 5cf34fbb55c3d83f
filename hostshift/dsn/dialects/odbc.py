"""``odbc``: ODBC connection strings (SQLDriverConnect): ``KEYWORD=value;``, values in ``{…}``.

The driver manager hands the text to the driver, and drivers differ in the place of
the port, in which of several equal keywords wins, and in blanks. So the ``DRIVER``
decides how hostshift reads a text, and hostshift leaves alone what drivers read
differently. The host and port of a data source name stand elsewhere.
"""

from __future__ import annotations

from hostshift.base.record import Record
from hostshift.dsn import second_addresses
from hostshift.dsn.dialects import _odbc_names
from hostshift.dsn.dialects._keyword_values import (
    Pair,
    after,
    check_address,
    credentials,
    refuse_invisible,
    secret_values,
)
from hostshift.dsn.dialects._nested import trimmed
from hostshift.dsn.host_port import as_is, bracketed, is_socket, nowhere, port_number
from hostshift.dsn.model import Endpoint, Reading, Slot, Unreadable
from hostshift.dsn.shapes import PDO_OF_ODBC

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from hostshift.dsn.model import Scheme


class Driver(Record):
    """How a family of drivers reads the address."""

    protocol: str
    port: int | None
    """The default."""
    marks: tuple[str, ...] = ()
    """Parts of its name, or of its file's name."""
    comma: bool = False
    """Whether it reads ``host,port``."""
    keyword: bool = True
    """Whether it reads ``PORT``."""
    prefix: bool = False
    """Whether ``tcp:`` may stand before the host."""


DRIVERS = (
    Driver(protocol="mssql", port=1433, marks=("freetds", "tdsodbc"), comma=True),
    Driver(
        protocol="mssql",
        port=1433,
        marks=("sql server", "msodbcsql", "sqlncli"),
        comma=True,
        keyword=False,
        prefix=True,
    ),
    Driver(protocol="postgresql", port=5432, marks=("postgresql", "psqlodbc")),
    Driver(protocol="mysql", port=3306, marks=("mysql", "maria", "myodbc", "maodbc")),
    Driver(protocol="db2", port=None, marks=("db2", "ibm data server")),
)
"""FreeTDS before Microsoft's own, because the names of both may hold "SQL Server"."""

UNKNOWN = Driver(protocol="", port=None)
_DB2 = DRIVERS[-1]

_ADDRESSES = ("server", "servername", "address", "addr", "network address", "host", "hostname")
_OURS = _odbc_names.NAMES.union(
    _ADDRESSES,
    ("port", "driver", "dsn", "filedsn", "socket", "tds_version", "protocol", "servicename"),
)
_WHOLE = _odbc_names.NAMES.union(_ADDRESSES, ("dsn", "filedsn", "database"))
"""Keywords that may hold credentials before an ``@``, for a driver that hostshift does not know."""


def read(text: str, scheme: Scheme) -> Reading:
    """Find the endpoint."""
    refuse_invisible(text)
    pairs = list_pairs(text, _behind_prefix(text))
    named: dict[str, list[Pair]] = {}
    for pair in pairs:
        if pair.keyword in _OURS:
            named.setdefault(pair.keyword, []).append(pair)
    driver = _driver(text, named, scheme)
    other = None if any(name in named for name in _ADDRESSES) else _odbc_names.read(text, named)
    if other is not None and other.endpoints:
        _refuse_further(text, pairs, _OURS)
        hidden = [pair for pair in pairs if pair.keyword not in _odbc_names.NAMES]
        secrets = (*secret_values(pairs), *other.secrets, *credentials(text, hidden, _WHOLE))
        return other.replace(dialect="odbc", secrets=secrets)
    endpoint = _endpoint(text, named, driver)
    if endpoint is not None:
        _refuse_further(text, pairs, _OURS - _odbc_names.NAMES)
    if endpoint is not None and scheme.port is not None:
        endpoint = endpoint.replace(default_port=scheme.port)
    return Reading(
        dialect="odbc",
        protocol=scheme.protocol or driver.protocol,
        endpoints=() if endpoint is None else (endpoint,),
        secrets=(*secret_values(pairs), *credentials(text, pairs, _WHOLE)),
    )


def _behind_prefix(text: str) -> int:
    """Return where the pairs begin: PDO writes the name of its own driver before them."""
    return next((len(name) for name in PDO_OF_ODBC if text.startswith(name)), 0)


def _refuse_further(text: str, pairs: list[Pair], known: Collection[str]) -> None:
    """Refuse a keyword of a driver that names a further server (Vertica's ``BackupServerNode``).

    Raises:
        Unreadable: the text has such a keyword.

    """
    for pair in pairs:
        value = text[pair.start : pair.end]
        if pair.keyword not in known and second_addresses.holds_one(pair.keyword, value):
            raise Unreadable(second_addresses.REASON)


def _driver(text: str, named: dict[str, list[Pair]], scheme: Scheme) -> Driver:
    """Return the family that ``DRIVER`` or, without it, the protocol names."""
    pairs = named.get("driver", [])
    if len(pairs) > 1:
        raise Unreadable("there are two drivers")
    name = text[pairs[0].start : pairs[0].end].lower() if pairs else ""
    for driver in DRIVERS:
        if any(mark in name for mark in driver.marks):
            return driver
    if not name and scheme.protocol not in ("", "mssql"):  # two families speak mssql
        for driver in DRIVERS:
            if driver.protocol == scheme.protocol:
                return driver
    # Db2's CLI, as ibm_db hands it over: without a driver, and with its protocol.
    return _DB2 if not name and "protocol" in named and "hostname" in named else UNKNOWN


def _endpoint(text: str, named: dict[str, list[Pair]], driver: Driver) -> Endpoint | None:
    """Read the address that the keywords name, None if they name none."""
    names = [name for name in _ADDRESSES if name in named]
    if not names:
        return None
    if "dsn" in named or "filedsn" in named or len(names) > 1:
        raise Unreadable("the address is given twice, or in a data source as well")
    address = _only(named[names[0]], driver)
    if address.start == address.end or is_socket(text[address.start : address.end]):
        return None
    port = _only(named["port"], driver) if "port" in named else None
    _refuse_sockets(text, named, driver, port)
    return (
        _comma(text, address, port, driver) if driver.comma else _plain(text, address, port, driver)
    )


def _only(pairs: list[Pair], driver: Driver) -> Pair:
    """Return the one pair of a keyword.

    Of several, Microsoft's drivers take the first, other drivers and .NET's
    OdbcConnectionStringBuilder the last. Drivers for SQL Server skip blanks before a
    keyword, while one or another of the rest takes them for a part of it.
    """
    pair = pairs[0]
    if pair.escaped or len(pairs) > 1:
        raise Unreadable("a keyword of the address is given twice, or holds braces")
    if pair.blanks or (pair.indented and not driver.comma):
        raise Unreadable("blanks around a keyword of the address, which drivers read differently")
    return pair


def _refuse_sockets(
    text: str, named: dict[str, list[Pair]], driver: Driver, port: Pair | None
) -> None:
    """Refuse a text whose driver may dial something else than this address and port."""
    if "socket" in named:
        raise Unreadable("a socket is named beside the host")
    if driver is _DB2:
        protocols = {text[pair.start : pair.end].lower() for pair in named.get("protocol", ())}
        if "servicename" in named or not protocols <= {"tcpip"}:
            raise Unreadable("the port is in another place, or the protocol is not TCP")
    if not driver.keyword and port is not None and text[port.start : port.end] != "1433":
        raise Unreadable("this driver takes its port behind a comma and ignores PORT")
    versions = [text[pair.start : pair.start + 1] for pair in named.get("tds_version", ())]
    if any(version not in ("7", "8") for version in versions):
        raise Unreadable("the default port of this version of TDS is another")


def _comma(text: str, address: Pair, port: Pair | None, driver: Driver) -> Endpoint:
    """Read ``[tcp:]host[,port]`` as drivers for SQL Server do, but no pipes."""
    start, end = address.start, address.end
    if driver.prefix and text[start : start + 4].lower() == "tcp:":
        start += 4
    comma = text.find(",", start, end)
    host_end = comma if comma >= 0 else end
    host_at = Slot(start=start, end=host_end, write=as_is)
    if comma < 0:
        if port is not None and driver.keyword:
            return _at(text, host_at, Slot(start=port.start, end=port.end, write=as_is), driver)
        return _at(text, host_at, Slot(start=end, end=end, write=after(",")), driver)
    if port is not None and driver.keyword:
        raise Unreadable("there are two ports")
    return _at(text, host_at, Slot(start=comma + 1, end=end, write=as_is), driver)


def _plain(text: str, address: Pair, port: Pair | None, driver: Driver) -> Endpoint:
    """Read a host, and the port of ``PORT``."""
    host_at = Slot(start=address.start, end=address.end, write=bracketed)
    if driver is not UNKNOWN:
        host_at = host_at.replace(write=as_is)
    if port is not None:
        port_at = Slot(start=port.start, end=port.end, write=as_is)
    elif driver is UNKNOWN:
        port_at = nowhere(
            address.after, "it is not clear which driver reads it, and so where a port goes"
        )
    else:
        port_at = Slot(start=address.after, end=address.after, write=after(";PORT="))
    return _at(text, host_at, port_at, driver)


def _at(text: str, host_at: Slot, port_at: Slot, driver: Driver) -> Endpoint:
    """Read the two places."""
    host, port = text[host_at.start : host_at.end], text[port_at.start : port_at.end]
    check_address(host)
    return Endpoint(
        host=host,
        port=port_number(port) if port else None,
        default_port=driver.port,
        host_at=host_at,
        port_at=port_at,
    )


def list_pairs(text: str, start: int = 0) -> list[Pair]:
    """Find the pairs from an offset on.

    Raises:
        Unreadable: driver managers and drivers would split the text differently.

    """
    pairs, at, end = [], start, len(text)
    while at < end:
        semicolon = text.find(";", at)
        stop = semicolon if semicolon >= 0 else end
        if trimmed(text, at, stop) == (stop, stop):
            at = stop + 1
            continue
        equals = text.find("=", at, stop)
        if equals < 0:
            raise Unreadable("a keyword has no value")
        pair = _value(text, at, equals, stop)
        pairs.append(pair)
        at = pair.after
        if at < end and text[at] != ";":
            raise Unreadable("something stands behind a closing brace")
        at += 1
    return pairs


def _value(text: str, at: int, equals: int, stop: int) -> Pair:
    """Read a pair whose keyword ends at an offset."""
    start, end = trimmed(text, at, equals)
    keyword = text[start:end].lower()
    if not keyword or not keyword.isascii():
        raise Unreadable("a keyword is empty or not ASCII")
    indented, blanks = start != at, end != equals
    if text.startswith("{", equals + 1):
        close, escaped = _closing(text, equals + 2)
        return Pair(
            keyword=keyword,
            start=equals + 2,
            end=close,
            after=close + 1,
            escaped=escaped,
            indented=indented,
            blanks=blanks,
        )
    start, end = trimmed(text, equals + 1, stop)
    if text.startswith("{", start):
        raise Unreadable("a blank stands before a brace")
    blanks = blanks or (start, end) != (equals + 1, stop)
    return Pair(keyword=keyword, start=start, end=end, after=stop, indented=indented, blanks=blanks)


def _closing(text: str, at: int) -> tuple[int, bool]:
    """Return the offset of the brace that closes a value, and whether others in it are doubled."""
    close, escaped = text.find("}", at), False
    while close >= 0 and text.startswith("}", close + 1):
        escaped = True
        close = text.find("}", close + 2)
    if close < 0:
        raise Unreadable("a brace is not closed")
    return close, escaped

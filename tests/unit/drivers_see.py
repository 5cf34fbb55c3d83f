"""What libpq, SQLAlchemy and pymongo see in a string, by their own parsers."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import pytest

from hostshift import dsn
from hostshift.dsn.model import Reading, Scheme, Unreadable, Unwritable
from hostshift.dsn.parse import reader

if TYPE_CHECKING:
    from collections.abc import Callable

    # Every host with its port, as the driver would dial them; and all else it read.
    Seen = tuple[list[tuple[str, str]], object]

pq = pytest.importorskip("psycopg.pq")
sqlalchemy = pytest.importorskip("sqlalchemy")
uri_parser = pytest.importorskip("pymongo.uri_parser")

NEW = ("db.test", 15999)
PAIRS = Scheme(protocol="", port=None, dialects=())


class RefusedError(Exception):
    """The driver does not take the text."""


# What each driver sees -------------------------------------------------------------------


def libpq_sees(text: str) -> Seen:
    """Parse as libpq does, and pair its lists as pqConnectOptions2 does."""
    try:
        options = {
            option.keyword.decode(): option.val.decode()
            for option in pq.Conninfo.parse(text.encode())
            if option.val is not None
        }
    except Exception as refused:
        raise RefusedError from refused
    addresses = options.pop("hostaddr", "").split(",")
    names = options.pop("host", "").split(",")
    hosts = names if addresses == [""] else addresses
    if addresses != [""] and names != [""]:
        if len(names) != len(addresses):
            raise RefusedError
        hosts = [address or name for address, name in zip(addresses, names, strict=True)]
        options["names"] = ",".join(names)
    return pair(hosts, options.pop("port", "").split(","), several=True), options


def pair(hosts: list[str], ports: list[str], *, several: bool) -> list[tuple[str, str]]:
    """Give every host its port; one may serve all."""
    if several and len(ports) == 1:
        ports = ports * len(hosts)
    if len(ports) != len(hosts):
        raise RefusedError
    return [(host, port or "5432") for host, port in zip(hosts, ports, strict=True)]


def sqlalchemy_sees(text: str) -> Seen:
    """Parse as SQLAlchemy does, and ask its dialect what it hands to the driver."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            url = sqlalchemy.make_url(text)
            args, options = url.get_dialect()().create_connect_args(url)
    except Exception as refused:
        raise RefusedError from refused
    if args and args[0]:
        return odbc_sees(args[0])
    rest = {name: repr(value) for name, value in options.items() if name not in ("host", "port")}
    hosts, ports = options.get("host", ""), options.get("port", "")
    if not url.drivername.startswith("postgresql"):
        return [(hosts or "", str(ports or "3306"))], rest
    hosts = hosts.split(",") if isinstance(hosts, str) else hosts
    ports = str(ports).split(",") if not isinstance(ports, list) else [str(port) for port in ports]
    return pair(hosts, ports, several=True), rest


def odbc_sees(text: str) -> Seen:
    """Read ``Server`` of an ODBC string whose other values are plain."""
    servers = [part for part in text.split(";") if part.lower().startswith("server=")]
    rest = [part for part in text.split(";") if part not in servers]
    if not servers:
        return [], rest
    host, _, port = servers[0][7:].removeprefix("tcp:").partition(",")
    return [(host, port or "1433")], rest


def mongodb_sees(text: str) -> Seen:
    """Parse as pymongo does."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = uri_parser.parse_uri(text)
    except Exception as refused:
        raise RefusedError from refused
    return [(host, str(port)) for host, port in found.pop("nodelist")], found


SEES: dict[str, Callable[[str], Seen]] = {
    "libpq": libpq_sees,
    "sqlalchemy": sqlalchemy_sees,
    "mongodb": mongodb_sees,
}


# What hostshift makes of it --------------------------------------------------------------


def read(text: str, dialect: str) -> Reading:
    """Read with a dialect; a reading in trouble is empty."""
    if "://" in text.partition("=")[0]:
        return dsn.read(text, dialect)
    try:
        return reader(dialect)(text, PAIRS)
    except Unreadable as found:
        return Reading(dialect="", trouble=found.reason)


def is_place(host: str, dialect: str) -> bool:
    """Return True if a host is dialled over the network.

    SQLAlchemy undoes no escapes in hosts: ``%2Ftmp`` can be no name there, and is
    left like any other socket.
    """
    socket = host[:1] in ("/", "@") or (dialect == "mongodb" and host.endswith(".sock"))
    return bool(host) and not socket and host[:3].lower() != "%2f"


def check(text: str, dialect: str, *, must: bool = False) -> None:
    """Hold a reading and what is spliced against what the driver sees.

    Blanks around the text are what a file added; a driver may take them for a part of it.
    """
    text = text.strip(" \t\r\n")
    reading = read(text, dialect)
    ends = reading.endpoints
    same = [(end.host, end.effective_port) for end in ends]
    assert dsn.splice(text, ends, same) == text
    dsn.mask(text, reading)
    try:
        hosts, rest = SEES[dialect](text)
    except RefusedError:
        return
    if dialect == "sqlalchemy" and any("," in host for host, _ in hosts):
        return  # SQLAlchemy hands such a list on as one name; psycopg parts it
    assert not (must and reading.trouble), reading.trouble
    if reading.trouble:
        return
    dialled = [(host.lower(), int(port)) for host, port in hosts if is_place(host, dialect)]
    assert [(host.lower(), port) for host, port in same] == dialled
    try:
        shifted = dsn.splice(text, ends, [NEW] * len(ends))
    except Unwritable:
        assert "hostaddr" in text.replace("%61", "a") or (dialect == "sqlalchemy" and "@" in text)
        return
    wanted = [
        (NEW[0], str(NEW[1])) if is_place(host, dialect) else (host, port) for host, port in hosts
    ]
    assert SEES[dialect](shifted) == (wanted, rest)
    again = read(shifted, dialect).endpoints
    assert [(end.host, end.port) for end in again] == [NEW] * len(ends)
    assert dsn.splice(shifted, again, [NEW] * len(ends)) == shifted

"""``sqlserver``: SQL Server's URLs.

go-mssqldb and its kin write ``sqlserver://user:password@host:port/instance?database=…``
(msdsn/conn_str.go, splitConnectionStringURL). Prisma writes the JDBC driver's form without
``jdbc:``, with ``;name=value`` behind the host. The port of a named instance comes from the
SQL Server Browser, unless the text names one.
"""

from __future__ import annotations

from hostshift.dsn import authority
from hostshift.dsn.dialects._nested import moved_reading, scheme_name
from hostshift.dsn.masking import parameters
from hostshift.dsn.model import Reading, Scheme, Unreadable

_OVERRIDING = frozenset(
    ("server", "host", "port", "data source", "address", "failoverpartner", "failoverport", "pipe")
)


def read(text: str, scheme: Scheme) -> Reading:
    """Find the endpoint."""
    scheme_name(text)
    start = authority.start_of(text)
    semicolon = text.find(";", start)
    equals = text.find("=", semicolon) if semicolon >= 0 else -1
    if equals >= 0 and "@" not in text[start:equals]:
        return _properties(text, start, scheme)
    if "\\" in text:
        raise Unreadable("the text holds a backslash, which clients read differently")
    end = authority.first_of(text, "/?#", start)
    at = text.rfind("@", start, end)
    authority.refuse_properties(text, start, at)
    for first, last in parameters(text, text.find("?", end)):
        name = text[first:last].partition("=")[0].lower().replace("+", " ").replace("%20", " ")
        if name in _OVERRIDING:
            raise Unreadable("the query names an address, which may override the one before it")
    reading = authority.reading("sqlserver", text, scheme, at, end)
    instance = text.startswith("/", end) and authority.first_of(text, "?#", end) > end + 1
    if instance and any(endpoint.port is None for endpoint in reading.endpoints):
        raise Unreadable("a named instance, whose port the SQL Server Browser gives")
    return reading.replace(protocol="mssql")


def _properties(text: str, start: int, scheme: Scheme) -> Reading:
    """Read the form of the JDBC driver."""
    from hostshift.dsn.dialects.jdbc import sqlserver as jdbc

    before = "jdbc:sqlserver:"
    reading = jdbc.read(before + text[start - 2 :], len(before), scheme)
    return moved_reading(reading, start - 2 - len(before)).replace(dialect="sqlserver")

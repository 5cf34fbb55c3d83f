"""``sqlalchemy``: SQLAlchemy's URLs (engine/url.py, _parse_url).

User information ends at the first ``@`` behind the first ``:``, else at the last
one before any ``/``. The authority has one host, without escapes. Each driver's
``create_connect_args`` reads the rest: PostgreSQL's take hosts from the query, ODBC's
take a host without a database for the name of a data source, Oracle's take one without
a service for an alias.
"""

from __future__ import annotations

from hostshift.dsn import authority
from hostshift.dsn.host_port import is_address, nowhere
from hostshift.dsn.masking import parameters
from hostshift.dsn.model import Reading, Slot, Unreadable, Unwritable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hostshift.dsn.model import Endpoint, Scheme

    Spans = dict[str, list[tuple[int, int]]]

WATCHED = frozenset(
    [
        "addr",
        "address",
        "alt_hosts",
        "conninfo",
        "database",
        "dsn",
        "failover_partner",
        "host",
        "hostaddr",
        "network+address",
        "network%20address",
        "odbc_connect",
        "port",
        "server",
        "service",
        "service_name",
        "servername",
        "unix_sock",
        "unix_socket",
    ]
)
"""Parameters that decide, for one driver or another, where to connect."""

LISTS = frozenset(("postgresql", "postgres", "cockroachdb"))
"""Databases whose drivers may take hosts from the query (_split_multihost_from_url)."""

LISTING = frozenset(
    ("", "psycopg", "psycopg_async", "psycopg2", "psycopg2cffi", "psycopgasync", "asyncpg")
)
ODBC = frozenset(("pyodbc", "aioodbc"))


def read(text: str, scheme: Scheme) -> Reading:
    """Find the endpoints."""
    start = authority.start_of(text)
    base, _, driver = text[: start - 3].lower().partition("+")
    if not (base + driver).replace("_", "").replace("+", "").isalnum():
        raise Unreadable("SQLAlchemy takes no such scheme", refused=True)
    at = _user_end(text, start)
    if base == "mssql":
        authority.refuse_properties(text, start, at)
    _refuse_two_users(text, start, at)
    first = at + 1 if at >= 0 else start
    end = authority.first_of(text, "/?", first)
    if end > first and text[end - 1] == ":":
        raise Unreadable("a port is empty", refused=True)
    if text.startswith(("%", "@"), first) and text.find(",", first, end) >= 0:
        raise Unreadable("a list of hosts begins with an escape or a socket, and libpq parts it")
    port = _default_port(text, base, driver, scheme)
    endpoints = _endpoints(text, base, driver, (first, end), port)
    query = text.find("?", end)
    watched = _watched(text, query)
    if (query if query >= 0 else len(text)) > end + 1:
        watched["database"] = [(end + 1, query)]
        if base == "mssql" and text.find("/", end + 1, query if query >= 0 else len(text)) >= 0:
            raise Unreadable("the path may name an instance, as some clients have it")
    dialled = _dialled(text, base, driver, (first, end), endpoints, watched)
    return Reading(
        dialect="sqlalchemy",
        protocol=scheme.protocol,
        endpoints=tuple(guarded(text, start, dialled)),
        secrets=tuple(authority.secrets(text, start, at, end)),
    )


def _endpoints(
    text: str, base: str, driver: str, at: tuple[int, int], port: int | None
) -> list[Endpoint]:
    """Read the authority's host.

    SQLAlchemy hands a list of hosts on as one name, and psycopg parts it. A port behind the last
    one is then that of all.
    """
    parts = driver in LISTING and driver != "asyncpg"  # which takes it for one name
    listed = base in LISTS and parts and authority.is_list(text, *at)
    if not listed:
        return authority.endpoints(text, *at, port, several=False)
    last = text.rfind(",", *at)
    if text.find(":", *at) > last:
        raise Unreadable(
            "SQLAlchemy gives the port behind a list of hosts to all of them, and libpq to the last"
        )
    no_port = "SQLAlchemy takes one port for a list of hosts, and not for each"
    return [
        endpoint.replace(port_at=nowhere(endpoint.port_at.start, no_port))
        for endpoint in authority.endpoints(text, *at, port, several=text.find(":", *at) < 0)
    ]


_AGREEING = frozenset(("postgresql", "postgres", "mysql", "mariadb", "mssql", "oracle"))
"""Databases whose drivers all take the server's port: most processes load no table for them."""


def _default_port(text: str, base: str, driver: str, scheme: Scheme) -> int | None:
    """Return the port of the driver, None if a parameter may change it (``secure=``)."""
    if base in _AGREEING:
        return scheme.port
    from hostshift.dsn import default_ports

    port = default_ports.of_sqlalchemy(base, driver, scheme.port)
    return None if port == default_ports.NATIVE and "secure=" in text else port


def _user_end(text: str, start: int) -> int:
    """Return the offset of the ``@`` that ends the user information, -1 without one."""
    name_end = authority.first_of(text, ":/", start)
    at = text.find("@", name_end) if text.startswith(":", name_end) else -1
    return at if at >= 0 else text.rfind("@", start, name_end)


def _refuse_two_users(text: str, start: int, at: int) -> None:
    """Refuse ``#@localhost:1/@h``: django-environ escapes the ``#`` and reads the first host.

    Raises:
        Unreadable: a whole address stands in the user information.

    """
    first = text.find("@", start, max(at, start)) + 1
    end = authority.first_of(text, "/?#", first)
    if 0 < first < end < at and is_address(text[first:end]):
        raise Unreadable("an address with a / or ? behind it stands before the last @")


def guarded(text: str, start: int, endpoints: Iterable[Endpoint]) -> Iterator[Endpoint]:
    """Guard places where a new colon would turn the text before a later ``@`` into a user.

    ``://h/d?x=@`` has the host h; ``://h:1/d?x=@`` has a user of that name.
    """
    name_end = authority.first_of(text, ":/", start)
    if text.find("@", name_end) < 0:
        yield from endpoints
        return
    for endpoint in endpoints:
        host_at, port_at = endpoint.host_at, endpoint.port_at
        if host_at.start <= name_end:
            host_at = _colonless(host_at)
        if port_at.start <= name_end:
            port_at = _colonless(port_at)
        yield endpoint.replace(host_at=host_at, port_at=port_at)


def _colonless(slot: Slot) -> Slot:
    """Return a slot that refuses to write a colon."""

    def write(value: str) -> str:
        written = slot.write(value)
        if ":" in written:
            raise Unwritable("a colon there would make the host a user name")
        return written

    return Slot(start=slot.start, end=slot.end, write=write, shared=slot.shared)


def _watched(text: str, query: int) -> Spans:
    """Return the spans of watched parameters, by name; blank ones do not count (parse_qsl)."""
    watched: Spans = {}
    for start, end in parameters(text, query):
        equals = text.find("=", start, end)
        if 0 <= equals < end - 1:
            name = text[start:equals].lower()
            if "%" in name:
                name = authority.unquote(name).lower()
            if name in WATCHED:
                watched.setdefault(name, []).append((equals + 1, end))
    return watched


def _dialled(
    text: str,
    base: str,
    driver: str,
    at: tuple[int, int],
    endpoints: list[Endpoint],
    watched: Spans,
) -> list[Endpoint] | tuple[Endpoint, ...]:
    """Return what the driver dials."""
    if driver in ODBC or (base == "mssql" and not driver):
        return _odbc(text, base, endpoints, watched)
    database = watched.pop("database", None)
    if base == "oracle":
        if not (watched.pop("service_name", None) or database):
            endpoints = []  # the name of a TNS entry
    elif base in LISTS and driver in LISTING and watched.keys() <= {"host", "port"}:
        if not watched:
            return endpoints
        from hostshift.dsn.dialects.sqlalchemy import hosts as lists

        return lists.dialled(text, at, endpoints, watched)
    if watched:
        raise Unreadable("the query names an address, which may override the one before it")
    return endpoints


def _odbc(text: str, base: str, endpoints: list[Endpoint], watched: Spans) -> list[Endpoint]:
    """Return what ODBC dials (connectors/pyodbc.py, create_connect_args)."""
    nested = watched.get("odbc_connect")
    if nested:
        if len(nested) > 1:
            raise Unreadable("the query has odbc_connect twice", refused=True)
        if base != "mssql":
            raise Unreadable("the query names an address, in an ODBC string of some driver")
        from hostshift.dsn.dialects.sqlalchemy import odbc_connect

        return odbc_connect.endpoints(text, *nested[0])
    dsn = watched.pop("dsn", None)
    database = watched.pop("database", None)
    if watched:
        raise Unreadable("the query names an address, which may override the one before it")
    return [] if dsn or not database else endpoints

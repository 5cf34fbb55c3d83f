"""Strings that lead to a file or a Unix socket, and so to no host."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from hostshift.dsn import schemes, second_addresses, shapes, wrapping
from hostshift.dsn.dialects import adonet, odbc
from hostshift.dsn.dialects.libpq import pairs as libpq
from hostshift.dsn.model import Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from hostshift.dsn.model import Scheme

_PARAMETERS = {"postgresql": ("host", "unix_sock"), "mysql": ("unix_socket",)}
"""Parameters of a URL that may hold a socket: libpq's (34.1.2) and pg8000's; that of PyMySQL,
mysqlclient and Doctrine."""
_RUBYS = frozenset(("mysql2", "trilogy"))
"""Names of Ruby's drivers, which take ``socket``. Node's mysql2 does not, and dials the host."""
_INSTEAD = {"postgresql": ("",), "mysql": ("", "localhost")}
"""Hosts of a URL that no client dials if such a parameter is there (asyncpg dials the others)."""
_ESCAPED = frozenset(("postgresql", "mongodb", "mysqlx"))
"""Protocols whose clients take a path with escapes in the place of the host."""
_KEYWORDS = {
    "libpq": ("host",),
    "pdo": ("host", "unix_socket", "mysql_socket", "mariadb_socket"),
    "adonet": ("server", "host", "data source", "datasource", "address", "addr"),
    "odbc": ("server", "servername", "host", "socket"),
}
"""Keywords that may hold a socket, by dialect. In each of them a host may stand as well."""
_PATH = re.compile(r"(?:/(?!/)|@)[^,;@\s]*")
"""A path, or the name of an abstract socket (libpq 34.1.1.3)."""
_BARE = re.compile(
    r"(?:unix:)?/(?!/)[^,;@\s]*|unix-abstract:[^,;@\s]+"
    r"|(?:npipe:)?(?://|\\\\)\.[/\\]pipe[/\\][^,;@\s]+"
    r"|(?:sqlite|file|duckdb):(?!//|md:)[^,;@\s]+|dbi:SQLite:[^@\s]+"
)
"""A path alone, as clients of Redis and memcached take it; Windows' named pipes; files of
SQLite and DuckDB (Prisma, PDO, SQLite's own URIs, Perl's DBI)."""
_MARIADB = re.compile(r"jdbc:mariadb://(?:localhost)?(?::\d+)?/[^?@]*")
"""MariaDB's Connector/J, which dials no host where ``localSocket`` is (Configuration.java)."""
_CACHE = re.compile(r"cache\+memcached://(?:unix:)?/[^,;@\s]*")
_LOCAL_DB = re.compile(r"(?:server|data source)=\(localdb\)\\[\w.$-]+(?:;[^@]*)?", re.IGNORECASE)
"""SQL Server's database inside the program's own session (LocalDB), which has no network."""
_SQLITE = re.compile(
    r"data source=(?::memory:|[^;@:,]+\.(?:db|sqlite3?|db3))(?:;[^@]*)?", re.IGNORECASE
)
"""SQLite's for .NET (Microsoft.Data.Sqlite)."""
_GO = re.compile(r"(?:[^/]*@)?unix\([/@][^()]*\)/[^@]*")
"""An address of go-sql-driver/mysql."""
_EMBEDDED = re.compile(
    r"jdbc:(?:sqlite:|duckdb:|h2:(?!tcp:|ssl:)|hsqldb:(?!hsqls?:|https?:)|derby:(?!//)"
    r"|firebirdsql:embedded:)[^$@]*"
)
"""Databases inside the Java program."""
_SERVICES = frozenset(("service", "servicefile", "dsn", "filedsn"))
"""Parameters that name an entry of a file, which may hold an address."""
_WRAPPERS = frozenset(("sqla", "sqlalchemy", "db", "database"))
"""What kombu and Celery put before the URL of SQLAlchemy."""


def names_one(text: str) -> bool:
    """Return True if a string in which no host was read leads to a file or a socket alone.

    Others mean what their client takes by default, which often is ``localhost``.

    Args:
        text: the connection string.

    """
    text = text[slice(*wrapping.inside(text))]
    name, separator, rest = text.partition("://")
    if any(form.fullmatch(text) for form in _ALONE):
        return True
    if text[:5].lower() == "jdbc:":
        return _in_jdbc(text)
    if separator:
        base, _, inner = name.lower().partition("+")
        wrapped = schemes.find(inner) if base in _WRAPPERS else None
        if wrapped is not None and wrapped.dialects == ("none",):
            return "://" not in rest
        if name.lower() in _FILES and rest[:1] in ("/", ":"):
            return "://" not in rest
        found = wrapped or schemes.find(name)
        return found is not None and _in_url(name.lower(), found, rest)
    try:
        return _in_keywords(text)
    except Unreadable:
        return False


_ALONE = (_BARE, _GO, _CACHE, _LOCAL_DB, _SQLITE)
_FILES = frozenset(("libsql", "sqlite+libsql"))
"""Schemes of a file or of a server."""


def _in_jdbc(text: str) -> bool:
    """Return True for a database inside the Java program, and for MariaDB's socket."""
    head, _, query = text.partition("?")
    if _MARIADB.fullmatch(head) and "@" not in query:
        parts = (part.partition("=") for part in query.split("&"))
        return _all_lead_to_sockets([(name, value) for name, _, value in parts], ("localSocket",))
    beyond = "://" in text or text.lower().startswith("jdbc:duckdb:md:")
    return bool(_EMBEDDED.fullmatch(text)) and not beyond


def _in_url(name: str, scheme: Scheme, rest: str) -> bool:
    """Return True if what stands behind ``://`` names a socket, and no other address."""
    authority, question, query = rest.partition("?")
    authority, _, path = authority.partition("/")
    if "@" in path or "#" in rest:
        return False
    host, protocol = authority.rpartition("@")[2], scheme.protocol
    if protocol == "mysql" and _GO.fullmatch(rest.partition("?")[0]):
        return True
    parameters = parse_qsl(query, keep_blank_values=True) if question else []
    if protocol in _ESCAPED and host:
        listed = all(one[:3].lower() == "%2f" for one in host.split(","))
        return listed and _all_lead_to_sockets(parameters, (), needed=False)
    named = _PARAMETERS.get(protocol, ()) + (("socket",) if name in _RUBYS else ())
    instead = _INSTEAD.get(protocol, ())
    return host.partition(":")[0].lower() in instead and _all_lead_to_sockets(parameters, named)


def _in_keywords(text: str) -> bool:
    """Return True if a text of ``keyword=value`` names a socket, and no other address.

    Raises:
        Unreadable: the text does not consist of such pairs.

    """
    found = shapes.find(text, "")
    dialect = found.dialects[0] if found is not None and found.dialects else ""
    if dialect not in _KEYWORDS:
        return False
    pairs = list(_pairs(text, dialect))
    return _all_lead_to_sockets(pairs, _KEYWORDS[dialect], or_localhost=dialect == "pdo")


def _pairs(text: str, dialect: str) -> Iterable[tuple[str, str]]:
    """Yield the keywords and their values."""
    if dialect == "libpq":
        return ((one.name, text[one.start : one.end]) for one in libpq.parameters(text))
    if dialect == "pdo":
        behind = 2 if text[:4].lower() == "dbi:" else 1
        text = text.split(":", behind)[behind]
    listed = odbc.list_pairs(text) if dialect == "odbc" else adonet.list_pairs(text)
    return ((one.keyword, text[one.start : one.end]) for one in listed)


def _all_lead_to_sockets(
    pairs: Iterable[tuple[str, str]],
    names: tuple[str, ...],
    *,
    needed: bool = True,
    or_localhost: bool = False,
) -> bool:
    """Return True if each of these parameters holds a socket, and no other one an address.

    Args:
        pairs: all parameters, with their values.
        names: those that may hold a socket.
        needed: one has to be there.
        or_localhost: ``localhost`` may stand beside a socket (php-src, mysql_driver.c).

    """
    found = False
    for name, value in pairs:
        if name not in names:
            if name.lower() in _SERVICES and value:
                return False
            if second_addresses.holds_one(name, value):
                return False
        elif not (or_localhost and value == "localhost"):
            if not all(map(_PATH.fullmatch, value.split(","))):
                return False
            found = True
    return found or not needed

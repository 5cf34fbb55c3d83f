"""Which clients of MySQL take the host ``localhost`` for a Unix socket and ignore the port. Pure.

libmysqlclient and MariaDB's Connector/C do so for the word in lower case (``mysql_real_connect``,
``LOCAL_HOST``), unless they are told to use TCP. Their users are mysqlclient, MariaDB's
Connector/Python, Ruby's mysql2, Perl's DBD::mysql and DBD::MariaDB, and the ODBC drivers of MySQL
and MariaDB. PHP's mysqlnd, below PDO and mysqli, does so in any case
(``mysqlnd_conn_data::get_scheme``). Drivers with a protocol of their own dial TCP: PyMySQL,
MySQL's Connector/Python, Node's, Go's and Java's, trilogy.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.dsn.model import Reading

LOCALHOST = "localhost"
USUAL = "*"
"""The client takes ``localhost`` for a socket, and nothing names it: it is at a usual place. No
variable and no parameter has this name."""
POSSIBLE = "~"
"""The same for a client that is one of these or another: nothing shows which."""
MAYBE = "?"
"""The server may be MySQL's or another's, and nothing shows who reads its host."""

C_DRIVERS = frozenset(("mysqldb", "mariadbconnector"))
"""SQLAlchemy's names of the drivers of Python that use a C library."""
OPTION_FILES = ("read_default_file", "read_default_group", "default_file", "default_group")
"""Parameters of these drivers for files of options, which may name a socket."""
ENGINES = frozenset(
    (
        *("mysqli", "pdo-mysql", "pdo_mysql", "dbi:mysql", "dbi:mariadb"),
        *("django.db.backends.mysql", "django.contrib.gis.db.backends.mysql"),
    )
)
"""What settings beside a host name these clients: Doctrine's drivers, Django's back ends."""
_PHP = frozenset(("mysqli", "pdo-mysql", "pdo_mysql"))
_SCHEMES = frozenset(("mysql2", "mysqlgis"))
"""Schemes of Rails and Sequel, and of Django's GIS."""
_TCP_DIALECTS = frozenset(("adonet", "go_mysql", "jdbc"))
_POCO = ("auto-reconnect", "secure-auth", "fail-readonly", "character-set", ";db=", ";reset=")
"""What shows a text as POCO's, which has ADO.NET's form and a C library below it (Data/MySQL)."""
_TCP_SCHEMES = frozenset(("trilogy", "mysql-connector"))
_TCP_DRIVERS = frozenset(("aiomysql", "asyncmy", "cymysql", "mysqlconnector", "pymysql"))
_OVER_TCP = ("protocol=tcp", "tcpip=1")
"""Options that make the libraries use TCP: MYSQL_OPT_PROTOCOL; TCPIP of MariaDB's ODBC."""


def socket(text: str, reading: Reading, named: str = "") -> str:
    """Return what names the Unix socket that the client of a text takes for its ``localhost``.

    Args:
        text: the connection string.
        reading: what was read in it.
        named: what names a socket beside the text.

    Returns:
        What names it, :data:`USUAL` or :data:`POSSIBLE`; :data:`MAYBE` where nothing shows the
        server; empty where the client dials a host and a port, and where no ``localhost`` is in
        the text.

    """
    hosts = [end.host for end in reading.endpoints if end.host.lower() == LOCALHOST]
    if named == MAYBE or not hosts:
        if not reading.protocol:
            return MAYBE
        named = ""
    if not hosts:
        return ""
    lower = text.lower()
    client = _client(lower, reading.dialect)
    options = _options(lower)
    if client == "tcp" or any(option in options for option in _OVER_TCP):
        return ""
    if client == "c" and LOCALHOST not in hosts:
        return ""
    if client != "php" and not named:
        names = (*OPTION_FILES, *(("socket",) if "pyodbc" in lower else ()))
        named = next((option for option in names if f"{option}=" in options), "")
        if "__extra__=" in options and "socket" in options:  # Airflow's connections
            named = "__extra__"
    return named or (USUAL if client else POSSIBLE)


def _options(text: str) -> str:
    """Return what may hold options: a password stands before them, a name of a database too."""
    url, separator, query = text.partition("?")
    return query if "://" in url else url + separator + query


def _client(text: str, dialect: str) -> str:
    """Return what reads a text in lower case, where that is certain: ``c``, ``php``, ``tcp``."""
    scheme, separator, _ = text.strip(" \t\r\n'\"").partition("://")
    if dialect == "pdo":
        return "c" if scheme.startswith("dbi:") else "php"
    if dialect == "odbc":
        return "c"
    if dialect == "adonet" and any(mark in text for mark in _POCO):
        return "c"
    driver = scheme.rpartition("+")[2] if separator else ""
    if dialect in _TCP_DIALECTS or driver in _TCP_DRIVERS or driver in _TCP_SCHEMES:
        return "tcp"
    if driver in _PHP:
        return "php"
    is_usual = dialect == "sqlalchemy" and driver in ("mysql", "mariadb")  # its own default
    return "c" if is_usual or driver in C_DRIVERS or driver in _SCHEMES else ""

"""Who may read a text that does not begin with a known scheme, by its shape."""

from __future__ import annotations

from hostshift.dsn.model import Scheme


def _read_by(*dialects: str) -> Scheme:
    return Scheme(protocol="", port=None, dialects=dialects)


_JAVA = ("r2dbc:", "r2dbcs:", "vertx-reactive:", "jdbc-secretsmanager:", "oracle:thin:")
_PDO_KEYWORDS = {
    "mysql": "host port dbname unix_socket charset",
    "pgsql": "host port dbname user password sslmode",
    "sqlsrv": "Server server Database database",
    "dblib": "host dbname charset",
    "oci": "dbname",
}
_AZURE = ("accountkey=", "sharedaccesskey=", "sharedaccesssignature=", "usedevelopmentstorage=")
_LISTENER = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
_COMPOSITE = ("failover:", "static:", "fanout:", "failover(", "roundrobin(")
"""ActiveMQ's lists of URIs (org.apache.activemq.transport), and Symfony Mailer's (Transport)."""
PDO_OF_ODBC = ("odbc:", "ibm:", "informix:")
"""PDO's drivers that hand the rest to ODBC (php-src, ext/pdo_odbc; pdo_ibm, pdo_informix)."""
DBI = {"Pg": "pgsql", "mysql": "mysql", "MariaDB": "mysql"}
"""Drivers of Perl's DBI (DBD::Pg, DBD::mysql, DBD::MariaDB), and PDO's with the same keywords."""
_LIBPQ_KEYS = frozenset(("host", "hostaddr", "port", "dbname", "user", "password", "sslmode"))
_ADONET_KEYS = frozenset(("server", "data source", "datasource", "address", "addr"))


def find(text: str, scheme: str) -> Scheme | None:
    """Return the plausible consumers of a text, None for a URI of an unknown scheme with a host.

    Args:
        text: the connection string.
        scheme: what stands before ``://``, empty if that is not in the text.

    """
    if text[:5].lower() == "jdbc:" or text.startswith(_JAVA):
        return _read_by("jdbc")
    if _is_pdo(text):
        return _read_by("pdo")
    if "@tcp(" in text or text.startswith("tcp(") or "://tcp(" in text:
        return _read_by("go_mysql")
    if scheme and (text.startswith(_COMPOSITE) or (scheme[0] == "(" and scheme[1:].isalnum())):
        return _read_by("uris")
    if "_" in scheme and _LISTENER.issuperset(scheme):  # the name of a listener of Kafka's
        return _read_by("kafka")
    if not scheme and _is_go_mysql(text):
        return _read_by("go_mysql")
    plain = scheme.replace("+", "").replace("-", "").replace(".", "")
    if plain.isascii() and plain.isalnum() and scheme[0].isalpha():  # RFC 3986, 3.1
        from hostshift.dsn import notifiers

        return _read_by("none") if notifiers.names_no_host(scheme, text) else None
    return _keywords(text)


def _is_pdo(text: str) -> bool:
    """Return True if the name of a PDO driver stands before a keyword of its own, or DBI's."""
    driver, _, rest = text.partition(":")
    if driver.lower() == "dbi":
        return rest.partition(":")[0] in DBI
    keywords = _PDO_KEYWORDS.get(driver)
    return keywords is not None and rest.partition("=")[0].strip() in keywords.split()


def _is_go_mysql(text: str) -> bool:
    """Return True for ``user:password@(host)/db``, ``…@unix(path)/db`` and ``…@/db``.

    Also with the name of another network before the parenthesis, as programs register them.
    Oracle's ``user/password@(DESCRIPTION=…)`` has an equals sign in the parentheses.
    """
    user, at, rest = text.partition("@")
    if not at or "/" in user or "=" in user or text.count("@") > 1:
        return False
    network, opening, address = rest.partition("(")
    if not opening or not (network.isalnum() or not network):
        return rest.startswith("/") and not rest.startswith("//") and ":" in user
    return ")/" in address and "=" not in address.partition(")/")[0]


def has_credentials(text: str) -> bool:
    """Return True for ``user:password@host:port``, with or without a path and a query behind it.

    So the drivers of Databricks, Snowflake and Firebird for Go and NATS take it (dsn.go,
    url.go of each), and Spring for RabbitMQ: all put a scheme before it and read a URL.
    Oracle's ``user/password@host`` has a slash, and ssh's ``user@host:path`` no password.
    """
    user, at, rest = text.partition("@")
    name, colon, _ = user.partition(":")
    if not (at and name and colon) or "@" in rest or any(mark in user for mark in _NO_USER):
        return False
    address = rest.partition("?")[0].partition("/")[0]
    host, colon, port = address.rpartition(":")
    return bool(colon) and port.isdecimal() and _is_host(host)


def _is_host(text: str) -> bool:
    """Return True for a name or an address, whose IPv6 stands in brackets; no number is one."""
    if text[:1] == "[" and text[-1:] == "]":
        return ":" in text
    plain = text.replace(".", "").replace("-", "").replace("_", "")
    return plain.isalnum() and not text.isdigit()


_NO_USER = " \t\r\n/?#=;,()[]{}<>'\"\\"
"""What a user and a password hold only if they are none, or another grammar's."""


def _is_endpoint(text: str) -> bool:
    """Return True for ``Endpoint=http…``, as SignalR's and App Configuration's strings begin."""
    name, _, value = text.partition("=")
    return name.strip().lower() == "endpoint" and value[:8].lower().startswith(
        ("http://", "https://")
    )


def _keywords(text: str) -> Scheme:
    """Return the plausible consumers by the first keyword, and what parts the keywords."""
    if text.lstrip()[:1] == "(":
        return _read_by("oracle")
    first, equals, _ = text.partition("=")
    if not equals or has_credentials(text):
        return _read_by("hostport")
    if "," in first and ";" not in first:
        return _read_by("stackexchange")
    key = first.strip().lower()
    if key in _LIBPQ_KEYS and not first.islower():
        return _read_by("adonet")  # libpq knows its keywords in lower case only
    if ";" in text and (_is_endpoint(text) or any(name in text.lower() for name in _AZURE)):
        return _read_by("azure")
    if ";" in text or (key in _ADONET_KEYS and text.count("=") == 1):
        lowered = text.lower()
        # Db2's CLI needs no driver (ibm_db).
        marks = ("driver=", "dsn=", "hostname=")
        if not any(mark in lowered for mark in marks):
            return _read_by("adonet")
        return _read_by("pdo" if text.startswith(PDO_OF_ODBC) else "odbc")
    return _read_by("libpq") if key in _LIBPQ_KEYS or " host=" in text else _read_by()

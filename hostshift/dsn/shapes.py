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
_PDO = tuple(
    f"{driver}:{keyword}="
    for driver, keywords in _PDO_KEYWORDS.items()
    for keyword in keywords.split()
)
PDO_OF_ODBC = ("odbc:", "ibm:", "informix:")
"""PDO's drivers that hand the rest to ODBC (php-src, ext/pdo_odbc; pdo_ibm, pdo_informix)."""
_LIBPQ_KEYS = frozenset(("host", "hostaddr", "port", "dbname", "user", "password", "sslmode"))
_ADONET_KEYS = frozenset(("server", "data source", "datasource", "address", "addr"))


def find(text: str, scheme: str) -> Scheme | None:
    """Return the plausible consumers of a text, None for a URI with an unknown scheme.

    Args:
        text: the connection string.
        scheme: what stands before ``://``, empty if that is not in the text.

    """
    if text[:5].lower() == "jdbc:" or text.startswith(_JAVA):
        return _read_by("jdbc")
    if text.startswith(_PDO):
        return _read_by("pdo")
    if "@tcp(" in text or text.startswith("tcp(") or "://tcp(" in text:
        return _read_by("go_mysql")
    plain = scheme.replace("+", "").replace("-", "").replace(".", "")
    if plain.isascii() and plain.isalnum() and scheme[0].isalpha():  # RFC 3986, 3.1
        return None
    return _keywords(text)


def _keywords(text: str) -> Scheme:
    """Return the plausible consumers by the first keyword, and what parts the keywords."""
    if text.lstrip()[:1] == "(":
        return _read_by("oracle")
    first, equals, _ = text.partition("=")
    if not equals:
        return _read_by("hostport")
    if "," in first and ";" not in first:
        return _read_by("stackexchange")
    key = first.strip().lower()
    if key in _LIBPQ_KEYS and not first.islower():
        return _read_by("adonet")  # libpq knows its keywords in lower case only
    if ";" in text or (key in _ADONET_KEYS and text.count("=") == 1):
        lowered = text.lower()
        if "driver=" not in lowered and "dsn=" not in lowered:
            return _read_by("adonet")
        return _read_by("pdo" if text.startswith(PDO_OF_ODBC) else "odbc")
    return _read_by("libpq") if key in _LIBPQ_KEYS or " host=" in text else _read_by()

"""Hide secrets: the spans that a dialect finds, and parameters with a secret's name."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hostshift.dsn.model import Reading

MASK = "***"

SECRET_WORDS = (
    *("pass", "psw", "pwd", "pw", "secret", "token", "credential", "key", "sig", "auth"),
    *("bearer", "jwt", "cookie", "header", "odbc_connect"),
    # Commands, and settings of any name, may hold a password.
    *("init_command", "initcommand", "initsql", "connsettings", "connectionattributes"),
)
"""hostshift hides a parameter whose name holds one of these, whatever its value."""
_SECRET_NAMES = frozenset(("init", "sas"))
"""hostshift hides a parameter of exactly this name."""


_MOST_OF_A_SCHEME = 60
_KEYWORDS = frozenset(("host", "hostaddr", "server", "data source", "driver", "dsn", "addr"))
"""Keywords that no password begins with by chance, and that tell a text's family."""


_JAVA = (
    " arrow-flight-sql as400 ch clickhouse cockroachdb db2 derby dm firebird firebirdsql h2 hive2"
    " hsqldb impala informix-sqli jtds kingbase8 mariadb mysql neo4j oceanbase opengauss oracle"
    " postgresql presto redshift sap sqlite sqlserver trino vertica "
)
"""Names of drivers that may show. The table of these drivers would import this module."""


def mask(text: str, reading: Reading) -> str:
    """Return the text with every secret hidden; if no grammar is sure, only its known beginning.

    That is a scheme or a keyword of a table, so it can be no part of a secret.
    """
    if not reading.dialect or (reading.trouble and reading.dialect != "none"):
        return _beginning(text) + MASK
    from hostshift.dsn import inner_secrets

    return mask_spans(text, (*reading.secrets, *inner_secrets.spans(text, reading)))


def _beginning(text: object) -> str:
    """Return the scheme with its slashes, or the first keyword with its sign, if it is known."""
    from hostshift.dsn import schemes

    if not isinstance(text, str):  # whatever the annotation says
        return ""
    scheme, slashes, _ = text[:_MOST_OF_A_SCHEME].partition("://")
    if slashes:
        return f"{scheme}://" if schemes.find(scheme) is not None else _java(text)
    if text.startswith("jdbc:"):
        return _java(text)
    keyword, equals, _ = text[:_MOST_OF_A_SCHEME].partition("=")
    return f"{keyword}=" if equals and keyword.strip().lower() in _KEYWORDS else ""


def _java(text: str) -> str:
    """Return the beginning of a URL of Java's, with its driver's name if that is a known word."""
    java, _, rest = text.partition(":")
    if java != "jdbc":
        return ""
    driver, colon, _ = rest.partition(":")
    return f"jdbc:{driver}:" if colon and f" {driver} " in _JAVA else "jdbc:"


def mask_spans(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """Replace spans, which may overlap, by the mask."""
    parts: list[str] = []
    done = 0
    for start, end in sorted(spans):
        if end <= done or start == end:
            continue
        if start > done or not parts:  # spans that touch show as one
            parts += [text[done:start], MASK]
        done = end
    parts.append(text[done:])
    return "".join(parts)


def secret_parameters(text: str, start: int) -> Iterator[tuple[int, int]]:
    """Yield the spans of secret values in the query behind an offset.

    A name with percent escapes counts as secret, and so does everything behind
    a ``#``, because nobody knows its purpose.
    """
    fragment = text.find("#", start)
    if fragment >= 0:
        yield fragment + 1, len(text)
    for parameter in parameters(text, text.find("?", start)):
        yield from _secret_values(text, *parameter)


def parameters(text: str, query: int) -> Iterator[tuple[int, int]]:
    """Yield the spans between the ``&`` behind the offset of a ``?``; none if it is -1."""
    start = query + 1 if query >= 0 else len(text)
    while start < len(text):
        ampersand = text.find("&", start)
        end = ampersand if ampersand >= 0 else len(text)
        yield start, end
        start = end + 1


def _secret_values(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the span of a parameter's value if it is secret.

    Some drivers split parameters at ``;`` as well. So a secret's name may stand behind
    each, but a secret reaches to the ``&``, because the ``;`` may be its own.
    """
    at = start
    while at <= end:
        semicolon = text.find(";", at, end)
        stop = semicolon if semicolon >= 0 else end
        equals = text.find("=", at, stop)
        if equals >= 0 and is_secret(text[at:equals]):
            yield equals + 1, end
            return
        at = stop + 1


def is_secret(name: str) -> bool:
    """Return True if a parameter of this name may hold a secret."""
    lowered = name.lower()
    return (
        "%" in name
        or any(word in lowered for word in SECRET_WORDS)
        or lowered.strip() in _SECRET_NAMES
    )

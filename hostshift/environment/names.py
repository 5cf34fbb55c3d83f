"""What the name of a variable shows: a service that its reader dials, or what it is not. Pure."""

from __future__ import annotations

from hostshift.base.record import Record
from hostshift.environment.services import ALWAYS, BOTH, SERVICES
from hostshift.environment.values import DATA_PROTOCOLS, LAST_WORDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


class Client(Record):
    """The service that a variable leads to, by its name."""

    protocol: str
    port: int | None
    """The default port."""
    holds_hosts: bool
    """The variable may hold a host alone, and another one its port."""
    serves_web: bool = True
    """The value may be a URL of the web: mail servers and brokers are not dialled by one."""
    is_bare: bool = False
    """The name is the service's, and does not say that it holds an address: ``MEMCACHE``."""


_ADDRESSES = frozenset(
    (
        *("URL", "URLS", "URI", "URIS", "ENDPOINTS", "DSN", "ADDRS", "ADDRESSES"),
        *("PATH", "STRING", "CONNECT", "NODE", "BROKERS", "BROKER", "BOOTSTRAP"),
        *("CONNECTION", "CONNECTIONSTRING", "CONN", "BASEURL", "APIURL", "BASE"),
        *("BACKEND", "CLUSTER", "CONFIGURATION", "SERVERURL", "ACCOUNTENDPOINT", "HOSTADDRESS"),
    )
)
_QUALIFIERS = frozenset(
    (
        *("PRIMARY", "REPLICA", "MASTER", "SLAVE", "READ", "WRITE", "READER", "WRITER", "RO"),
        *(
            "API",
            "BASE",
            "TCP",
            "HTTP",
            "HTTPS",
            "GRPC",
            "REST",
            "V1",
            "SERVICE",
            "SERVER",
            "CLUSTER",
        ),
        *("INTERNAL", "DEFAULT", "MAIN", "TEST", "DEV", "LOCAL", "CLIENT", "CONNECTION", "PROXY"),
        *("TRACES", "METRICS", "LOGS", "TRACE", "AGENT", "COLLECTOR", "EXPORTER", "TRACKING"),
        *("BOOTSTRAP", "CACHE", "QUEUE", "DATA", "STORE", "STORAGE", "DB", "DATABASE"),
        *("S3", "SMTP", "SESSION", "SOURCE", "TARGET", "SHARED", "WORKER", "REMOTE", "JOB"),
        *("LIKE", "COMPATIBLE", "CUSTOM", "ENGINE", "INSTANCE", "INFERENCE", "RUNTIME", "GATEWAY"),
        *("VECTOR", "EXTRACTION", "EVENTS", "STAGING", "METRIC", "MICROSERVICE", "BINDING"),
        *("MESSAGING", "LIMITER", "RATE", "DSL", "OPTIONS", "CONFIG"),
        *("BACKUP", "RESTORE", "MIGRATION", "MIGRATIONS", "WS", "TRACING", "SETTINGS"),
        *("DISCOVERY", "BINDER", "PUBSUB", "HUB"),
        *("0", "1", "2", "3", "4", "5", "6", "7", "8", "9"),
    )
)
"""Words that may stand between a service's word and the last, or behind that."""
HOSTS_BEHIND = ("_HOST", "_SERVER", "_POINTS")
"""What names of the table of patterns end with, if they may hold hosts without ports."""
_PASSED = _QUALIFIERS | _ADDRESSES | LAST_WORDS

SEEN_BESIDE = frozenset(
    (
        *("FRONTEND", "CDN", "WEBSITE", "DOMAIN", "DASHBOARD", "DASHBOARDS", "UI", "CONSOLE"),
        *("ADMIN", "DOCS", "LINK", "SITE", "WEB"),
    )
)
"""Words that, beside a service's, name what people open in a browser."""


def client(name: str) -> Client | None:
    """Return the service that the reader of a variable dials, by the name alone.

    Args:
        name: the variable, in any case; parts end at ``_``, ``.``, ``-`` and ``:``.

    """
    plain = normal(name)
    known = _by_words(plain)
    if known is None or known.is_bare:
        for pattern, protocol, _ in ALWAYS:
            if fits(plain, pattern):
                return Client(
                    protocol=protocol, port=None, holds_hosts=plain.endswith(HOSTS_BEHIND)
                )
    return known


def _by_words(plain: str) -> Client | None:
    """Return the service whose words a name has."""
    words = _unglued(plain.split("_"))
    if not SEEN_BESIDE.isdisjoint(words):
        return None
    at = _address_word(words)
    for start, end in _phrases(words, len(words) if at is None else at):
        row = _row("_".join(words[start:end]))
        if row is not None and (at is not None or row[0]):
            holds_hosts = at is not None and words[at] in LAST_WORDS
            serves_web = row[0] not in _NO_WEB and not _is_link(words, start, end)
            return Client(
                protocol=row[0],
                port=row[1],
                holds_hosts=holds_hosts,
                is_bare=at is None,
                serves_web=serves_web,
            )
        if at is None and end < len(words):
            return None
    return None


_NO_WEB = frozenset(("smtp", "imap", "pop3", "ftp", "ssh", "kafka", "memcached", "syslog"))
_LINKED = frozenset(("S3", "AWS", "MINIO", "R2"))
_LINK = frozenset(("URL", "BASE", "URI", "PATH"))


def _is_link(words: list[str], start: int, end: int) -> bool:
    """Return True for ``AWS_URL``, ``S3_BASE_URL``: where browsers get files (Laravel's disks)."""
    return words[end - 1] in _LINKED and end - start == 1 and _LINK.issuperset(words[end:])


def is_seen(name: str) -> bool:
    """Return True if a name is that of what people open in a browser, or of a link."""
    words = normal(name).split("_")
    return not _OF_PAGES.isdisjoint(words)


_OF_PAGES = frozenset(("CDN", "WEBSITE", "DOCS", "LINK", "SITE", "DASHBOARD", "DASHBOARDS"))


def normal(name: str) -> str:
    """Return a name in upper case with ``_`` between its parts."""
    plain = name.upper().replace(".", "_").replace("-", "_").replace(":", "_")
    while "__" in plain:
        plain = plain.replace("__", "_")
    return plain.strip("_")


def both(name: str) -> str:
    """Return how a server reads a variable as well, empty if none does."""
    plain = normal(name)
    return next((how for pattern, how in BOTH if fits(plain, pattern)), "")


def fits(name: str, pattern: str) -> bool:
    """Return True if a name fits a pattern in which ``*`` is any text: fnmatch loads ``re``."""
    start, *others = pattern.split("*")
    if not others:
        return name == pattern
    if not name.startswith(start):
        return False
    at, end = len(start), others.pop()
    for piece in others:
        at = name.find(piece, at) + len(piece)
        if at < len(piece):
            return False
    return len(name) - at >= len(end) and name.endswith(end)


_GROUPS = ("SETTINGS", "OPTIONS", "CONFIGURATION", "CONFIG")
"""What .NET's examples write behind a service's word: ``RedisSettings__ConnectionString``."""
_GLUED = ("HOST", "ADDRS", "ADDR", "URL", "URI", "SERVER")


def _unglued(words: list[str]) -> list[str]:
    """Split ``PGHOST`` and ``REDISADDRS``: libpq, Railway, Paperless-ngx and Tyk write no ``_``."""
    group = next((group for group in _GROUPS if words[-2:-1] and words[-2].endswith(group)), "")
    if group and _row(words[-2][: -len(group)]) is not None:
        words = [*words[:-2], words[-2][: -len(group)], group, words[-1]]
    last = words[-1]
    end = next((end for end in _GLUED if last.endswith(end)), "")
    if end and _row(last) is None and _row(last[: -len(end)]) is not None:
        return [*words[:-1], last[: -len(end)], end]
    return words


_OF_DATA = frozenset(("DB", "DATABASE"))
_TOOLS = frozenset(
    (
        *("COMMANDER", "INSIGHT", "EXPRESS", "EXPORTER", "MANAGEMENT", "MANAGER", "VIEWER"),
        *("API", "HTTP", "HTTPS", "SERVER", "SERVICE", "APP", "GATEWAY", "PROXY", "BACKEND"),
        *("FRONTEND", "METRICS", "NODE", "ADVISOR", "BROWSER", "STUDIO", "EDITOR"),
    )
)
"""Words of programs beside a service, which listen themselves: Redis Commander, exporters, …"""


def of_one_of_several(name: str) -> Client | None:
    """Return the data service of ``POSTGRES_ORDERS_HOST``: it comes first, then one word of any.

    That is a name for one of several servers. It counts only beside the variable of its port,
    with the port that such a service usually has.
    """
    words = normal(name).split("_")
    if words[-1] not in ("HOST", "HOSTNAME") or not (_TOOLS | SEEN_BESIDE).isdisjoint(words):
        return None
    row = _row("_".join(words[:-2])) if len(words) > 2 else None
    if row is None or not (row[0] in DATA_PROTOCOLS or _OF_DATA.issuperset(words[:-2])):
        return None
    return Client(protocol=row[0], port=row[1], holds_hosts=True)


_WITHOUT_ONE = {"smtp": (25, 465, 587), "postgresql": (26257,), "clickhouse": (8123, 9000)}
"""Usual ports of services whose clients do not agree on one: of CockroachDB in the second row."""


def is_usual_port(client: Client, port: str) -> bool:
    """Return True for the port that such a service usually has.

    ``POSTGRES_MCP_PORT=8000`` is that of a program beside it, which listens there itself.
    """
    from hostshift import dsn

    known = {client.port} if client.protocol else set(map(dsn.default_port, DATA_PROTOCOLS))
    if client.port is None and client.protocol:
        known = {dsn.default_port(client.protocol), *_WITHOUT_ONE.get(client.protocol, ())}
    digits = port.strip().lstrip("0")  # compared as text: Python reads no number of 5,000 digits
    return digits.isdecimal() and digits in map(str, known)


def is_address_name(name: str) -> bool:
    """Return True if a name ends like that of an address, and has a word before that."""
    words = normal(name).split("_")
    return len(words) > 1 and (words[-1] in LAST_WORDS or words[-1] in _ADDRESSES)


def _address_word(words: list[str]) -> int | None:
    """Return the position of the word that says that the value is an address."""
    for at in range(len(words) - 1, 0, -1):
        if words[at] in LAST_WORDS or words[at] in _ADDRESSES:
            return at
        if words[at] not in _QUALIFIERS:
            return None
    return None


def _phrases(words: list[str], at: int) -> Iterator[tuple[int, int]]:
    """Yield what may be a service's word before the address word, the nearest and longest first."""
    end = at
    while end > 0:
        for start in range(max(0, end - 3), end):
            yield start, end
        if words[end - 1] not in _PASSED:
            return
        end -= 1


def _row(phrase: str) -> tuple[str, int | None] | None:
    padded = f" {phrase} "
    for names, protocol, port, _ in SERVICES:
        if padded in names:
            return protocol, port
    return None


def port_name(name: str) -> str:
    """Return the variable that holds the port of a host: ``PGHOST``, ``DB_HOST``, ``db.host``."""
    last = name[last_at(name) :]
    glued = last[: -len("host")] if last.lower().endswith("host") else ""
    return name[: len(name) - len(last)] + glued + in_the_case_of(last, "port")


def last_at(name: str) -> int:
    """Return where the last word of a name begins."""
    return max(name.rfind("_"), name.rfind("."), name.rfind(":")) + 1


def in_the_case_of(pattern: str, word: str) -> str:
    """Write a word in the case of another one: ``PORT``, ``port``, ``Port``."""
    if pattern.islower():
        return word
    return word.upper() if pattern.isupper() else word.title()

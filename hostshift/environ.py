"""Which variables of an environment hold addresses of data services, and their answers.

Touched by default are values with a data protocol's scheme, keyword strings of databases,
and pairs of a host and a port that are known by their names. Not touched, unless listed:
``http(s)`` and ``ws`` URLs and plain ``host:port``, for public URLs, origins and issuers
live there; and what servers bind or advertise.
"""

from __future__ import annotations

from hostshift._log import info
from hostshift._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hostshift.policy import Policy
    from hostshift.resolver import Resolver

DATA_PROTOCOLS = frozenset(
    (
        *("postgresql", "mysql", "mysqlx", "mariadb", "mssql", "oracle", "mongodb", "redis"),
        *("amqp", "kafka", "nats", "memcached", "clickhouse", "neo4j", "mqtt", "stomp"),
        *("h2", "hsqldb"),
    )
)
"""Protocols of services that an application uses, and its users never see."""

KEYWORD_DIALECTS = frozenset(("libpq", "adonet", "odbc", "jdbc", "oracle", "go_mysql"))
"""Grammars that nothing but a database's connection string has."""

KNOWN = {
    "PG": "postgresql",
    "POSTGRES": "postgresql",
    "POSTGRESDB": "postgresql",  # n8n
    "POSTGRESQL": "postgresql",
    "MYSQL": "mysql",
    "MARIADB": "mysql",
    "REDIS": "redis",
    "VALKEY": "redis",
    "MONGO": "mongodb",
    "MONGODB": "mongodb",
    "RABBIT": "amqp",
    "RABBITMQ": "amqp",
    "AMQP": "amqp",
    "MEMCACHED": "memcached",
    "CLICKHOUSE": "clickhouse",
    "NATS": "nats",
    "MSSQL": "mssql",
    "SQLSERVER": "mssql",
    "NEO4J": "neo4j",
    "DB": "",
    "DATABASE": "",
}
"""Words before ``_HOST``, and the protocol that they tell."""

HOST_WORDS = ("HOST", "HOSTNAME", "SERVER")
ENGINE_WORDS = ("CONNECTION", "ENGINE", "DRIVER", "DIALECT", "TYPE", "CLIENT")
"""``DB_CONNECTION=pgsql`` (Laravel), ``DB_ENGINE=django.db.backends.postgresql``, …"""
ENGINES = {
    "postgres": "postgresql",
    "pg": "postgresql",
    "mysql": "mysql",
    "mariadb": "mysql",
    "mongo": "mongodb",
    "mssql": "mssql",
}
"""Parts of what they say."""

SERVED = frozenset(("LISTEN", "LISTENER", "LISTENERS", "BIND", "ADVERTISE", "ADVERTISED"))
"""Words in names of what a server binds or advertises."""
EVERYWHERE = frozenset(("0.0.0.0", "::"))  # noqa: S104 - compared


CELERY = (
    *("CELERY_BROKER_URL", "CELERY_BROKER_READ_URL", "CELERY_BROKER_WRITE_URL"),
    "CELERY_RESULT_BACKEND",
)
"""Variables that Celery reads itself whenever it needs them, and that go before all that its
application is configured with (``celery.app.utils.Settings``)."""

GIVEN = "_HOSTSHIFT_GIVEN"
"""The variable with what stood in Celery's, and what was written there. No setting, so it does
not begin as they do."""


class Variable(Record):
    """One variable that holds a connection string, or a JSON list of them."""

    name: str
    listed: bool = False
    spans: tuple[tuple[int, int], ...] = ()
    """Where the strings stand in a JSON list; empty where all of the value is one."""


class Pair(Record):
    """One endpoint in two variables."""

    host: str
    port: str
    protocol: str


def resolved(
    environ: Mapping[str, str], resolver: Resolver, policy: Policy | None = None
) -> dict[str, str]:
    """Return the variables that have another value from here, and that value.

    Raises:
        UndecidedError: only with STRICT; names the variable.

    """
    from hostshift.errors import UndecidedError

    settings = resolver.policy if policy is None else policy
    changes: dict[str, str] = {}
    for found in touched(environ, settings.env):
        name = found.name if isinstance(found, Variable) else found.host
        try:
            if isinstance(found, Variable):
                new = {name: _text(found, environ[name], resolver, policy)}
            else:
                new = _pair(found, environ, resolver, settings)
        except UndecidedError as error:
            raise UndecidedError(f"{name}: {error}") from None
        changes |= {key: value for key, value in new.items() if environ.get(key) != value}
    return changes


def resolve_celery(resolver: Resolver) -> None:
    """Resolve what Celery reads from this process's environment, in its place.

    What this has written before is resolved from what stood there first. That is kept
    beside it, in the environment too: so it outlives a reset, which what was written does as
    well, and a child that inherits the one has the other.

    Raises:
        UndecidedError: only with STRICT; names the variable.

    """
    import json
    import os

    found = {name: os.environ[name] for name in CELERY if name in os.environ}
    given = {name: celery_given(name, value) for name, value in found.items()}
    wanted = {**given, **resolved(given, resolver)}
    os.environ.update(wanted)
    kept = {name: [given[name], after] for name, after in wanted.items() if after != given[name]}
    if kept:
        os.environ[GIVEN] = json.dumps(kept)
    else:
        os.environ.pop(GIVEN, None)


def celery_given(name: str, value: str) -> str:
    """Return what stood in one of Celery's variables before what this has written there.

    Args:
        name: the variable.
        value: what is there, or in a setting that was made of it. Something else than was
            written is what somebody wants, and returned as it is.

    """
    import os

    if name not in CELERY or GIVEN not in os.environ:
        return value
    import json

    try:
        first, written = json.loads(os.environ[GIVEN])[name]
    except (LookupError, TypeError, ValueError):
        return value
    return first if written == value and isinstance(first, str) else value


def touched(environ: Mapping[str, str], listed: Sequence[str] = ()) -> Iterator[Variable | Pair]:
    """Find what is to be resolved. Pure.

    Args:
        environ: names and values.
        listed: names and patterns that are touched whatever they hold.

    """
    for name, value in environ.items():
        if not value or name.startswith("HOSTSHIFT_") or name == GIVEN:
            continue
        is_listed = _is_listed(name, listed)
        pair = _pair_of(name, environ)
        if pair is not None and (is_listed or _may_be_touched(name, value)):
            yield pair
        elif is_listed or _may_be_touched(name, value):
            listing = _json_strings(value)
            wanted = tuple(at for at in listing if is_listed or is_data(value[slice(*at)]))
            if wanted or (not listing and (is_listed or is_data(value))):
                yield Variable(name=name, listed=is_listed, spans=wanted)


def _is_listed(name: str, listed: Sequence[str]) -> bool:
    if not listed:
        return False
    from fnmatch import fnmatchcase

    return any(fnmatchcase(name, pattern) for pattern in listed)


def _may_be_touched(name: str, value: str) -> bool:
    """Tell whether a variable is not what a server binds or advertises."""
    return value not in EVERYWHERE and SERVED.isdisjoint(name.upper().split("_"))


def is_data(value: str) -> bool:
    """Tell whether a value is a connection string of a data service, by its text alone."""
    if not any(mark in value for mark in ("://", "=", "jdbc:", "@tcp(")):
        return False
    from hostshift import strings

    reading = strings.read(value)
    if any(one.host in EVERYWHERE for one in reading.endpoints):
        return False
    return reading.protocol in DATA_PROTOCOLS or reading.dialect in KEYWORD_DIALECTS


def _json_strings(value: str) -> tuple[tuple[int, int], ...]:
    """Find the strings of a JSON list, as pydantic-settings wants lists; escaped ones are left."""
    if not value.lstrip().startswith("["):
        return ()
    import json

    try:
        listed = json.loads(value)
    except (ValueError, RecursionError):
        return ()
    if any(isinstance(one, (list, dict)) for one in listed):
        return ()
    found: list[tuple[int, int]] = []
    end = 0
    for one in listed:
        written = json.dumps(one, ensure_ascii=False)
        start = value.find(written, end)
        if not isinstance(one, str) or start < 0:
            continue
        end = start + len(written)
        if "\\" not in written:
            found.append((start + 1, end - 1))
    return tuple(found)


def _text(variable: Variable, value: str, resolver: Resolver, policy: Policy | None) -> str:
    """Resolve a value, or those strings of a list that are to be."""
    if not variable.spans:
        return resolver.resolve(value, policy=policy)
    for start, end in reversed(variable.spans):
        after = resolver.resolve(value[start:end], policy=policy)
        value = value[:start] + after + value[end:]
    return value


def _pair_of(name: str, environ: Mapping[str, str]) -> Pair | None:
    """Recognise the first half of a pair: ``PGHOST``, ``DB_HOST``, ``app__redis__host``."""
    if name == "PGHOST":
        return Pair(host=name, port="PGPORT", protocol="postgresql")
    last = name.rpartition("_")[2]
    prefix = name[: len(name) - len(last)]
    before = prefix
    if _last_word(before) == "CONNECTION":  # ``database__connection__host`` (Ghost)
        before = before.rstrip("_")[: -len("CONNECTION")]
    word = _last_word(before)
    if last.upper() not in HOST_WORDS or word not in KNOWN:
        return None
    protocol = KNOWN[word] or _engine(before, environ)
    return Pair(host=name, port=prefix + _in_the_case_of(last, "port"), protocol=protocol)


def _last_word(prefix: str) -> str:
    return prefix.rstrip("_").rpartition("_")[2].upper()


def _in_the_case_of(pattern: str, word: str) -> str:
    """Write a word as the names beside it are: ``PORT``, ``port``, ``Port``."""
    if pattern.islower():
        return word
    return word.upper() if pattern.isupper() else word.title()


def _engine(prefix: str, environ: Mapping[str, str]) -> str:
    """Tell a database's protocol by a variable beside its host."""
    for word in ENGINE_WORDS:
        said = environ.get(prefix + _in_the_case_of(prefix, word.lower()), "").lower()
        for part, protocol in ENGINES.items():
            if part in said:
                return protocol
    return ""


def _pair(
    pair: Pair, environ: Mapping[str, str], resolver: Resolver, policy: Policy
) -> dict[str, str]:
    """Resolve hosts and ports that are kept apart; nothing where they do not fit together."""
    from hostshift import strings

    hosts = environ[pair.host].split(",")
    ports = environ.get(pair.port, "").split(",")
    if any(not _is_host(host) for host in hosts) or len(ports) not in (1, len(hosts)):
        return {}
    default = strings.default_port(pair.protocol)
    numbers = [int(port) if port.isdecimal() else default if not port else -1 for port in ports]
    numbers *= len(hosts) if len(numbers) == 1 else 1
    if any(number is None or number < 0 for number in numbers):
        info("%s stays as it is: its port is not known; set %s", pair.host, pair.port)
        return {}
    found = [
        resolver.address(host, number, pair.protocol, policy).after
        for host, number in zip(hosts, numbers, strict=True)
    ]
    new = {pair.host: ",".join(after.host for after in found)}
    if [after.port for after in found] == numbers:
        return new
    # Whoever reads no port variable would take its default, on the new host.
    if pair.port not in environ and pair.port != "PGPORT":
        info("%s stays as it is: the port changes as well; set %s", pair.host, pair.port)
        return {}
    return {**new, pair.port: ",".join(str(after.port) for after in found)}


def _is_host(host: str) -> bool:
    """Tell a name or a number from a socket's directory, a URL and a host with its port."""
    return bool(host) and host[0] not in "/@" and "/" not in host and host.count(":") != 1

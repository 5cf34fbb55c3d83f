"""Which variables of an environment hold addresses of data services, and their answers.

Touched by default are values with a data protocol's scheme, keyword strings of databases,
and pairs of a host and a port that are known by their names. Not touched, unless listed:
``http(s)`` and ``ws`` URLs and plain ``host:port``, for public URLs, origins and issuers
live there; and what servers bind or advertise.
"""

from __future__ import annotations

import time

from hostshift._record import Record
from hostshift.deadline import START_LIMIT
from hostshift.settings import is_variable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hostshift.decision import Decision
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
"""Words before ``_HOST``, and the protocol that they imply."""

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
"""Parts of their values, and the protocol."""

SERVED = frozenset(("LISTEN", "LISTENER", "LISTENERS", "BIND", "ADVERTISE", "ADVERTISED"))
"""Words in names of what a server binds or advertises."""
EVERYWHERE = frozenset(("0.0.0.0", "::"))  # noqa: S104 - compared


CELERY = (
    *("CELERY_BROKER_URL", "CELERY_BROKER_READ_URL", "CELERY_BROKER_WRITE_URL"),
    "CELERY_RESULT_BACKEND",
)
"""Variables that Celery reads itself whenever it needs them, and that go before all that its
application is configured with (``celery.app.utils.Settings``)."""

_MOST_NAMED = 3
"""Variables that one warning about several names."""
GIVEN = "_HOSTSHIFT_GIVEN"
"""The variable with what stood in Celery's, and what was written there. No setting, so it does
not begin as they do."""


class Variable(Record):
    """One variable that holds a connection string, or a JSON list of them."""

    name: str
    listed: bool = False
    spans: tuple[tuple[int, int], ...] = ()
    """Where the strings stand in a JSON list; empty where all of the value is one."""
    escaped: bool = False
    """The JSON list holds strings that are written with escapes, which stay."""
    protocol: str = ""
    """What is spoken there, where the name implies it."""


class Pair(Record):
    """One endpoint in two variables."""

    host: str
    port: str
    protocol: str
    listed: bool = False


def resolved(
    environ: Mapping[str, str],
    resolver: Resolver,
    policy: Policy | None = None,
    decisions: list[Decision] | None = None,
) -> dict[str, str]:
    """Return the variables that have another value from here, and that value.

    Args:
        environ: names and values.
        resolver: who decides.
        policy: settings for this call; by default those of the resolver.
        decisions: takes what was decided, of each address.

    Raises:
        UndecidedError: only with STRICT; names the variable.

    """
    from hostshift.errors import UndecidedError

    settings = resolver.policy if policy is None else policy
    made: list[Decision] = [] if decisions is None else decisions
    changes: dict[str, str] = {}
    late: list[str] = []
    ends = time.monotonic() + START_LIMIT
    for found in touched(environ, settings.env):
        name = found.name if isinstance(found, Variable) else found.host
        try:
            if time.monotonic() > ends:
                late.append(name)
                continue
            if isinstance(found, Variable):
                new = {name: _text(found, environ[name], resolver, policy, made)}
            else:
                from hostshift import _pairs

                new = _pairs.resolved(found, environ, resolver, policy, made)
        except UndecidedError as error:
            wrong = f"{name}: {error}"
        else:
            changes |= {key: value for key, value in new.items() if environ.get(key) != value}
            continue
        raise UndecidedError(wrong)
    if late:
        _out_of_time(late, resolver, settings)
    return changes


def _out_of_time(names: list[str], resolver: Resolver, settings: Policy) -> None:
    """Leave variables, for those before them took all the time that a program's start may take.

    Raises:
        UndecidedError: only with STRICT; names them.

    """
    from hostshift import _named
    from hostshift.errors import UndecidedError

    who = ", ".join(names[:_MOST_NAMED])
    if len(names) > _MOST_NAMED:
        who += f" and {len(names) - _MOST_NAMED} more"
    if len(names) > 1:
        who = f"what {who} hold"
    reason = f"{START_LIMIT:.0f} seconds were over before it was read"
    step = f"see what is slow: hostshift -v explain ${names[0]}"
    try:
        _named.left(who, reason, step, resolver, settings)
    except UndecidedError as error:
        wrong = f"{who}: {error}"
    else:
        return
    raise UndecidedError(wrong)


def touched(environ: Mapping[str, str], listed: Sequence[str] = ()) -> Iterator[Variable | Pair]:
    """Find what is to be resolved. Pure.

    Args:
        environ: names and values.
        listed: names and patterns that are touched whatever they hold. What only a pattern
            names, and what looks like no address at all, is left out.

    """
    for name, value in environ.items():
        if not value or is_variable(name) or name == GIVEN:
            continue
        is_listed = _is_listed(name, value, listed)
        if not is_listed and not _may_be_touched(name, value):
            continue
        pair = _pair_of(name, environ)
        if pair is None or "://" in value:
            found = _variable(name, value, is_listed=is_listed)
            if found is not None:
                yield found
        elif is_listed and _has_port(value):
            yield Variable(name=name, listed=True, protocol=pair.protocol)
        else:
            yield pair.replace(listed=is_listed)


def _variable(name: str, value: str, *, is_listed: bool) -> Variable | None:
    """Return what of a variable is to be resolved, None where nothing is."""
    listing = None
    if value.lstrip()[:1] == "[":
        from hostshift import _json_lists

        listing = _json_lists.texts(value)
    if listing is None:
        named = is_listed or is_data(value)
        return Variable(name=name, listed=is_listed) if named else None
    spans, escaped = listing
    wanted = tuple(at for at in spans if is_listed or is_data(value[slice(*at)]))
    odd = any(is_listed or is_data(one) for one in escaped)
    if not wanted and not odd:
        return None
    return Variable(name=name, listed=is_listed, spans=wanted, escaped=odd)


def _has_port(value: str) -> bool:
    """Return True for what is, in a variable for a host, ``host:port`` or a list of them."""
    return value[0] not in "/@" and any(one.count(":") == 1 for one in value.split(","))


def _is_listed(name: str, value: str, listed: Sequence[str]) -> bool:
    if name in listed:
        return True
    if not any("*" in pattern or "?" in pattern or "[" in pattern for pattern in listed):
        return False
    from fnmatch import fnmatchcase

    return may_be_address(value) and any(fnmatchcase(name, pattern) for pattern in listed)


def may_be_address(value: str) -> bool:
    """Return True for what may hold an address: a URL, keywords, a list, a host with a port."""
    host, colon, port = value.rpartition(":")
    if any(mark in value for mark in ("://", "=", "(", "[", ",")) or value.count(".") > 1:
        return True
    return bool(host and colon and port.isdecimal()) or value.lower() == "localhost"


def _may_be_touched(name: str, value: str) -> bool:
    """Return True if a variable is not what a server binds or advertises."""
    return value not in EVERYWHERE and SERVED.isdisjoint(name.upper().split("_"))


def is_data(value: str) -> bool:
    """Return True if a value is a connection string of a data service, by its text alone.

    One that cannot be read is one too, if its scheme is: it stays, and that is said.
    """
    if not any(mark in value for mark in ("://", "=", "jdbc:", "@tcp(")):
        return False
    from hostshift import strings

    reading = strings.read(value)
    if any(one.host in EVERYWHERE for one in reading.endpoints):
        return False
    if reading.trouble and not reading.dialect:
        return strings.scheme_protocol(value) in DATA_PROTOCOLS
    return reading.protocol in DATA_PROTOCOLS or reading.dialect in KEYWORD_DIALECTS


def _text(
    variable: Variable,
    value: str,
    resolver: Resolver,
    policy: Policy | None,
    decisions: list[Decision],
) -> str:
    """Resolve a value, or those strings of a list that are to be."""
    from hostshift import _named

    if variable.escaped:
        settings = resolver.policy if policy is None else policy
        _named.left(variable.name, _named.ESCAPED, _named.PLAIN, resolver, settings)
    whole = () if variable.escaped else ((0, len(value)),)
    for start, end in reversed(variable.spans or whole):
        found = _named.answer(
            variable.name, value[start:end], resolver, policy, protocol=variable.protocol
        )
        decisions += found.decisions
        value = value[:start] + found.after + value[end:]
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
    """Return a database's protocol by a variable beside its host."""
    for word in ENGINE_WORDS:
        said = environ.get(prefix + _in_the_case_of(prefix, word.lower()), "").lower()
        for part, protocol in ENGINES.items():
            if part in said:
                return protocol
    return ""

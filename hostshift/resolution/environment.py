"""Find the variables of an environment that hold addresses of data services; resolve them.

By default these are values with a data protocol's scheme, keyword strings of databases, and
pairs of a host and a port with well-known names. Others stay unless HOSTSHIFT_ENV lists them:
``http(s)`` and ``ws`` URLs and plain ``host:port``, because they hold public URLs, origins and
issuers; and what servers bind or advertise.
"""

from __future__ import annotations

import time

from hostshift.base import redaction
from hostshift.base.deadline import START_LIMIT
from hostshift.config.variables import is_variable
from hostshift.resolution.variable import Pair, Variable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hostshift.config.policy import Policy
    from hostshift.resolution.resolver import Resolver
    from hostshift.routing.model import Decision

DATA_PROTOCOLS = frozenset(
    (
        *("postgresql", "mysql", "mysqlx", "mariadb", "mssql", "oracle", "mongodb", "redis"),
        *("amqp", "kafka", "nats", "memcached", "clickhouse", "neo4j", "mqtt", "stomp"),
        *("h2", "hsqldb"),
    )
)
"""Protocols of services that an application uses and its users never see."""

KEYWORD_DIALECTS = frozenset(("libpq", "adonet", "odbc", "jdbc", "oracle", "go_mysql"))
"""Grammars that only connection strings of databases have."""

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
"""Words before ``_HOST``, with the protocol that they imply."""

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
"""Parts of the values of such variables, with the protocol."""

SERVED = frozenset(("LISTEN", "LISTENER", "LISTENERS", "BIND", "ADVERTISE", "ADVERTISED"))
"""Words in names of what a server binds or advertises."""
EVERYWHERE = frozenset(("0.0.0.0", "::"))  # noqa: S104 - compared

CELERY = (
    *("CELERY_BROKER_URL", "CELERY_BROKER_READ_URL", "CELERY_BROKER_WRITE_URL"),
    "CELERY_RESULT_BACKEND",
)
"""Variables that Celery itself reads whenever it needs them. They override all configuration of
its application (``celery.app.utils.Settings``)."""

_MOST_NAMED = 3
"""The most variables that one warning names."""
ORIGINALS = "_HOSTSHIFT_GIVEN"
"""The variable with the original values of Celery's variables, and the answers written there. It
is no setting, so it does not begin as settings do."""


def resolved(
    environ: Mapping[str, str],
    resolver: Resolver,
    policy: Policy | None = None,
    decisions: list[Decision] | None = None,
) -> dict[str, str]:
    """Return the variables that have another value from here, with that value.

    Args:
        environ: names and values.
        resolver: decides the addresses.
        policy: settings for this call; by default those of the resolver.
        decisions: receives the decision for each address.

    Raises:
        UndecidedError: only with STRICT; names the variable.

    """
    settings = resolver.policy if policy is None else policy
    decided: list[Decision] = [] if decisions is None else decisions
    changes: dict[str, str] = {}
    late: list[str] = []
    ends = time.monotonic() + START_LIMIT
    for place in touched(environ, settings.env):
        if time.monotonic() > ends:
            late.append(_name(place))
            continue
        new = _new_values(place, environ, resolver, policy, decided)
        changes |= {key: value for key, value in new.items() if environ.get(key) != value}
    if late:
        _out_of_time(late, resolver, settings)
    return changes


def _name(place: Variable | Pair) -> str:
    """Return the name of a place as messages show it: a file of another user may have it."""
    return redaction.name(place.name if isinstance(place, Variable) else place.host)


def _new_values(
    place: Variable | Pair,
    environ: Mapping[str, str],
    resolver: Resolver,
    policy: Policy | None,
    decisions: list[Decision],
) -> dict[str, str]:
    """Resolve a variable or a pair of them.

    Raises:
        UndecidedError: only with STRICT; names the variable.

    """
    from hostshift.errors import UndecidedError

    try:
        if isinstance(place, Variable):
            text = environ[place.name]
            return {place.name: _text(place, text, resolver, policy, decisions)}
        from hostshift.resolution import pairs

        return pairs.resolved(place, environ, resolver, policy, decisions)
    except UndecidedError as error:
        wrong = f"{_name(place)}: {error}"
    raise UndecidedError(wrong)


def _out_of_time(names: list[str], resolver: Resolver, settings: Policy) -> None:
    """Leave variables as they are: those before them took all the time that a start may take.

    Raises:
        UndecidedError: only with STRICT; names them.

    """
    from hostshift.errors import UndecidedError
    from hostshift.resolution import named_values

    subject = ", ".join(names[:_MOST_NAMED])
    if len(names) > _MOST_NAMED:
        subject += f" and {len(names) - _MOST_NAMED} more"
    if len(names) > 1:
        subject = f"the value of {subject}"
    reason = f"{START_LIMIT:.0f} seconds were over before hostshift read it"
    step = f"see what is slow: hostshift -v explain ${names[0]}"
    try:
        named_values.left(subject, reason, step, resolver, settings)
    except UndecidedError as error:
        wrong = f"{subject}: {error}"
    else:
        return
    raise UndecidedError(wrong)


def touched(environ: Mapping[str, str], listed: Sequence[str] = ()) -> Iterator[Variable | Pair]:
    """Find the variables to resolve. Pure.

    Args:
        environ: names and values.
        listed: names and patterns of variables to resolve whatever they hold. A variable
            that only a pattern names stays if its value does not look like an address.

    """
    for name, value in environ.items():
        if not value or is_variable(name) or name == ORIGINALS:
            continue
        is_listed = _is_listed(name, value, listed)
        if not is_listed and not _may_be_touched(name, value):
            continue
        pair = _pair_of(name, environ)
        if pair is None or "://" in value:
            variable = _variable(name, value, is_listed=is_listed)
            if variable is not None:
                yield variable
        elif is_listed and _has_port(value):
            yield Variable(name=name, listed=True, protocol=pair.protocol)
        else:
            yield pair.replace(listed=is_listed)


def _variable(name: str, value: str, *, is_listed: bool) -> Variable | None:
    """Return the parts of a variable to resolve; None if there are none."""
    listing = None
    if value.lstrip()[:1] == "[":
        from hostshift.dsn import json_lists

        listing = json_lists.texts(value)
    if listing is None:
        resolves = is_listed or is_data(value)
        return Variable(name=name, listed=is_listed) if resolves else None
    all_spans, escaped = listing
    spans = tuple(span for span in all_spans if is_listed or is_data(value[slice(*span)]))
    has_escaped = any(is_listed or is_data(text) for text in escaped)
    if not spans and not has_escaped:
        return None
    return Variable(name=name, listed=is_listed, spans=spans, escaped=has_escaped)


def _has_port(value: str) -> bool:
    """Return True if the value of a host variable is ``host:port`` or a list of them."""
    return value[0] not in "/@" and any(entry.count(":") == 1 for entry in value.split(","))


def _is_listed(name: str, value: str, listed: Sequence[str]) -> bool:
    """Return True if HOSTSHIFT_ENV names a variable, or a pattern there matches it."""
    if name in listed:
        return True
    if not any("*" in pattern or "?" in pattern or "[" in pattern for pattern in listed):
        return False
    from fnmatch import fnmatchcase

    return may_be_address(value) and any(fnmatchcase(name, pattern) for pattern in listed)


def may_be_address(value: str) -> bool:
    """Return True if a value may hold an address: a URL, keywords, a list, a host with a port."""
    host, colon, port = value.rpartition(":")
    if any(mark in value for mark in ("://", "=", "(", "[", ",")) or value.count(".") > 1:
        return True
    return bool(host and colon and port.isdecimal()) or value.lower() == "localhost"


def _may_be_touched(name: str, value: str) -> bool:
    """Return True unless a variable holds what a server binds or advertises."""
    return value not in EVERYWHERE and SERVED.isdisjoint(name.upper().split("_"))


def is_data(value: str) -> bool:
    """Return True if a value is a connection string of a data service, by its text alone.

    That includes a string that no grammar reads, if its scheme is a data protocol's: it stays,
    and a log line says so.
    """
    if not any(mark in value for mark in ("://", "=", "jdbc:", "@tcp(")):
        return False
    if value.startswith(("http://", "https://")) and value.count("://") == 1:
        return False
    from hostshift import dsn

    reading = dsn.read(value)
    if any(endpoint.host in EVERYWHERE for endpoint in reading.endpoints):
        return False
    if reading.trouble and not reading.dialect:
        return dsn.scheme_protocol(value) in DATA_PROTOCOLS
    return reading.protocol in DATA_PROTOCOLS or reading.dialect in KEYWORD_DIALECTS


def _text(
    variable: Variable,
    value: str,
    resolver: Resolver,
    policy: Policy | None,
    decisions: list[Decision],
) -> str:
    """Resolve a value, or the strings of a JSON list at the variable's spans."""
    from hostshift.resolution import named_values

    name = _name(variable)
    if variable.escaped:
        settings = resolver.policy if policy is None else policy
        named_values.left(name, named_values.ESCAPED, named_values.PLAIN, resolver, settings)
    whole = () if variable.escaped else ((0, len(value)),)
    for start, end in reversed(variable.spans or whole):
        resolution = named_values.answer(
            name, value[start:end], resolver, policy, protocol=variable.protocol
        )
        decisions += resolution.decisions
        value = value[:start] + resolution.after + value[end:]
    return value


def _pair_of(name: str, environ: Mapping[str, str]) -> Pair | None:
    """Recognise the host variable of a pair: ``PGHOST``, ``DB_HOST``, ``app__redis__host``."""
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
    """Write a word in the case of another one: ``PORT``, ``port``, ``Port``."""
    if pattern.islower():
        return word
    return word.upper() if pattern.isupper() else word.title()


def _engine(prefix: str, environ: Mapping[str, str]) -> str:
    """Return a database's protocol, from a variable beside that of its host."""
    for word in ENGINE_WORDS:
        engine = environ.get(prefix + _in_the_case_of(prefix, word.lower()), "").lower()
        for part, protocol in ENGINES.items():
            if part in engine:
                return protocol
    return ""

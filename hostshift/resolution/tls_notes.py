"""What another host in a text means for the certificate that its driver checks. Pure.

A driver that verifies checks the certificate against the host in its text. So a text with
another host needs another certificate, unless the driver has a parameter for the name.
hostshift changes nothing because of it: it writes a note.
"""

from __future__ import annotations

import re

from hostshift.base.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hostshift.dsn import Reading
    from hostshift.routing.model import Decision

_YES = frozenset(("true", "1", "yes", "on", "required"))
_NO = frozenset(("false", "0", "no", "off", "none", "optional"))
_FULL = frozenset(("verifyfull", "verifyidentity"))
_ANY: frozenset[str] = frozenset()


class Rule(Record):
    """When a driver checks the server's name in its certificate, for strings of a protocol."""

    schemes: frozenset[str] = frozenset()
    """Schemes with which drivers check the name."""
    options: Mapping[str, frozenset[str]] = {}
    """Options with which drivers check it, by value; both without case, ``-``, ``_``, blanks."""
    unless: Mapping[str, frozenset[str]] = {}
    """Options with which no driver checks it, or that set the name. No values stand for any."""
    keeps: str = ""
    """How to keep the configured name."""
    each: bool = False
    """Each entry of a list has a scheme of its own, which counts for that entry."""


def _schemes(*names: str) -> frozenset[str]:
    return frozenset(names)


_POSTGRESQL = Rule(
    # libpq 34.18; asyncpg takes the same words.
    options={"sslmode": _FULL, "sslrootcert": frozenset(("system",)), "ssl": _FULL},
    unless={"hostaddr": _ANY},
    keeps="libpq keeps it with hostaddr=, and hostshift_sqlalchemy does",
)
_PGJDBC = Rule(
    # org.postgresql.jdbc.SslMode.of: without a mode, ssl, bare or true, is verify-full (since
    # 42.2.5). Name and certificate are apart: pgjdbc checks the name with a NonValidatingFactory.
    options={"sslmode": _FULL, "ssl": frozenset(("", "true"))},
    unless={
        "sslmode": frozenset(("disable", "allow", "prefer", "require", "verifyca")),
        "sslhostnameverifier": _ANY,
    },
)
_MYSQL = Rule(
    options={"sslmode": _FULL, "sslverifyidentity": _YES},
    keeps="hostshift_sqlalchemy keeps it with PyMySQL, aiomysql and asyncmy",
)
_MSSQL = Rule(
    options={"encrypt": _YES | {"mandatory", "strict"}},
    unless={"trustservercertificate": _YES, "hostnameincertificate": _ANY},
    keeps="HostNameInCertificate= in the string keeps it",
)
_STACKEXCHANGE = Rule(
    options={"ssl": _YES}, unless={"sslhost": _ANY}, keeps="sslHost= in the string keeps it"
)
_ADONET = Rule(
    # Npgsql and MySqlConnector, and the options that SqlClient reads.
    options={"sslmode": _FULL, **_MSSQL.options},
    unless=_MSSQL.unless,
    keeps="with SqlClient, HostNameInCertificate= in the string keeps it",
)
_GO_MYSQL = Rule(options={"tls": frozenset(("true",))}, keeps="a tls.Config with ServerName does")

BY_BOTH = {("jdbc", "postgresql"): _PGJDBC}
BY_DIALECT = {"stackexchange": _STACKEXCHANGE, "adonet": _ADONET, "go_mysql": _GO_MYSQL}
BY_PROTOCOL = {
    "postgresql": _POSTGRESQL,
    "mysql": _MYSQL,
    "mssql": _MSSQL,
    "mongodb": Rule(
        options={"tls": _YES, "ssl": _YES},
        unless={
            "tlsinsecure": _YES,
            "tlsallowinvalidhostnames": _YES,
            "tlsallowinvalidcertificates": _YES,
        },
        keeps="hostshift_pymongo keeps it",
    ),
    "redis": Rule(
        schemes=_schemes(
            "rediss", "valkeys", "rediss+sentinel", "rediss-sentinel", "rediss+cluster"
        ),
        unless={"sslcheckhostname": _NO, "sslcertreqs": _NO},
        keeps="hostshift_redis keeps it",
    ),
    "http": Rule(schemes=_schemes("https", "wss"), keeps="hostshift_httpx keeps it for httpx"),
    "amqp": Rule(schemes=_schemes("amqps"), keeps="kombu keeps it with ssl={'server_hostname': …}"),
    "clickhouse": Rule(
        schemes=_schemes("clickhouses"),
        unless={"verify": _NO},
        keeps="clickhouse-driver keeps it with server_hostname=",
    ),
    # ssl.endpoint.identification.algorithm is https, in Java since 2.0 (KIP-294) and in librdkafka
    # since 2.0; kafka-python's ssl_check_hostname is on.
    "kafka": Rule(schemes=_schemes("ssl", "sasl_ssl"), each=True),
    "neo4j": Rule(schemes=_schemes("bolt+s", "neo4j+s")),
    "mqtt": Rule(schemes=_schemes("mqtts")),
    "ldap": Rule(schemes=_schemes("ldaps")),
}


def notes(masked: str, reading: Reading, decisions: Sequence[Decision]) -> tuple[str, ...]:
    """Return a note for each changed host whose certificate needs another name.

    Args:
        masked: the original text with its secrets masked: no part of a password is an option.
        reading: what the grammar found in it.
        decisions: one for each endpoint.

    """
    rule = (
        BY_BOTH.get((reading.dialect, reading.protocol))
        or BY_DIALECT.get(reading.dialect)
        or BY_PROTOCOL.get(reading.protocol)
    )
    if rule is None:
        return ()
    checks = _checked_names(masked, reading.dialect, rule, len(decisions))
    moved = {
        decision.before.host: decision.after.host
        for decision, checked in zip(decisions, checks, strict=True)
        if checked
    }
    return tuple(
        f"with this change, the driver checks the certificate for {host} against {new_host}, so"
        f" the certificate has to name that as well{f'; or: {rule.keeps}' if rule.keeps else ''}"
        for host, new_host in moved.items()
        if host.lower() != new_host.lower()
    )


def _checked_names(masked: str, dialect: str, rule: Rule, count: int) -> list[bool]:
    """Return for each endpoint whether a driver checks its name, by the text or its own entry."""
    entries = masked.split(",") if rule.each else [masked]
    checks = [_checks_name(entry, dialect, rule) for entry in entries]
    return checks if len(checks) == count else [any(checks)] * count


def _checks_name(masked: str, dialect: str, rule: Rule) -> bool:
    scheme = masked.partition("://")[0].strip().lower() if "://" in masked else ""
    options = _options(masked, dialect)
    if any(_is_set(options, name, values) for name, values in rule.unless.items()):
        return False
    return scheme in rule.schemes or any(
        _is_set(options, name, values) for name, values in rule.options.items()
    )


def _is_set(options: Mapping[str, str], name: str, values: frozenset[str]) -> bool:
    return name in options and (not values or options[name] in values)


def _options(masked: str, dialect: str) -> dict[str, str]:
    """Read ``name=value`` wherever a dialect can write it. To read too much does no harm.

    A bare name has an empty value, as for pgjdbc.
    """
    separators = r"[?&;,\s]" if dialect == "libpq" else r"[?&;,]"
    pairs = (part.partition("=") for part in re.split(separators, masked))
    return {_plain(name): _plain(value) for name, _, value in pairs}


def _plain(word: str) -> str:
    return re.sub(r"[-_\s'\"{}]", "", word).lower()

"""What another host in a text means for the certificate that its driver checks. Pure.

A driver that verifies checks the certificate against the host it is given. So a text
with another host asks for another certificate, unless the driver has a parameter for
the name. Nothing is changed because of it: it is said.
"""

from __future__ import annotations

import re

from hostshift._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hostshift.decision import Decision
    from hostshift.strings import Reading

_YES = frozenset(("true", "1", "yes", "on", "required"))
_NO = frozenset(("false", "0", "no", "off", "none", "optional"))
_FULL = frozenset(("verifyfull", "verifyidentity"))
_ANY: frozenset[str] = frozenset()


class Rule(Record):
    """When strings of a protocol ask for the server's name in its certificate."""

    schemes: frozenset[str] = frozenset()
    """These ask by themselves."""
    options: Mapping[str, frozenset[str]] = {}
    """Options that ask, with the values that do; both without case, ``-``, ``_``, blanks."""
    unless: Mapping[str, frozenset[str]] = {}
    """Options that end it: no name is checked, or the text says which. No values: any."""
    keeps: str = ""
    """What would keep the configured name."""
    each: bool = False
    """Each entry of a list has a scheme of its own, which asks for that one."""


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
    # 42.2.5). Name and certificate are apart: a NonValidatingFactory leaves the name checked.
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
    # Npgsql and MySqlConnector, and what SqlClient reads.
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
    """Say for each host that changed which name the certificate would have to bear.

    Args:
        masked: the text as given, its secrets hidden: a password asks for nothing.
        reading: what it was read as.
        decisions: one for each endpoint.

    """
    rule = (
        BY_BOTH.get((reading.dialect, reading.protocol))
        or BY_DIALECT.get(reading.dialect)
        or BY_PROTOCOL.get(reading.protocol)
    )
    if rule is None:
        return ()
    asking = _asking(masked, reading.dialect, rule, len(decisions))
    moved = {
        one.before.host: one.after.host for one, asks in zip(decisions, asking, strict=True) if asks
    }
    return tuple(
        f"with this change, a certificate for {host} is checked against {there}, which it has to"
        f" name as well{f'; or: {rule.keeps}' if rule.keeps else ''}"
        for host, there in moved.items()
        if host.lower() != there.lower()
    )


def _asking(masked: str, dialect: str, rule: Rule, count: int) -> list[bool]:
    """Tell for each endpoint whether the text, or its own entry of a list, asks."""
    entries = masked.split(",") if rule.each else [masked]
    found = [_asks(entry, dialect, rule) for entry in entries]
    return found if len(found) == count else [any(found)] * count


def _asks(masked: str, dialect: str, rule: Rule) -> bool:
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
    """Read ``name=value`` wherever a dialect can write it; whoever reads more sees no harm.

    A bare name is one with an empty value, as pgjdbc has it.
    """
    separators = r"[?&;,\s]" if dialect == "libpq" else r"[?&;,]"
    pairs = (part.partition("=") for part in re.split(separators, masked))
    return {_plain(name): _plain(value) for name, _, value in pairs}


def _plain(word: str) -> str:
    return re.sub(r"[-_\s'\"{}]", "", word).lower()

"""Whose certificate a driver will ask for after a host was replaced in its string. Pure.

A driver that is given a string checks the certificate against the host in it. Where that
was replaced, a server that names only the configured one is refused, rightly. Plugs keep the
two apart; a string cannot, so it is said what would help.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from hostshift.decision import Decision

CHECKING_SCHEMES = ("https", "wss", "rediss", "amqps", "kafka+ssl", "ldaps", "nats+tls", "ftps")
"""Schemes whose clients check the server's name unless told otherwise."""

CHECKING_OPTIONS = (
    "sslmode=verify-full",  # libpq 34.19, and JDBC, Npgsql, Go and asyncpg in their spellings
    "ssl mode=verifyfull",
    "sslrootcert=system",  # libpq 16: implies verify-full
    "ssl-mode=verify_identity",  # MySQL's connectors, and JDBC's sslMode
    "sslmode=verify_identity",
    "ssl_verify_identity=true",
    "ssl_check_hostname=true",
    "tls=true",  # MongoDB checks the name unless tlsAllowInvalidHostnames says not to
    "ssl=true",
)
"""Options that ask for it, in lower case and without the blanks around ``=``."""

PLUGS = {
    "libpq": "hostaddr= keeps the name",
    "sqlalchemy": "plugins=['hostshift'] keeps the name",
    "mongodb": "hostshift_pymongo keeps the name",
    "redis": "hostshift_redis keeps the name",
}
"""What keeps the configured name, by dialect."""


def notes(text: str, dialect: str, decisions: Iterable[Decision]) -> tuple[str, ...]:
    """Say for each replaced host what the certificate would have to name as well.

    Args:
        text: the string as configured. Nothing of it is repeated but hosts.
        dialect: its grammar.
        decisions: what became of its endpoints.

    """
    replaced = {one.before.host: one.after.host for one in decisions if one.changed}
    renamed = {old: new for old, new in replaced.items() if old.lower() != new.lower()}
    if not renamed or not _checks(text):
        return ()
    better = PLUGS.get(dialect)
    return tuple(
        f"the certificate of {old} is checked against {new}: it has to name {new} as well"
        + (f", or {better}" if better else "")
        for old, new in renamed.items()
    )


def _checks(text: str) -> bool:
    """Tell whether a string asks for a check of the server's name, as far as it shows.

    By its text alone: an option inside of a password makes a needless note, no more.
    """
    lowered = text.lower()
    scheme = lowered.partition("://")[0]
    if scheme in CHECKING_SCHEMES:
        return True
    told = "=".join(part.strip() for part in lowered.split("="))
    return any(option in told for option in CHECKING_OPTIONS)

"""Names of what clients log in with: a secret is no address, whatever it looks like. Pure."""

from __future__ import annotations

_SECRETS = (
    *("PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "TOKEN", "CREDENTIAL"),
    *("APIKEY", "SECRETKEY", "ACCESSKEY", "PRIVATEKEY", "SHAREDKEY", "ACCOUNTKEY"),
)
"""What the last word of a secret's name ends with: ``DBPASSWORD``, ``MINIO_SECRETKEY``."""
_SHORT_SECRETS = frozenset(("PASS", "PWD", "PSW", "PW", "DBPASS", "REQUIREPASS", "KEY", "SALT"))
_WITH_AUTH = frozenset(("REDIS", "VALKEY", "KEYDB", "SENTINEL", "MEMCACHED", "NEO4J"))
"""Words before ``AUTH`` where that is a password: ``REDIS_AUTH``, and the image of Neo4j. Under
other words it may be the URL of a service that authenticates."""
_FIELDS = ("USER", "USERNAME", "LOGIN", "SCHEMA", "DATABASE", "DBNAME")
"""What the last word ends with in names of a user, a schema or a database."""
_SHORT_FIELDS = frozenset(("DB", "UID", "DESCRIPTION", "ROLE"))
_NAMED = frozenset(("USER", "LOGIN", "SCHEMA", "DATABASE", "DB"))
"""Words before ``NAME``."""
_BEHIND = frozenset(("VALUE", "TEXT"))
"""What files and XML write behind a name."""


def is_credential(name: str, value: str) -> bool:
    """Return True for what a client logs in with: no address, unless it is a connection string.

    The name of a user, a schema or a database may be that of a URL, too.
    """
    return is_secret(name) or ("://" not in value and is_field(name))


def is_secret(name: str) -> bool:
    """Return True for the name of a password or another secret."""
    words = _last_words(name)
    if words[-1] == "AUTH" and not _WITH_AUTH.isdisjoint((words[0], f"{words[0]}S")):
        return True
    return words[-1].endswith(_SECRETS) or words[-1] in _SHORT_SECRETS


def is_field(name: str) -> bool:
    """Return True for the name of a user, a schema or a database."""
    words = _last_words(name)
    last = words[-1]
    is_name = last == "NAME" and not _NAMED.isdisjoint(words[-2:])
    return is_name or last.endswith(_FIELDS) or last in _SHORT_FIELDS


def _last_words(name: str) -> list[str]:
    """Return the last two words of a name in upper case, without numbers and plurals."""
    plain = name.upper().replace(".", "_").replace("-", "_").replace(":", "_")
    words = [word for word in (one.rstrip("0123456789") for one in plain.split("_")) if word]
    while len(words) > 1 and words[-1] in _BEHIND:
        words.pop()
    return [word if word.endswith("SS") else word.removesuffix("S") for word in words[-2:]] or [""]

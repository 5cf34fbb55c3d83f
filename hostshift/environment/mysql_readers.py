"""Which readers of a host take ``localhost`` for MySQL's socket, by what stands beside it. Pure.

:mod:`hostshift.dsn.mysql_clients` says which clients do so. A variable or a field beside the host
may name the socket (Laravel's ``DB_SOCKET``, Rails' ``socket``, phpMyAdmin's ``PMA_SOCKET``), and
another one may name such a client (``driver: pdo_mysql``).
"""

from __future__ import annotations

from hostshift.base.server_names import SOCKET_NAMES
from hostshift.dsn.mysql_clients import ENGINES, LOCALHOST, MAYBE, USUAL
from hostshift.environment import names
from hostshift.environment.shapes import has_placeholder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

EVERYWHERE = "MYSQL_UNIX_PORT"
"""The variable that the C libraries read by themselves (``mysql_init``)."""
_PHP = frozenset(("PMA", "WORDPRESS", "JOOMLA", "MATOMO"))
"""Words of variables that images of PHP programs on MySQL read: phpMyAdmin, WordPress, …"""
_OF_LARAVEL = frozenset(("mysql", "mariadb"))
_KEYS = frozenset(("ADAPTER", "CLIENT", "DIALECT", "DRIVER", "ENGINE", "TYPE"))
"""Keys that name a server, at the root of a file."""
_DATABASES = frozenset(("DB", "DATABASE", "SQL", "DATASOURCE", "TYPEORM"))
"""Words of names that may be of MySQL, and of other databases."""


def takes_socket(name: str, protocol: str, engines: Iterable[tuple[str, str]]) -> bool:
    """Return True if the reader of a host surely is such a client.

    Args:
        name: the variable of the host.
        protocol: what its server speaks, empty if unknown.
        engines: what names the server beside it, with the word of its key.

    """
    if not _may_be_mysqls(name, protocol):
        return False
    if not _PHP.isdisjoint(names.normal(name).split("_")[:1]):
        return True
    return any(_is_engine(word, value.strip().lower()) for word, value in engines)


def _is_engine(word: str, value: str) -> bool:
    """Return True for a client's name under a key: Knex has a ``client`` of Rails' name."""
    if word == "ADAPTER" and value == "mysql2":
        return True
    return value in ENGINES or (word == "CONNECTION" and value in _OF_LARAVEL)


def socket(
    host: str, name: str, environ: Mapping[str, str], protocol: str, *, sure: bool = False
) -> str:
    """Return what names the socket that the reader of a host takes for it.

    Args:
        host: the host.
        name: its variable, or that of the text with it.
        environ: the variables beside it.
        protocol: what its server speaks, empty if unknown.
        sure: the reader takes such a host for a socket, whether something names one or not.

    Returns:
        A variable; ``USUAL`` if nothing names a socket, and the reader surely takes one;
        ``MAYBE`` for any other server that may be MySQL's or another; or empty.

    """
    if not _may_be_mysqls(name, protocol):
        return ""
    unknown = "" if protocol else MAYBE
    if host != LOCALHOST:
        return unknown
    return named(name, environ, protocol) or (USUAL if sure else unknown)


def beside_text(
    name: str,
    text: str,
    environ: Mapping[str, str],
    protocol: str,
    engines: Iterable[tuple[str, str]],
) -> str:
    """Return what :func:`socket` does for a text that may have the host.

    Whether it has, and is one of MySQL, :func:`hostshift.dsn.mysql_clients.socket` decides.
    """
    lower = text.lower()
    if not _may_be_mysqls(name, protocol) and "mysql" not in lower and "mariadb" not in lower:
        return ""
    unknown = "" if protocol else MAYBE
    if LOCALHOST not in lower:
        return unknown
    sure = takes_socket(name, protocol, engines)
    return named(name, environ, "mysql") or (USUAL if sure else unknown)


def named(name: str, environ: Mapping[str, str], protocol: str) -> str:
    """Return the variable that names a socket beside another one, empty if none does."""
    fitting = {before + key for before in _beginnings(name, environ) for key in SOCKET_NAMES}
    for other, value in environ.items():
        if not _may_be_socket(value):
            continue
        plain = names.normal(other)
        if plain in fitting or (plain == EVERYWHERE and protocol == "mysql"):
            return other
    return ""


def _may_be_socket(value: str) -> bool:
    """Return True for a path, for the name of an abstract socket, and for a template of them."""
    return (value[:1] in ("/", "@") and len(value) > 1) or has_placeholder(value)


def _beginnings(name: str, environ: Mapping[str, str]) -> list[str]:
    """Return how names begin that belong to one: ``DB_`` for ``DB_HOST`` and ``DB_URL``.

    In a file the host of ``adapter: mysql2`` has the product in its name, and its socket has not.
    """
    plain = names.normal(name)
    before, mark, last = plain.rpartition("_")
    before += mark + (last[: -len("HOST")] if last.endswith("HOST") else "")  # MYSQLHOST
    found = [before] if before else []
    for product in ("MYSQL_", "MARIADB_"):
        outer = before.removesuffix(product)
        if outer != before and (outer or not environ.keys().isdisjoint(_KEYS)):
            found.append(outer)
    return found


def _may_be_mysqls(name: str, protocol: str) -> bool:
    """Return True unless a server is another one than MySQL, by its protocol or its name."""
    if protocol:
        return protocol == "mysql"
    return not _DATABASES.isdisjoint(names.normal(name).split("_"))

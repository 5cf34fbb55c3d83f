"""Which readers of a host take ``localhost`` for MySQL's socket, by what stands beside it. Pure.

:mod:`hostshift.dsn.mysql_clients` says which clients do so. A variable or a field beside the host
may name the socket (Laravel's ``DB_SOCKET``, Rails' ``socket``, phpMyAdmin's ``PMA_SOCKET``), and
another one may name such a client (``driver: pdo_mysql``).
"""

from __future__ import annotations

from hostshift.base.server_names import SOCKET_NAMES
from hostshift.dsn.mysql_clients import ENGINES, LOCALHOST, MAYBE, POSSIBLE, USUAL
from hostshift.environment import names
from hostshift.environment.model import Sockets
from hostshift.environment.shapes import PLACEHOLDERS, has_placeholder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hostshift.environment.model import Call

EVERYWHERE = "MYSQL_UNIX_PORT"
"""The variable that the C libraries read by themselves (``mysql_init``)."""
_PHP = frozenset(("PMA", "WORDPRESS", "JOOMLA", "MATOMO"))
"""Words of variables that images of PHP programs on MySQL read: phpMyAdmin, WordPress, …"""
_OF_TCP = frozenset(("TYPEORM", "MB", "GF"))
"""The first words of variables of TypeORM (Node), Metabase (Java) and Grafana (Go)."""
_OF_LARAVEL = frozenset(("mysql", "mariadb"))
_KEYS = frozenset(("ADAPTER", "CLIENT", "DIALECT", "DRIVER", "ENGINE", "TYPE"))
"""Keys that name a server, at the root of a file."""
_DATABASES = frozenset(("DB", "DATABASE", "SQL", "DATASOURCE", "TYPEORM"))
"""Words of names that may be of MySQL, and of other databases."""


def _usual(name: str, protocol: str, engines: Iterable[tuple[str, str]]) -> str:
    """Return what :func:`socket` does where nothing names a socket."""
    first = names.normal(name).partition("_")[0]
    lowered = [(word, value.strip().lower()) for word, value in engines]
    if first in _PHP or any(_is_engine(word, value) for word, value in lowered):
        return "" if first in _OF_TCP else USUAL
    if first in _OF_TCP or any(value and _dials_tcp(word, value) for word, value in lowered):
        return ""
    return POSSIBLE if protocol else MAYBE


def _dials_tcp(word: str, value: str) -> bool:
    """Return True for Knex' ``client``, Sequelize's ``dialect``, TypeORM's ``type``; trilogy."""
    return word in ("CLIENT", "DIALECT", "TYPE") or value == "trilogy"


def _is_engine(word: str, value: str) -> bool:
    """Return True for a client's name under a key: Knex has a ``client`` of Rails' name."""
    if word == "ADAPTER" and value == "mysql2":
        return True
    return value in ENGINES or (word == "CONNECTION" and value in _OF_LARAVEL)


def socket(
    host: str,
    name: str,
    beside: Sockets,
    protocol: str,
    engines: Iterable[tuple[str, str]],
) -> str:
    """Return what names the socket that the reader of a host takes for it.

    Args:
        host: the host.
        name: its variable, or that of the text with it.
        beside: the sockets beside it.
        protocol: what its server speaks, empty if unknown.
        engines: what names the server beside it, with the word of its key.

    Returns:
        A variable; if nothing names a socket, ``USUAL`` for a reader that surely takes one, and
        ``POSSIBLE`` for any other of MySQL; ``MAYBE`` for a server that may be another; or empty.

    """
    if not _may_be_mysqls(name, protocol):
        return ""
    if host.lower() != LOCALHOST:
        return "" if protocol else MAYBE
    return _named(name, beside, protocol) or _usual(name, protocol, engines)


def beside_text(
    name: str,
    text: str,
    beside: Sockets,
    protocol: str,
    engines: Iterable[tuple[str, str]],
) -> str:
    """Return what :func:`socket` does for a text that may have the host.

    Whether it has, and is one of MySQL, :func:`hostshift.dsn.mysql_clients.socket` decides.
    """
    lower = text.lower()
    if not _may_be_mysqls(name, protocol) and "mysql" not in lower and "mariadb" not in lower:
        return ""
    if LOCALHOST not in lower:
        return "" if protocol else MAYBE
    usual = _usual(name, protocol, engines)
    return _named(name, beside, "mysql") or ("" if usual == POSSIBLE else usual)


def sockets(environ: Mapping[str, str], call: Call) -> Sockets:
    """Return what may name a socket among the variables of a call, which it looks at once."""
    if call.sockets is None:
        call.sockets = _sockets(environ)
    return call.sockets


def _sockets(environ: Mapping[str, str]) -> Sockets:
    ends = tuple(SOCKET_NAMES)
    found: dict[str, str] = {}
    for name, value in environ.items():
        if _may_be_socket(value) and (plain := names.normal(name)).endswith(ends):
            found.setdefault(plain, name)
    return Sockets(variables=found, has_engine=not environ.keys().isdisjoint(_KEYS))


def _named(name: str, beside: Sockets, protocol: str) -> str:
    """Return the variable that names a socket beside another one, empty if none does."""
    if not beside.variables:
        return ""
    beginnings = [
        each + group for each in _beginnings(name, beside.has_engine) for group in _GROUPS
    ]
    fitting = {each + key for each in beginnings for key in SOCKET_NAMES}
    if protocol in ("", "mysql"):
        fitting.add(EVERYWHERE)
    return next((other for plain, other in beside.variables.items() if plain in fitting), "")


def _may_be_socket(value: str) -> bool:
    """Return True for a path, for the name of an abstract socket, and for a template of them."""
    if value[:1] in ("/", "@") and len(value) > 1:
        return True
    return not _MARKS.isdisjoint(value) and has_placeholder(value)  # most values end here


_GROUPS = ("", "OPTIONS_", "EXTRA_")
"""Fields of a connection that hold more of them: Django's, Airflow's."""
_MARKS = frozenset(mark[0] for mark in PLACEHOLDERS)


def _beginnings(name: str, has_engine: bool) -> list[str]:
    """Return how names begin that belong to one: ``DB_`` for ``DB_HOST`` and ``DB_URL``.

    In a file the host of ``adapter: mysql2`` has the product in its name, and its socket has not.
    """
    plain = names.normal(name)
    before, mark, last = plain.rpartition("_")
    before += mark + (last[: -len("HOST")] if last.endswith("HOST") else "")  # MYSQLHOST
    found = [before] if before else []
    for product in ("MYSQL_", "MARIADB_"):
        outer = before.removesuffix(product)
        if outer != before and (outer or has_engine):
            found.append(outer)
    return found


def _may_be_mysqls(name: str, protocol: str) -> bool:
    """Return True unless a server is another one than MySQL, by its protocol or its name."""
    if protocol:
        return protocol == "mysql"
    return not _DATABASES.isdisjoint(names.normal(name).split("_"))

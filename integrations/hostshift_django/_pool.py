"""``OPTIONS["pool"]``: a pool of psycopg's connects by itself, by parameters of its first moment.

Django hands what it finds in ``OPTIONS["pool"]`` to ``psycopg_pool.ConnectionPool``, whose
``connection_class`` is public and makes each connection. So a class that looks the
address up is put there, in the connection object's own copy of the options. Oracle's
pool is made by its driver and has none.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django.db.backends.base.base import NO_DB_ALIAS

from hostshift.drivers.databases import DatabaseDialer
from hostshift_django._params import CLIENT

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

_made: dict[tuple[type, str], type] = {}


def cover(connection: BaseDatabaseWrapper) -> None:
    """Have an alias' pool look up each connection that it makes."""
    options = connection.settings_dict.get("OPTIONS") or {}
    pool = options.get("pool")
    if not pool or getattr(connection, "vendor", "") == "oracle":
        return
    try:
        from psycopg import Connection
    except ImportError:  # Django refuses a pool with psycopg2, and its error names that
        return
    configured = {} if pool is True else pool
    kind = dialling(configured.get("connection_class", Connection), connection.vendor)
    covered: Any = {
        **connection.settings_dict,
        "OPTIONS": {**options, "pool": {**configured, "connection_class": kind}},
    }
    connection.settings_dict = covered


def is_covered(connection: BaseDatabaseWrapper) -> bool:
    """Return True if a connection comes from a pool that looks up by itself.

    The one without a database, which makes and drops databases, never does.
    """
    pool = (connection.settings_dict.get("OPTIONS") or {}).get("pool")
    kind = pool.get("connection_class") if isinstance(pool, dict) else None
    return hasattr(kind, "hostshift") and connection.alias != NO_DB_ALIAS


def dialling(kind: Any, vendor: str) -> type:
    """Return a class of psycopg connections like another one that dials where its host is."""
    if hasattr(kind, "hostshift"):
        covered: type = kind
        return covered
    made = _made.get((kind, vendor))
    if made is None:
        from psycopg import OperationalError

        class Dialling(kind):  # type: ignore[misc]
            hostshift = kind

            @classmethod
            def connect(cls, conninfo: str = "", **kwargs: Any) -> Any:
                own = partial(super().connect, conninfo)
                return DatabaseDialer("psycopg", vendor, CLIENT, OperationalError).connect(
                    own, kwargs
                )

        Dialling.__name__, Dialling.__qualname__ = kind.__name__, kind.__qualname__
        # Another thread may have made one meanwhile.
        made = _made.setdefault((kind, vendor), Dialling)
    return made

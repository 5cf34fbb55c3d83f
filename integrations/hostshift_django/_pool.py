"""``OPTIONS["pool"]``: a pool of psycopg's connects by itself, by parameters of its first moment.

Django hands what stands in ``OPTIONS["pool"]`` to ``psycopg_pool.ConnectionPool``, whose
``connection_class`` is public and makes each connection. So a class that looks the
address up is put there, in the connection object's own copy of the options. Oracle's
pool is made by its driver and has none.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from django.db.backends.base.base import NO_DB_ALIAS

from hostshift import resolver
from hostshift_django._locate import located

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
    except ImportError:  # Django refuses a pool with psycopg2, and says so
        return
    given = {} if pool is True else pool
    kind = dialling(given.get("connection_class", Connection), connection.vendor)
    own: Any = {
        **connection.settings_dict,
        "OPTIONS": {**options, "pool": {**given, "connection_class": kind}},
    }
    connection.settings_dict = own


def is_covered(connection: BaseDatabaseWrapper) -> bool:
    """Return True if a connection comes from a pool that looks up by itself.

    The one without a database, by which databases are made and dropped, never does.
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

        class Dialling(kind):  # type: ignore[misc]
            hostshift = kind

            @classmethod
            def connect(cls, conninfo: str = "", **kwargs: Any) -> Any:
                return _connect(super().connect, vendor, conninfo, kwargs)

        Dialling.__name__, Dialling.__qualname__ = kind.__name__, kind.__qualname__
        # Another thread may have made one meanwhile.
        made = _made.setdefault((kind, vendor), Dialling)
    return made


def _connect(connect: Any, vendor: str, conninfo: str, given: dict[str, Any]) -> Any:
    began = time.monotonic()
    try:
        return connect(conninfo, **located("psycopg", vendor, given))
    except BaseException:
        resolver.current().look_again(began)
        raise

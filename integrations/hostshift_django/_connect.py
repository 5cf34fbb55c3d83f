"""Where Django makes its connections to databases: other addresses for one connection.

Parameters come from the ``get_connection_params()`` of an alias' ``DatabaseWrapper``, by
which every backend tells its driver where to connect, each time it does. That method is
wrapped in the class, when the first connection object of an alias is made
(``django.db.connections.create_connection``), for these reasons:

- an ``ENGINE`` of our own would show in ``settings.DATABASES``, and there would have to be
  one for each engine there is, PostGIS and those of other packages too;
- an object's own method would miss the connections by which test databases are made:
  Django makes them of the object's class (``_nodb_cursor()``, ``copy()``);
- a subclass would be another sender of ``connection_created``, which comes too late itself.

A pool calls it once in its life; see :mod:`hostshift_django._pool`.
"""

from __future__ import annotations

import time
from functools import wraps
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ConnectionHandler

from hostshift import _extras, resolver, settings
from hostshift_django import _pool
from hostshift_django._locate import located

if TYPE_CHECKING:
    from collections.abc import Callable

DRIVERS = {
    "psycopg": "psycopg",
    "psycopg2": "psycopg2",
    "MySQLdb": "mysqldb",
    "pymysql": "pymysql",  # install_as_MySQLdb()
    "mysql.connector": "mysqlconnector",
}
"""A backend's ``Database`` module, and the driver as SQLAlchemy names it."""

SEAMS: tuple[tuple[type, str], ...] = (
    (ConnectionHandler, "create_connection"),
    (BaseDatabaseWrapper, "get_connection_params"),
    (BaseDatabaseWrapper, "get_new_connection"),
    (BaseDatabaseWrapper, "is_usable"),
)
"""What is wrapped. Nothing else is counted on."""


def install(handler: ConnectionHandler = connections) -> None:
    """Look after the connections of all aliases to come; again changes nothing.

    Args:
        handler: what makes the connection objects; Django's own by default.

    Raises:
        IncompatibleError: this Django makes its connections in another way.

    """
    check_seams()
    own: Any = handler.create_connection
    if hasattr(own, "hostshift"):
        return
    settings.preload()

    @wraps(own)
    def create_connection(alias: str) -> Any:
        made = own(alias)
        cover(type(made))
        _pool.cover(made)
        return made

    create_connection.hostshift = own  # type: ignore[attr-defined]
    handler.create_connection = create_connection  # type: ignore[method-assign]


def check_seams() -> None:
    """Make sure that what is wrapped is there.

    Raises:
        IncompatibleError: it is not.

    """
    missing = [f"{kind.__name__}.{name}" for kind, name in SEAMS if not hasattr(kind, name)]
    if missing:
        raise _extras.lacks("hostshift_django", missing)


def cover_existing() -> None:
    """Look after the connection objects that this thread has made before."""
    try:
        made = connections.all(initialized_only=True)
    except ImproperlyConfigured:  # Django says so itself, once a database is used
        return
    for one in made:
        cover(type(one))


def cover(kind: type[BaseDatabaseWrapper]) -> None:
    """Look after all connections of a class; again changes nothing.

    No lock: a method is read once and then replaced, so that two threads at once wrap it once.
    """
    for name, wrapper in WRAPPERS.items():
        own = getattr(kind, name)
        if not hasattr(own, "hostshift"):
            made: Any = wraps(own)(wrapper(own))
            made.hostshift = own
            setattr(kind, name, made)


def driver(connection: BaseDatabaseWrapper) -> str:
    """Name the driver of a connection, empty if it is not known."""
    module = getattr(connection, "Database", None)
    return DRIVERS.get(getattr(module, "__name__", ""), "")


def configured(connection: BaseDatabaseWrapper) -> dict[str, Any]:
    """Return the parameters of a connection as Django makes them."""
    own: Any = type(connection).get_connection_params
    while hasattr(own, "hostshift"):
        own = own.hostshift
    given: dict[str, Any] = own(connection)
    return given


def _parameters(own: Callable[[Any], dict[str, Any]]) -> Any:
    def get_connection_params(self: Any) -> dict[str, Any]:
        """Return where the configured host is from here at this moment.

        A subclass that is covered as well calls this by ``super()``: it acts itself.
        """
        given = own(self)
        acts = getattr(type(self).get_connection_params, "hostshift", own)
        if acts is not own or _pool.is_covered(self) or not driver(self):
            return given
        try:
            return located(driver(self), self.vendor, given)
        except OSError as error:
            raise self.Database.OperationalError(str(error)) from error

    return get_connection_params


def _new(own: Callable[[Any, Any], Any]) -> Any:
    def get_new_connection(self: Any, conn_params: Any) -> Any:
        """Connect; where that fails, look again for what is around at the next connect."""
        began = time.monotonic()
        try:
            return own(self, conn_params)
        except BaseException:
            resolver.current().look_again(began)
            raise

    return get_new_connection


def _usable(own: Callable[[Any], bool]) -> Any:
    def is_usable(self: Any) -> bool:
        """Return True if a connection lives; where it does not, its server may have moved."""
        usable = own(self)
        if not usable:
            resolver.current().look_again()
        return usable

    return is_usable


WRAPPERS: dict[str, Callable[[Any], Any]] = {
    "get_connection_params": _parameters,
    "get_new_connection": _new,
    "is_usable": _usable,
}

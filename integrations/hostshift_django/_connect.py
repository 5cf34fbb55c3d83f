"""Where Django makes its connections to databases: other addresses for one connection.

Parameters come from the ``get_connection_params()`` of an alias' ``DatabaseWrapper``, by
which every backend hands its driver the address, at each connect. That method is
wrapped in the class, when the first connection object of an alias is made
(``django.db.connections.create_connection``), for these reasons:

- an ``ENGINE`` of our own would show in ``settings.DATABASES``, and each engine would need
  one, PostGIS and those of other packages too;
- an object's own method would miss the connections by which test databases are made:
  Django makes them of the object's class (``_nodb_cursor()``, ``copy()``);
- a subclass would be another sender of ``connection_created``, which comes too late itself.

A pool calls it once in its life; see :mod:`hostshift_django._pool`.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ConnectionHandler

from hostshift.config import settings
from hostshift.drivers import frameworks, wrapping
from hostshift.resolution import resolver
from hostshift_django import _pool
from hostshift_django._params import dialer_of, driver

if TYPE_CHECKING:
    from collections.abc import Callable

DIALS = "hostshift_dials"
"""The attribute of a connection object with the dials of its next connect."""

SEAMS: dict[str, tuple[type, str]] = {
    "ConnectionHandler.create_connection": (ConnectionHandler, "create_connection"),
    "BaseDatabaseWrapper.get_connection_params": (BaseDatabaseWrapper, "get_connection_params"),
    "BaseDatabaseWrapper.get_new_connection": (BaseDatabaseWrapper, "get_new_connection"),
    "BaseDatabaseWrapper.is_usable": (BaseDatabaseWrapper, "is_usable"),
}
"""What is wrapped. Nothing else is counted on."""


def install(handler: ConnectionHandler = connections) -> None:
    """Cover the connections of all aliases to come; again changes nothing.

    Args:
        handler: what makes the connection objects; Django's own by default.

    Raises:
        IncompatibleError: this Django makes its connections in another way.

    """
    if missing := wrapping.missing(SEAMS):
        raise frameworks.lacks("hostshift_django", missing)
    if not hasattr(handler.create_connection, wrapping.MARK):
        settings.preload()
        wrapping.wrap(handler, "create_connection", _creating)


def _creating(own: Callable[[str], BaseDatabaseWrapper]) -> Callable[[str], BaseDatabaseWrapper]:
    def create_connection(alias: str) -> BaseDatabaseWrapper:
        connection = own(alias)
        cover(type(connection))
        _pool.cover(connection)
        return connection

    return create_connection


def cover_existing() -> None:
    """Cover the connection objects that this thread has made before."""
    try:
        existing = connections.all(initialized_only=True)
    except ImproperlyConfigured:  # Django raises it again, once a database is used
        return
    for connection in existing:
        cover(type(connection))


def cover(kind: type[BaseDatabaseWrapper]) -> None:
    """Cover all connections of a class; again changes nothing."""
    for name, wrapper in WRAPPERS.items():
        wrapping.wrap(kind, name, wrapper)


def configured(connection: BaseDatabaseWrapper) -> dict[str, Any]:
    """Return the parameters of a connection as Django makes them."""
    own: Callable[[BaseDatabaseWrapper], dict[str, Any]]
    own = wrapping.original(type(connection).get_connection_params)
    return own(connection)


def _parameters(own: Callable[[Any], dict[str, Any]]) -> Callable[[Any], dict[str, Any]]:
    def get_connection_params(self: BaseDatabaseWrapper) -> dict[str, Any]:
        """Return where the configured host is from here at this moment.

        A subclass that is covered as well calls this by ``super()``: it acts itself.
        """
        parameters = own(self)
        acts = getattr(type(self).get_connection_params, wrapping.MARK, own)
        if acts is not own or _pool.is_covered(self) or not driver(self):
            return parameters
        dials = dialer_of(self).dials(parameters)
        moved = dials.locate()
        self.__dict__[DIALS] = dials
        return moved

    return get_connection_params


def _connecting(own: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def get_new_connection(self: BaseDatabaseWrapper, conn_params: Any) -> Any:
        """Connect by the latest parameters: Django makes them right before.

        Where that fails or takes long, look again for what is around.
        """
        dials = self.__dict__.pop(DIALS, None)
        if dials is None:  # a pool's, a subclass's that calls this by super(), or no address
            return own(self, conn_params)
        with ExitStack() as entered:
            entered.push(dials)
            made = own(self, conn_params)
            dials.opened(made)
        return made

    return get_new_connection


def _pinging(own: Callable[[Any], bool]) -> Callable[[Any], bool]:
    def is_usable(self: BaseDatabaseWrapper) -> bool:
        """Return True if a connection lives; where it does not, its server may have moved."""
        usable = own(self)
        if not usable:
            resolver.current().look_again()
        return usable

    return is_usable


WRAPPERS: dict[str, Callable[[Any], Any]] = {
    "get_connection_params": _parameters,
    "get_new_connection": _connecting,
    "is_usable": _pinging,
}

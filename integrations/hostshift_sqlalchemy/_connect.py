"""The ``do_connect`` listener: other addresses for one connection."""

from __future__ import annotations

import time
from functools import wraps
from typing import TYPE_CHECKING, Any

from hostshift import parameters, resolver, strings
from hostshift_sqlalchemy import _identity
from hostshift_sqlalchemy._off_loop import off_loop

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Dialect
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

    from hostshift.decision import Decision
    from hostshift.parameters import Pair


def connect(
    dialect: Dialect,
    connection_record: ConnectionPoolEntry,  # noqa: ARG001 - the event's signature
    cargs: Sequence[Any],
    cparams: dict[str, Any],
) -> DBAPIConnection | None:
    """Connect to where the configured address is from here; None: as it is.

    The parameters are copied: in SQLAlchemy 2.0 one dict serves all connections.
    """
    given = parameters.pairs(dialect.driver, cparams)
    if not given:
        return None
    port = strings.default_port(dialect.name)
    wanted = [(host, own if own is not None else port) for host, own in given]
    decisions = _settled(wanted, dialect.name)
    if decisions is None:
        decisions = off_loop(dialect, _decide, wanted, dialect.name)
    found = [(decision.after.host, decision.after.port) for decision in decisions]
    if found == wanted:
        if not all(decision.settled for decision in decisions):
            _watch(dialect)
        return None
    began = time.monotonic()
    try:
        return _identity.dial(dialect, cargs, cparams, wanted, found)
    except BaseException:
        resolver.current().look_again(began)
        raise


def lost(
    dbapi_connection: DBAPIConnection,  # noqa: ARG001 - the event's signature
    connection_record: ConnectionPoolEntry,  # noqa: ARG001
    exception: BaseException | None,  # noqa: ARG001
) -> None:
    """Look again for services at the next connect: a pooled connection broke.

    The pool's ``invalidate`` event: a failed ping, or an error that says so.
    """
    resolver.current().look_again()


def _settled(wanted: list[Pair], protocol: str) -> list[Decision] | None:
    """Return what was decided before, where nothing around can change it."""
    current = resolver.current()
    known = [current.settled(host, port, protocol) for host, port in wanted]
    found = [decision for decision in known if decision is not None]
    return found if len(found) == len(wanted) else None


def _decide(wanted: list[Pair], protocol: str) -> list[Decision]:
    """Ask where each address is from here."""
    current = resolver.current()
    return [current.dial(host, port, protocol) for host, port in wanted]


def _watch(dialect: Dialect) -> None:
    """Learn of failed connects as well where SQLAlchemy makes them: to an address as it was.

    A service that was not around may be by the next connect. The public event for it,
    ``handle_error``, misses what is no error of the driver's own kind, like the OSError of
    asyncpg, and ``raw_connection()``. Connecting in the listener would keep other
    listeners from theirs. So one engine's dialect is wrapped, and only where an answer
    from around took part: what is elsewhere makes nothing be looked up.
    """
    own = dialect.connect
    if hasattr(own, "hostshift"):
        return

    @wraps(own)
    def watched(*cargs: Any, **cparams: Any) -> DBAPIConnection:
        began = time.monotonic()
        try:
            return own(*cargs, **cparams)
        except BaseException:
            resolver.current().look_again(began)
            raise

    watched.hostshift = True  # type: ignore[attr-defined]
    dialect.connect = watched  # type: ignore[method-assign]

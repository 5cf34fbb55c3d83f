"""The ``do_connect`` listener: other addresses for one connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hostshift import resolver, strings
from hostshift_sqlalchemy import _identity, _parameters
from hostshift_sqlalchemy._off_loop import off_loop

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Dialect
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

    from hostshift_sqlalchemy._parameters import Pair


def connect(
    dialect: Dialect,
    connection_record: ConnectionPoolEntry,  # noqa: ARG001 - the event's signature
    cargs: Sequence[Any],
    cparams: dict[str, Any],
) -> DBAPIConnection | None:
    """Connect to where the configured address is from here; None: as it is.

    The parameters are copied: in SQLAlchemy 2.0 one dict serves all connections.
    """
    given = _parameters.pairs(dialect, cparams)
    if not given:
        return None
    port = strings.default_port(dialect.name)
    wanted = [(host, own if own is not None else port) for host, own in given]
    found = _settled(wanted, dialect.name)
    if found is None:
        found = off_loop(dialect, _addresses, wanted, dialect.name)
    if found == wanted:
        return None
    try:
        return _identity.dial(dialect, cargs, cparams, wanted, found)
    except Exception:
        resolver.current().look_again()
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


def _settled(wanted: list[Pair], protocol: str) -> list[Pair] | None:
    """Return what was found before, where nothing around can change it."""
    current = resolver.current()
    known = [current.settled(host, port, protocol) for host, port in wanted]
    found = [decision.after for decision in known if decision is not None]
    if len(found) < len(wanted):
        return None
    return [(after.host, after.port) for after in found]


def _addresses(wanted: list[Pair], protocol: str) -> list[Pair]:
    """Ask where each address is from here."""
    current = resolver.current()
    decisions = [current.dial(host, port, protocol) for host, port in wanted]
    return [(decision.after.host, decision.after.port) for decision in decisions]

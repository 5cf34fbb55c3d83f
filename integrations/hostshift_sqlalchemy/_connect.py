"""The last step of a connect: a dialect's ``connect``, with other addresses for the driver.

SQLAlchemy calls it with the driver's parameters once all ``do_connect`` listeners have
changed them (``sqlalchemy/engine/create.py``, ``connect``; from 2.0.0 on). A listener of
our own would have to connect there and then, and so keep those that come after it from
their turn: a token in place of a password would be missing.

One engine's dialect gets a ``connect`` of its own in place of its class's. For all engines
of a process, the method of ``DefaultDialect`` is replaced, which nearly all dialects have.
"""

from __future__ import annotations

import time
from functools import wraps
from types import MethodType
from typing import TYPE_CHECKING, Any

from sqlalchemy.engine.default import DefaultDialect

from hostshift import _announce, parameters, resolver, strings
from hostshift.errors import WrongServerError
from hostshift_sqlalchemy import _identity
from hostshift_sqlalchemy._off_loop import off_loop

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.engine import Dialect
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

    from hostshift.decision import Decision
    from hostshift.parameters import Pair

    Connect = Callable[..., DBAPIConnection]

CLIENT = "SQLAlchemy"
MARK = "hostshift"
"""The attribute of a dialect whose connects are looked after by a ``connect`` of its own."""

CANNOT_CONNECT = 2003
"""MySQL's number for it (CR_CONN_HOST_ERROR), which retries look for."""
NUMBERED = frozenset(("pymysql", "aiomysql", "asyncmy", "mysqldb", "cymysql"))
"""Drivers whose errors have it for their first argument; MySQL Connector's have it second."""

_everywhere = False
"""Whether all dialects are looked after. No event of :mod:`threading`: an interrupt in its
``set()`` can leave its lock held for ever, see :mod:`hostshift.workers`."""


class Connecting:
    """A dialect's ``connect``, in place of its class's or of what somebody has put there."""

    def __init__(self, dialect: Dialect, own: Connect | None) -> None:
        """Stand before the ``connect`` that a dialect has of its own, None where it has none."""
        self._dialect = dialect
        self._own = own

    def is_in_place(self, there: Connect | None) -> bool:
        """Return True if this connects, or somebody's wrapper of it.

        It does not where somebody has taken a wrapper off and this with it, and where an
        interrupt came before it was put there.

        Args:
            there: the ``connect`` that the dialect has of its own now.

        """
        return there is not None and there is not self._own

    @property
    def own(self) -> Connect:
        """What connects. A class's method is looked up each time: others replace it too."""
        return self._own or MethodType(type(self._dialect).connect, self._dialect)

    def __call__(self, *cargs: Any, **cparams: Any) -> DBAPIConnection:
        """Connect to where the configured address is from here."""
        return connect(self._dialect, self.own, cargs, cparams)


def cover(dialect: Dialect) -> None:
    """Look after the connects of one dialect; again changes nothing.

    A dialect may serve several engines, and somebody may have wrapped its ``connect`` since.
    Ours is never wrapped in ours: its ``connect`` is read once, as another thread may do the
    same, and the mark goes first, as an interrupt may come behind it.
    """
    own = vars(dialect).get("connect")
    if not _is_covered(dialect, own):
        made = Connecting(dialect, own)
        setattr(dialect, MARK, made)
        dialect.connect = made  # type: ignore[method-assign]


def _is_covered(dialect: Dialect, there: Connect | None) -> bool:
    """Return True if one of ours connects, by the ``connect`` that a dialect has of its own."""
    made: Connecting | None = getattr(dialect, MARK, None)
    return made is not None and made.is_in_place(there)


def cover_class() -> None:
    """Look after the connects of all dialects, those that exist and those to come."""
    global _everywhere  # noqa: PLW0603 - install() and uninstall() are of the process
    _everywhere = True
    own: Any = DefaultDialect.connect
    if hasattr(own, MARK):  # Also where somebody has wrapped ours since.
        return

    @wraps(own)
    def connects(self: DefaultDialect, *cargs: Any, **cparams: Any) -> DBAPIConnection:
        made = MethodType(own, self)
        if _is_covered(self, vars(self).get("connect")) or not _everywhere:
            return made(*cargs, **cparams)  # type: ignore[no-any-return]
        return connect(self, made, cargs, cparams)

    setattr(connects, MARK, connects)
    DefaultDialect.connect = connects  # type: ignore[method-assign]


def uncover_class() -> None:
    """Look after no more dialects by themselves."""
    global _everywhere  # noqa: PLW0603
    _everywhere = False
    there: Any = DefaultDialect.connect
    if vars(there).get(MARK) is there:
        DefaultDialect.connect = there.__wrapped__  # type: ignore[method-assign]


def cover_others(
    dialect: Dialect,
    connection_record: ConnectionPoolEntry,  # noqa: ARG001 - the event's signature
    cargs: Sequence[Any],  # noqa: ARG001
    cparams: dict[str, Any],  # noqa: ARG001
) -> None:
    """Look after a dialect whose class connects in a way of its own (``do_connect``)."""
    if "connect" not in vars(dialect) and type(dialect).connect is not DefaultDialect.connect:
        cover(dialect)


def lost(
    dbapi_connection: DBAPIConnection,  # noqa: ARG001 - the event's signature
    connection_record: ConnectionPoolEntry,  # noqa: ARG001
    exception: BaseException | None,  # noqa: ARG001
) -> None:
    """Look again for services at the next connect: a pooled connection broke.

    The pool's ``invalidate`` event: a failed ping, or an error that says so.
    """
    resolver.current().look_again()


def connect(
    dialect: Dialect, own: Connect, cargs: Sequence[Any], cparams: dict[str, Any]
) -> DBAPIConnection:
    """Connect to where the configured address is from here.

    Args:
        dialect: the engine's.
        own: what connects.
        cargs: the driver's positional arguments.
        cparams: its parameters, as the last listener left them.

    Raises:
        UndecidedError: only with STRICT.
        WrongServerError: what is written leads to another server than the one that is
            meant. It is the driver's own error where the driver has one for that.

    """
    given = parameters.pairs(dialect.driver, cparams)
    if not given:
        return own(*cargs, **cparams)
    port = strings.default_port(dialect.name)
    wanted = [(host, said if said is not None else port) for host, said in given]
    began, settled = time.monotonic(), False
    try:
        decisions = _located(dialect, wanted)
        settled = all(decision.settled for decision in decisions)
        found = [(decision.after.host, decision.after.port) for decision in decisions]
        if found == wanted:
            return own(*cargs, **cparams)
        return _identity.dial(dialect, own, cargs, cparams, wanted, found)
    except BaseException:
        # A service that was not around, or that moved, may be there by the next connect.
        if not settled:
            resolver.current().look_again(began)
        raise


def _located(dialect: Dialect, wanted: list[Pair]) -> list[Decision]:
    """Ask where each address is from here; what may block is not for a loop."""
    try:
        decisions = _settled(wanted, dialect.name)
        if decisions is None:
            decisions = off_loop(dialect, _decide, wanted, dialect.name)
        return [_announce.checked(decision, CLIENT) for decision in decisions]
    except WrongServerError as error:
        # asyncpg lets the system's own errors through, and this is one (ConnectionError).
        if dialect.driver == "asyncpg":
            raise
        raise _refusal(dialect, str(error)) from error


def _refusal(dialect: Dialect, text: str) -> Exception:
    """Make the error that a driver raises where a server cannot be reached."""
    kind: Callable[..., Exception] = dialect.loaded_dbapi.OperationalError
    if dialect.driver in NUMBERED:
        return kind(CANNOT_CONNECT, text)
    return kind(text, CANNOT_CONNECT) if dialect.driver == "mysqlconnector" else kind(text)


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

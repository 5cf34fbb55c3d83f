"""The last step of a connect: a dialect's ``connect``, with other addresses for the driver.

SQLAlchemy calls it with the driver's parameters once all ``do_connect`` listeners have
changed them (``sqlalchemy/engine/create.py``, ``connect``; from 2.0.0 on). A listener of
our own would have to connect there and then, and so keep those that come after it from
their turn: a token in place of a password would be missing.

One engine's dialect gets a ``connect`` of its own in place of its class's. For all engines
of a process, the method of ``DefaultDialect`` is replaced, which nearly all dialects have.
"""

from __future__ import annotations

from functools import partial
from types import MethodType
from typing import TYPE_CHECKING, Any

from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import await_only

from hostshift.drivers.databases import DatabaseDialer
from hostshift.drivers.threads import in_a_thread
from hostshift.drivers.wrapping import MARK, unwrap, wrap
from hostshift.resolution import resolver

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import ParamSpec, TypeVar

    from sqlalchemy.engine import Dialect
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

    Connect = Callable[..., DBAPIConnection]
    P = ParamSpec("P")
    T = TypeVar("T")

CLIENT = "SQLAlchemy"

_everywhere = False
"""Whether :func:`cover_class` covers all dialects. No event of :mod:`threading`: an interrupt
in its ``set()`` can leave its lock held for ever, see :mod:`hostshift.base.workers`."""


class DialectDialer(DatabaseDialer):
    """Dials for the driver of one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        """Take an engine's dialect."""
        super().__init__(dialect.driver, dialect.name, CLIENT, self._operational_error)
        self._dialect = dialect

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call what may block: an async engine awaits it in a thread, in its own greenlet."""
        if self._dialect.is_async:
            return await_only(in_a_thread(function, *args, **kwargs))
        return function(*args, **kwargs)

    def _operational_error(self, *arguments: object) -> Exception:
        error: Exception = self._dialect.loaded_dbapi.OperationalError(*arguments)
        return error


class Connecting:
    """A dialect's ``connect``, in place of its class's or of what other code has put there."""

    def __init__(self, dialect: Dialect, own: Connect | None) -> None:
        """Take the ``connect`` that a dialect has of its own, None where it has none."""
        self._dialect = dialect
        self._own = own

    def is_in_place(self, connect: Connect | None) -> bool:
        """Return True if this connects, or a wrapper of it.

        It does not where other code has taken a wrapper off and this with it, and where an
        interrupt came before it was put there.

        Args:
            connect: the ``connect`` that the dialect has of its own now.

        """
        return connect is not None and connect is not self._own

    @property
    def own(self) -> Connect:
        """What connects. A class's method is looked up each time: others replace it too."""
        return self._own or MethodType(type(self._dialect).connect, self._dialect)

    def __call__(self, *cargs: Any, **cparams: Any) -> DBAPIConnection:
        """Connect to where the configured address is from here."""
        return connect(self._dialect, self.own, cargs, cparams)


def cover(dialect: Dialect) -> None:
    """Cover the connects of one dialect; again changes nothing.

    A dialect may serve several engines, and other code may have wrapped its ``connect`` since.
    Ours is never wrapped in ours: its ``connect`` is read once, as another thread may do the
    same, and the mark goes first, as an interrupt may come behind it.
    """
    own = vars(dialect).get("connect")
    if not _is_covered(dialect, own):
        connecting = Connecting(dialect, own)
        setattr(dialect, MARK, connecting)
        dialect.connect = connecting  # type: ignore[method-assign]


def _is_covered(dialect: Dialect, own: Connect | None) -> bool:
    """Return True if one of ours connects, by the ``connect`` that a dialect has of its own."""
    connecting: Connecting | None = getattr(dialect, MARK, None)
    return connecting is not None and connecting.is_in_place(own)


def cover_class() -> None:
    """Cover the connects of all dialects, those that exist and those to come."""
    global _everywhere  # noqa: PLW0603 - install() and uninstall() are of the process
    _everywhere = True
    wrap(DefaultDialect, "connect", _covering)


def uncover_class() -> None:
    """Cover no more dialects by themselves."""
    global _everywhere  # noqa: PLW0603
    _everywhere = False
    unwrap(DefaultDialect, "connect")


def _covering(own: Connect) -> Connect:
    def connects(self: DefaultDialect, *cargs: Any, **cparams: Any) -> DBAPIConnection:
        method = MethodType(own, self)
        if _is_covered(self, vars(self).get("connect")) or not _everywhere:
            return method(*cargs, **cparams)  # type: ignore[no-any-return]
        return connect(self, method, cargs, cparams)

    return connects


def cover_others(
    dialect: Dialect,
    connection_record: ConnectionPoolEntry,  # noqa: ARG001 - the event's signature
    cargs: Sequence[Any],  # noqa: ARG001
    cparams: dict[str, Any],  # noqa: ARG001
) -> None:
    """Cover a dialect whose class connects in a way of its own (``do_connect``)."""
    if "connect" not in vars(dialect) and type(dialect).connect is not DefaultDialect.connect:
        cover(dialect)


def lost(
    dbapi_connection: DBAPIConnection,  # noqa: ARG001 - the event's signature
    connection_record: ConnectionPoolEntry,  # noqa: ARG001
    exception: BaseException | None,  # noqa: ARG001
) -> None:
    """Look again for services at the next connect, as a pooled connection broke.

    The pool's ``invalidate`` event: a failed ping, or an error that shows it.
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
        WrongServerError: what is configured leads to another server than the intended one.
            It is the driver's own error where the driver has one for that.

    """
    return DialectDialer(dialect).connect(partial(own, *cargs), cparams)

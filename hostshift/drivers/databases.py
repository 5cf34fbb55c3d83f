"""Where a database driver dials: its parameters, with the addresses that hold from here.

SQLAlchemy and Django hand the same drivers the same parameters. What either does with
them at the moment of a connect is here, and imports neither.
"""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from hostshift import dsn
from hostshift.base.addresses import is_ip_literal, unmapped
from hostshift.drivers import libpq, params, peer, tls_identity
from hostshift.drivers.dial import Dial
from hostshift.drivers.dialer import Dialer
from hostshift.dsn import default_ports
from hostshift.dsn.mysql_clients import USUAL
from hostshift.errors import WrongServerError
from hostshift.resolution import decision_log, resolver
from hostshift.tls import names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Any, TypeVar

    from hostshift.drivers.params import Pair
    from hostshift.routing.model import Decision

    T = TypeVar("T")

CANNOT_CONNECT = 2003
"""MySQL's number for it (CR_CONN_HOST_ERROR), which retries look for."""
NUMBERED = frozenset(("pymysql", "aiomysql", "asyncmy", "mysqldb", "cymysql"))
"""Drivers whose errors have it for their first argument; MySQL Connector's have it second."""


class DatabaseDialer(Dialer):
    """Dials for one driver, by the parameters that it is called with."""

    def __init__(
        self, driver: str, protocol: str, client: str, error: Callable[..., Exception]
    ) -> None:
        """Take the driver.

        Args:
            driver: its name, as SQLAlchemy spells it.
            protocol: what the servers speak, as the schemes name it.
            client: who dials, for people.
            error: makes the driver's ``OperationalError``.

        """
        # SQLAlchemy has a dialect of its own for MariaDB, whose servers speak MySQL's protocol.
        super().__init__("mysql" if protocol == "mariadb" else protocol, client)
        self._driver = driver
        self._error = error

    def configured(self, cparams: Mapping[str, object]) -> list[Pair]:
        """Read the configured hosts and ports; none where another parameter has the address."""
        usual = dsn.default_port(self.protocol)
        default = default_ports.of_sqlalchemy(self.protocol, self._driver, usual)
        pairs = params.pairs(self._driver, cparams)
        return [(host, default if port is None else port) for host, port in pairs]

    def dials(self, cparams: dict[str, object]) -> Dials:
        """Return a context for one connect: it gives the parameters of this moment."""
        return Dials(self, cparams)

    def connect(self, connect: Callable[..., T], cparams: dict[str, object]) -> T:
        """Connect to where the configured addresses are from here.

        Args:
            connect: the driver's function, called with the parameters.
            cparams: its parameters, as configured.

        Raises:
            UndecidedError: only with STRICT.
            Exception: the driver's own error, see :meth:`refusal`.

        """
        dials = self.dials(cparams)
        with dials as moved:
            if self._driver == "pymysql" and moved is not cparams:
                names_checked = names(dials.configured, dials.located)
                made = tls_identity.connect_pymysql(connect, moved, names_checked)
            else:
                made = connect(**moved)
            dials.opened(made)
        return made

    def refusal(self, error: OSError) -> Exception:
        """Return the error that the driver raises where a server cannot be reached."""
        # asyncpg lets the system's own errors through, and this is one (ConnectionError).
        if self._driver == "asyncpg":
            return error
        if self._driver in NUMBERED:
            return self._error(CANNOT_CONNECT, str(error))
        number = (CANNOT_CONNECT,) if self._driver == "mysqlconnector" else ()
        return self._error(str(error), *number)

    def _decide(self, host: str, port: int | None) -> Decision:
        """Decide as for any address, and look for MySQL's socket where the driver takes one."""
        if not params.takes_socket(self._driver, host):
            return super()._decide(host, port)
        return resolver.current().dial(host, port, self.protocol, USUAL)

    def moved(
        self, cparams: dict[str, object], configured: list[Pair], located: list[Pair]
    ) -> dict[str, object]:
        """Return the parameters with other addresses, by which the configured names count.

        Raises:
            Exception: the driver's own error: a name that has to be a number for libpq has
                none.

        """
        if located == configured:
            return cparams
        if self._driver not in params.LIBPQ:
            identity = tls_identity.parameters(self._driver, cparams, configured, located)
            return {**cparams, **params.written(cparams, located), **identity}
        try:
            if libpq.blocks(configured, located):
                moved = self.run(libpq.parameters, cparams, configured, located)
            else:
                moved = libpq.parameters(cparams, configured, located)
        except OSError as error:
            raise self.refusal(error) from error
        return {**cparams, **moved}


def _close(connection: Any) -> None:
    """Close a connection at once: asyncpg's ``close()`` waits for a server that may be gone."""
    own = getattr(connection, "driver_connection", connection)
    close = getattr(own, "terminate", None) or connection.close  # PEP 249 has it
    close()


def _may_be_at(used: tuple[str, int], host: str, port: int | None) -> bool:
    """Return True if the other end of a connection may be a host that was dialled.

    Which address a name has got is the driver's business, so only the port counts for it.
    """
    return used[1] == port and (unmapped(used[0]) == unmapped(host) or not is_ip_literal(host))


class Dials:
    """The dials of one connect, whose driver tries several hosts in turn."""

    def __init__(self, dialer: DatabaseDialer, cparams: dict[str, object]) -> None:
        """Take the parameters as configured."""
        self._dialer = dialer
        self._cparams = cparams
        self.configured = dialer.configured(cparams)
        self.located: list[Pair] = []
        """Where they are, in the same order."""
        self._dials = [Dial(dialer, host, port) for host, port in self.configured]
        self._entered = ExitStack()

    def __enter__(self) -> dict[str, object]:
        """Return the parameters, as :meth:`locate` does."""
        return self.locate()

    def locate(self) -> dict[str, object]:
        """Return the parameters with the addresses of this moment. May block for the budget.

        Of several hosts, those that lead to another server are left out, as the driver leaves
        out one that is down.

        Raises:
            UndecidedError: only with STRICT.
            Exception: the driver's own error, see :meth:`DatabaseDialer.refusal`.

        """
        with ExitStack() as entered:
            refused = self._enter(entered)
            if refused is not None and not self.located:
                raise refused
            cparams = self._cparams
            if refused is not None:
                cparams = {**cparams, **params.written(cparams, self.configured)}
            moved = self._dialer.moved(cparams, self.configured, self.located)
            self._entered = entered.pop_all()
        return moved

    def _enter(self, entered: ExitStack) -> Exception | None:
        """Enter each dial; keep those that may be dialled, and return the last refusal."""
        refused, kept = None, []
        for dial, configured in zip(self._dials, self.configured, strict=True):
            try:
                kept.append((dial, configured, entered.enter_context(dial)))
            except Exception as error:
                if not isinstance(error.__cause__ or error, WrongServerError):
                    raise
                refused = error
                decision_log.warn_once(
                    resolver.current().logged, "%s", str(error.__cause__ or error)
                )
        self._dials = [dial for dial, _, _ in kept]
        self.configured = [configured for _, configured, _ in kept]
        self.located = [located for _, _, located in kept]
        return refused

    def opened(self, connection: object) -> None:
        """Take the connection that was made. It is closed if its server has moved."""
        used = peer.address(connection) if len(self._dials) > 1 else None
        for dial, (host, port) in zip(self._dials, self.located, strict=True):
            if used is None or _may_be_at(used, host, port):
                dial.opened(partial(_close, connection))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Look again where it failed; where it took long, make sure that no server has moved."""
        self._entered.__exit__(kind, error, trace)

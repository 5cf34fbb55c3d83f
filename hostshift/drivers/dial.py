"""One connect: where to dial, and whether that still was the place once the connect was made.

Between the look and the driver's connect another container may have got the address: this
process may have had no processor for a while, and a connect to an address that nobody has
waits in the kernel for seconds, until somebody has it. So after a connect that took long
we decide again, and close a connection to an address that is no longer the target's.
"""

from __future__ import annotations

import inspect
import time
from typing import TYPE_CHECKING, Generic, TypeVar

from hostshift.resolution import resolver
from hostshift.routing.numeric import may_be_anothers

if TYPE_CHECKING:
    from collections.abc import Callable

    from hostshift.drivers.dialer import Dialer
    from hostshift.routing.model import Decision

__all__ = ["Dial", "look_again"]

PortT = TypeVar("PortT", int, int | None)

TRUSTED = 0.25
"""Seconds from the look to the end of a connect, in which no container stops and another one
starts with its address. The kernel asks again who has an address after a whole second."""


class Dial(Generic[PortT]):
    """A context for one connect: it gives the address to dial, and looks again where that fails.

    ::

        dial = Dial(dialer, host, port)
        with dial as address:
            connection = connect(*address)
            dial.opened(connection.close)
        return connection
    """

    def __init__(self, dialer: Dialer, host: str, port: PortT) -> None:
        """Take the configured address."""
        self._dialer = dialer
        self._host = host
        self._port: PortT = port
        self._decision: Decision | None = None
        self._close: Callable[[], object] | None = None
        self._looked = self._began = time.monotonic()

    def __enter__(self) -> tuple[str, int | PortT]:
        """Return where to dial."""
        decision = self._dialer.settled(self._host, self._port)
        if decision is None:
            decision = self._dialer.run(self._dialer.decide, self._host, self._port)
        return self._located(decision)

    async def __aenter__(self) -> tuple[str, int | PortT]:
        """Return where to dial. Only what has to be looked up takes a thread."""
        decision = self._dialer.settled(self._host, self._port)
        if decision is None:
            decision = await self._dialer.run_async(self._dialer.decide, self._host, self._port)
        return self._located(decision)

    def opened(self, close: Callable[[], object]) -> None:
        """Take what closes the connection that was made, in case its server has moved.

        Args:
            close: closes it at once. In ``async with`` it may return an awaitable.

        """
        self._close = close

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Look again if the connect failed or timed out. If it took long, decide again.

        Raises:
            WrongServerError: another server may have the address by now, or what
                :meth:`hostshift.drivers.dialer.Dialer.refusal` makes of it. The connection
                is closed.

        """
        if self._failed(error) or (check := self._check()) is None:
            return
        decision, close = check
        try:
            self._dialer.run(self._dialer.confirm, decision, self._host, self._port)
        except BaseException:
            close()
            raise

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Do the same in an event loop. A connect may have been cancelled too."""
        if self._failed(error) or (check := self._check()) is None:
            return
        decision, close = check
        try:
            await self._dialer.run_async(self._dialer.confirm, decision, self._host, self._port)
        except BaseException:
            closing = close()
            if inspect.isawaitable(closing):
                await closing
            raise

    def _located(self, decision: Decision) -> tuple[str, int | PortT]:
        self._decision, self._began = decision, time.monotonic()
        return self._dialer.address(decision, self._port)

    def _failed(self, error: BaseException | None) -> bool:
        if error is not None and self._decision is not None:
            look_again(self._decision, self._began)
        return error is not None

    def _check(self) -> tuple[Decision, Callable[[], object]] | None:
        """Return what to confirm, and what closes it; None for an address that nobody takes."""
        decision, close = self._decision, self._close
        if decision is None or close is None or time.monotonic() - self._looked < TRUSTED:
            return None
        return (decision, close) if may_be_anothers(decision) else None


def look_again(decision: Decision, began: float) -> None:
    """Let the next dial look again for what is around, as this one failed.

    Args:
        decision: where it dialled. What is elsewhere for certain has to do with nothing
            around. Where it is not settled, no service around had this name by then.
        began: when its connect began, by :func:`time.monotonic`. What was seen before led to
            it, and no longer counts.

    """
    if decision.target.kind != "elsewhere" or not decision.settled:
        resolver.current().look_again(began)

"""Decide, dial, and look again where the connect fails: the same for every integration.

An integration hooks into the place where its framework connects, and connects there in a
:class:`hostshift.drivers.dial.Dial`; ``async with`` does the same in an event loop. The
driver's own names, the name that TLS checks and its failover stay as they are. A client whose
servers announce others has a :class:`hostshift.drivers.members.MemberDialer`.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from hostshift.base.forks import in_flight
from hostshift.drivers import announce
from hostshift.errors import WrongServerError
from hostshift.resolution import decision_log, resolver

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import ParamSpec

    from hostshift.routing.model import Decision

    P = ParamSpec("P")
    T = TypeVar("T")

PortT = TypeVar("PortT", int, int | None)

__all__ = ["Dialer"]


class Dialer:
    """Dials plain addresses for a client. It remembers none: one serves any number of hosts."""

    def __init__(self, protocol: str, client: str) -> None:
        """Take what is dialled, and for whom.

        Args:
            protocol: what the servers speak, as the schemes name it.
            client: who dials, for people: ``SQLAlchemy``.

        """
        self.protocol = protocol
        self.client = client

    def locate(self, host: str, port: PortT) -> tuple[str, int | PortT]:
        """Return where to dial, and log a change.

        May block for the budget, and raises, as :meth:`decide` does.
        """
        return self.address(self.decide(host, port), port)

    def address(self, decision: Decision, port: PortT) -> tuple[str, int | PortT]:
        """Return where a decision leads, and log a change: once a process for each client."""
        announce.changed(decision, self.client)
        after = decision.after
        return after.host, port if after.port is None else after.port

    def decide(self, host: str, port: int | None) -> Decision:
        """Decide where to dial at this moment. May look around, up to the budget.

        Raises:
            WrongServerError: what is configured leads to another server than the intended
                one; or what :meth:`refusal` makes of it.
            UndecidedError: only with HOSTSHIFT_STRICT.

        """
        began = time.monotonic()
        try:
            return _checked(self._decide(host, port))
        except WrongServerError as error:
            resolver.current().look_again(began)
            refusal = self.refusal(error)
            if refusal is error:
                raise
            raise refusal from error
        except Exception:
            resolver.current().look_again(began)
            raise

    def confirm(self, decision: Decision, host: str, port: int | None) -> None:
        """Decide again after a connect that took long: another server may be there by now.

        May look around, up to the budget.

        Args:
            decision: where it was dialled.
            host: as configured.
            port: as configured.

        Raises:
            WrongServerError: the address is not the target's any more, or nobody can say; or
                what :meth:`refusal` makes of that.

        """
        resolver.current().look_again()
        now = self.decide(host, port)
        if not now.still_leads_to(decision.after):
            resolver.current().look_again()  # whoever connects again at once asks again
            error = decision_log.moved(decision, now)
            refusal = self.refusal(error)
            raise refusal from (None if refusal is error else error)

    def settled(self, host: str, port: int | None) -> Decision | None:
        """Return what :meth:`decide` would, if nothing around can change it. Look at nothing."""
        return resolver.current().settled(host, port, self.protocol)

    def refusal(self, error: OSError) -> Exception:
        """Return the error that the client's users expect of a server that cannot be reached.

        Args:
            error: a :class:`WrongServerError`, or that a name has no address.

        """
        return error

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call what may block, for a connect that blocks as well."""
        return function(*args, **kwargs)

    async def run_async(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call what may block, for a connect in an event loop: in a thread."""
        with in_flight():
            from hostshift.drivers.threads import in_a_thread
        return await in_a_thread(function, *args, **kwargs)

    def _decide(self, host: str, port: int | None) -> Decision:
        """Decide as for any address of a connection string."""
        return resolver.current().dial(host, port, self.protocol)


def _checked(decision: Decision) -> Decision:
    """Return a decision that may be dialled. Only with MODE=on is one refused.

    Raises:
        WrongServerError: what is configured leads to another server than the intended one.

    """
    if decision.misleads and resolver.current().policy.mode == "on":
        raise decision_log.wrong_server(decision)
    return decision

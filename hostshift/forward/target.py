"""Where a connection goes: decided at each one, as a dial of what the port means here.

The laws of :mod:`hostshift.routing` hold. What answers picks an address and never a target, and
where something else has the port, the connection is nobody's business.
"""

from __future__ import annotations

import socket
import time

from hostshift.base.addresses import format_address, is_loopback, value
from hostshift.base.deadline import Deadline
from hostshift.base.forks import in_flight
from hostshift.base.record import Record
from hostshift.drivers.dialer import Dialer
from hostshift.errors import HostshiftError
from hostshift.machine.answers import FOR_PROBES
from hostshift.resolution import resolver
from hostshift.routing.numeric import may_be_anothers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hostshift.forward.spec import Endpoint
    from hostshift.routing.model import Decision

    Peer = tuple[int, tuple[str, int] | tuple[str, int, int, int]]

CLIENT = "hostshift forward"
_FOR_A_NAME = 5.5
"""Seconds for a name server: who asks a second one after the first was silent has its answer then
(resolv.conf(5), ``timeout``)."""
FRESH = 0.05
"""Seconds for which one look serves all connections to a port: as :data:`numeric.FRESH`."""


class Answer(Record):
    """Where connections to a port go at this moment."""

    at: float
    """When the look began, by :func:`time.monotonic`."""
    peers: tuple[Peer, ...] = ()
    """Family and address of each, in the order to try."""
    shown: str = ""
    """The address for people."""
    refusal: str = ""
    """Why there is none."""
    gives_way: bool = False
    """The port is somebody else's, or stays as it is: the listener must close."""
    settled: bool = False
    """No look can change it."""
    starved: bool = False
    """It is unknown, because this process had too few descriptors to look."""
    decision: Decision | None = None


class Locator:
    """Decides for one endpoint. Its methods but :meth:`settled` may block, up to the budget."""

    def __init__(self, endpoint: Endpoint) -> None:
        """Take what a connection means."""
        self.endpoint = endpoint
        self._dialer = Dialer(endpoint.protocol, CLIENT)
        self._fixed: Answer | None = None

    def settled(self) -> Answer | None:
        """Return the answer that nothing can change; None if it takes a look."""
        return self._fixed

    def look(self) -> Answer:
        """Return where a connection goes now."""
        began = time.monotonic()
        try:
            decision = self._dialer.decide(self.endpoint.host, self.endpoint.port)
        except (HostshiftError, OSError) as error:
            return Answer(at=began, refusal=str(error))
        answer = self.answer(decision, began)
        if answer.settled:
            self._fixed = answer
        return answer

    def answer(self, decision: Decision, began: float) -> Answer:
        """Return where a decision sends a connection."""
        stays = self.endpoint.is_loopback and not decision.changed
        if stays and (decision.undecided or self.endpoint.is_as_dialled):
            gives_way = not decision.undecided
            reason = f"{decision.reason} ({decision.fix})" if decision.fix else decision.reason
            return Answer(at=began, refusal=reason, gives_way=gives_way, decision=decision)
        host, port = self._dialer.address(decision, self.endpoint.port)
        try:
            peers = _peers(host, port)
        except OSError as error:
            reason = f"{host} does not resolve: {error.strerror or error}"
            return Answer(at=began, refusal=reason, decision=decision)
        peers = tuple(peer for peer in peers if not _is_forwarder(peer))
        if not peers:
            reason = f"{format_address(host, port)} is a port that hostshift forwards itself"
            return Answer(at=began, refusal=reason, decision=decision)
        settled = decision.settled and _is_number(host) and not is_loopback(host)
        shown = format_address(host, port)
        return Answer(at=began, peers=peers, shown=shown, settled=settled, decision=decision)

    def must_confirm(self, answer: Answer, trusted: float) -> bool:
        """Return True if another server may have got the address since the look.

        Args:
            answer: where a connect that has just ended went.
            trusted: seconds in which that cannot be.

        """
        if answer.decision is None or time.monotonic() - answer.at < trusted:
            return False
        return may_be_anothers(answer.decision)

    def confirm(self, answer: Answer) -> str:
        """Decide again, and return why a connection must be closed: empty if it may stay."""
        if answer.decision is None:
            return ""
        try:
            self._dialer.confirm(answer.decision, self.endpoint.host, self.endpoint.port)
        except (HostshiftError, OSError) as error:
            return str(error)
        return ""


def look_again(answer: Answer, began: float) -> None:
    """Let the next look query the services again, because a connect failed."""
    from hostshift.drivers import dial

    if answer.decision is not None:
        dial.look_again(answer.decision, began)


def _is_number(host: str) -> bool:
    return value(host) is not None


def _peers(host: str, port: int) -> tuple[Peer, ...]:
    """Return the addresses of a host; `localhost` needs no name server."""
    if host.lower().removesuffix(".") == "localhost":
        return (
            (socket.AF_INET, ("127.0.0.1", port)),
            (socket.AF_INET6, ("::1", port, 0, 0)),
        )
    numbers = (host,) if _is_number(host) else _numbers(host)
    return tuple(peer for number in numbers for peer in _of_number(number, port))


def _numbers(host: str) -> tuple[str, ...]:
    """Look a name up, but no longer than a dial may take: ``getaddrinfo`` has no limit.

    Raises:
        OSError: it has no address, or the name server did not answer in time.

    """
    with in_flight():
        look = resolver.current().look(deadline=Deadline(_FOR_A_NAME + FOR_PROBES))
        numbers = look.resolves(host)
    if numbers is None:
        raise OSError("the name server did not answer")
    if not numbers:
        raise OSError("no name server knows it")
    return numbers


def _of_number(number: str, port: int) -> Iterator[Peer]:
    """Yield the address of a number for sockets: the scope of an IPv6 address is one, too."""
    flags, tcp = socket.AI_NUMERICHOST, socket.IPPROTO_TCP
    for family, _, _, _, address in socket.getaddrinfo(number, port, proto=tcp, flags=flags):
        if family in (socket.AF_INET, socket.AF_INET6):
            yield int(family), address  # type: ignore[misc]  # typeshed allows for other families


def _is_forwarder(peer: Peer) -> bool:
    """Return True if a forwarder listens at an address here: a connection would go in a circle."""
    from hostshift.detect import listeners

    host, port = peer[1][:2]
    with in_flight():
        return is_loopback(host) and listeners.is_forwarded(host, port)

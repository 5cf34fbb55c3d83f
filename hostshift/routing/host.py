"""Find the host by a port of it that answers. Pure."""

from __future__ import annotations

from hostshift.base.record import Record
from hostshift.discovery.gaps import hiding
from hostshift.routing.locate import host_addresses
from hostshift.routing.model import Address, Decision, Route, Target
from hostshift.routing.outcomes import goes, late, undecided
from hostshift.routing.queries import OUTCOME_TEXT
from hostshift.routing.service_names import USUAL_NAMES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from hostshift.routing.model import RouteRequest
    from hostshift.routing.queries import Look, Outcome


class Answer(Record):
    """What a port of the host answers."""

    decision: Decision | None = None
    """None: no server there is the intended one."""
    refused: bool = False
    """No server has the port: an address refuses it, and none stays silent."""
    other: bool = False
    """A server there speaks another protocol than the intended one."""


def take_host(request: RouteRequest, look: Look, trace: list[str]) -> Answer:
    """Take the host if its port accepts, by the first of its addresses that does.

    Where we know the handshake of the endpoint's protocol, the server has to answer it.
    """
    hosts = host_addresses(request)
    # Docker gives an internal network no default route. From version 28 on the host answers
    # there at the subnet's first address; with `gateway_mode` isolated a container has it.
    if not hosts and request.vantage.maybe_host:
        topology = look.around(())
        gap = hiding(topology)
        if gap is not None:
            return Answer(decision=late(request, gap, trace))
        taken = {number for service in topology.services for number in service.addresses}
        hosts = tuple(number for number in request.vantage.maybe_host if number not in taken)
    if not hosts or request.port is None:
        trace.append("no address of the host is known from here")
        return Answer()
    return take(request, look, hosts, Target(kind="host", port=request.port), trace)


def take(
    request: RouteRequest, look: Look, hosts: tuple[str, ...], target: Target, trace: list[str]
) -> Answer:
    """Take the first of a host's addresses that accepts and speaks the protocol."""
    port = request.port or 0
    outcomes = look.reach(tuple((host, port) for host in hosts), protocol=request.protocol)
    dialled = tuple(zip(hosts, outcomes, strict=True))
    trace += [f"the host as {host}:{port} {OUTCOME_TEXT[outcome]}" for host, outcome in dialled]
    accepting = [host for host, outcome in dialled if outcome == "open"]
    speaking = _speaking(request, look, accepting)
    others = [host for host, speaks in speaking.items() if speaks is False]
    trace += [f"the host as {host}:{port} speaks something else" for host in others]
    answering = [host for host, speaks in speaking.items() if speaks]
    if answering:
        return Answer(decision=_taken(request, answering, target, trace))
    if None in speaking.values():
        reason = f"the host accepts on {port}, and did not say in time what it speaks"
        return Answer(decision=undecided(request, reason, trace))
    return Answer(refused=_is_refused(outcomes), other=bool(others))


def _taken(
    request: RouteRequest, answering: list[str], target: Target, trace: list[str]
) -> Decision:
    others = routes(answering[1:], request.port, "the host answers here as well")
    reason = f"the host accepts on {request.port}"
    return goes(request, answering[0], target, "observed", reason, trace, others=others)


def _is_refused(outcomes: Sequence[Outcome]) -> bool:
    """Return True if no server has a port.

    Silence is no refusal: behind a firewall the host may well serve it. A server that hangs
    up, or speaks another protocol, exists.
    """
    return "refused" in outcomes and set(outcomes) <= {"refused", "unreachable"}


def _speaking(request: RouteRequest, look: Look, hosts: list[str]) -> dict[str, bool | None]:
    """Return which hosts answer in the endpoint's protocol; None: no answer in time."""
    if not hosts or request.protocol not in USUAL_NAMES:
        return dict.fromkeys(hosts, True)
    port = request.port or 0
    answers = look.greets(tuple((host, port) for host in hosts), request.protocol)
    return dict(zip(hosts, answers, strict=True))


def routes(hosts: list[str], port: int | None, reason: str) -> tuple[Route, ...]:
    """Describe other addresses that answer."""
    return tuple(
        Route(address=Address(host=host, port=port), certainty="observed", reason=reason)
        for host in hosts
    )

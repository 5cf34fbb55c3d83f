"""The host, by what answers on a port of it. Pure."""

from __future__ import annotations

from hostshift._record import Record
from hostshift.conventions import USUAL_NAMES
from hostshift.decision import Address, Decision, Route, Target
from hostshift.routes.locate import host_addresses
from hostshift.routes.reach import late
from hostshift.routes.said import SAID
from hostshift.topology.gaps import hiding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from hostshift.decision import Asked
    from hostshift.questions import Look, Outcome


class Answer(Record):
    """What asking the host on a port came to."""

    decision: Decision | None = None
    """None: nobody there is the one that is meant."""
    refused: bool = False
    """The port is nobody's: an address refuses it, and none stays silent."""
    other: bool = False
    """A server is there that speaks another protocol than the one that is meant."""


def take_host(asked: Asked, look: Look, trace: list[str]) -> Answer:
    """Take the host if its port accepts, by the first of its addresses that does.

    Where the text names a data protocol that can be told, it has to answer in it.
    """
    hosts = host_addresses(asked)
    # Docker gives an internal network no default route. From version 28 on the host answers
    # there at the subnet's first address; with `gateway_mode` isolated a container has it.
    if not hosts and asked.vantage.maybe_host:
        around = look.around(())
        gap = hiding(around)
        if gap is not None:
            return Answer(decision=late(asked, gap, trace))
        taken = {number for one in around.services for number in one.addresses}
        hosts = tuple(number for number in asked.vantage.maybe_host if number not in taken)
    if not hosts or asked.port is None:
        trace.append("no address of the host is known from here")
        return Answer()
    return take(asked, look, hosts, Target(kind="host", port=asked.port), trace)


def take(
    asked: Asked, look: Look, hosts: tuple[str, ...], target: Target, trace: list[str]
) -> Answer:
    """Take the first of some addresses of a host that accepts and answers as it should."""
    port = asked.port or 0
    outcomes = look.reach(tuple((host, port) for host in hosts), protocol=asked.protocol)
    seen = tuple(zip(hosts, outcomes, strict=True))
    trace += [f"the host as {host}:{port} {SAID[outcome]}" for host, outcome in seen]
    accepting = [host for host, outcome in seen if outcome == "open"]
    speaking = _speaking(asked, look, accepting)
    others = [host for host, speaks in speaking.items() if speaks is False]
    trace += [f"the host as {host}:{port} speaks something else" for host in others]
    answering = [host for host, speaks in speaking.items() if speaks]
    if answering:
        return Answer(decision=_taken(asked, answering, target, trace))
    if None in speaking.values():
        reason = f"the host accepts on {port}, and did not say in time what it speaks"
        return Answer(decision=asked.undecided(reason, trace))
    return Answer(refused=_is_refused(outcomes), other=bool(others))


def _taken(asked: Asked, answering: list[str], target: Target, trace: list[str]) -> Decision:
    others = routes(answering[1:], asked.port, "the host answers here as well")
    reason = f"the host accepts on {asked.port}"
    return asked.goes(answering[0], target, "observed", reason, trace, others)


def _is_refused(outcomes: Sequence[Outcome]) -> bool:
    """Return True if a port is seen to be nobody's.

    Silence is no refusal: behind a firewall the host may well serve it. A server that hangs
    up, or speaks another protocol, is there.
    """
    return "refused" in outcomes and set(outcomes) <= {"refused", "unreachable"}


def _speaking(asked: Asked, look: Look, hosts: list[str]) -> dict[str, bool | None]:
    """Return which addresses answer in the endpoint's protocol; None: nobody could say."""
    if not hosts or asked.protocol not in USUAL_NAMES:
        return dict.fromkeys(hosts, True)
    port = asked.port or 0
    answers = look.greets(tuple((host, port) for host in hosts), asked.protocol)
    return dict(zip(hosts, answers, strict=True))


def routes(hosts: list[str], port: int | None, reason: str) -> tuple[Route, ...]:
    """Describe other addresses that were seen to answer."""
    return tuple(
        Route(address=Address(host=host, port=port), certainty="observed", reason=reason)
        for host in hosts
    )

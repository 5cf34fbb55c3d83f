"""The host, by what answers on a port of it. Pure."""

from __future__ import annotations

from hostshift.conventions import USUAL_NAMES
from hostshift.decision import Address, Route, Target
from hostshift.routes.locate import host_addresses
from hostshift.routes.said import SAID

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.decision import Asked, Decision
    from hostshift.questions import Look

OTHER = "speaks something else"
"""How the evidence names a server that is not of the protocol that is meant."""


def take_host(asked: Asked, look: Look, trace: list[str]) -> Decision | None:
    """Take the host if its port accepts, by the first of its addresses that does.

    Where the text names a data protocol that can be told, it has to answer in it.
    """
    hosts = host_addresses(asked) or _maybe(asked, look)
    if not hosts or asked.port is None:
        trace.append("no address of the host is known from here")
        return None
    return take(asked, look, hosts, Target(kind="host", port=asked.port), trace)


def _maybe(asked: Asked, look: Look) -> tuple[str, ...]:
    """Return addresses that may be the host's, unless a container is known to have them.

    Docker gives an internal network no default route. From version 28 on the host answers
    there at the subnet's first address; with ``gateway_mode`` isolated a container has it.
    """
    if not asked.vantage.maybe_host:
        return ()
    taken = {number for one in look.around(()).services for number in one.addresses}
    return tuple(number for number in asked.vantage.maybe_host if number not in taken)


def take(
    asked: Asked, look: Look, hosts: tuple[str, ...], target: Target, trace: list[str]
) -> Decision | None:
    """Take the first of some addresses of a host that accepts and answers as it should."""
    port = asked.port or 0
    outcomes = look.reach(tuple((host, port) for host in hosts), protocol=asked.protocol)
    seen = tuple(zip(hosts, outcomes, strict=True))
    trace += [f"the host as {host}:{port} {SAID[outcome]}" for host, outcome in seen]
    accepting = [host for host, outcome in seen if outcome == "open"]
    answering = _speaking(asked, look, accepting, trace)
    if answering is None:
        return asked.undecided(
            f"the host accepts on {port}, and did not say in time what it speaks", trace
        )
    if not answering:
        return None
    others = routes(answering[1:], port, "the host answers here as well")
    reason = f"the host accepts on {port}"
    return asked.goes(answering[0], target, "observed", reason, trace, others)


def _speaking(asked: Asked, look: Look, hosts: list[str], trace: list[str]) -> list[str] | None:
    """Keep the addresses that answer in the endpoint's protocol; None: nobody could say."""
    if not hosts or asked.protocol not in USUAL_NAMES:
        return hosts
    port = asked.port or 0
    answers = look.greets(tuple((host, port) for host in hosts), asked.protocol)
    speaking = [host for host, greets in zip(hosts, answers, strict=True) if greets]
    if not speaking and None in answers:
        return None
    trace += [
        f"the host as {host}:{port} {OTHER}"
        for host, greets in zip(hosts, answers, strict=True)
        if greets is False
    ]
    return speaking


def routes(hosts: list[str], port: int | None, reason: str) -> tuple[Route, ...]:
    """Describe other addresses that were seen to answer."""
    return tuple(
        Route(address=Address(host=host, port=port), certainty="observed", reason=reason)
        for host in hosts
    )

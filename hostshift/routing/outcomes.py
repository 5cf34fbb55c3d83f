"""How a rule decides an endpoint: it stays, it goes elsewhere, or it is undecided. Pure."""

from __future__ import annotations

from hostshift.routing.certainty import NAME_SERVER
from hostshift.routing.model import Address, Decision, Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from hostshift.discovery import Gap
    from hostshift.discovery.model import Certainty
    from hostshift.routing.matching import Match
    from hostshift.routing.model import Route, RouteRequest


def stays(
    request: RouteRequest,
    kind: Literal["kept", "here", "host", "elsewhere"],
    reason: str,
    certainty: Certainty = "known",
    *,
    settled: bool = True,
    trace: Sequence[str] = (),
) -> Decision:
    """Leave the endpoint as it is, because that is right."""
    before = request.before
    return Decision(
        before=before,
        after=before,
        target=Target(kind=kind, port=request.port),
        certainty=certainty,
        reason=reason,
        evidence=tuple(trace),
        settled=settled,
    )


def goes(  # noqa: PLR0913 - each is a field of the decision
    request: RouteRequest,
    host: str,
    target: Target,
    certainty: Certainty,
    reason: str,
    trace: Sequence[str] = (),
    *,
    others: Sequence[Route] = (),
    port: int | None = None,
    numbers: Sequence[str] = (),
) -> Decision:
    """Give the endpoint another address; its port is the target's own by default."""
    return Decision(
        before=request.before,
        after=Address(host=host, port=target.port if port is None else port),
        target=target,
        certainty=certainty,
        reason=reason,
        evidence=tuple(trace),
        alternatives=tuple(others),
        numbers=tuple(numbers),
        settled=False,
    )


def undecided(
    request: RouteRequest,
    reason: str,
    trace: Sequence[str] = (),
    others: Sequence[Route] = (),
    *,
    fix: str = "",
    missing: str = "",
    misleads: bool = False,
) -> Decision:
    """Leave the endpoint as it is, because no source shows what it means.

    Args:
        request: the endpoint.
        reason: why no source shows it.
        trace: the queries so far, and their answers.
        others: addresses that answered.
        fix: what the user can do about it.
        missing: the source that the reason names, if one could not answer; see
            :attr:`hostshift.routing.model.Decision.missing`.
        misleads: the address leads to another server than the intended one.

    """
    before = request.before
    return Decision(
        before=before,
        after=before,
        target=Target(kind="undecided", port=request.port),
        certainty="assumed",
        reason=reason,
        evidence=tuple(trace),
        alternatives=tuple(others),
        fix=fix,
        missing=missing,
        misleads=misleads,
        settled=False,
    )


def late(request: RouteRequest, gap: Gap, trace: Sequence[str]) -> Decision:
    """Decide nothing where a source that may know it did not answer this time."""
    reason = f"{gap.where} {gap.what}, and may know the target"
    return undecided(request, reason, trace, fix=gap.fix, missing=gap.where)


def unresolved(request: RouteRequest, name: str, trace: Sequence[str] = ()) -> Decision:
    """Decide nothing where the name server could not answer."""
    reason = f"the name server could not say where {name} is"
    return undecided(request, reason, trace, missing=NAME_SERVER)


def ambiguous(
    request: RouteRequest, matches: tuple[Match, ...], trace: Sequence[str] = ()
) -> Decision:
    """Choose none of several services, and name them."""
    names = sorted(map(str, matches))
    reason = f"{' and '.join(names)} could be meant: name one with HOSTSHIFT_MAP"
    return undecided(request, reason, trace, fix=pin(request))


def pin(request: RouteRequest) -> str:
    """Return the next step: the setting that names the target."""
    return f"say where it is with HOSTSHIFT_MAP={request.before}=HOST:PORT"

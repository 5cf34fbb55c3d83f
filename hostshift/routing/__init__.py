"""Identify and locate: what an endpoint means, and its address from here. Pure.

The rules in their order. Each is a plain function that gets a
:class:`hostshift.routing.queries.Look` and queries it only where it must; most endpoints
need no query.

:mod:`.loopback` and :mod:`.host_alias` decide the names of the host, :mod:`.services` what
may be a service's name or address. :mod:`.matching` finds the service,
:mod:`.locate` its address from here, :mod:`.numeric` its number. :mod:`.outcomes` makes the
decision. :mod:`.certainty` calls no decision known where a source could not answer.

We import them where we need them: on the host, ``localhost`` needs almost none of them.
"""

from __future__ import annotations

from hostshift.base import addresses
from hostshift.routing.certainty import Witness
from hostshift.routing.outcomes import goes, stays, undecided

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.routing.model import Decision, RouteRequest
    from hostshift.routing.queries import Look

__all__ = ["decide"]


def decide(request: RouteRequest, look: Look) -> Decision:
    """Decide one endpoint, and with PROBE=always check that it answers there."""
    witness = Witness(look)
    decision = witness.testify(_identify(request, witness))
    if decision.changed and decision.after.host.lower() == "localhost":
        from hostshift.routing import mysql_socket

        decision = mysql_socket.over_tcp(request, decision)
    if request.policy.probe != "always" or decision.target.kind not in ("host", "here", "service"):
        return decision
    if decision.after.port is None:
        return decision
    from hostshift.routing.queries import OUTCOME_TEXT

    address = (decision.after.host, decision.after.port)
    (outcome,) = look.reach((address,), protocol=request.protocol)
    return decision.replace(
        evidence=(*decision.evidence, f"{decision.after} {OUTCOME_TEXT[outcome]}")
    )


def _identify(request: RouteRequest, look: Look) -> Decision:
    """Try in order: declared, kept, loopback, a name of the host, here, a service, elsewhere."""
    declared = _declared(request) or _no_host(request)
    if declared is not None:
        return declared
    unreadable = _unreadable_vantage(request)
    if unreadable is not None:
        return unreadable
    if addresses.is_loopback(request.host, request.vantage.loopback_names):
        return _loopback(request, look)
    if addresses.is_host_alias(request.host):
        from hostshift.routing import host_alias

        return host_alias.decide(request, look)
    if addresses.unmapped(request.host) in request.vantage.own_addresses:
        return stays(request, "here", "an address of one of this machine's own interfaces")
    if request.host.lower().rstrip(".") in request.vantage.host_entries:
        return stays(request, "elsewhere", "the hosts file of this container gives its address")
    from hostshift.routing import services

    if services.may_be_one(request):
        return services.decide(request, look)
    return stays(request, "elsewhere", "neither loopback nor a name of the host")


def _loopback(request: RouteRequest, look: Look) -> Decision:
    """Leave loopback alone where it is right, or where no host is known beyond it."""
    vantage = request.vantage
    if vantage.has_host_beyond:
        from hostshift.routing import loopback

        return loopback.decide(request, look)
    if vantage.network == "host":
        return stays(request, "host", "loopback is the host's own from here")
    if vantage.network == "isolated":
        return stays(request, "here", "there is no network but loopback")
    where = f"isolation {vantage.isolation}, network {vantage.network}"
    return stays(request, "here", f"{where}: loopback only moves where HOSTSHIFT_MAP declares it")


def _declared(request: RouteRequest) -> Decision | None:
    """Return the decision of the user's map or keep list; None where neither has the endpoint."""
    from hostshift.routing.model import Target

    names = request.vantage.loopback_names
    rule = request.policy.declared(request.host, request.port, names)
    if rule is not None:
        target = Target(kind="declared", port=rule.goal.port or request.port)
        reason = f"HOSTSHIFT_MAP has {rule.source}={rule.goal}"
        decision = goes(request, rule.goal.host or request.host, target, "declared", reason)
        return decision.replace(settled=True)
    kept = request.policy.kept(request.host, request.port, names)
    if kept is not None:
        return stays(request, "kept", f"HOSTSHIFT_KEEP lists {kept}", "declared")
    return None


def _no_host(request: RouteRequest) -> Decision | None:
    """Leave what has not the form of a host: it may hold a password, so no rule looks it up."""
    if addresses.is_host(request.host):
        return None
    reason = "this is neither a host name nor an address, so hostshift does not look it up"
    return stays(request, "elsewhere", reason)


def _unreadable_vantage(request: RouteRequest) -> Decision | None:
    """Decide nothing that depends on the vantage where we could not read it."""
    vantage = request.vantage
    unsure = vantage.unsure & ({"network"} if vantage.network == "host" else _QUESTIONS)
    if not unsure or not _depends_on_vantage(request):
        return None
    what = ", ".join(vantage.unread) or "the evidence for it"
    reason = f"where this process stands could not be read ({what})"
    return undecided(request, reason, fix="set HOSTSHIFT_ISOLATION and HOSTSHIFT_NETWORK")


_QUESTIONS = frozenset(("isolation", "network"))


def _depends_on_vantage(request: RouteRequest) -> bool:
    """Return True if an endpoint may mean something else from another vantage."""
    from hostshift.routing import services

    loopback_names = request.vantage.loopback_names
    return (
        addresses.is_loopback(request.host, loopback_names)
        or addresses.is_host_alias(request.host)
        or services.could_name_one(request)
    )

"""Identify and locate: what an endpoint means, and its address from here. Pure.

The rules in their order. Each is a generator that yields a question only where
it must look at the world (see :mod:`hostshift.questions`); most endpoints are
decided without any.

:mod:`.loopback` and :mod:`.aliases` decide what names the host, :mod:`.services`
what may name a service. :mod:`.identify` finds which service is meant,
:mod:`.locate` its address from here, :mod:`.dial` its number.
"""

from __future__ import annotations

from hostshift import addresses
from hostshift.questions import Reach
from hostshift.routes import aliases, loopback, services
from hostshift.routes.dial import by_number
from hostshift.routes.said import SAID

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.decision import Asked, Decision
    from hostshift.questions import Asking

__all__ = ["by_number", "decide"]


def decide(asked: Asked) -> Asking:
    """Decide one endpoint, and with PROBE=always look whether it answers there."""
    decision: Decision = yield from _identify(asked)
    if asked.policy.probe != "always" or decision.target.kind not in ("host", "here", "service"):
        return decision
    if decision.after.port is None:
        return decision
    (outcome,) = yield Reach(addresses=((decision.after.host, decision.after.port),))
    return decision.replace(evidence=(*decision.evidence, f"{decision.after} {SAID[outcome]}"))


def _identify(asked: Asked) -> Asking:
    """Ask in order: declared, kept, loopback, a name of the host, here, a service, elsewhere."""
    from hostshift.decision import Target

    names = asked.vantage.loopback_names
    rule = asked.policy.declared(asked.host, asked.port, names)
    if rule is not None:
        target = Target(kind="declared", port=rule.goal.port or asked.port)
        reason = f"MAP says {rule.source}={rule.goal}"
        goes = asked.goes(rule.goal.host or asked.host, target, "declared", reason)
        return goes.replace(settled=True)
    kept = asked.policy.kept(asked.host, asked.port, names)
    if kept is not None:
        return asked.stays("kept", f"KEEP lists {kept}", "declared")
    if addresses.is_loopback(asked.host, names):
        return (yield from loopback.decide(asked))
    if addresses.is_host_alias(asked.host):
        return (yield from aliases.decide(asked))
    if asked.host in asked.vantage.own_addresses:
        return asked.stays("here", "an address of one of this machine's own interfaces")
    if services.may_be_one(asked):
        return (yield from services.decide(asked))
    return asked.stays("elsewhere", "neither loopback nor a name of the host")

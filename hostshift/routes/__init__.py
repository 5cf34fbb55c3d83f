"""Identify and locate: what an endpoint means, and its address from here. Pure.

The rules in their order. Each is a plain function that is handed a
:class:`hostshift.questions.Look` and asks it only where it must; most endpoints are
decided without any.

:mod:`.loopback` and :mod:`.aliases` decide what names the host, :mod:`.services`
what may name a service. :mod:`.identify` finds which service is meant,
:mod:`.locate` its address from here, :mod:`.dial` its number. :mod:`.honest` sees to
it that nothing is called known where somebody could not say.

They are loaded where they are needed: on the host, ``localhost`` needs none of them.
"""

from __future__ import annotations

from hostshift import addresses
from hostshift.routes.honest import Witness

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.decision import Asked, Decision
    from hostshift.questions import Look

__all__ = ["decide"]


def decide(asked: Asked, look: Look) -> Decision:
    """Decide one endpoint, and with PROBE=always look whether it answers there."""
    witness = Witness(look)
    decision = witness.testify(_identify(asked, witness))
    if asked.policy.probe != "always" or decision.target.kind not in ("host", "here", "service"):
        return decision
    if decision.after.port is None:
        return decision
    from hostshift.routes.said import SAID

    at = (decision.after.host, decision.after.port)
    (outcome,) = look.reach((at,), protocol=asked.protocol)
    return decision.replace(evidence=(*decision.evidence, f"{decision.after} {SAID[outcome]}"))


def _identify(asked: Asked, look: Look) -> Decision:
    """Ask in order: declared, kept, loopback, a name of the host, here, a service, elsewhere."""
    declared = _declared(asked)
    if declared is not None:
        return declared
    unread = _unread(asked)
    if unread is not None:
        return unread
    if addresses.is_loopback(asked.host, asked.vantage.loopback_names):
        return _loopback(asked, look)
    if addresses.is_host_alias(asked.host):
        from hostshift.routes import aliases

        return aliases.decide(asked, look)
    if asked.host in asked.vantage.own_addresses:
        return asked.stays("here", "an address of one of this machine's own interfaces")
    if asked.host.lower().rstrip(".") in asked.vantage.host_entries:
        return asked.stays("elsewhere", "the hosts file of this container gives its address")
    from hostshift.routes import services

    if services.may_be_one(asked):
        return services.decide(asked, look)
    return asked.stays("elsewhere", "neither loopback nor a name of the host")


def _loopback(asked: Asked, look: Look) -> Decision:
    """Leave loopback alone where it is right, or where nothing is known to be beyond it."""
    stands = asked.vantage
    if stands.has_host_beyond:
        from hostshift.routes import loopback

        return loopback.decide(asked, look)
    if stands.network == "host":
        return asked.stays("host", "loopback is the host's own from here")
    if stands.network == "isolated":
        return asked.stays("here", "there is no network but loopback")
    where = f"isolation {stands.isolation}, network {stands.network}"
    return asked.stays("here", f"{where}: loopback only moves where HOSTSHIFT_MAP declares it")


def _declared(asked: Asked) -> Decision | None:
    """Return what the user's map or keep list says of the endpoint."""
    from hostshift.decision import Target

    names = asked.vantage.loopback_names
    rule = asked.policy.declared(asked.host, asked.port, names)
    if rule is not None:
        target = Target(kind="declared", port=rule.goal.port or asked.port)
        reason = f"HOSTSHIFT_MAP says {rule.source}={rule.goal}"
        goes = asked.goes(rule.goal.host or asked.host, target, "declared", reason)
        return goes.replace(settled=True)
    kept = asked.policy.kept(asked.host, asked.port, names)
    if kept is not None:
        return asked.stays("kept", f"HOSTSHIFT_KEEP lists {kept}", "declared")
    return None


def _unread(asked: Asked) -> Decision | None:
    """Decide nothing that depends on where this process stands, where that could not be read."""
    stands = asked.vantage
    unsure = stands.unsure & ({"network"} if stands.network == "host" else _STANDING)
    if not unsure or not _depends_on_the_place(asked):
        return None
    what = ", ".join(stands.unread) or "what tells it"
    reason = f"where this process stands could not be read ({what})"
    return asked.undecided(reason, fix="set HOSTSHIFT_ISOLATION and HOSTSHIFT_NETWORK")


_STANDING = frozenset(("isolation", "network"))


def _depends_on_the_place(asked: Asked) -> bool:
    """Return True if an endpoint may mean something else from another place."""
    from hostshift.routes import services

    loopback_names = asked.vantage.loopback_names
    return (
        addresses.is_loopback(asked.host, loopback_names)
        or addresses.is_host_alias(asked.host)
        or services.could_name_one(asked)
    )

"""The address that a driver is to dial this moment: a service's as a number. Pure.

A name is good while its service runs. One that has stopped is not known on its network
any more, so its name is asked for upstream, where somebody else may have it. What is
dialled at once therefore is the address that was seen on a network in common.
"""

from __future__ import annotations

from hostshift.addresses import is_host_alias, is_number
from hostshift.decision import Address
from hostshift.questions import Connected, Resolves

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.decision import Asked, Decision
    from hostshift.questions import Asking


def by_number(asked: Asked, decision: Decision) -> Asking:
    """Put the checked number of a service in place of a name that was chosen for it.

    A name that the user wrote or declared is left to the driver, and so is one that the
    name service gives no answer for in time.
    """
    name = decision.after.host
    if decision.target.kind != "service" or name == decision.before.host or _is_fixed(name):
        return decision
    found: tuple[str, ...] | None = yield Resolves(name=name)
    if found is None:
        return decision
    connected: tuple[bool, ...] = (yield Connected(addresses=found)) if found else ()
    near = [number for number, is_near in zip(found, connected, strict=True) if is_near]
    if not near:
        reason = f"{name} has no address on a network of this process"
        return asked.undecided(reason, decision.evidence)
    evidence = (*decision.evidence, f"{name} is {near[0]}")
    after = Address(host=near[0], port=decision.after.port)
    return decision.replace(after=after, evidence=evidence, looked_up=True)


def _is_fixed(host: str) -> bool:
    """Tell whether no name server has a say in a host."""
    return is_number(host) or host == "localhost" or is_host_alias(host)

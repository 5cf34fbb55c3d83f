"""The address that a driver is to dial this moment: a service's as a number. Pure.

A name is good while its service runs. One that has stopped is not known on its network
any more, so its name is asked for upstream, where somebody else may have it; or another
project's service on the same network answers to it. What is dialled at once therefore is
an address that was seen to be the service's own.
"""

from __future__ import annotations

from hostshift.addresses import is_host_alias, is_number
from hostshift.conventions import usual_names
from hostshift.decision import Address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.decision import Asked, Decision
    from hostshift.questions import Look
    from hostshift.topology import Service


def by_number(asked: Asked, look: Look, decision: Decision) -> Decision:
    """Put the checked number of a service in place of a name that was chosen for it.

    A name that the user wrote or declared is left to the driver.
    """
    name = decision.after.host
    if decision.target.kind != "service" or name == decision.before.host or _is_fixed(name):
        return decision
    if not decision.numbers and name != decision.target.name:
        return decision  # a host that publishes the service: its name is no service's
    numbers = decision.numbers or _numbers(asked, look, decision)
    if not numbers:
        reason = f"{name} has no address that is known to be {decision.target.name}'s"
        return asked.undecided(reason, decision.evidence)
    evidence = (*decision.evidence, f"{name} is {numbers[0]}")
    after = Address(host=numbers[0], port=decision.after.port)
    return decision.replace(after=after, evidence=evidence, looked_up=True)


def _numbers(asked: Asked, look: Look, decision: Decision) -> tuple[str, ...]:
    """Look up a service that was chosen earlier: where it is now."""
    around = look.around(tuple(sorted(usual_names(asked.protocol))))
    name = decision.after.host
    own = {
        number
        for service in around.services
        if _is_target(service, name, decision) and service.project in (None, around.project)
        for number in service.addresses
    }
    # A name that resolves proves nothing: another project's service may answer to it.
    found = look.resolves(name) or tuple(sorted(own))
    return tuple(number for number in found if number in own)


def _is_target(service: Service, name: str, decision: Decision) -> bool:
    return decision.target.name in (service.service, service.name) or name in service.names


def _is_fixed(host: str) -> bool:
    """Return True if no name server has a say in a host."""
    return is_number(host) or host == "localhost" or is_host_alias(host)


def may_be_anothers(decision: Decision) -> bool:
    """Return True if what is dialled was a service's some seconds ago, and may not be now.

    An engine gives the address of a container that left to the next that comes, and a port that
    it published to whoever publishes it next. Whatever the host is called, there it is by number
    or by port. Only a name of the service's own is looked up at the dial.
    """
    host = decision.after.host
    own_name = bool(decision.numbers) or host == decision.target.name
    is_service = decision.target.kind == "service" and decision.changed
    return is_service and not decision.looked_up and (is_number(host) or not own_name)

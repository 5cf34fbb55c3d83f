"""The address for a driver to dial at this moment: a service's as a number. Pure.

A name is good while its service runs. Once it has stopped, its network no longer knows it.
Then the name server asks upstream, where the name may be another machine's; or another
project's service on the same network answers to it. So a driver that dials at once gets an
address that some source showed to be the service's own.
"""

from __future__ import annotations

from hostshift.base.addresses import is_host_alias, is_ip_literal
from hostshift.routing.model import Address
from hostshift.routing.outcomes import undecided
from hostshift.routing.service_names import usual_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.discovery import Service
    from hostshift.routing.model import Decision, RouteRequest
    from hostshift.routing.queries import Look


def pin_to_ip(request: RouteRequest, look: Look, decision: Decision) -> Decision:
    """Put the checked number of a service in place of a name that a rule chose for it.

    The driver looks up a name that the user wrote or declared.
    """
    name = decision.after.host
    if decision.target.kind != "service" or name == decision.before.host or _is_fixed(name):
        return decision
    if not decision.numbers and name != decision.target.name:
        return decision  # a host that publishes the service: its name is no service's
    numbers = decision.numbers or _numbers(request, look, decision)
    if not numbers:
        reason = f"{name} has no address that is known to be {decision.target.name}'s"
        return undecided(request, reason, decision.evidence)
    evidence = (*decision.evidence, f"{name} is {numbers[0]}")
    after = Address(host=numbers[0], port=decision.after.port)
    return decision.replace(after=after, evidence=evidence)


def _numbers(request: RouteRequest, look: Look, decision: Decision) -> tuple[str, ...]:
    """Look up where a service is now that a rule chose earlier."""
    topology = look.around(tuple(sorted(usual_names(request.protocol))))
    name = decision.after.host
    own = {
        number
        for service in topology.services
        if _is_target(service, name, decision) and service.project in (None, topology.project)
        for number in service.addresses
    }
    # A name that resolves proves nothing: another project's service may answer to it.
    numbers = look.resolves(name) or tuple(sorted(own))
    return tuple(number for number in numbers if number in own)


def _is_target(service: Service, name: str, decision: Decision) -> bool:
    return decision.target.name in (service.service, service.name) or name in service.names


def _is_fixed(host: str) -> bool:
    """Return True if no name server decides where a host leads."""
    return is_ip_literal(host) or host == "localhost" or is_host_alias(host)


FRESH = 0.05
"""Seconds for which a look at the services counts for a dial. A pool fills in that time, and a
container takes longer to get the address of one that left."""

NAMED = 1.0
"""The same where a name server shows at this moment that the name leads to an address of the
service: two containers would have to swap their addresses."""


def seconds_of_a_look(decision: Decision) -> float:
    """Return how old a look at the services may be that a dial relies on."""
    return NAMED if decision.numbers else FRESH


def rests_on_a_look(decision: Decision) -> bool:
    """Return True if a look at the services led to the address, and the next may show another.

    A name that stays is one too: the engine showed that it leads to my own service.
    """
    return decision.target.kind == "service" and (decision.changed or decision.certainty == "known")


def may_be_anothers(decision: Decision) -> bool:
    """Return True if the address was a service's some seconds ago, and may be another's now.

    An engine gives the address of a container that left to the next container, and a port that
    it published to the next one that publishes it. Two projects may have the same name on one
    network, so what a name leads to now is no proof either.
    """
    return decision.target.kind == "service" and decision.changed

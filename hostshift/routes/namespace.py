"""Which ports mean this network namespace, whether anybody listens on them yet? Pure.

A service of my own namespace that starts late or is down is still the one that is meant:
its port must not turn into the host's.
"""

from __future__ import annotations

from hostshift._record import Record
from hostshift.routes.locate import same_namespace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hostshift.questions import Look
    from hostshift.topology import Container, Neighbourhood, Service


class Claim(Record):
    """Who of this namespace a port belongs to, or could belong to."""

    name: str
    """The container."""
    declares: bool
    """False: it is down and does not tell which ports it has."""


def claim(around: Neighbourhood, port: int, look: Look) -> Claim | None:
    """Return who of this network namespace serves a port, as far as somebody tells."""
    own, mates = _mates(around, port, look)
    for one in (*own, *mates):
        if port in declared_ports(one):
            return Claim(name=one.name, declares=True)
    # A file does not say what runs: what shares this namespace by it may be down.
    down = [one for one in own if not one.running]
    down += [one for one in mates if not one.running or not around.engine]
    silent = [one for one in down if not declared_ports(one)]
    return Claim(name=silent[0].name, declares=False) if silent else None


def declared_ports(container: Container) -> set[int]:
    """Return the TCP ports that a container's configuration or image names."""
    published = (out.port for out in container.publications if out.protocol == "tcp")
    return {*container.exposed, *published}


def _mates(
    around: Neighbourhood, port: int, look: Look
) -> tuple[Sequence[Container], Sequence[Container]]:
    """Return this process's own containers, and the others that share its network namespace."""
    everybody = [one for service in around.services for one in service.containers]
    own: Sequence[Container] = ()
    if around.me is not None:
        own = (around.me,)
    elif not around.engine and _may_concern(around.services, port):
        own = _own(look.around(()), around.services)
    names = [one.name for one in own]
    return own, [
        one
        for one in everybody
        if one.name not in names and any(same_namespace(mine, one) for mine in own)
    ]


def _may_concern(services: Iterable[Service], port: int) -> bool:
    """Return True if it matters which service this is: then a name server is asked for it."""
    containers = [one for service in services for one in service.containers]
    return any(one.network_owner for one in containers) or any(
        port in declared_ports(one) for one in containers
    )


def _own(seen: Neighbourhood, services: Iterable[Service]) -> tuple[Container, ...]:
    """Return the containers of the service that the name server calls this one."""
    return next(
        (
            service.containers
            for service in services
            if seen.observed_service == service.service and seen.observed_project == service.project
        ),
        (),
    )

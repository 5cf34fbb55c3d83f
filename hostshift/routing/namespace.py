"""Which ports mean this network namespace, whether a server listens on them yet or not. Pure.

A service of my own namespace that starts late or is down is still the target:
its port must not turn into the host's.
"""

from __future__ import annotations

from hostshift.base.record import Record
from hostshift.routing.locate import same_namespace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hostshift.discovery import Container, Service, Topology
    from hostshift.routing.queries import Look


class Claim(Record):
    """The container of this namespace that has a port, or could have it."""

    name: str
    """The container."""
    declares: bool
    """False: it is down, and neither its configuration nor its image names its ports."""


def claim(topology: Topology, port: int, look: Look) -> Claim | None:
    """Return which container of this network namespace serves a port, if a source shows one."""
    own, mates = _mates(topology, port, look)
    for container in (*own, *mates):
        if port in declared_ports(container):
            return Claim(name=container.name, declares=True)
    # A file does not say what runs: a container that shares this namespace by it may be down.
    down = [container for container in own if not container.running]
    down += [mate for mate in mates if not mate.running or not topology.engine]
    silent = [container for container in down if not declared_ports(container)]
    return Claim(name=silent[0].name, declares=False) if silent else None


def declared_ports(container: Container) -> set[int]:
    """Return the TCP ports that a container's configuration or image names."""
    published = (out.port for out in container.publications if out.protocol == "tcp")
    return {*container.exposed, *published}


def _mates(
    topology: Topology, port: int, look: Look
) -> tuple[Sequence[Container], Sequence[Container]]:
    """Return this process's own containers, and the others that share its network namespace."""
    containers = [other for service in topology.services for other in service.containers]
    own: Sequence[Container] = ()
    if topology.me is not None:
        own = (topology.me,)
    elif not topology.engine and _may_concern(topology.services, port):
        own = _own(look.around(()), topology.services)
    names = [mine.name for mine in own]
    return own, [
        other
        for other in containers
        if other.name not in names and any(same_namespace(mine, other) for mine in own)
    ]


def _may_concern(services: Iterable[Service], port: int) -> bool:
    """Return True if it matters which service this process is: then we ask a name server."""
    return any(
        container.network_owner or port in declared_ports(container)
        for service in services
        for container in service.containers
    )


def _own(topology: Topology, services: Iterable[Service]) -> tuple[Container, ...]:
    """Return the containers of the service that this process is by the name server."""
    return next(
        (
            service.containers
            for service in services
            if topology.observed_service == service.service
            and topology.observed_project == service.project
        ),
        (),
    )

"""What a source that could not say means for an answer. Pure."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.discovery.model import Container, Gap, Topology


def concerning(topology: Topology) -> tuple[Gap, ...]:
    """Return the gaps that could hide a service that decides about my strings.

    A container of another project that the engine does not describe (because the engine is
    just creating it, say) runs no service of mine, and what it publishes is reached by the
    host's port in any case.
    """
    return tuple(gap for gap in topology.gaps if not gap.container or _is_mine(topology, gap))


def passing(topology: Topology) -> Gap | None:
    """Return the gap of a source that may answer at the next look; None if no source may."""
    return next((gap for gap in concerning(topology) if gap.passing), None)


def hiding(topology: Topology) -> Gap | None:
    """Return the gap of a source that could hide the owner of a port; None if none could.

    An engine that answers knows who has which port, without any file.
    """
    gaps = (gap for gap in concerning(topology) if gap.passing or not topology.engine)
    return next(gaps, None)


def _is_mine(topology: Topology, gap: Gap) -> bool:
    """Return True unless the gap's container is listed outside my project and my namespace."""
    for service in topology.services:
        for container in service.containers:
            if container.name == gap.container:
                sibling = topology.project is not None and service.project == topology.project
                return sibling or _shares_my_namespace(topology.me, container)
    return True


def _shares_my_namespace(me: Container | None, other: Container) -> bool:
    if me is None:
        return False
    return other.name == me.name or other.has_network_of(me)

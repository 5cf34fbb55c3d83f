"""What a source that could not say means for an answer. Pure."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.topology.model import Container, Gap, Neighbourhood


def concerning(around: Neighbourhood) -> tuple[Gap, ...]:
    """Return the gaps in which something could be hidden that decides about my strings.

    A container of somebody else's project that the engine does not describe (it is just being
    made, say) has no service of mine in it, and what it publishes is reached by the host's port
    in any case.
    """
    return tuple(gap for gap in around.gaps if not gap.container or _is_mine(around, gap))


def passing(around: Neighbourhood) -> Gap | None:
    """Return a source that could not say this time, and may say at the next look."""
    return next((gap for gap in concerning(around) if gap.passing), None)


def hiding(around: Neighbourhood) -> Gap | None:
    """Return a source that could not say, in which what has a port could be hidden.

    An engine that answers knows what has which port, and needs no file for it.
    """
    missing = (gap for gap in concerning(around) if gap.passing or not around.engine)
    return next(missing, None)


def _is_mine(around: Neighbourhood, gap: Gap) -> bool:
    """Return True unless a container is seen to be neither of my project nor of my namespace."""
    for service in around.services:
        for one in service.containers:
            if one.name == gap.container:
                of_mine = around.project is not None and service.project == around.project
                return of_mine or _shares_my_namespace(around.me, one)
    return True


def _shares_my_namespace(me: Container | None, other: Container) -> bool:
    if me is None:
        return False
    return other.name == me.name or other.has_network_of(me)

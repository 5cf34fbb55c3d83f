"""What is around this process: services, their names and addresses; a module for each source."""

from __future__ import annotations

from hostshift._log import debug
from hostshift.topology.model import (
    Container,
    Membership,
    Neighbourhood,
    Note,
    Publication,
    Service,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from hostshift.vantages import Vantage

__all__ = [
    "Container",
    "Membership",
    "Neighbourhood",
    "Note",
    "Publication",
    "Service",
    "look_around",
]

EMBEDDED_DNS = "127.0.0.11"
"""Docker's embedded name server (moby libnetwork/resolver.go)."""


def look_around(sources: Sequence[str], stands: Vantage, seconds: float) -> Neighbourhood:
    """Ask the sources in order and return the first answer that holds anything.

    Args:
        sources: names of sources, as the setting gives them.
        stands: where this process stands.
        seconds: the time all of them may take together.

    """
    for source in sources:
        found = _dns(stands, seconds) if source == "dns" else None
        if found is None:
            debug("topology source %s: not available here", source)
        elif found.services or found.project:
            return found
    return Neighbourhood()


def _dns(stands: Vantage, seconds: float) -> Neighbourhood | None:
    """Ask the embedded name server, where there is one."""
    if EMBEDDED_DNS not in stands.nameservers:
        return None
    from hostshift.topology import dns

    return dns.around(EMBEDDED_DNS, stands.own_addresses, stands.subnets, seconds)

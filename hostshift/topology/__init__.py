"""What is around this process: services, their names and addresses; a module for each source."""

from __future__ import annotations

import os
import time

from hostshift._log import debug
from hostshift.addresses import in_subnets
from hostshift.surroundings import EMBEDDED_DNS
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

    from hostshift.policy import Policy
    from hostshift.vantages import Vantage

__all__ = [
    "Container",
    "Membership",
    "Neighbourhood",
    "Note",
    "Publication",
    "Service",
    "ask",
    "look_around",
    "together",
]


def look_around(
    policy: Policy, stands: Vantage, seconds: float, *, names: bool = False
) -> Neighbourhood:
    """Ask the sources in their order and put together what they say.

    What an engine shows goes before what a file says of the same service. Of the
    files, the first source that says anything counts. A name server is only asked
    where no engine could be.

    Args:
        policy: says which sources there are, and where files are.
        stands: where this process stands.
        seconds: the time all of them may take together.
        names: whether to ask name servers as well.

    """
    deadline = time.monotonic() + seconds
    found: list[Neighbourhood] = []
    for source in policy.sources:
        engine = any(one.engine for one in found)
        if source == "dns" and (engine or not names):
            continue
        if source in FILES and any(one.services for one in found if not one.engine):
            continue
        said = ask(source, policy, stands, max(0.0, deadline - time.monotonic()))
        for note in said.notes:
            debug("topology: %s", note)
        found.append(said)
    return together(found)


FILES = ("saved", "compose")


def ask(source: str, policy: Policy, stands: Vantage, seconds: float) -> Neighbourhood:
    """Ask one source, within a time in seconds; what was wrong with it is in the notes."""
    return _SOURCES[source](policy, stands, seconds)


def together(found: Sequence[Neighbourhood]) -> Neighbourhood:
    """Put together what several sources say, the first of them first."""
    services: dict[tuple[str | None, str], Service] = {}
    for said in found:
        for service in said.services:
            services.setdefault((service.project, service.service), service)
    return Neighbourhood(
        services=tuple(services.values()),
        project=next((one.project for one in found if one.project), None),
        notes=tuple(note for one in found for note in one.notes),
        me=next((one.me for one in found if one.me), None),
        engine=next((one.engine for one in found if one.engine), ""),
        late=any(one.late for one in found),
        observed_project=next(
            (one.observed_project for one in found if one.observed_project), None
        ),
    )


def _engine(policy: Policy, stands: Vantage, seconds: float) -> Neighbourhood:  # noqa: ARG001
    from hostshift.deadline import Deadline
    from hostshift.topology import engine

    return engine.read(stands.own_ids, os.environ, deadline=Deadline(seconds))


def _saved(policy: Policy, stands: Vantage, seconds: float) -> Neighbourhood:  # noqa: ARG001
    from hostshift.topology import saved

    return saved.read(None, file=policy.topology_file)


def _compose(policy: Policy, stands: Vantage, seconds: float) -> Neighbourhood:  # noqa: ARG001
    from hostshift.topology import compose

    return compose.read(None, os.environ, file=policy.compose_file, seconds=seconds)


def _dns(policy: Policy, stands: Vantage, seconds: float) -> Neighbourhood:  # noqa: ARG001
    """Ask the name server of this container's network, where there is one."""
    nameserver = _nameserver(stands)
    if nameserver is None:
        return Neighbourhood()
    from hostshift.topology import dns

    return dns.around(nameserver, stands.own_addresses, stands.subnets, seconds)


def _nameserver(stands: Vantage) -> str | None:
    """Return the name server that knows siblings: Docker's, or Podman's on its network."""
    if stands.naming == "docker":
        return EMBEDDED_DNS
    if stands.naming != "podman":
        return None
    return next((at for at in stands.nameservers if in_subnets(at, stands.subnets)), None)


_SOURCES = {"engine": _engine, "saved": _saved, "compose": _compose, "dns": _dns}

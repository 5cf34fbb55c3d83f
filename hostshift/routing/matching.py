"""Which service does a name, an address or a published port mean? Pure.

Where several match, this project's own goes before the others. If that does not
leave one, the rules choose none and name them all.
"""

from __future__ import annotations

from hostshift.base import addresses
from hostshift.base.addresses import is_ip_literal, is_loopback, unmapped
from hostshift.base.record import Record
from hostshift.discovery import container_names
from hostshift.discovery.gaps import concerning
from hostshift.routing.model import Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from hostshift.discovery import Container, Publication, Service, Topology

SHORT_ID = 12
"""Hexadecimal digits of a container's id that Docker lets answer as a name."""


class Match(Record):
    """A service that an endpoint may mean, and which of its containers and ports."""

    service: Service
    containers: tuple[Container, ...]
    """One container, where the endpoint names it itself; else all of the service."""
    port: int
    """Inside the container."""

    @property
    def target(self) -> Target:
        """Return the service and port as a decision's target."""
        return Target(kind="service", name=self.service.service, port=self.port)

    @property
    def running(self) -> bool:
        """Return True if an engine shows it running now."""
        return self.service.certainty == "known" and any(own.running for own in self.containers)

    def __str__(self) -> str:
        """Name the service, with its project: another project may have the same name."""
        project = self.service.project
        return f"{self.service.service} of {project}" if project else self.service.service


def by_name(topology: Topology, host: str, port: int) -> tuple[Match, ...]:
    """Find services by their compose name, an alias, or a container's name or id."""
    name = host.lower().rstrip(".")
    matches = []
    for service in topology.services:
        named = tuple(own for own in service.containers if _is_container(own, name))
        if named:
            matches.append(Match(service=service, containers=named, port=port))
        elif name == service.service.lower() or name in _names(service, topology):
            matches.append(Match(service=service, containers=service.containers, port=port))
    return tuple(matches)


def _is_container(container: Container, name: str) -> bool:
    if name in own_names(container):
        return True
    return bool(container.id) and len(name) >= SHORT_ID and container.id.startswith(name)


def own_names(container: Container) -> set[str]:
    """Return the names of a container itself: its name, alone and with each network's."""
    name = container.name.lower()
    return {name, *(f"{name}.{on.network.lower()}" for on in container.memberships)}


def _names(service: Service, topology: Topology) -> set[str]:
    """List the names that all its containers share, alone and with their network's.

    The names that ``links`` gives it count in its own project: no other project knows them.
    """
    is_mine = service.project is not None and service.project == topology.project
    names = {name.lower() for name in service.linked} if is_mine else set()
    for on in service.memberships:
        for name in on.names:
            names |= {name.lower(), f"{name}.{on.network}".lower()}
    return names


def by_address(topology: Topology, host: str, port: int) -> tuple[Match, ...]:
    """Find the container that has an address."""
    matches = []
    for service in topology.services:
        owners = tuple(
            container
            for container in service.containers
            if any(_has(on.addresses, host) for on in container.memberships)
        )
        if owners:
            matches.append(Match(service=service, containers=owners, port=port))
    return tuple(matches)


def _has(known: Iterable[str], host: str) -> bool:
    number = addresses.value(host)
    return number is not None and any(addresses.value(other) == number for other in known)


def by_publication(topology: Topology, port: int, host: str = "") -> tuple[Match, ...]:
    """Find what publishes a port of the host; what loopback reaches goes first.

    A number finds only publications of its family: Docker may give one port to one
    container for IPv4 and to another for IPv6 (moby 42442). A name may mean both.
    """
    published: list[tuple[Publication, Match]] = []
    for service in topology.services:
        for container in service.containers:
            for out in container.publications:
                if out.published == port and out.protocol == "tcp" and _in_family(out, host):
                    alone = (container,) if service.certainty == "known" else service.containers
                    match = Match(service=service, containers=alone, port=out.port)
                    published.append((out, match))
    near = [match for out, match in published if reaches_loopback(out)]
    return tuple(dict.fromkeys(near or [match for _, match in published]))


def _in_family(out: Publication, host: str) -> bool:
    if not out.address or not is_ip_literal(host):
        return True
    return (":" in unmapped(out.address)) == (":" in unmapped(host))


def reaches_loopback(out: Publication) -> bool:
    """Return True if ``localhost`` reaches a publication on its host."""
    return out.address == "" or is_loopback(out.address)


def candidates(topology: Topology, matches: tuple[Match, ...]) -> tuple[Match, ...]:
    """Keep my own project's matches; if it has none, those that run.

    A name that a service of my own project has never means another project's, even if my own
    does not run.
    """
    own = mine(topology, matches)
    return _running_first(own) if own else running(matches)


def mine(topology: Topology, matches: Iterable[Match]) -> tuple[Match, ...]:
    """Keep those of my own project."""
    return tuple(match for match in matches if _is_mine(topology, match))


def running(matches: Iterable[Match]) -> tuple[Match, ...]:
    """Keep those that run now."""
    return tuple(match for match in matches if match.running or match.service.source == "dns")


def has_none_of_my_own(topology: Topology, host: str, match: Match) -> bool:
    """Return True if my own project provably has no service of another's name.

    An engine shows only what has a container at this moment, so it proves nothing: somebody
    may be about to create mine. A file that lists my project's services proves it. It is also
    proven if every source answered and none of them shows a project of mine. Nothing
    proves it while signs of another project than that of the match exist.
    """
    if concerning(topology) or host.lower().rstrip(".") in topology.reserved_names:
        return False
    return (topology.listed or topology.project is None) and not unread_sign(topology, match)


def unread_sign(topology: Topology, match: Match) -> str:
    """Return a sign of a project that no source describes, and that is not the match's own."""
    return next((sign for sign in topology.hints if sign not in match.service.config_files), "")


def is_explicit(host: str, match: Match) -> bool:
    """Return True if a name can only be that container's.

    It is a container's id, or its generated name: project, service and a number
    (``blog-db-1``). No service of my own has such a name. A service, an alias or a
    ``container_name`` that begins with its project (``blog-db``) could be mine as well:
    I may be a second checkout, ``blog-2``, whose own ``blog-db`` does not exist yet.
    """
    project = (match.service.project or "").lower()
    name = host.lower().rstrip(".")
    if len(name) >= SHORT_ID and any(own.id.startswith(name) for own in match.containers):
        return True
    return any(
        name in own_names(own) and container_names.is_generated_for(own.name.lower(), project)
        for own in match.containers
    )


def is_containers_own(host: str, match: Match) -> bool:
    """Return True if a name is that of a container itself, and none that a service gave it."""
    name = host.lower().rstrip(".")
    named = any(_is_container(own, name) for own in match.containers)
    return named and (match.service.project is None or name != match.service.service.lower())


def located(topology: Topology, match: Match) -> Match:
    """Give containers in another's network namespace that one's networks and ports."""
    owners = {owner.name: owner for service in topology.services for owner in service.containers}

    def moved(container: Container) -> Container:
        owner = owners.get(container.network_owner)
        if owner is None:
            return container
        return container.replace(memberships=owner.memberships, publications=owner.publications)

    return match.replace(containers=tuple(map(moved, match.containers)))


def _is_mine(topology: Topology, match: Match) -> bool:
    project = match.service.project
    return project is not None and project == topology.project


def _running_first(matches: tuple[Match, ...]) -> tuple[Match, ...]:
    return tuple(match for match in matches if match.running) or matches

"""Which service does a name, an address or a published port mean? Pure.

Where several could be meant, this project's own goes before the others; where
that does not leave one, nothing is chosen and all are named.
"""

from __future__ import annotations

from hostshift import addresses
from hostshift._record import Record
from hostshift.addresses import is_loopback, is_number
from hostshift.decision import Target
from hostshift.topology.gaps import concerning

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from hostshift.topology import Container, Neighbourhood, Publication, Service

SHORT_ID = 12
"""Hexadecimal digits of a container's id that Docker lets answer as a name."""


class Match(Record):
    """A service that is meant, and which of its containers and ports."""

    service: Service
    containers: tuple[Container, ...]
    """Those that are meant: one where it was named itself, else all."""
    port: int
    """Inside of the container."""

    @property
    def target(self) -> Target:
        """What is meant, for a decision."""
        return Target(kind="service", name=self.service.service, port=self.port)

    @property
    def running(self) -> bool:
        """Return True if an engine shows it running now."""
        return self.service.certainty == "known" and any(one.running for one in self.containers)

    def __str__(self) -> str:
        """Name it so that it can be told from one of the same name."""
        project = self.service.project
        return f"{self.service.service} of {project}" if project else self.service.service


def by_name(around: Neighbourhood, host: str, port: int) -> tuple[Match, ...]:
    """Find services by what compose calls them, an alias, or a container's name or id."""
    name = host.lower().rstrip(".")
    found = []
    for service in around.services:
        own = tuple(one for one in service.containers if _is_container(one, name))
        if own:
            found.append(Match(service=service, containers=own, port=port))
        elif name == service.service.lower() or name in _names(service, around):
            found.append(Match(service=service, containers=service.containers, port=port))
    return tuple(found)


def _is_container(container: Container, name: str) -> bool:
    if name in own_names(container):
        return True
    return bool(container.id) and len(name) >= SHORT_ID and container.id.startswith(name)


def own_names(container: Container) -> set[str]:
    """Return what a container is called itself: its name, also with a network's."""
    name = container.name.lower()
    return {name, *(f"{name}.{on.network.lower()}" for on in container.memberships)}


def _names(service: Service, around: Neighbourhood) -> set[str]:
    """List the names that are shared by all its containers, also with their network's.

    What ``links`` calls it counts in its own project: nobody else knows those names.
    """
    is_mine = service.project is not None and service.project == around.project
    found = {name.lower() for name in service.linked} if is_mine else set()
    for on in service.memberships:
        for name in on.names:
            found |= {name.lower(), f"{name}.{on.network}".lower()}
    return found


def by_address(around: Neighbourhood, host: str, port: int) -> tuple[Match, ...]:
    """Find the container that has an address."""
    found = []
    for service in around.services:
        own = tuple(
            one
            for one in service.containers
            if any(_has(on.addresses, host) for on in one.memberships)
        )
        if own:
            found.append(Match(service=service, containers=own, port=port))
    return tuple(found)


def _has(known: Iterable[str], host: str) -> bool:
    asked = addresses.value(host)
    return asked is not None and any(addresses.value(one) == asked for one in known)


def by_publication(around: Neighbourhood, port: int, host: str = "") -> tuple[Match, ...]:
    """Find what publishes a port of the host; who is bound to loopback too goes first.

    By a number, only what is published in its family: Docker may give one port to one
    container for IPv4 and to another for IPv6 (moby 42442). A name may mean both.
    """
    found: list[tuple[Publication, Match]] = []
    for service in around.services:
        for container in service.containers:
            for out in container.publications:
                if out.published == port and out.protocol == "tcp" and _in_family(out, host):
                    alone = (container,) if service.certainty == "known" else service.containers
                    match = Match(service=service, containers=alone, port=out.port)
                    found.append((out, match))
    near = [match for out, match in found if reaches_loopback(out)]
    return tuple(dict.fromkeys(near or [match for _, match in found]))


def _in_family(out: Publication, host: str) -> bool:
    if not out.address or not is_number(host):
        return True
    return (":" in out.address) == (":" in host and not host.lower().startswith("::ffff:"))


def reaches_loopback(out: Publication) -> bool:
    """Return True if a publication is reached as ``localhost`` on its host."""
    return out.address == "" or is_loopback(out.address)


def meant(around: Neighbourhood, matches: tuple[Match, ...]) -> tuple[Match, ...]:
    """Keep those that can be meant: my own project's, or whatever runs where I have none.

    A service of another project is not meant by a name that my own project has a
    service for, even if that one does not run.
    """
    own = mine(around, matches)
    return _running_first(own) if own else running(matches)


def mine(around: Neighbourhood, matches: Iterable[Match]) -> tuple[Match, ...]:
    """Keep those of my own project."""
    return tuple(match for match in matches if _is_mine(around, match))


def running(matches: Iterable[Match]) -> tuple[Match, ...]:
    """Keep those that run now."""
    return tuple(match for match in matches if match.running or match.service.source == "dns")


def has_none_of_my_own(around: Neighbourhood, host: str, match: Match) -> bool:
    """Return True if it is proven that my own project means nothing by another's name.

    An engine only shows what has a container at this moment, so it proves nothing: my own
    may be about to be created. A file that lists my project's services proves it, and so
    does it if every source answered and none of them tells of a project of mine. Neither
    does while there are signs of another project than that of the match.
    """
    if concerning(around) or host.lower().rstrip(".") in around.reserved_names:
        return False
    return (around.listed or around.project is None) and not unread_sign(around, match)


def unread_sign(around: Neighbourhood, match: Match) -> str:
    """Return a sign of a project that no source describes, and that is not a match's own."""
    return next((sign for sign in around.hints if sign not in match.service.config_files), "")


def located(around: Neighbourhood, match: Match) -> Match:
    """Give containers that live in another's network namespace that one's networks and ports."""
    owners = {one.name: one for service in around.services for one in service.containers}

    def moved(container: Container) -> Container:
        owner = owners.get(container.network_owner)
        if owner is None:
            return container
        return container.replace(memberships=owner.memberships, publications=owner.publications)

    return match.replace(containers=tuple(map(moved, match.containers)))


def _is_mine(around: Neighbourhood, match: Match) -> bool:
    project = match.service.project
    return project is not None and project == around.project


def _running_first(matches: tuple[Match, ...]) -> tuple[Match, ...]:
    return tuple(match for match in matches if match.running) or matches

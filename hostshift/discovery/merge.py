"""Merge the answers of several sources: a service that several describe is one service. Pure."""

from __future__ import annotations

from hostshift.discovery.model import Container, Gap, Membership, Service, Topology

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def merged(topologies: Sequence[Topology]) -> Topology:
    """Merge the answers of several sources, the best source first.

    If a file describes a service and a name server answers for it, the result has the
    file's ports and the name server's addresses.
    """
    services: dict[tuple[str | None, str], Service] = {}
    for topology in topologies:
        for service in topology.services:
            key = (service.project, service.service)
            before = services.get(key)
            if before is None:
                services[key] = service
            elif (before.certainty, service.certainty) == ("intended", "observed"):
                services[key] = _observed(before, service)
    observed = next((each.observed_project for each in topologies if each.observed_project), None)
    project = _project(topologies, observed)
    return Topology(
        services=tuple(services.values()),
        project=project,
        notes=tuple(note for each in topologies for note in each.notes),
        me=next((each.me for each in topologies if each.me), None),
        engine=next((each.engine for each in topologies if each.engine), ""),
        gaps=(
            *dict.fromkeys(gap for each in topologies for gap in each.gaps),
            *_contradictions(topologies),
        ),
        listed=any(_lists_all(each, project, topologies) for each in topologies),
        reserved_names=frozenset().union(*(each.reserved_names for each in topologies)),
        engine_host=next((each.engine_host for each in topologies if each.engine_host), ""),
        bridges=tuple(dict.fromkeys(number for each in topologies for number in each.bridges)),
        observed_project=observed,
        observed_service=next(
            (each.observed_service for each in topologies if each.observed_service), None
        ),
    )


def _contradictions(topologies: Sequence[Topology]) -> list[Gap]:
    """Return a gap for each service of which two files publish other ports.

    An engine that answers knows the ports, so the files do not matter then.
    """
    if any(each.engine for each in topologies):
        return []
    first: dict[tuple[str | None, str], Service] = {}
    gaps = []
    for service in (service for each in topologies for service in each.services):
        before = first.setdefault((service.project, service.service), service)
        both = {before.source, service.source} == {"saved", "compose"}
        if both and {*before.publications} != {*service.publications}:
            what = f"and the compose file publish other ports of {service.service}"
            fix = "hostshift topology --save updates the saved topology"
            where = "the saved topology"
            gaps.append(Gap(source="saved", where=where, what=what, fix=fix, passing=False))
    return gaps


def _lists_all(topology: Topology, project: str | None, topologies: Sequence[Topology]) -> bool:
    """Return True if a file lists all services of a project.

    Return False if an engine shows that compose was started with other files than we read.
    In a container we compare the files by name, because their directory is another one
    there. Two files with the same name count as two.
    """
    started = [path for each in topologies if each.engine for path in each.config_files]
    read = list(topology.config_files) or started[:1]  # a saved topology does not hold them
    if any(each.me for each in topologies if each.engine):
        started, read = list(map(_base, started)), list(map(_base, read))
    complete = all(started.count(path) <= read.count(path) for path in started)
    return topology.listed and topology.project == project and complete


def _base(path: str) -> str:
    """Return a path's last part, with the separators of POSIX or Windows."""
    return path.replace("\\", "/").rpartition("/")[2]


def _project(topologies: Sequence[Topology], observed: str | None) -> str | None:
    """Return my project: as an engine has it, else by this container's name, else by a file."""
    engine = next((each.project for each in topologies if each.engine and each.project), None)
    return engine or observed or next((each.project for each in topologies if each.project), None)


def _observed(written: Service, observed: Service) -> Service:
    """Add a name server's addresses to the containers of a service from a file.

    If the name server does not know a container, that container does not run.
    """
    known = {container.name: container for container in observed.containers}
    containers = [
        container.replace(memberships=_joined(container, known.pop(container.name)))
        if container.name in known
        else container.replace(running=False)
        for container in written.containers
    ]
    return written.replace(containers=(*containers, *known.values()), certainty="observed")


def _joined(written: Container, observed: Container) -> tuple[Membership, ...]:
    """Merge a container's names, from a file, and its addresses, by network."""
    by_network = {on.network: on for on in observed.memberships}
    memberships = []
    for on in written.memberships:
        also = by_network.pop(on.network, None)
        if also is not None:
            names = tuple(dict.fromkeys((*on.names, *also.names)))
            on = on.replace(names=names, addresses=also.addresses)  # noqa: PLW2901 - same network
        memberships.append(on)
    return (*memberships, *by_network.values())

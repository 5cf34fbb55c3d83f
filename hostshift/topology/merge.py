"""What several sources say together: one service is one, whoever tells of it. Pure."""

from __future__ import annotations

from hostshift.topology.model import Container, Membership, Neighbourhood, Service

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def merged(found: Sequence[Neighbourhood]) -> Neighbourhood:
    """Put together what several sources say, the first of them first.

    A service that a file describes and a name server answers for is one service: it has
    the file's ports and the name server's addresses.
    """
    services: dict[tuple[str | None, str], Service] = {}
    for around in found:
        for service in around.services:
            key = (service.project, service.service)
            before = services.get(key)
            if before is None:
                services[key] = service
            elif (before.certainty, service.certainty) == ("intended", "observed"):
                services[key] = _seen(before, service)
    observed = next((one.observed_project for one in found if one.observed_project), None)
    project = _project(found, observed)
    return Neighbourhood(
        services=tuple(services.values()),
        project=project,
        notes=tuple(note for one in found for note in one.notes),
        me=next((one.me for one in found if one.me), None),
        engine=next((one.engine for one in found if one.engine), ""),
        gaps=tuple(dict.fromkeys(gap for one in found for gap in one.gaps)),
        listed=any(_lists_all(one, project, found) for one in found),
        reserved_names=frozenset().union(*(one.reserved_names for one in found)),
        engine_host=next((one.engine_host for one in found if one.engine_host), ""),
        bridges=tuple(dict.fromkeys(number for one in found for number in one.bridges)),
        observed_project=observed,
        observed_service=next(
            (one.observed_service for one in found if one.observed_service), None
        ),
    )


def _lists_all(around: Neighbourhood, project: str | None, found: Sequence[Neighbourhood]) -> bool:
    """Return True if a file lists all services of a project.

    Not if an engine shows that compose was started with other files than were read. From a
    container they are compared by name, for there they lie in another directory. Two files
    of one name are two.
    """
    started = [path for one in found if one.engine for path in one.config_files]
    read = list(around.config_files) or started[:1]  # a saved topology does not tell
    if any(one.me for one in found if one.engine):
        started, read = list(map(_base, started)), list(map(_base, read))
    complete = all(started.count(path) <= read.count(path) for path in started)
    return around.listed and around.project == project and complete


def _base(path: str) -> str:
    """Return a path's last part, as POSIX and Windows part them."""
    return path.replace("\\", "/").rpartition("/")[2]


def _project(found: Sequence[Neighbourhood], observed: str | None) -> str | None:
    """Return the own project: an engine's word, then this container's own name, then a file's."""
    engine = next((one.project for one in found if one.engine and one.project), None)
    return engine or observed or next((one.project for one in found if one.project), None)


def _seen(written: Service, seen: Service) -> Service:
    """Give a service of a file the addresses that a name server has for its containers.

    A container of the file that the name server does not know does not run.
    """
    known = {one.name: one for one in seen.containers}
    containers = [
        one.replace(memberships=_joined(one, known.pop(one.name)))
        if one.name in known
        else one.replace(running=False)
        for one in written.containers
    ]
    return written.replace(containers=(*containers, *known.values()), certainty="observed")


def _joined(written: Container, seen: Container) -> tuple[Membership, ...]:
    """Put the addresses of a container's networks to the names that a file gives it there."""
    by_network = {on.network: on for on in seen.memberships}
    found = []
    for on in written.memberships:
        also = by_network.pop(on.network, None)
        if also is not None:
            names = tuple(dict.fromkeys((*on.names, *also.names)))
            on = on.replace(names=names, addresses=also.addresses)  # noqa: PLW2901 - the same one
        found.append(on)
    return (*found, *by_network.values())

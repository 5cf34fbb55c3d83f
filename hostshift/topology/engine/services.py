"""Services of an engine's containers, and which of all that is this process. Pure but for links.

Replicas of a compose service are one service; every other container is one of its own.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from hostshift.topology import mine
from hostshift.topology.engine import listed, shapes
from hostshift.topology.engine.containers import Around, Seen, seen
from hostshift.topology.engine.problems import SOURCE, Problem
from hostshift.topology.model import Container, Neighbourhood, Service

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from hostshift.topology.engine.ask import Snapshot
    from hostshift.topology.engine.asker import Asker
    from hostshift.topology.engine.reading import Reading


def around(said: Snapshot, asker: Asker, reading: Reading) -> Neighbourhood:
    """Describe what an engine said.

    Args:
        said: its answer.
        asker: who asks.
        reading: notes what is left out.

    """
    found = list(_readable(said, asker, reading))
    me = _me(found, asker.own_ids)
    shown = [one for one in found if not one.ignored and not (one.once and asker.configured)]
    on = [one for one in found if one.container.running]
    project = _project(found, me, asker)
    return Neighbourhood(
        services=tuple(_services(shown, me)),
        project=project,
        config_files=_config_files([one for one in found if one.project == project], me),
        me=me.container if me else None,
        bridges=tuple(dict.fromkeys(at for one in on for at in one.gateways)),
    )


def _readable(said: Snapshot, asker: Asker, reading: Reading) -> Iterator[Seen]:
    """Describe the containers that have an id and a name; the others are left out."""
    others = Around(
        names=dict(_named(said.containers, reading)),
        podman=said.podman,
        configured=asker.configured,
        virtual=said.virtual,
    )
    for one in said.containers:
        name = others.names.get(str(one.get("Id")))
        if name is not None:
            reading.begin(name)
            yield seen(one, others, reading)
    reading.begin("")


def _named(containers: Iterable[dict[str, Any]], reading: Reading) -> Iterator[tuple[str, str]]:
    for one in containers:
        try:
            yield shapes.identity(one, "Id"), shapes.name(one, "Name")
        except Problem:
            reading.begin(listed.called({"Id": one.get("Id"), "Names": [one.get("Name")]}))
            reading.leave_out("it is left out, without a readable id and name", decides=True)
    reading.begin("")


def _services(found: Iterable[Seen], me: Seen | None) -> list[Service]:
    """Group containers by project and service, in a stable order."""
    groups: dict[tuple[str | None, str], list[Seen]] = {}
    for one in found:
        groups.setdefault((one.project, one.service or one.container.name), []).append(one)
    return [
        Service(
            service=service,
            project=project,
            containers=_replicas(group),
            certainty="known",
            source=SOURCE,
            config_files=_config_files(group, me),
        )
        for (project, service), group in sorted(
            groups.items(), key=lambda item: (item[0][0] or "", item[0][1])
        )
    ]


def _replicas(group: Sequence[Seen]) -> tuple[Container, ...]:
    ordered = sorted(group, key=lambda one: (one.number, one.container.name))
    return tuple(one.container for one in ordered)


def _me(found: Sequence[Seen], own_ids: Iterable[str]) -> Seen | None:
    """Return the container whose network namespace this process is in.

    Podman's binds may name the container itself, whose network is another one's.
    """
    by_id = {one.container.id: one for one in found}
    by_name = {one.container.name: one for one in found}
    me = next((by_id[own] for own in own_ids if own in by_id), None)
    for _ in found:
        if me is None or not me.container.network_owner:
            break
        me = by_name.get(me.container.network_owner, me)
    return me


def _project(found: Iterable[Seen], me: Seen | None, asker: Asker) -> str | None:
    """Return this process's own project: its container's, else that of its directory.

    The directories that compose notes are the host's. Where this process has a
    container, its own directory is looked up in what is mounted there.
    """
    if me and me.project:
        return me.project
    directory = mine.beyond(asker.directory, me.mounts) if me else asker.directory
    if not directory:
        return None
    places: dict[str, set[str]] = {}
    for one in found:
        if one.project and one.directory:
            places.setdefault(one.project, set()).update(_spellings(one.directory))
    found_here = mine.project_of(directory, places, named=asker.project)
    if found_here or me:  # where it is a container's, links are the host's
        return found_here
    return mine.project_of(os.path.realpath(directory), places, named=asker.project)


def _config_files(found: Iterable[Seen], me: Seen | None) -> tuple[str, ...]:
    """Return the files that compose started containers with, as their labels say.

    Without links, where the paths may be this machine's.
    """
    paths = [path for one in found if one.project for path in one.config_files.split(",")]
    if me is None:
        paths = [os.path.realpath(path) if path.startswith("/") else path for path in paths]
    return tuple(dict.fromkeys(path for path in paths if path))


def _spellings(directory: str) -> set[str]:
    """Name a directory as compose noted it, and as it is without links."""
    return {directory, os.path.realpath(directory)} if directory.startswith("/") else set()

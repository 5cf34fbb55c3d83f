"""Group an engine's containers into services, and find this process among them.

Replicas of a compose service are one service; every other container is a service of its
own. Pure, except that it follows links.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hostshift.discovery import own_project
from hostshift.discovery.engine import json_fields, list_entries
from hostshift.discovery.engine.containers import Context, Inspected, describe
from hostshift.discovery.engine.problems import SOURCE, Problem
from hostshift.discovery.model import Container, Service, Topology

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from hostshift.base.json_tree import Tree
    from hostshift.discovery.engine.caller import Caller
    from hostshift.discovery.engine.reading import Reading
    from hostshift.discovery.engine.snapshot import Snapshot


def around(snapshot: Snapshot, caller: Caller, reading: Reading) -> Topology:
    """Return the topology in an engine's answer.

    Args:
        snapshot: the engine's answer.
        caller: the process that asks.
        reading: notes the fields that we leave out.

    """
    containers = list(_readable(snapshot, caller, reading))
    me = _me(containers, caller.own_ids)
    hide_one_off = caller.configured
    shown = [each for each in containers if not (each.ignored or (each.one_off and hide_one_off))]
    running = [each for each in containers if each.container.running]
    project = _project(containers, me, caller)
    return Topology(
        services=tuple(_services(shown, me)),
        project=project,
        config_files=_config_files([each for each in containers if each.project == project], me),
        me=me.container if me else None,
        bridges=tuple(dict.fromkeys(gateway for each in running for gateway in each.gateways)),
    )


def _readable(snapshot: Snapshot, caller: Caller, reading: Reading) -> Iterator[Inspected]:
    """Describe the containers that have an id and a name; leave out the others."""
    context = Context(
        names=dict(_named(snapshot.containers, reading)),
        podman=snapshot.podman,
        configured=caller.configured,
        virtual=snapshot.virtual,
    )
    for document in snapshot.containers:
        name = context.names.get(str(document.get("Id")))
        if name is not None:
            reading.begin(name)
            yield describe(document, context, reading)
    reading.begin("")


def _named(containers: Iterable[dict[str, Tree]], reading: Reading) -> Iterator[tuple[str, str]]:
    """Yield the id and the name of each container that has both."""
    for document in containers:
        try:
            yield json_fields.identity(document, "Id"), json_fields.name(document, "Name")
        except Problem:
            entry = {"Id": document.get("Id"), "Names": [document.get("Name")]}
            reading.begin(list_entries.called(entry))
            what = "left out, because its id or its name is unreadable"
            reading.leave_out(what, decides=True)
    reading.begin("")


def _services(containers: Iterable[Inspected], me: Inspected | None) -> list[Service]:
    """Group containers by project and service, in a stable order."""
    groups: dict[tuple[str | None, str], list[Inspected]] = {}
    for each in containers:
        groups.setdefault((each.project, each.service or each.container.name), []).append(each)
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


def _replicas(group: Sequence[Inspected]) -> tuple[Container, ...]:
    ordered = sorted(group, key=lambda replica: (replica.number, replica.container.name))
    return tuple(replica.container for replica in ordered)


def _me(containers: Sequence[Inspected], own_ids: Iterable[str]) -> Inspected | None:
    """Return the container whose network namespace this process is in.

    Podman's binds may name the process's container even if it uses another one's network.
    """
    by_id = {each.container.id: each for each in containers}
    by_name = {each.container.name: each for each in containers}
    me = next((by_id[own_id] for own_id in own_ids if own_id in by_id), None)
    for _ in containers:
        if me is None or not me.container.network_owner:
            break
        me = by_name.get(me.container.network_owner, me)
    return me


def _project(containers: Iterable[Inspected], me: Inspected | None, caller: Caller) -> str | None:
    """Return this process's own project: its container's, else that of its directory.

    Compose's labels hold directories of the host. If this process has a container, we
    translate its directory to the host's path by the container's mounts.
    """
    if me and me.project:
        return me.project
    directory = caller.directory
    if me:
        directory = own_project.to_host_path(directory, me.mounts) or ""
    if not directory:
        return None
    places: dict[str, set[str]] = {}
    for each in containers:
        if each.project and each.directory:
            places.setdefault(each.project, set()).update(_spellings(each.directory))
    project = own_project.project_of(directory, places, named=caller.project)
    if project or me:  # in a container we cannot follow the host's links
        return project
    return own_project.project_of(os.path.realpath(directory), places, named=caller.project)


def _config_files(containers: Iterable[Inspected], me: Inspected | None) -> tuple[str, ...]:
    """Return the files that compose started containers with, from their labels.

    Follow links if the paths may be this machine's.
    """
    paths = [path for each in containers if each.project for path in each.config_files.split(",")]
    if me is None:
        paths = [os.path.realpath(path) if path.startswith("/") else path for path in paths]
    return tuple(dict.fromkeys(path for path in paths if path))


def _spellings(directory: str) -> set[str]:
    """Return a directory as compose wrote it, and with its links followed."""
    return {directory, os.path.realpath(directory)} if directory.startswith("/") else set()

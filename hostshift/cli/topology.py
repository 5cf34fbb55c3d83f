"""``hostshift topology``: print the services, or save them for images without a compose file."""

from __future__ import annotations

import json
import os

from hostshift import discovery
from hostshift.base import redaction
from hostshift.base.deadline import Deadline
from hostshift.cli.output import tell
from hostshift.discovery import gaps, saved
from hostshift.errors import StaleError, TopologyError
from hostshift.resolution import resolver
from hostshift.trust import gate, new_file, owners

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator

    from hostshift.base.json_tree import Tree
    from hostshift.config.policy import Policy
    from hostshift.discovery.model import Container, Note, Publication, Service, Topology
    from hostshift.discovery.saved_format import SavedTopology


SAVED_FROM = ("compose", "engine")
"""Sources of a saved topology, the steadier one first: the running services differ from machine
to machine, and a check would find them stale."""
PATIENCE = 30.0
"""Seconds that saving and checking may take: the user waits for it."""


def add_to(command: argparse.ArgumentParser) -> None:
    """Add the options of the command to its parser."""
    command.set_defaults(run=run)
    command.add_argument("--json", action="store_true", help="print JSON")
    what = command.add_mutually_exclusive_group()
    for option, description in (
        ("--save", "write what compose or the engine report of this project"),
        ("--check", "exit with 1 if the saved file differs from what they report now"),
    ):
        what.add_argument(
            option,
            metavar="FILE",
            nargs="?",
            const="",
            help=f"{description} (default: {saved.FILE} in the project's root)",
        )


def run(options: argparse.Namespace) -> str:
    """Run the command and return the text to print.

    Raises:
        TopologyError: there is nothing to save, a source could not say, or writing the file
            failed.
        StaleError: the saved file differs from what compose or the engine report.

    """
    policy = resolver.current().policy
    if options.save is not None:
        return _save(policy, options.save)
    if options.check is not None:
        return _check(policy, options.check)
    topology = resolver.current().look(policy).around(())
    if options.json:
        return json.dumps(_as_dict(topology), indent=2)
    return "\n".join(_lines(topology))


# --- saving -------------------------------------------------------------------------------------


def _save(policy: Policy, file: str) -> str:
    path = _path(policy, file)
    document, source = _now(policy)
    try:
        gate.check_directory(os.path.dirname(path))
        if owners.is_anothers(path, itself=True):
            raise TopologyError(
                f"{redaction.path(path)} is not written: another user's file is there."
                " Name another file, or remove that one"
            )
        new_file.replace(path, saved.dumped(document).encode())
    except gate.UntrustedError as error:
        wrong = f"{redaction.path(path)} cannot be written: {error.rule}. {error.fix}"
        raise TopologyError(wrong) from None
    except OSError as error:
        raise TopologyError(f"{redaction.path(path)} cannot be written: {error.strerror}") from None
    services, project = len(document["services"]), document["project"]
    return f"{redaction.place(path)}: {services} services of {project}, as {source} says"


def _check(policy: Policy, file: str) -> str:
    path = _path(policy, file)
    document, source = _now(policy)
    fix = f"hostshift topology --save{' ' + redaction.place(file) if file else ''}"
    try:
        different = list(saved.differences(saved.load(path), document))
    except saved.Problem as problem:
        at = redaction.place(path)
        at = at if problem.line is None else f"{at}:{problem.line}"
        raise StaleError(f"{at}: {problem.what}; {fix} writes it") from None
    if different:
        at = redaction.place(path)
        raise StaleError("\n  ".join([f"{at} is stale; {fix} updates it:", *different]))
    return f"{redaction.place(path)} is up to date with {source}"


def _path(policy: Policy, file: str) -> str:
    path = saved.place(None, file or policy.topology_file)
    if path is None:
        raise TopologyError(
            "not inside a project (no pyproject.toml or .git found): pass a file name"
        )
    return path


def _now(policy: Policy) -> tuple[SavedTopology, str]:
    """Return the document to save, and the source that describes this project.

    Raises:
        TopologyError: neither compose nor an engine describes this project; or a source could
            not say, and the next one must not answer in its place.

    """
    sources = tuple(source for source in SAVED_FROM if source in policy.sources)
    notes: list[Note] = []
    for source in sources:
        topology = _configured(source, policy)
        notes += topology.notes
        for gap in gaps.concerning(topology):
            _tell(note for note in notes if (note.where, note.what) != (gap.where, gap.what))
            raise TopologyError(f"{gap}, so it is not known which services this project has")
        if topology.siblings():
            _tell(notes)
            return saved.document(topology), source
    _tell(notes)
    tried = ", ".join(sources) or "none"
    raise TopologyError(f"no source describes this project (sources tried: {tried})")


def _configured(source: str, policy: Policy) -> Topology:
    """Ask a source for the configured services: of an engine, without the values that it chose."""
    deadline = Deadline(PATIENCE, PATIENCE)
    vantage = resolver.current().vantage(policy)
    resolves = resolver.current().look(policy, deadline).resolves
    if source != "engine":
        return discovery.query_source(source, policy, vantage, deadline, resolves)
    from hostshift.discovery import engine

    return engine.read(
        vantage.own_ids, os.environ, deadline=deadline, resolve=resolves, configured=True
    )


def _tell(notes: Iterable[Note]) -> None:
    for note in notes:
        tell(str(note))


# --- printing -----------------------------------------------------------------------------------


def _as_dict(topology: Topology) -> dict[str, Tree]:
    return {
        "project": topology.project,
        "engine": topology.engine,
        "me": topology.me.name if topology.me else None,
        "services": [_service_as_dict(service) for service in topology.services],
        "notes": [
            {"source": note.source, "where": note.where, "what": note.what}
            for note in topology.notes
        ],
        "could_not_say": [gap.as_dict() for gap in topology.gaps],
    }


def _service_as_dict(service: Service) -> dict[str, Tree]:
    return {
        "service": service.service,
        "project": service.project,
        "certainty": service.certainty,
        "source": service.source,
        "linked": list(service.linked),
        "containers": [_container_as_dict(container) for container in service.containers],
    }


def _container_as_dict(container: Container) -> dict[str, Tree]:
    return {
        "name": container.name,
        "id": container.id,
        "running": container.running,
        "healthy": container.healthy,
        "network_mode": container.network_mode,
        "networks": [
            {
                "network": membership.network,
                "names": list(membership.names),
                "addresses": list(membership.addresses),
            }
            for membership in container.memberships
        ],
        "ports": [
            {
                "port": publication.port,
                "published": publication.published,
                "address": publication.address,
                "protocol": publication.protocol,
            }
            for publication in container.publications
        ],
        "exposed": list(container.exposed),
    }


def _lines(topology: Topology) -> Iterator[str]:
    """Describe the services, this process's own project first."""
    if topology.services:
        first = topology.services[0]
        by = f", by {topology.engine}" if topology.engine else ""
        yield f"source   {first.source} ({first.certainty}){by}"
    elif topology.gaps:
        yield "nothing is known of the services here: no source could say"
    else:
        yield "no source reports a service here"
    if topology.project:
        yield f"project  {topology.project}"
    if topology.me:
        yield f"this is  {topology.me.name}"
    for service in sorted(topology.services, key=lambda each: each.project != topology.project):
        yield ""
        yield from _service_lines(service)
    if topology.notes or topology.gaps:
        yield ""
    for note in topology.notes:
        yield f"note     {note}"
    for gap in topology.gaps:
        yield f"unknown  {gap}"


def _service_lines(service: Service) -> Iterator[str]:
    of = f" ({service.project})" if service.project else ""
    yield f"{service.service}{of}"
    if service.linked:
        yield f"  linked   {', '.join(service.linked)}"
    for container in service.containers:
        yield f"  {container.name}{_state(container)}"
        if container.network_mode:
            yield f"    network  {container.network_mode}"
        for membership in container.memberships:
            names = ", ".join(membership.names) or "no names"
            at = f" at {', '.join(membership.addresses)}" if membership.addresses else ""
            yield f"    network  {membership.network}: {names}{at}"
        for publication in container.publications:
            yield f"    port     {_port(publication)}"


def _state(container: Container) -> str:
    if not container.running:
        return ", not running"
    return {True: ", healthy", False: ", not healthy", None: ""}[container.healthy]


def _port(publication: Publication) -> str:
    address = publication.address
    host = f"[{address}]" if ":" in address else address or "*"
    protocol = "" if publication.protocol == "tcp" else f"/{publication.protocol}"
    return f"{publication.port}{protocol} published as {host}:{publication.published or 'any'}"

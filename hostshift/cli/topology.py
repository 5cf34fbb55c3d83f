"""``hostshift topology``: what is around, and how to save it for images without a compose file."""

from __future__ import annotations

import json
import os

from hostshift import _new_file, owners, redaction, resolver, topology, trust
from hostshift.cli import tell
from hostshift.deadline import Deadline
from hostshift.errors import StaleError, TopologyError
from hostshift.topology import gaps, saved

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator
    from typing import Any

    from hostshift.policy import Policy
    from hostshift.topology.model import Container, Neighbourhood, Note, Publication, Service


SAVED_FROM = ("compose", "engine")
"""Where a saved topology comes from, the steadier one first: what runs differs from
machine to machine, and a check would find it stale."""
PATIENCE = 30.0
"""Seconds that saving and checking may take, where somebody waits for it."""


def add(commands: Any) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("topology", help="print what is around: services and ports")
    command.set_defaults(run=run)
    command.add_argument("--json", action="store_true", help="print JSON")
    what = command.add_mutually_exclusive_group()
    for option, description in (
        ("--save", "write what compose or the engine say of this project"),
        ("--check", "end with 1 if the saved file is not what they say now"),
    ):
        what.add_argument(
            option,
            metavar="FILE",
            nargs="?",
            const="",
            help=f"{description} (default: {saved.FILE} in the project's root)",
        )


def run(given: argparse.Namespace) -> str:
    """Run the command and return what to print.

    Raises:
        TopologyError: there is nothing to save, a source could not say, or the file cannot
            be written.
        StaleError: the saved file is not what compose or the engine say.

    """
    policy = resolver.current().policy
    if given.save is not None:
        return _save(policy, given.save)
    if given.check is not None:
        return _check(policy, given.check)
    found = resolver.current().look(policy).around(())
    if given.json:
        return json.dumps(_as_dict(found), indent=2)
    return "\n".join(_lines(found))


# --- saving -------------------------------------------------------------------------------------


def _save(policy: Policy, file: str) -> str:
    path = _path(policy, file)
    document, source = _now(policy)
    try:
        trust.check_directory(os.path.dirname(path))
        if owners.is_anothers(path, itself=True):
            raise TopologyError(
                f"{redaction.path(path)} is not written: another user's file is there."
                " Name another file, or remove that one"
            )
        _new_file.replace(path, saved.dumped(document).encode())
    except trust.UntrustedError as error:
        wrong = f"{redaction.path(path)} is not written: {error.rule}. {error.fix}"
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
    return f"{redaction.place(path)} is what {source} says"


def _path(policy: Policy, file: str) -> str:
    path = saved.place(None, file or policy.topology_file)
    if path is None:
        raise TopologyError(
            "not inside a project (no pyproject.toml or .git found): pass a file name"
        )
    return path


def _now(policy: Policy) -> tuple[dict[str, Any], str]:
    """Return what is to be saved, and the source that describes it.

    Raises:
        TopologyError: neither compose nor an engine describes this project; or the one that
            should could not say, and the next one would be asked in its place.

    """
    sources = tuple(source for source in SAVED_FROM if source in policy.sources)
    notes: list[Note] = []
    for source in sources:
        found = _configured(source, policy)
        notes += found.notes
        for gap in gaps.concerning(found):
            _tell(note for note in notes if (note.where, note.what) != (gap.where, gap.what))
            raise TopologyError(f"{gap}: so it is not known which services this project has")
        if found.siblings():
            _tell(notes)
            return saved.document(found), source
    _tell(notes)
    tried = ", ".join(sources) or "none"
    raise TopologyError(f"no source describes this project (sources tried: {tried})")


def _configured(source: str, policy: Policy) -> Neighbourhood:
    """Ask a source what should run: of an engine, what was configured and not what it chose."""
    deadline = Deadline(PATIENCE, PATIENCE)
    stands = resolver.current().vantage(policy)
    resolves = resolver.current().look(policy, deadline).resolves
    if source != "engine":
        return topology.ask(source, policy, stands, deadline, resolves)
    from hostshift.topology import engine

    return engine.read(
        stands.own_ids, os.environ, deadline=deadline, resolve=resolves, configured=True
    )


def _tell(notes: Iterable[Note]) -> None:
    for note in notes:
        tell(str(note))


# --- printing -----------------------------------------------------------------------------------


def _as_dict(found: Neighbourhood) -> dict[str, Any]:
    return {
        "project": found.project,
        "engine": found.engine,
        "me": found.me.name if found.me else None,
        "services": [_service_as_dict(service) for service in found.services],
        "notes": [
            {"source": note.source, "where": note.where, "what": note.what} for note in found.notes
        ],
        "could_not_say": [gap.as_dict() for gap in found.gaps],
    }


def _service_as_dict(service: Service) -> dict[str, Any]:
    return {
        "service": service.service,
        "project": service.project,
        "certainty": service.certainty,
        "source": service.source,
        "linked": list(service.linked),
        "containers": [_container_as_dict(container) for container in service.containers],
    }


def _container_as_dict(container: Container) -> dict[str, Any]:
    return {
        "name": container.name,
        "id": container.id,
        "running": container.running,
        "healthy": container.healthy,
        "network_mode": container.network_mode,
        "networks": [
            {"network": on.network, "names": list(on.names), "addresses": list(on.addresses)}
            for on in container.memberships
        ],
        "ports": [
            {
                "port": out.port,
                "published": out.published,
                "address": out.address,
                "protocol": out.protocol,
            }
            for out in container.publications
        ],
        "exposed": list(container.exposed),
    }


def _lines(found: Neighbourhood) -> Iterator[str]:
    """Describe what is around, this process's own project first."""
    if found.services:
        first = found.services[0]
        by = f", by {found.engine}" if found.engine else ""
        yield f"source   {first.source} ({first.certainty}){by}"
    elif found.gaps:
        yield "nothing is known of what is around here: who should know could not say"
    else:
        yield "nothing is around here"
    if found.project:
        yield f"project  {found.project}"
    if found.me:
        yield f"this is  {found.me.name}"
    for service in sorted(found.services, key=lambda one: one.project != found.project):
        yield ""
        yield from _service_lines(service)
    if found.notes or found.gaps:
        yield ""
    for note in found.notes:
        yield f"note     {note}"
    for gap in found.gaps:
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
        for on in container.memberships:
            names = ", ".join(on.names) or "no names"
            at = f" at {', '.join(on.addresses)}" if on.addresses else ""
            yield f"    network  {on.network}: {names}{at}"
        for out in container.publications:
            yield f"    port     {_port(out)}"


def _state(container: Container) -> str:
    if not container.running:
        return ", not running"
    return {True: ", healthy", False: ", not healthy", None: ""}[container.healthy]


def _port(out: Publication) -> str:
    host = f"[{out.address}]" if ":" in out.address else out.address or "*"
    protocol = "" if out.protocol == "tcp" else f"/{out.protocol}"
    return f"{out.port}{protocol} published as {host}:{out.published or 'any'}"

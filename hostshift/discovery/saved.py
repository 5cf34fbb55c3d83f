"""The saved topology: a project's services from an engine or compose, in a file of the project.

It serves images that contain no compose file. It holds names, networks and ports: no
secret, no address, no id, nothing that differs from run to run. Because it can redirect
credentials, it only counts in the project's root or where the user names it, and only if
nobody else may write it.

The file names its format. We reject a file that is not exactly in that format.
"""

from __future__ import annotations

import json
import os

from hostshift.config.presence import look
from hostshift.config.project import around
from hostshift.discovery import problems, saved_format, trusted_file
from hostshift.discovery.budget import Budget
from hostshift.discovery.model import Container, Membership, Publication, Service, Topology
from hostshift.discovery.problems import Problem
from hostshift.discovery.saved_format import FORMAT
from hostshift.discovery.trusted_file import LIMIT
from hostshift.trust import owners

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hostshift.base.deadline import Deadline
    from hostshift.base.json_tree import Tree
    from hostshift.discovery.saved_format import (
        SavedContainer,
        SavedPort,
        SavedService,
        SavedTopology,
    )

__all__ = [
    "FILE",
    "FORMAT",
    "LIMIT",
    "SOURCE",
    "Problem",
    "differences",
    "document",
    "dumped",
    "load",
    "place",
    "read",
]

FILE = "hostshift.topology.json"
SOURCE = "saved"
FIX = "write it again: hostshift topology --save"
"""The advice for a problem that has none of its own."""


def place(directory: str | None, file: str | None) -> str | None:
    """Return the path of the saved topology, which need not exist; None outside of any project.

    Args:
        directory: where the process works, the working directory if None.
        file: a file by name, relative to the directory.

    """
    if file:
        return os.path.abspath(os.path.join(directory or "", file))
    root, _ = around(directory)
    return None if root is None else os.path.join(root, FILE)


def read(
    directory: str | None, *, file: str | None = None, deadline: Deadline | None = None
) -> Topology:
    """Read the saved topology of the project around a directory.

    Args:
        directory: where to look for the project's root; None for the working directory.
        file: the file by name, relative to the directory.
        deadline: the limit of the question; :data:`hostshift.discovery.budget.PROCESSOR`
            also limits our own work.

    Returns:
        The services, intended. Nothing if no file is named and the usual one does not exist.
        If we cannot use the file, only a note and a gap with the reason.

    """
    where = file or FILE
    try:
        path = _file(directory, file)
        if path is None:
            return Topology()
        where = path
        return _topology(load(path, Budget(deadline)))
    except MemoryError:
        pass  # the exception keeps what we read in memory until this block ends
    except Exception as error:  # noqa: BLE001 - after any error the source could not say
        return problems.describe(error).outcome(SOURCE, where, FIX)
    return problems.out_of_memory().outcome(SOURCE, where, FIX)


def _file(directory: str | None, file: str | None) -> str | None:
    """Return the file to read; None if none is named and the usual one does not exist."""
    if directory is None and not (file and os.path.isabs(file)):
        _check_working_directory()
    if file:
        return place(directory, file)
    root, passed_over = around(directory)
    for at in (*passed_over, *((root,) if root else ())):
        path = os.path.join(at, FILE)
        if _exists(path):
            trusted_file.check_place(path, "HOSTSHIFT_TOPOLOGY_FILE")
            return path
    return None


def _exists(path: str) -> bool:
    if owners.is_strangers(path):  # first: a stranger's file may be one that nobody may look at
        return False
    try:
        look(path, itself=True)
    except FileNotFoundError:
        return False
    return True


def _check_working_directory() -> None:
    """Raise Problem if we cannot see into the working directory or the directories above it."""
    try:
        os.getcwd()  # fails if it no longer exists
        os.stat(".")  # fails if this user may not search it
    except OSError as error:
        raise problems.nowhere(error) from None


# --- writing ------------------------------------------------------------------------------------


def document(topology: Topology) -> SavedTopology:
    """Return the document to save of a topology: the services of its own project."""
    return {
        "format": FORMAT,
        "project": topology.project,
        "services": {
            service.service: _service_document(service)
            for service in sorted(topology.siblings(), key=lambda service: service.service)
        },
    }


def dumped(content: SavedTopology) -> str:
    """Return a document as text: the same text for the same facts."""
    return json.dumps(content, indent=2, sort_keys=True) + "\n"


def _service_document(service: Service) -> SavedService:
    fields: SavedService = {"containers": [*map(_container_document, service.containers)]}
    if service.linked:
        fields["linked"] = sorted(service.linked)
    return fields


def _container_document(container: Container) -> SavedContainer:
    """Describe a container; leave out empty fields and its short id."""
    fields: SavedContainer = {"name": container.name}
    if container.memberships:
        fields["networks"] = {
            on.network: sorted(name for name in on.names if name != container.id[:12])
            for on in container.memberships
        }
    if container.publications:
        ordered = sorted(container.publications, key=_order)
        fields["ports"] = [_port_document(out) for out in ordered]
    if container.exposed:
        fields["exposed"] = sorted(container.exposed)
    if container.network_mode:
        fields["network_mode"] = container.network_mode
    return fields


def _port_document(out: Publication) -> SavedPort:
    fields: SavedPort = {"port": out.port}
    if out.published is not None:
        fields["published"] = out.published
    if out.address:
        fields["address"] = out.address
    if out.protocol != "tcp":
        fields["protocol"] = out.protocol
    return fields


def _order(out: Publication) -> tuple[int, str, int, str]:
    return out.port, out.protocol, out.published or 0, out.address


# --- comparing ----------------------------------------------------------------------------------


def differences(old: SavedTopology, new: SavedTopology) -> Iterator[str]:
    """Yield the differences between a saved document and a current one, as text."""
    if old["project"] != new["project"]:
        yield f"the project is {new['project']}, not {old['project']}"
    before, after = old["services"], new["services"]
    for name in sorted({*before, *after}):
        if name not in after:
            yield f"{name}: no longer exists"
        elif name not in before:
            yield f"{name}: is new"
        elif before[name] != after[name]:
            yield f"{name}: {', '.join(_changed(before[name], after[name]))} changed"


def _changed(before: SavedService, after: SavedService) -> Iterator[str]:
    """Yield the names of a service's fields that changed."""
    if before.get("linked") != after.get("linked"):
        yield "linked"
    olds, news = before["containers"], after["containers"]
    if [old["name"] for old in olds] != [new["name"] for new in news]:
        yield "containers"
        return
    for key in ("networks", "ports", "exposed", "network_mode"):
        if [old.get(key) for old in olds] != [new.get(key) for new in news]:
            yield key


# --- reading ------------------------------------------------------------------------------------


def load(path: str, budget: Budget | None = None) -> SavedTopology:
    """Read a file and check that it has this format.

    Args:
        path: the file.
        budget: the limits for reading; a usual budget by default.

    Raises:
        Problem: the file does not exist, may not be believed, or has another format.

    """
    budget = budget or Budget(None)
    budget.check()
    try:
        parsed: Tree = json.loads(trusted_file.read(path))
    except json.JSONDecodeError as error:
        raise Problem("is not JSON", line=error.lineno) from None
    except (ValueError, RecursionError):
        raise Problem("is not JSON") from None
    version = parsed.get("format") if type(parsed) is dict else None
    if type(version) is int and version > FORMAT:
        raise Problem(
            f"has format {version}, which needs a newer hostshift",
            fix="install a newer hostshift, or write it again: hostshift topology --save",
        )
    return saved_format.check(parsed, budget)


def _topology(content: SavedTopology) -> Topology:
    """Return the topology in a checked document."""
    project = content["project"]
    services = (
        Service(
            service=name,
            project=project,
            containers=tuple(map(_container, service["containers"])),
            certainty="intended",
            source=SOURCE,
            linked=tuple(service.get("linked", ())),
        )
        for name, service in content["services"].items()
    )
    return Topology(services=tuple(services), project=project, listed=True)


def _container(container: SavedContainer) -> Container:
    return Container(
        name=container["name"],
        memberships=tuple(
            Membership(network=network, names=tuple(names))
            for network, names in container.get("networks", {}).items()
        ),
        publications=tuple(
            Publication(
                port=out["port"],
                published=out.get("published"),
                address=out.get("address", ""),
                protocol=out.get("protocol", "tcp"),
            )
            for out in container.get("ports", ())
        ),
        network_mode=container.get("network_mode", ""),
        exposed=tuple(container.get("exposed", ())),
    )

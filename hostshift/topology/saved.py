"""The saved topology: what an engine or compose said of a project, in a file beside it.

It serves images that carry no compose file. It holds names, networks and ports:
no secret, no address, no id, nothing that differs from run to run. Since it
can redirect credentials it only counts in the project's root or where it is
named, and only if nobody else may write it.

The file says its format; what is not exactly that format is not believed.
"""

from __future__ import annotations

import json
import os

from hostshift import owners
from hostshift.settings import project_root
from hostshift.topology import files, problems, saved_format
from hostshift.topology.budget import Budget
from hostshift.topology.files import LIMIT
from hostshift.topology.model import (
    Container,
    Membership,
    Neighbourhood,
    Publication,
    Service,
)
from hostshift.topology.problems import Problem
from hostshift.topology.saved_format import FORMAT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from hostshift.deadline import Deadline

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
"""What to do about a problem that has no advice of its own."""


def place(directory: str | None, file: str | None) -> str | None:
    """Return where the saved topology lies or goes; None outside of any project.

    Args:
        directory: where the process works, the working directory if None.
        file: a file by name, relative to the directory.

    """
    if file:
        return os.path.abspath(os.path.join(directory or "", file))
    root = project_root(directory)
    return None if root is None else os.path.join(root, FILE)


def read(
    directory: str | None, *, file: str | None = None, deadline: Deadline | None = None
) -> Neighbourhood:
    """Read the saved topology of the project around a directory.

    Args:
        directory: where to look for the project's root; None for the working directory.
        file: the file by name, relative to the directory.
        deadline: the limit of the question; our own work is bounded by
            :data:`hostshift.topology.budget.PROCESSOR` besides.

    Returns:
        The services, intended. Nothing where no file is named and none is there. Where the
        file cannot be used, a note and a gap that say why, and nothing else.

    """
    where = file or FILE
    try:
        path = _file(directory, file)
        if path is None:
            return Neighbourhood()
        where = path
        return _neighbourhood(load(path, Budget(deadline)))
    except MemoryError:
        pass  # until this is left, the exception holds on to what was read
    except Exception as error:  # noqa: BLE001 - whatever it is, the source could not say
        return problems.describe(error).outcome(SOURCE, where, FIX)
    return problems.out_of_memory().outcome(SOURCE, where, FIX)


def _file(directory: str | None, file: str | None) -> str | None:
    """Return the file to read; None where none is named and none is there."""
    if directory is None and not (file and os.path.isabs(file)):
        _check_working_directory()
    path = place(directory, file)
    if path is None or file:
        return path
    try:
        os.lstat(path)
    except FileNotFoundError:
        return None
    return None if owners.is_strangers(path) else path


def _check_working_directory() -> None:
    """Raise Problem where nobody can say what is in the working directory, or above it."""
    try:
        os.getcwd()  # fails where it is gone
        os.stat(".")  # fails where this user may not search it
    except OSError as error:
        raise problems.nowhere(error) from None


# --- writing ------------------------------------------------------------------------------------


def document(around: Neighbourhood) -> dict[str, Any]:
    """Return what is saved of a neighbourhood: the services of its own project."""
    return {
        "format": FORMAT,
        "project": around.project,
        "services": {
            service.service: _service_document(service)
            for service in sorted(around.siblings(), key=lambda found: found.service)
        },
    }


def dumped(said: dict[str, Any]) -> str:
    """Write a document as text: the same text for the same facts."""
    return json.dumps(said, indent=2, sort_keys=True) + "\n"


def _service_document(service: Service) -> dict[str, Any]:
    said: dict[str, Any] = {"containers": [_container_document(one) for one in service.containers]}
    return {**said, "linked": sorted(service.linked)} if service.linked else said


def _container_document(container: Container) -> dict[str, Any]:
    """Describe a container; what is empty is left out, and so is its short id."""
    said: dict[str, Any] = {
        "name": container.name,
        "networks": {
            on.network: sorted(name for name in on.names if name != container.id[:12])
            for on in container.memberships
        },
        "ports": [_port_document(out) for out in sorted(container.publications, key=_order)],
        "exposed": sorted(container.exposed),
        "network_mode": container.network_mode,
    }
    return {key: value for key, value in said.items() if value}


def _port_document(out: Publication) -> dict[str, Any]:
    said: dict[str, Any] = {"port": out.port}
    if out.published is not None:
        said["published"] = out.published
    if out.address:
        said["address"] = out.address
    if out.protocol != "tcp":
        said["protocol"] = out.protocol
    return said


def _order(out: Publication) -> tuple[int, str, int, str]:
    return out.port, out.protocol, out.published or 0, out.address


# --- comparing ----------------------------------------------------------------------------------


def differences(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    """Say what a saved document and one of now do not have in common."""
    if old["project"] != new["project"]:
        yield f"the project is {new['project']}, not {old['project']}"
    before, after = old["services"], new["services"]
    for name in sorted({*before, *after}):
        if name not in after:
            yield f"{name}: is no longer there"
        elif name not in before:
            yield f"{name}: is new"
        elif before[name] != after[name]:
            yield f"{name}: {', '.join(_changed(before[name], after[name]))} changed"


def _changed(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    """Name what of a service changed."""
    if before.get("linked") != after.get("linked"):
        yield "linked"
    olds, news = before["containers"], after["containers"]
    if [one["name"] for one in olds] != [one["name"] for one in news]:
        yield "containers"
        return
    for key in ("networks", "ports", "exposed", "network_mode"):
        if [one.get(key) for one in olds] != [one.get(key) for one in news]:
            yield key


# --- reading ------------------------------------------------------------------------------------


def load(path: str, budget: Budget | None = None) -> dict[str, Any]:
    """Read a file and check that it is of this format.

    Args:
        path: the file.
        budget: what this may cost; a usual one by default.

    Raises:
        Problem: it is not there, not to be believed, or not of this format.

    """
    budget = budget or Budget(None)
    budget.check()
    try:
        said = json.loads(files.read(path))
    except json.JSONDecodeError as error:
        raise Problem("is not JSON", line=error.lineno) from None
    except (ValueError, RecursionError):
        raise Problem("is not JSON") from None
    if type(said) is dict and type(said.get("format")) is int and said["format"] > FORMAT:
        raise Problem(
            f"is of format {said['format']}, which a newer hostshift reads",
            fix="install a newer hostshift, or write it again: hostshift topology --save",
        )
    saved_format.check(said, budget)
    return said  # type: ignore[no-any-return]


def _neighbourhood(said: dict[str, Any]) -> Neighbourhood:
    """Make the model of a checked document."""
    project = said["project"]
    services = (
        Service(
            service=name,
            project=project,
            containers=tuple(map(_container, service["containers"])),
            certainty="intended",
            source=SOURCE,
            linked=tuple(service.get("linked", ())),
        )
        for name, service in said["services"].items()
    )
    return Neighbourhood(services=tuple(services), project=project, listed=True)


def _container(said: dict[str, Any]) -> Container:
    return Container(
        name=said["name"],
        memberships=tuple(
            Membership(network=network, names=tuple(names))
            for network, names in said.get("networks", {}).items()
        ),
        publications=tuple(
            Publication(
                port=out["port"],
                published=out.get("published"),
                address=out.get("address", ""),
                protocol=out.get("protocol", "tcp"),
            )
            for out in said.get("ports", ())
        ),
        network_mode=said.get("network_mode", ""),
        exposed=tuple(said.get("exposed", ())),
    )

"""Names that compose makes: of projects, containers and networks. Pure."""

from __future__ import annotations

import re

from hostshift.discovery.compose.problems import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.discovery.compose.values import Value

_ALLOWED = re.compile(r"[a-z0-9_-]")
_KEY = re.compile(r"[a-zA-Z0-9._-]+\Z")
_CONTAINER = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+\Z")


def normalised(name: str) -> str:
    """Turn any text into a project's name (compose-go loader.go, NormalizeProjectName)."""
    return "".join(_ALLOWED.findall(name.lower())).lstrip("_-")


def project_name(variable: str, written: str | None, directory: str) -> str:
    """Return the project's name: as set, else as written in a file, else the directory's.

    Args:
        variable: ``COMPOSE_PROJECT_NAME``, "" where it is not set.
        written: the last ``name`` of the files, variables replaced; None where none has one.
        directory: the project's directory.

    Raises:
        Problem: the variable is no valid name, or nothing is left of the written one.

    """
    if variable:
        if normalised(variable) != variable:
            raise Problem("COMPOSE_PROJECT_NAME is not a name that compose takes")
        return variable
    source = directory.rpartition("/")[2] if written is None else written
    name = normalised(source)
    if not name:
        raise Problem("nothing is left of the project's name")
    return name


def printed(project: Value) -> str:
    """Return the name of a project that compose printed.

    Raises:
        Problem: the output is no project.

    """
    name = project.get("name") if type(project) is dict else None
    if type(name) is not str or not name or normalised(name) != name:
        raise Problem("compose printed no project")
    return name


def key(name: str, where: str) -> str:
    """Check the key of a service or a network (compose-spec.json).

    Raises:
        Problem: it has a character that names cannot have.

    """
    if not _KEY.match(name):
        raise Problem(f"{where}: a name with a character that it cannot have")
    return name


def container_name(name: str, where: str) -> str:
    """Check a container's name, as the engine does (moby daemon/names/names.go).

    Raises:
        Problem: it has a character that names cannot have.

    """
    if not _CONTAINER.match(name):
        raise Problem(f"{where}: not a name that the engine takes")
    return name


def replica(project: str, service: str, number: int, separator: str) -> str:
    """Name a container (docker/compose pkg/compose/convergence.go, getDefaultContainerName)."""
    return separator.join((project, service, str(number)))


def network(project: str, network_key: str) -> str:
    """Name a network of the project (compose-go loader/normalize.go, setNameFromKey)."""
    return f"{project}_{network_key}"

"""The services of compose files: all their names, networks and published ports.

We read files as compose itself would read them, or not at all. Nothing raises: where a
file is broken, untrusted, or uses more than this package knows (and no compose is
installed), a note and a gap say so.

The flow: :mod:`.project_files` picks the files, :mod:`.yaml_events` reads their YAML,
:mod:`.interpolate` replaces variables, :mod:`.definitions` keeps and merges the keys that
matter, :mod:`.extends` finds what services start from, :mod:`.project` makes the
services. :mod:`.docker_compose` runs the real compose instead where a file needs it.
"""

from __future__ import annotations

import os

from hostshift.discovery import trusted_file
from hostshift.discovery.budget import Budget
from hostshift.discovery.compose import (
    definitions,
    docker_compose,
    included_files,
    names,
    project_files,
    reserved_names,
    yaml_events,
)
from hostshift.discovery.compose.extends import Extends
from hostshift.discovery.compose.interpolate import Interpolator
from hostshift.discovery.compose.problems import FIX, SOURCE, Beyond, Problem
from hostshift.discovery.compose.project import Project
from hostshift.discovery.compose.values import text
from hostshift.discovery.model import Topology
from hostshift.discovery.problems import describe, out_of_memory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from hostshift.base.deadline import Deadline
    from hostshift.discovery.compose.definition_types import DocumentDefinition
    from hostshift.discovery.compose.document import Document
    from hostshift.discovery.compose.project_files import Selection

__all__ = ["read"]


def read(
    directory: str | None,
    environ: Mapping[str, str],
    *,
    file: str | None = None,
    deadline: Deadline,
) -> Topology:
    """Read the compose project of a directory.

    Args:
        directory: where to look, and upwards to the project's root; None for the
            working directory, which ``PWD`` names where it is the same one.
        environ: the environment, with ``COMPOSE_FILE`` and the like.
        file: a compose file by name, as ``-f`` names it; relative to the directory.
        deadline: the limit of the whole look-up;
            :data:`hostshift.discovery.budget.PROCESSOR` limits our own work besides.

    Returns:
        The services, intended and not confirmed, and the project's name; ``listed`` if
        these are all. Empty if no compose file exists. If one exists that we cannot use,
        only a note and a gap that say why.

    """
    budget = Budget(deadline)
    where = file or "the compose file"
    try:
        selection = project_files.select(directory, environ, file, budget)
        if selection is None:
            return Topology()
        where = selection.files[0]
        topology = _read(selection, budget)
        return topology.replace(config_files=tuple(map(os.path.realpath, selection.files)))
    except MemoryError:
        pass  # inside of this block, the exception still holds what we read
    except ImportError as error:
        return _without_yaml(error).outcome(SOURCE, where, FIX)
    except Exception as error:  # noqa: BLE001 - for any reason, the source could not answer
        return describe(error).outcome(SOURCE, where, FIX)
    return out_of_memory().outcome(SOURCE, where, FIX)


def _without_yaml(error: ImportError) -> Problem:
    state = "installed" if isinstance(error, ModuleNotFoundError) else "usable here"
    return Problem(f"cannot be read: PyYAML is not {state}", fix="pip install pyyaml")


def _read(selection: Selection, budget: Budget) -> Topology:
    """Read the files; leave them to compose itself where they use more than we know."""
    documents = [
        document
        for path in selection.files
        for document in yaml_events.documents(trusted_file.read(path), path, budget)
    ]
    if not documents:
        raise Problem("is empty")
    name = _project_name(documents, selection, budget)
    variables = {**selection.variables, "COMPOSE_PROJECT_NAME": name}
    interpolator = Interpolator(variables.get, budget)
    for document in documents:
        document.interpolate(interpolator.text)
    extends = Extends(selection.directory, interpolator, budget)
    try:
        parts = [_definition(document, extends, budget) for document in documents]
        project = Project(name, parts, budget, separator=selection.separator)
        topology = project.topology(selection.profiles)
    except Beyond as beyond:
        return _through_compose(selection, documents, variables, beyond.what, budget)
    trees = [document.tree for document in [*documents, *extends.documents]]
    return topology.replace(
        reserved_names=reserved_names.of(trees),
        referenced_files=tuple(os.path.realpath(other.path) for other in extends.documents),
    )


def _definition(document: Document, extends: Extends, budget: Budget) -> DocumentDefinition:
    """Read a document. A problem names the file that has it."""
    if document.beyond:
        raise Beyond(document.beyond, document.path)
    try:
        return definitions.read(document.tree, budget, extends.reader(document))
    except Problem as problem:
        problem.where = problem.where or document.path
        raise


def _through_compose(
    selection: Selection,
    documents: list[Document],
    variables: Mapping[str, str],
    feature: str,
    budget: Budget,
) -> Topology:
    """Let compose itself read the files, and take the project's name from it, too."""
    missing = next((document.missing for document in documents if document.missing), None)
    if missing:  # compose would refuse it and print no more than this
        raise missing
    referenced = included_files.check(documents, selection.directory, variables, budget)
    printed = docker_compose.config(selection, feature, budget)
    name = names.printed(printed)
    definition = definitions.read(printed, budget)
    project = Project(name, [definition], budget, separator=selection.separator)
    topology = project.topology(selection.profiles)
    return topology.replace(
        listed=topology.listed and referenced.complete,
        referenced_files=tuple(map(os.path.realpath, referenced.files)),
        reserved_names=reserved_names.of([printed]),
    )


def _project_name(documents: list[Document], selection: Selection, budget: Budget) -> str:
    """Return the project's name: as set, else of the last file that has one, else generated."""
    written = [
        text(document.tree["name"], "name")
        for document in documents
        if type(document.tree) is dict and document.tree.get("name") not in (None, "")
    ]
    interpolate = Interpolator(selection.variables.get, budget).text
    return names.project_name(
        selection.variables.get("COMPOSE_PROJECT_NAME", ""),
        interpolate(written[-1]) if written else None,
        selection.directory,
    )

"""What compose files say: services with all their names, networks and published ports.

Files are read as compose itself would read them, or not at all. Nothing is
raised: where a file is there and is broken, not to be believed, or uses more than
this package knows (and no compose is installed), a note and a gap say so.

The flow: :mod:`.find` picks the files, :mod:`.load` reads their YAML,
:mod:`.interpolate` replaces variables, :mod:`.definitions` keeps and merges what
matters, :mod:`.extends` finds what services start from, :mod:`.project` makes services
of it. :mod:`.program` asks the real compose instead where a file needs it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hostshift.topology import files
from hostshift.topology.budget import Budget
from hostshift.topology.compose import (
    definitions,
    find,
    load,
    names,
    program,
    references,
    reserved_names,
)
from hostshift.topology.compose.extends import Extends
from hostshift.topology.compose.interpolate import Interpolator
from hostshift.topology.compose.problems import FIX, SOURCE, Beyond, Problem
from hostshift.topology.compose.project import Project
from hostshift.topology.compose.values import text
from hostshift.topology.model import Neighbourhood
from hostshift.topology.problems import describe, out_of_memory

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hostshift.deadline import Deadline
    from hostshift.topology.compose.definitions import Definition
    from hostshift.topology.compose.find import Selection
    from hostshift.topology.compose.load import Document

__all__ = ["read"]


def read(
    directory: str | None,
    environ: Mapping[str, str],
    *,
    file: str | None = None,
    deadline: Deadline,
) -> Neighbourhood:
    """Read the compose project that is around a directory.

    Args:
        directory: where to look, and upwards to the project's root; None for the
            working directory, which ``PWD`` names where it is the same one.
        environ: the environment, with ``COMPOSE_FILE`` and the like.
        file: a compose file by name, as ``-f`` names it; relative to the directory.
        deadline: the limit of the question; our own work is bounded by
            :data:`hostshift.topology.budget.PROCESSOR` besides.

    Returns:
        The services, intended and not confirmed, and the project's name; ``listed``
        where that is all of them. Nothing where there is no compose file. Where there
        is one that cannot be used, a note and a gap that say why, and nothing else.

    """
    budget = Budget(deadline)
    where = file or "the compose file"
    try:
        selection = find.select(directory, environ, file, budget)
        if selection is None:
            return Neighbourhood()
        where = selection.files[0]
        found = _read(selection, budget)
        return found.replace(config_files=tuple(map(os.path.realpath, selection.files)))
    except MemoryError:
        pass  # until this is left, the exception holds on to what was read
    except ImportError as error:
        return _without_yaml(error).outcome(SOURCE, where, FIX)
    except Exception as error:  # noqa: BLE001 - whatever it is, the source could not say
        return describe(error).outcome(SOURCE, where, FIX)
    return out_of_memory().outcome(SOURCE, where, FIX)


def _without_yaml(error: ImportError) -> Problem:
    state = "installed" if isinstance(error, ModuleNotFoundError) else "usable here"
    return Problem(f"cannot be read: PyYAML is not {state}", fix="pip install pyyaml")


def _read(selection: Selection, budget: Budget) -> Neighbourhood:
    """Read the files; leave them to compose itself where they use more than is known here."""
    documents = [
        document
        for path in selection.files
        for document in load.documents(files.read(path), path, budget)
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
        said = [_definition(document, extends, budget) for document in documents]
        project = Project(name, said, budget, separator=selection.separator)
        around = project.around(selection.profiles)
    except Beyond as beyond:
        return _through_compose(selection, documents, variables, beyond.what, budget)
    trees = [document.tree for document in [*documents, *extends.documents]]
    return around.replace(
        reserved_names=reserved_names.of(trees),
        referenced_files=tuple(os.path.realpath(one.path) for one in extends.documents),
    )


def _definition(document: Document, extends: Extends, budget: Budget) -> Definition:
    """Read what a document says. A problem names the file in which it is."""
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
) -> Neighbourhood:
    """Have compose itself read the files, and take the project's name from it, too."""
    missing = next((document.missing for document in documents if document.missing), None)
    if missing:  # compose would refuse it and not tell more
        raise missing
    referenced = references.check(documents, selection.directory, variables, budget)
    printed = program.config(selection, feature, budget)
    name = names.printed(printed)
    said = definitions.read(printed, budget)
    project = Project(name, [said], budget, separator=selection.separator)
    around = project.around(selection.profiles)
    return around.replace(
        listed=around.listed and referenced.complete,
        referenced_files=tuple(map(os.path.realpath, referenced.files)),
        reserved_names=reserved_names.of([printed]),
    )


def _project_name(documents: list[Document], selection: Selection, budget: Budget) -> str:
    """Return the project's name, as set, as written in the last file that has one, or made."""
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

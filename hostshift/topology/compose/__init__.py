"""What compose files say: services with all their names, networks and published ports.

Files are read as compose itself would read them, or not at all. Nothing is
raised: where a file is broken, not to be believed, or uses more than this
package knows (and no compose is installed), a note says so.

The flow: :mod:`.find` picks the files, :mod:`.load` reads their YAML,
:mod:`.interpolate` replaces variables, :mod:`.definitions` keeps and merges what
matters, :mod:`.project` makes services of it. :mod:`.program` asks the real
compose instead where a file needs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hostshift.topology.compose import find, load, names, program, references
from hostshift.topology.compose.files import read_file
from hostshift.topology.compose.interpolate import Interpolator
from hostshift.topology.compose.problems import Beyond, Clock, Problem
from hostshift.topology.compose.project import Project
from hostshift.topology.model import Neighbourhood

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hostshift.topology.compose.find import Selection
    from hostshift.topology.compose.load import Document

__all__ = ["read"]


def read(
    directory: str | None, environ: Mapping[str, str], *, file: str | None = None, seconds: float
) -> Neighbourhood:
    """Read the compose project that is around a directory.

    Args:
        directory: where to look, and upwards to the project's root; None for the
            working directory.
        environ: the environment, with ``COMPOSE_FILE`` and the like.
        file: a compose file by name, as ``-f`` names it; relative to the directory.
        seconds: the time that this may take at most.

    Returns:
        The services, intended and not confirmed, and the project's name. Where the
        files count as absent, nothing but a note that says why.

    """
    clock = Clock(seconds)
    where = file or "compose file"
    try:
        selection = find.select(directory, environ, file)
        if selection is None:
            return Neighbourhood()
        where = selection.files[0]
        return _read(selection, clock)
    except Problem as problem:
        return Neighbourhood(notes=(problem.note(where),))
    except (OSError, ValueError) as error:  # a path with a NUL in it, a directory that went away
        broken = Problem(f"cannot be read: {type(error).__name__}")
        return Neighbourhood(notes=(broken.note(where),))
    except ImportError:
        missing = Problem("PyYAML is not installed: pip install 'hostshift[compose]'")
        return Neighbourhood(notes=(missing.note(where),))


def _read(selection: Selection, clock: Clock) -> Neighbourhood:
    """Read the files; leave them to compose itself where they use more than is known here."""
    documents = [
        document
        for path in selection.files
        for document in load.documents(read_file(path), path, clock)
    ]
    if not documents:
        raise Problem("is empty")
    name = _project_name(documents, selection)
    variables = {**selection.variables, "COMPOSE_PROJECT_NAME": name}
    interpolator = Interpolator(variables.get)
    for document in documents:
        document.interpolate(interpolator.text)
    try:
        trees = [_tree(document) for document in documents]
        project = Project(name, trees, clock, separator=selection.separator)
    except Beyond as beyond:
        references.check(documents, selection.directory, interpolator, clock)
        trees = [program.config(selection, beyond.what, clock)]
        project = Project(name, trees, clock, separator=selection.separator)
    return project.around(selection.profiles)


def _tree(document: Document) -> Any:
    if document.beyond:
        raise Beyond(document.beyond, document.path)
    return document.tree


def _project_name(documents: list[Document], selection: Selection) -> str:
    """Return the project's name, as set, as written in the last file that has one, or made."""
    written = [
        document.tree["name"]
        for document in documents
        if type(document.tree) is dict and document.tree.get("name")
    ]
    interpolate = Interpolator(selection.variables.get).text
    return names.project_name(
        selection.variables.get("COMPOSE_PROJECT_NAME", ""),
        interpolate(str(written[-1])) if written else None,
        selection.directory,
    )

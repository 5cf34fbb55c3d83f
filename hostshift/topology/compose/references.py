"""The other files that a compose file has compose read: all of them must be believed, too.

``include`` and ``extends`` name files, which may name further ones. They are
only looked for here; what they mean is left to compose itself.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from hostshift.topology.compose import load
from hostshift.topology.compose.files import check_trust, read_file
from hostshift.topology.compose.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hostshift.topology.compose.interpolate import Interpolator
    from hostshift.topology.compose.load import Document
    from hostshift.topology.compose.problems import Clock

MOST = 64
"""Files that others refer to, at most."""
_REMOTE = ("://", "git@", "github.com/", "oci:", ".git")


def check(
    documents: Iterable[Document], directory: str, interpolator: Interpolator, clock: Clock
) -> None:
    """Look at every file that the documents refer to, and at those that these refer to.

    Args:
        documents: the project's own, variables replaced.
        directory: the project's directory.
        interpolator: replaces the variables of the other files.
        clock: the time that it may take.

    Raises:
        Problem: one is not to be believed, not on this machine, or not there.

    """
    ahead = [path for document in documents for path in _named(document, directory)]
    seen: set[str] = set()
    while ahead:
        clock.check()
        path = ahead.pop()
        if path in seen:
            continue
        seen.add(path)
        if len(seen) > MOST:
            raise Problem(f"more than {MOST} files that others refer to")
        for document in load.documents(read_file(path), path, clock):
            document.interpolate(interpolator.text)
            ahead += _named(document, directory)


def _named(document: Document, directory: str) -> Iterator[str]:
    """Name the files that a document refers to: relative to it, or to the project."""
    tree = document.tree
    if type(tree) is not dict:
        return
    here = os.path.dirname(document.path)
    for path in _included(tree, here):
        yield from _found(path, (here, directory))
    services = tree.get("services")
    for service in services.values() if type(services) is dict else ():
        extends = service.get("extends") if type(service) is dict else None
        if type(extends) is dict and type(extends.get("file")) is str:
            yield from _found(extends["file"], (here, directory))


def _included(tree: dict[str, Any], here: str) -> Iterator[str]:
    """Name what ``include`` lists, and check the variables that go with it."""
    entries = tree.get("include")
    for entry in entries if type(entries) is list else ():
        said = entry if type(entry) is dict else {"path": entry}
        paths = _texts(said.get("path"))
        yield from paths
        where = said.get("project_directory") or os.path.dirname(paths[0] if paths else "")
        for env in (*_texts(said.get("env_file")), os.path.join(str(where), ".env")):
            for path in {os.path.join(here, env)}:
                if os.path.exists(path):
                    check_trust(os.path.abspath(path))


def _texts(value: Any) -> list[str]:
    entries = value if type(value) is list else [value]
    return [entry for entry in entries if type(entry) is str]


def _found(path: str, directories: tuple[str, ...]) -> list[str]:
    """Return where a file that is referred to may be."""
    if any(mark in path for mark in _REMOTE):
        raise Problem("refers to a file that is not on this machine")
    places = dict.fromkeys(os.path.abspath(os.path.join(at, path)) for at in directories)
    found = [place for place in places if os.path.exists(place)]
    if not found:
        raise Problem("refers to a file that is not there")
    return found

"""The other files that a compose file has compose read: all of them must be believed, too.

``include`` and ``extends`` name files, which may name further ones. They are
only looked for here; what they mean is left to compose itself.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from hostshift._record import Record
from hostshift.topology import files
from hostshift.topology.compose import load
from hostshift.topology.compose.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hostshift.topology.budget import Budget
    from hostshift.topology.compose.interpolate import Interpolator
    from hostshift.topology.compose.load import Document

MOST = 64
"""Files that others refer to, at most."""
_REMOTE = re.compile(
    r"(?:https?|ssh|git|oci)://|github\.com/|oci:|(?:[a-z0-9_-]+@)?[a-z0-9.-]+:", re.IGNORECASE
)
"""How a file of another machine starts: docker/compose pkg/remote and buildkit's gitutil
(ParseGitRef) and sshutil (``user@host:path``; newer versions need no user)."""


class References(Record):
    """The files that a project's files refer to."""

    files: tuple[str, ...]
    complete: bool
    """No service has a profile: compose then prints all that there are."""


def check(
    documents: Iterable[Document], directory: str, interpolator: Interpolator, budget: Budget
) -> References:
    """Look at every file that the documents refer to, and at those that these refer to.

    Args:
        documents: the project's own, variables replaced.
        directory: the project's directory.
        interpolator: replaces the variables of the other files.
        budget: the time that it may take.

    Raises:
        Problem: one is not to be believed, not on this machine, or not there.

    """
    complete = not any(map(_has_profiles, documents))
    ahead = [path for document in documents for path in _named(document, directory)]
    seen: dict[str, None] = {}
    while ahead:
        budget.check()
        path = ahead.pop()
        if path in seen:
            continue
        seen[path] = None
        if len(seen) > MOST:
            raise Problem(f"more than {MOST} files that others refer to")
        for document in load.documents(files.read(path), path, budget):
            document.interpolate(interpolator.text)
            if document.missing:
                raise document.missing
            complete = complete and not _has_profiles(document)
            ahead += _named(document, directory)
    return References(files=tuple(seen), complete=complete)


def _has_profiles(document: Document) -> bool:
    """Return True if compose may leave out a service of a document."""
    tree = document.tree
    services = tree.get("services") if type(tree) is dict else None
    return type(services) is dict and any(
        type(service) is dict and service.get("profiles") for service in services.values()
    )


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
                    files.check_trust(os.path.abspath(path))


def _texts(value: Any) -> list[str]:
    entries = value if type(value) is list else [value]
    return [entry for entry in entries if type(entry) is str]


def _found(path: str, directories: tuple[str, ...]) -> list[str]:
    """Return where a file that is referred to may be."""
    if _REMOTE.match(path):
        raise Problem(
            "refers to a file that is not on this machine",
            fix="save the topology where it can be read: hostshift topology --save",
        )
    places = dict.fromkeys(os.path.abspath(os.path.join(at, path)) for at in directories)
    found = [place for place in places if os.path.exists(place)]
    if not found:
        raise Problem("refers to a file that is not there")
    return found

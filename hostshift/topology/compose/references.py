"""The other files that a compose file has compose read: all of them must be believed, too.

``include`` and ``extends`` name files, which may name further ones. Where only compose itself
can say what they mean, they are looked for and read here all the same. So each is looked for as
compose does it: what is included has a directory and variables of its own, and those decide
what it includes in turn (compose-go loader/include.go, ApplyInclude; loader/extends.go).
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from hostshift._record import Record
from hostshift.topology import files
from hostshift.topology.compose import dotenv, load
from hostshift.topology.compose.interpolate import Interpolator
from hostshift.topology.compose.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from hostshift.topology.budget import Budget
    from hostshift.topology.compose.load import Document

MOST = 1024
"""Files that others refer to, at most; laradock has 109."""
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


class _Place(Record):
    """Where a file is read: paths in it are relative to a directory, and it has variables."""

    directory: str
    variables: Mapping[str, str]


def check(
    documents: Iterable[Document],
    directory: str,
    variables: Mapping[str, str],
    budget: Budget,
) -> References:
    """Look at every file that the documents refer to, and at those that these refer to.

    Args:
        documents: the project's own, variables replaced.
        directory: the project's directory.
        variables: the project's.
        budget: the time that it may take.

    Raises:
        Problem: one is not to be believed, not on this machine, or not there.

    """
    return _Check(budget).of(list(documents), _Place(directory=directory, variables=variables))


class _Check:
    """One look at all files."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._files: dict[str, None] = {}
        self._complete = True
        self._ahead: list[tuple[str, _Place]] = []
        self._done: set[tuple[str, str, int]] = set()

    def of(self, documents: list[Document], place: _Place) -> References:
        for document in documents:
            self._look(document, place)
        while self._ahead:
            self._budget.check()
            self._read(*self._ahead.pop())
        return References(files=tuple(self._files), complete=self._complete)

    def _read(self, path: str, place: _Place) -> None:
        """Read a file, once for each directory and set of variables that it is read with."""
        key = path, place.directory, hash(frozenset(place.variables.items()))
        if key in self._done:
            return
        self._done.add(key)
        self._files[path] = None
        if len(self._done) > MOST:
            raise Problem(f"more than {MOST} files that others refer to")
        interpolator = Interpolator(place.variables.get, self._budget)
        for document in load.documents(files.read(path), path, self._budget):
            document.interpolate(interpolator.text)
            if document.missing:
                raise document.missing
            self._look(document, place)

    def _look(self, document: Document, place: _Place) -> None:
        """Note what a document refers to."""
        self._complete = self._complete and not _has_profiles(document)
        tree = document.tree
        if type(tree) is not dict:
            return
        here = os.path.dirname(document.path)
        entries = tree.get("include")
        for entry in entries if type(entries) is list else ():
            self._include(entry if type(entry) is dict else {"path": entry}, here, place)
        for path in _extended(tree):
            for found in locate(path, (here, place.directory)):
                within = place.replace(directory=os.path.dirname(found))
                self._ahead.append((found, within))

    def _include(self, said: dict[str, Any], here: str, place: _Place) -> None:
        paths = [locate(path, (here, place.directory)) for path in _texts(said.get("path"))]
        if not paths:
            return
        given = said.get("project_directory")
        first = os.path.dirname(paths[0][-1])
        directory = os.path.join(place.directory, given) if type(given) is str and given else first
        within = _Place(
            directory=os.path.abspath(directory),
            variables=self._variables(_texts(said.get("env_file")), directory, place),
        )
        self._ahead += [(path, within) for found in paths for path in found]

    def _variables(self, given: list[str], directory: str, place: _Place) -> Mapping[str, str]:
        """Return the variables of what is included: the project's, and those of its own files."""
        paths = [os.path.join(place.directory, path) for path in given]
        if not given:
            paths = self._default(os.path.abspath(directory))
        found: dict[str, str] = {}
        for path in paths:
            data = files.read(os.path.abspath(path), dotenv.LIMIT)
            found = dotenv.parse(data, place.variables, found, self._budget)
        return {**found, **place.variables}

    @staticmethod
    def _default(directory: str) -> list[str]:
        """Return the ``.env`` that compose reads by itself, if there is one.

        Raises:
            Problem: there is none, and another user could put one there before compose looks.

        """
        path = os.path.join(directory, ".env")
        if os.path.lexists(path) and not os.path.isdir(path):
            return [path]
        files.check_private(directory)
        return []


def _has_profiles(document: Document) -> bool:
    """Return True if compose may leave out a service of a document."""
    tree = document.tree
    services = tree.get("services") if type(tree) is dict else None
    return type(services) is dict and any(
        type(service) is dict and service.get("profiles") for service in services.values()
    )


def _extended(tree: dict[str, Any]) -> Iterator[str]:
    """Name the files that services of a document extend services of."""
    services = tree.get("services")
    for service in services.values() if type(services) is dict else ():
        extends = service.get("extends") if type(service) is dict else None
        if type(extends) is dict and type(extends.get("file")) is str:
            yield extends["file"]


def _texts(value: Any) -> list[str]:
    entries = value if type(value) is list else [value]
    return [entry for entry in entries if type(entry) is str]


def locate(path: str, directories: tuple[str, ...]) -> list[str]:
    """Return where a file that is referred to may be: one place, or several.

    Args:
        path: as it is written.
        directories: what it may be relative to.

    Raises:
        Problem: it is on another machine, or nowhere.

    """
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

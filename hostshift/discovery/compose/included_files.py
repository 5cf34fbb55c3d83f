"""The other files that compose reads for a compose file: we have to trust all of them, too.

``include`` and ``extends`` name files, which may name further ones, and ``label_file`` names
labels, which decide whether a service counts. Where only compose itself
knows what they mean, we find and read them all the same. We look for each as compose
does: an included file has a directory and variables of its own, and those decide
what it includes in turn (compose-go loader/include.go, ApplyInclude; loader/extends.go).
"""

from __future__ import annotations

import os
import re

from hostshift.base.record import Record
from hostshift.config.presence import exists
from hostshift.config.project import lexists
from hostshift.discovery import trusted_file
from hostshift.discovery.compose import dotenv, yaml_events
from hostshift.discovery.compose.interpolate import Interpolator
from hostshift.discovery.compose.problems import Problem
from hostshift.trust import owners

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from hostshift.discovery.budget import Budget
    from hostshift.discovery.compose.document import Document
    from hostshift.discovery.compose.values import Value

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
    """No service has a profile: then compose prints all of them."""


class _Place(Record):
    """The directory that a file's paths are relative to, and its variables."""

    directory: str
    variables: Mapping[str, str]

    @classmethod
    def _hidden(cls) -> frozenset[str]:
        """Keep the variables out of ``repr``: they hold passwords."""
        return frozenset(("variables",))


def check(
    documents: Iterable[Document],
    directory: str,
    variables: Mapping[str, str],
    budget: Budget,
) -> References:
    """Check every file that the documents refer to, and those that these refer to.

    Args:
        documents: the project's own, variables replaced.
        directory: the project's directory.
        variables: the project's.
        budget: the time that it may take.

    Raises:
        Problem: we may not trust one, or it is not on this machine, or does not exist.

    """
    return _Check(budget).of(list(documents), _Place(directory=directory, variables=variables))


class _Check:
    """One check of all files."""

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
        """Read a file, once for each directory and set of variables."""
        key = path, place.directory, hash(frozenset(place.variables.items()))
        if key in self._done:
            return
        self._done.add(key)
        self._files[path] = None
        if len(self._done) > MOST:
            raise Problem(f"more than {MOST} files that others refer to")
        interpolator = Interpolator(place.variables.get, self._budget)
        for document in yaml_events.documents(trusted_file.read(path), path, self._budget):
            document.interpolate(interpolator.text)
            if document.missing:
                raise document.missing
            self._look(document, place)

    def _look(self, document: Document, place: _Place) -> None:
        """Note the files that a document refers to."""
        self._complete = self._complete and not _has_profiles(document)
        tree = document.tree
        if type(tree) is not dict:
            return
        here = os.path.dirname(document.path)
        entries = tree.get("include")
        for entry in entries if type(entries) is list else ():
            self._include(entry if type(entry) is dict else {"path": entry}, here, place)
        for path in _extended(tree):
            for file in locate(path, (here, place.directory)):
                within = place.replace(directory=os.path.dirname(file))
                self._ahead.append((file, within))
        for path in _label_files(tree):
            for file in locate(_expanded(path, place.variables), (here, place.directory)):
                trusted_file.read(file)

    def _include(self, entry: dict[str, Value], here: str, place: _Place) -> None:
        files = [locate(path, (here, place.directory)) for path in _texts(entry.get("path"))]
        if not files:
            return
        written = entry.get("project_directory")
        directory = os.path.dirname(files[0][-1])
        if type(written) is str and written:
            directory = os.path.join(place.directory, written)
        within = _Place(
            directory=os.path.abspath(directory),
            variables=self._variables(_texts(entry.get("env_file")), directory, place),
        )
        self._ahead += [(file, within) for places in files for file in places]

    def _variables(self, env_files: list[str], directory: str, place: _Place) -> Mapping[str, str]:
        """Return the variables of an included file: the project's, and those of its own files."""
        paths = [os.path.join(place.directory, path) for path in env_files]
        if not env_files:
            paths = self._default(os.path.abspath(directory))
        variables: dict[str, str] = {}
        for path in paths:
            data = trusted_file.read(os.path.abspath(path), dotenv.LIMIT)
            variables = dotenv.parse(data, place.variables, variables, self._budget)
        return {**variables, **place.variables}

    @staticmethod
    def _default(directory: str) -> list[str]:
        """Return the ``.env`` that compose reads by itself, if there is one.

        Raises:
            Problem: there is none, and another user could put one there before compose looks; or
                another user could have moved it there.

        """
        path = os.path.join(directory, ".env")
        # A stranger's is refused below, whatever it is.
        if lexists(path) and (owners.is_strangers(path) or not os.path.isdir(path)):
            trusted_file.check_place(path, "its env_file")
            return [path]
        trusted_file.check_private(directory)
        return []


def _has_profiles(document: Document) -> bool:
    """Return True if compose may leave out a service of a document."""
    tree = document.tree
    services = tree.get("services") if type(tree) is dict else None
    return type(services) is dict and any(
        type(service) is dict and service.get("profiles") for service in services.values()
    )


def _extended(tree: dict[str, Value]) -> Iterator[str]:
    """Yield the files whose services a document's services extend."""
    services = tree.get("services")
    for service in services.values() if type(services) is dict else ():
        extends = service.get("extends") if type(service) is dict else None
        file = extends.get("file") if type(extends) is dict else None
        if type(file) is str:
            yield file


def _label_files(tree: dict[str, Value]) -> Iterator[str]:
    """Yield the files from which a document's services take labels."""
    services = tree.get("services")
    for service in services.values() if type(services) is dict else ():
        yield from _texts(service.get("label_file") if type(service) is dict else None)


def _expanded(path: str, variables: Mapping[str, str]) -> str:
    """Return a path with the home for its ``~`` (compose-go paths/home.go, ExpandUser)."""
    home = variables.get("HOME", "")
    return f"{home}/{path[1:]}" if path.startswith("~") and home else path


def _texts(value: Value) -> list[str]:
    entries = value if type(value) is list else [value]
    return [entry for entry in entries if type(entry) is str]


def locate(path: str, directories: tuple[str, ...]) -> list[str]:
    """Return the paths that a reference to a file may mean: one, or several.

    Args:
        path: as it is written.
        directories: the directories that it may be relative to.

    Raises:
        Problem: it is on another machine, or does not exist.

    """
    if _REMOTE.match(path):
        raise Problem(
            "refers to a file that is not on this machine",
            fix="save the topology where it can be read: hostshift topology --save",
        )
    paths = dict.fromkeys(os.path.abspath(os.path.join(at, path)) for at in directories)
    files = [path for path in paths if exists(path)]
    if not files:
        raise Problem("refers to a file that does not exist")
    return files

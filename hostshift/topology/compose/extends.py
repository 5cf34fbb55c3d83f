"""``extends``: services that start from what another one says, in the same file or a second one.

The rules are those of compose-go (loader/extends.go). A service is looked for in the document
that names it, before documents are merged. What a second file says is read with the project's
variables; its ``include`` and the services that nobody extends do not count.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from hostshift.topology import files
from hostshift.topology.compose import definitions, load, references
from hostshift.topology.compose.load import Document
from hostshift.topology.compose.problems import Beyond, Problem
from hostshift.topology.compose.values import mapping, text

if TYPE_CHECKING:
    from hostshift.topology.budget import Budget
    from hostshift.topology.compose.definitions import Definition, ServiceReader
    from hostshift.topology.compose.interpolate import Interpolator

_KEYS = frozenset(("service", "file"))


class _Source:
    """A document in which services are looked for."""

    def __init__(self, document: Document, directories: tuple[str, ...]) -> None:
        self.path, self.directories = document.path, directories
        """The directories that its paths may be relative to."""
        tree = document.tree
        self.services: Any = tree.get("services") if type(tree) is dict else None
        self.done: dict[str, Definition] = {}


class Extends:
    """Reads services together with what they extend, for one project."""

    def __init__(self, directory: str, interpolator: Interpolator, budget: Budget) -> None:
        """Begin.

        Args:
            directory: the project's.
            interpolator: replaces the project's variables.
            budget: the time and the entries that all services may take.

        """
        self._directory, self._interpolator, self._budget = directory, interpolator, budget
        self._sources: dict[str, _Source] = {}
        self.documents: list[Document] = []
        """The other files that services were found in."""

    def reader(self, document: Document) -> ServiceReader:
        """Return what reads the services of one of the project's own documents."""
        source = _Source(document, (os.path.dirname(document.path), self._directory))

        def read(name: str, said: Any) -> Definition:
            found = definitions.keys(said, f"services.{name}")
            return self._whole(source, name) if "extends" in said else found

        return read

    def _whole(self, source: _Source, name: str) -> Definition:
        """Read a service: first what it starts from, then what each one adds to that."""
        chain: dict[tuple[_Source, str], None] = {}
        while name not in source.done:
            if (source, name) in chain:
                raise Problem(f"services.{name}: extends itself, directly or through others")
            chain[source, name] = None
            said = source.services[name]
            if type(said) is not dict or "extends" not in said:
                source.done[name] = self._added({}, source, name)
                break
            source, name = self._extended(source, name, said["extends"])
        found = source.done[name]
        for at, one in reversed(chain):
            if one not in at.done:
                at.done[one] = self._added(found, at, one)
            found = at.done[one]
        return found

    def _added(self, base: Definition, source: _Source, name: str) -> Definition:
        """Add what a document itself says of a service to what the service starts from."""
        self._budget.check()
        said = source.services[name]
        try:
            own = {} if said is None else definitions.keys(said, f"services.{name}")
        except Problem as problem:
            problem.where = problem.where or source.path
            raise
        found = definitions.merged_service(base, own)
        self._budget.take(_entries(found))
        return found

    def _extended(self, source: _Source, name: str, said: Any) -> tuple[_Source, str]:
        """Find the service that one extends, and the document that it is in."""
        where = f"services.{name}.extends"
        given = said if type(said) is dict else {"service": said}
        if not given.keys() <= _KEYS:
            raise Beyond(f"{where}: a key that this version does not know")
        other = text(given.get("service"), f"{where}.service")
        file = given.get("file")
        if file is not None:
            source = self._source(text(file, f"{where}.file"), source, where)
        if other not in source.services:
            raise Problem(f"{where}: the service is not there", source.path)
        return source, other

    def _source(self, file: str, named_in: _Source, where: str) -> _Source:
        """Read another file; once, however many services extend one of it."""
        path, *others = references.locate(file, named_in.directories)
        if others:  # which one it is depends on compose's version
            raise Beyond(f"{where}: a file that could be one of two")
        if path not in self._sources:
            self._sources[path] = self._read(path)
        return self._sources[path]

    def _read(self, path: str) -> _Source:
        if len(self._sources) >= references.MOST:
            raise Problem(f"more than {references.MOST} files that others refer to")
        document, *others = load.documents(files.read(path), path, self._budget) or [Document(path)]
        if others or document.beyond:
            raise Beyond(document.beyond or "extends of a file with several documents", path)
        document.interpolate(self._interpolator.text)
        self.documents.append(document)
        source = _Source(document, (os.path.dirname(path),))
        try:
            mapping(source.services, "services")
        except Problem as problem:
            problem.where = path
            raise
        return source


def _entries(found: Definition) -> int:
    """Count what a service says: in a long chain, each may take over a lot of what was before."""
    collections = [value for value in found.values() if type(value) in (dict, tuple)]
    networks = (found.get("networks") or {}).values()
    aliases = sum(len((on or {}).get("aliases", ())) for on in networks)
    return sum(map(len, collections)) + aliases

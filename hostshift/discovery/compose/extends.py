"""``extends``: services that start from another one, in the same file or a second one.

The rules are those of compose-go (loader/extends.go). We look for a service in the document
that names it, before we merge documents. A second file gets the project's variables; its
``include`` and the services that no other extends do not count.
"""

from __future__ import annotations

import os

from hostshift.discovery import trusted_file
from hostshift.discovery.compose import definitions, included_files, yaml_events
from hostshift.discovery.compose.document import Document
from hostshift.discovery.compose.problems import Beyond, Problem
from hostshift.discovery.compose.values import mapping, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.discovery.budget import Budget
    from hostshift.discovery.compose.definition_types import ServiceDefinition, ServiceReader
    from hostshift.discovery.compose.interpolate import Interpolator
    from hostshift.discovery.compose.values import Value

_KEYS = frozenset(("service", "file"))


class _Source:
    """A document in which we look for services."""

    def __init__(self, path: str, services: dict[str, Value], directories: tuple[str, ...]) -> None:
        self.path, self.services, self.directories = path, services, directories
        """The directories that its paths may be relative to."""
        self.done: dict[str, ServiceDefinition] = {}


class Extends:
    """Reads services together with what they extend, for one project."""

    def __init__(self, directory: str, interpolator: Interpolator, budget: Budget) -> None:
        """Start with no file read.

        Args:
            directory: the project's.
            interpolator: replaces the project's variables.
            budget: the time and the entries that all services may take.

        """
        self._directory, self._interpolator, self._budget = directory, interpolator, budget
        self._sources: dict[str, _Source] = {}
        self.documents: list[Document] = []
        """The other files that have an extended service."""

    def reader(self, document: Document) -> ServiceReader:
        """Return a reader for the services of one of the project's own documents."""
        services = _services(document)
        source = _Source(
            document.path,
            services if type(services) is dict else {},  # {}: definitions.read raises first
            (os.path.dirname(document.path), self._directory),
        )

        def read(name: str, value: Value) -> ServiceDefinition:
            definition = definitions.keys(value, f"services.{name}")
            extends = type(value) is dict and "extends" in value
            return self._whole(source, name) if extends else definition

        return read

    def _whole(self, source: _Source, name: str) -> ServiceDefinition:
        """Read a service: first the one it starts from, then what each one adds to that."""
        chain: dict[tuple[_Source, str], None] = {}
        while name not in source.done:
            if (source, name) in chain:
                raise Problem(f"services.{name}: extends itself, directly or through others")
            chain[source, name] = None
            value = source.services[name]
            if type(value) is not dict or "extends" not in value:
                source.done[name] = self._added({}, source, name)
                break
            source, name = self._extended(source, name, value["extends"])
        definition = source.done[name]
        for extending, service in reversed(chain):
            if service not in extending.done:
                extending.done[service] = self._added(definition, extending, service)
            definition = extending.done[service]
        return definition

    def _added(self, base: ServiceDefinition, source: _Source, name: str) -> ServiceDefinition:
        """Add a service's own keys in a document to the service that it starts from."""
        self._budget.check()
        value = source.services[name]
        own: ServiceDefinition = {}
        try:
            if value is not None:
                own = definitions.keys(value, f"services.{name}")
        except Problem as problem:
            problem.where = problem.where or source.path
            raise
        definition = definitions.merged_service(base, own)
        self._budget.take(_entries(definition))
        return definition

    def _extended(self, source: _Source, name: str, value: Value) -> tuple[_Source, str]:
        """Find the service that another one extends, and its document."""
        where = f"services.{name}.extends"
        extends: dict[str, Value] = value if type(value) is dict else {"service": value}
        if not extends.keys() <= _KEYS:
            raise Beyond(f"{where}: a key that this version does not know")
        other = text(extends.get("service"), f"{where}.service")
        file = extends.get("file")
        if file is not None:
            source = self._source(text(file, f"{where}.file"), source, where)
        if other not in source.services:
            raise Problem(f"{where}: the service is not there", source.path)
        return source, other

    def _source(self, file: str, named_in: _Source, where: str) -> _Source:
        """Read another file; once, however many services extend one of its services."""
        path, *others = included_files.locate(file, named_in.directories)
        if others:  # compose's version decides which one it is
            raise Beyond(f"{where}: a file that could be one of two")
        if path not in self._sources:
            self._sources[path] = self._read(path)
        return self._sources[path]

    def _read(self, path: str) -> _Source:
        if len(self._sources) >= included_files.MOST:
            raise Problem(f"more than {included_files.MOST} files that others refer to")
        document, *others = yaml_events.documents(trusted_file.read(path), path, self._budget) or [
            Document(path)
        ]
        if others or document.beyond:
            raise Beyond(document.beyond or "extends of a file with several documents", path)
        document.interpolate(self._interpolator.text)
        self.documents.append(document)
        try:
            services = mapping(_services(document), "services")
        except Problem as problem:
            problem.where = path
            raise
        return _Source(path, services, (os.path.dirname(path),))


def _services(document: Document) -> Value:
    tree = document.tree
    return tree.get("services") if type(tree) is dict else None


def _entries(definition: ServiceDefinition) -> int:
    """Count a service's entries: in a long chain, each may take over many from the one before."""
    collections = [value for value in definition.values() if isinstance(value, (dict, tuple))]
    attachments = definition.get("networks", {}).values()
    aliases = sum(len(on.get("aliases", ())) for on in attachments if on)
    return sum(map(len, collections)) + aliases

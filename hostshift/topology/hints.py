"""Signs of a compose project of mine that no source describes: it may have any service.

Whoever starts a project names its files (``-f deploy/local.yml``, ``docker stack deploy -c
stack.yml``), or a development container does. Such a file is no description of a project
before it is named, but it takes the proof away that there is none. So does a compose file
that was not read because another one was named, or because the settings leave compose out.
"""

from __future__ import annotations

import os
import re
from itertools import islice
from operator import attrgetter

from hostshift import _regular_file, owners
from hostshift.settings import tree_above
from hostshift.topology import mine
from hostshift.topology.files import read
from hostshift.topology.problems import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping

_NAME = re.compile(r"(?:.*[-._])?(?:compose|stack)(?:[-._].*)?\.(?:ya?ml|json)\Z", re.IGNORECASE)
_YAML = re.compile(r".+\.ya?ml\Z", re.IGNORECASE)
_SERVICES = re.compile(rb"^['\"]?services['\"]?\s*:", re.MULTILINE)
_SERVICE = re.compile(rb"^\s+['\"]?(?:image|build|extends)['\"]?\s*:", re.MULTILINE)
"""What a file of any other name has, if it describes services: Symfony's has no image."""
_DIRECTORIES = (
    *("deploy", "deployment", "docker", ".docker", ".devcontainer", "compose", "infra", "ops"),
    *("dev", "local", "stack"),
)
"""Directories that such files habitually are in."""
_HIDDEN = (".docker", ".devcontainer")
_PASSED_BY = ("__pycache__", "node_modules", "site-packages", "vendor", "venv")
"""Directories of other people's code."""
_VARIABLES = ("COMPOSE_FILE", "COMPOSE_PROJECT_NAME")
_LINE = re.compile(rb"^\s*(?:export\s+)?COMPOSE_(?:FILE|PROJECT_NAME)\s*=", re.MULTILINE)
_LIMIT = 1 << 16
"""Bytes of a ``.env`` that are read, and of a file that may describe services."""
MOST_ENTRIES = 5000
"""Files and directories of a tree that are looked at."""
MOST_FILES = 200
"""Files of a tree that are looked into."""
DEPTH = 3
"""How far below the tree's root."""


def find(environ: Mapping[str, str], known: Container[str], *, described: bool) -> tuple[str, ...]:
    """Return the signs that the working directory is part of a project that was not read.

    What is above the working directory counts up to the root of its tree (the repository's,
    if it is in one), and what is below that root.

    Args:
        environ: the environment.
        known: files that were read, as absolute paths without links.
        described: compose files were read, so the variables that name some were followed.

    """
    try:
        at = mine.working_directory(environ)
    except OSError:
        return ("a working directory that cannot be looked into",)
    found = [] if described else [*filter(environ.get, _VARIABLES), *_variables(at)]
    files = map(os.path.realpath, _Tree().files(at))
    return tuple(dict.fromkeys((*found, *(path for path in files if path not in known))))


def _upwards(at: str) -> Iterator[str]:
    """Yield a directory and those above it, up to the root of its tree."""
    root = tree_above(at) or at
    while True:
        yield at
        if at in (root, os.path.dirname(at)):
            return
        at = os.path.dirname(at)


def _variables(at: str) -> Iterator[str]:
    """Yield the ``.env`` files that set what compose reads or how the project is called.

    One that is there and cannot be read may do so.
    """
    for path in (os.path.join(place, ".env") for place in _upwards(at)):
        if owners.is_strangers(path):
            continue
        try:
            named = bool(_LINE.search(read(path, _LIMIT)))
        except Problem:
            named = os.path.isfile(path)
        if named:
            yield path


class _Tree:
    """A look at the files of a project; no directory is looked at twice."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[list[str], list[str]]] = {}
        """Names of the files and of the directories that a directory has."""
        self._entries, self._files = MOST_ENTRIES, MOST_FILES

    def files(self, at: str) -> Iterator[str]:
        """Yield what seems to describe services around a directory.

        In a directory that such files habitually are in, what cannot be looked into counts
        as one. Elsewhere it does not: it is a database's data, and no user's files. Nor
        are a home or a file system looked at as a whole, if they are the root.
        Where there is more than is looked at, the directory itself is a sign.
        """
        for place in _upwards(at):
            yield from self._of(place)
            for path in (os.path.join(place, name) for name in _DIRECTORIES):
                yield from self._of(path)
                if os.path.isdir(path) and not os.access(path, os.R_OK | os.X_OK):
                    yield path
        root = tree_above(at)
        if root is not None and os.path.realpath(root) not in ("/", os.path.expanduser("~")):
            yield from self._below(root, DEPTH)
        if self._entries <= 0:
            yield at

    def _below(self, place: str, depth: int) -> Iterator[str]:
        yield from self._of(place)
        for name in self._entries_of(place)[1] if depth else ():
            if name not in _PASSED_BY and (name in _HIDDEN or not name.startswith(".")):
                yield from self._below(os.path.join(place, name), depth - 1)

    def _of(self, place: str) -> Iterator[str]:
        if place in self._seen:
            return
        for name in self._entries_of(place)[0]:
            path = os.path.join(place, name)
            if not (_NAME.match(name) or (_YAML.match(name) and self._describes(path))):
                continue
            if not owners.is_strangers(path):
                yield path

    def _entries_of(self, place: str) -> tuple[list[str], list[str]]:
        if place not in self._seen:
            self._seen[place] = self._scanned(place)
        return self._seen[place]

    def _scanned(self, place: str) -> tuple[list[str], list[str]]:
        """Return sorted names; a link that leads nowhere is neither."""
        try:
            with os.scandir(place) as entries:
                found = sorted(islice(entries, max(self._entries, 0)), key=attrgetter("name"))
                self._entries -= len(found)
                files = [one.name for one in found if one.is_file()]
                return files, [one.name for one in found if one.is_dir()]
        except OSError:
            return [], []

    def _describes(self, path: str) -> bool:
        """Return True if a file has services, or may have and too many were read before."""
        self._files -= 1
        if self._files < 0:
            return True
        try:
            text = _regular_file.read(path, lambda status: _LIMIT if status.st_size else 0)
        except (OSError, ValueError):
            return False
        return bool(_SERVICES.search(text) and _SERVICE.search(text))

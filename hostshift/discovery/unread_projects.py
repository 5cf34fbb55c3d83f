"""Find signs of a compose project of mine that no source describes: it may have any service.

Some projects only have files that the user names at the start (``-f deploy/local.yml``,
``docker stack deploy -c stack.yml``), or that a development container names. Such a file
does not describe a project until somebody names it, but while it exists we cannot be sure
that there is no project. The same holds for a compose file that we did not read, because
the user named another one or the settings leave compose out.
"""

from __future__ import annotations

import errno
import os
import re
from itertools import islice
from operator import attrgetter

from hostshift.config.presence import exists
from hostshift.config.project import tree_above
from hostshift.discovery import own_project
from hostshift.discovery.budget import Budget
from hostshift.discovery.problems import Problem
from hostshift.discovery.trusted_file import read
from hostshift.trust import everybodys, owners, regular_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping

    from hostshift.base.deadline import Deadline
    from hostshift.discovery.compose.values import Value

_NAME = re.compile(r"(?:.*[-._])?(?:compose|stack)(?:[-._].*)?\.(?:ya?ml|json)\Z", re.IGNORECASE)
_YAML = re.compile(r".+\.ya?ml\Z", re.IGNORECASE)
_WORDS = (b"services", b"include")
_SERVICE_KEYS = frozenset(("image", "build", "extends", "provider"))
"""Keys that a service of compose has, one of them at least: Symfony's services have none."""
_SERVICES = re.compile(rb"services[\"']?\s*:")
_SERVICE_KEY = re.compile(rb"\b(?:image|build|extends|provider)[\"']?\s*:")
_TOP_KEY = re.compile(rb"^[\"']?([\w.-]+)[\"']?[ \t]*:", re.MULTILINE)
_INCLUDE = re.compile(rb"^[\"']?include[\"']?[ \t]*:", re.MULTILINE)
"""The same keys in the text of a file that is not parsed, and its keys at the top level."""
_DIRECTORIES = (
    *("deploy", "deployment", "docker", ".docker", ".devcontainer", "compose", "infra", "ops"),
    *("dev", "local", "stack"),
)
"""Directories that usually hold such files."""
_HIDDEN = (".docker", ".devcontainer")
_NO_DIRECTORY = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG)
_PASSED_BY = ("__pycache__", "node_modules", "site-packages", "vendor", "venv")
"""Directories of other people's code."""
_VARIABLES = ("COMPOSE_FILE", "COMPOSE_PROJECT_NAME")
_LINE = re.compile(
    rb"^[^\S\n]*(?:export[^\S\n]+)?COMPOSE_(?:FILE|PROJECT_NAME)[^\S\n]*=", re.MULTILINE
)
_LIMIT = 1 << 16
"""Bytes that we read of a ``.env``."""
_YAML_LIMIT = 4 << 20
"""Bytes that we read of a file that may describe services. A longer one may describe some."""
PROCESSOR = 0.5
"""Seconds of processor time for parsing files. The text of the others is searched."""
MOST_PROCESSOR = 1.0
"""Seconds of processor time for the whole search. Then each further file may describe some."""
MOST_ENTRIES = 5000
"""Files and directories of a tree that we list at most. Those of a stranger in a directory for
everybody do not count."""
MOST_LISTED = 20_000
"""Entries of directories for everybody that we list at most, those of strangers included. The
system lists so many in a twentieth of a second."""
MOST_JUDGED = 5000
"""Of these, the directories and files with the name of a sign whose owner we ask for at most: so
many take a tenth of a second."""
MOST_FILES = 200
"""Files of a tree that we open at most."""
MOST_READ = 64 << 20
"""Bytes that we read of all of them at most."""
DEPTH = 3
"""Levels below the tree's root."""


def find(
    environ: Mapping[str, str],
    known: Container[str],
    *,
    described: bool,
    deadline: Deadline | None = None,
) -> tuple[str, ...]:
    """Return the signs that the working directory is part of a project that we did not read.

    We search the directories above the working directory, up to the root of its tree (the
    repository's, if it is in one), and the directories below that root. What a stranger put into
    a directory for everybody is no sign, nor is anything below it.

    Args:
        environ: the environment.
        known: the files that we read, as absolute paths without links.
        described: True if we read compose files, so the variables that name some are used up.
        deadline: the time that the search may take; None for no limit but its own. Each file that
            it does not come to is a sign.

    """
    try:
        at = own_project.working_directory(environ)
    except OSError:
        return ("a working directory that cannot be searched",)
    signs = [] if described else [*filter(environ.get, _VARIABLES), *_env_files(at)]
    files = map(os.path.realpath, _Tree(deadline).files(at))
    return tuple(dict.fromkeys((*signs, *(path for path in files if path not in known))))


def _upwards(at: str) -> Iterator[str]:
    """Yield a directory and those above it, up to the root of its tree."""
    root = tree_above(at) or at
    while True:
        yield at
        if at in (root, os.path.dirname(at)):
            return
        at = os.path.dirname(at)


def _env_files(at: str) -> Iterator[str]:
    """Yield the ``.env`` files that set compose's files or the project's name.

    Also yield one that exists and that we cannot read, because it may do so.
    """
    for path in (os.path.join(place, ".env") for place in _upwards(at)):
        if owners.is_strangers(path):
            continue
        try:
            named = bool(_LINE.search(read(path, _LIMIT)))
        except Problem:
            named = exists(path) and not os.path.isdir(path)
        if named:
            yield path


class _Tree:
    """Walks the files of a project, and lists no directory twice."""

    def __init__(self, deadline: Deadline | None) -> None:
        self._listings: dict[str, tuple[list[str], list[str]]] = {}
        """For each directory, the names of its files and of its directories."""
        self._entries, self._listed = MOST_ENTRIES, MOST_LISTED
        self._files, self._bytes = MOST_FILES, MOST_READ
        self._judged = MOST_JUDGED
        self._closed: set[str] = set()
        """Directories that this user may not list."""
        self._failed: dict[str, None] = {}
        """Directories that could not be listed at this moment, in order."""
        self._parsing = Budget(deadline, PROCESSOR)
        self._whole = Budget(deadline, MOST_PROCESSOR)

    def files(self, at: str) -> Iterator[str]:
        """Yield the files that seem to describe services around a directory.

        A directory that this user may not list counts as a file if it is one of those above, or
        usually holds such files. Elsewhere it does not count, because it is a database's data and
        not a user's files. One that cannot be listed for another reason always counts.
        If the root is a home or a whole file system, we do not walk it. If the tree has more
        entries than we list, the directory itself is a sign.
        """
        for place in _upwards(at):
            yield from self._files_of(place)
            if place in self._closed:
                yield place
            for path in (os.path.join(place, name) for name in _DIRECTORIES):
                if owners.is_strangers(path):
                    continue
                yield from self._files_of(path)
                if os.path.isdir(path) and not os.access(path, os.R_OK | os.X_OK):
                    yield path
        root = tree_above(at)
        if root is not None and os.path.realpath(root) not in ("/", owners.home(os.environ)):
            yield from self._below(root, DEPTH)
        yield from self._failed
        if self._entries <= 0 or self._listed <= 0:
            yield at

    def _below(self, place: str, depth: int) -> Iterator[str]:
        yield from self._files_of(place)
        for name in self._entries_of(place)[1] if depth else ():
            if name not in _PASSED_BY and (name in _HIDDEN or not name.startswith(".")):
                yield from self._below(os.path.join(place, name), depth - 1)

    def _files_of(self, place: str) -> Iterator[str]:
        if place in self._listings:
            return
        for name in self._entries_of(place)[0]:
            path = os.path.join(place, name)
            if _NAME.match(name) or (_YAML.match(name) and self._describes(path)):
                yield path

    def _entries_of(self, place: str) -> tuple[list[str], list[str]]:
        if place not in self._listings:
            self._listings[place] = self._scan(place)
        return self._listings[place]

    def _scan(self, place: str) -> tuple[list[str], list[str]]:
        """Return the sorted names of files and of directories, without broken links."""
        try:
            with os.scandir(place) as entries:
                own = self._own(entries, place) if owners.is_for_everybody(place) else entries
                listed = sorted(islice(own, max(self._entries, 0)), key=attrgetter("name"))
        except OSError as error:
            self._note(place, error)
            return [], []
        self._entries -= len(listed)
        files = [entry.name for entry in listed if _is(entry.is_file)]
        return files, [entry.name for entry in listed if _is(entry.is_dir)]

    def _note(self, place: str, error: OSError) -> None:
        """Note a directory that exists and could not be listed."""
        if error.errno in (errno.EACCES, errno.EPERM):
            self._closed.add(place)
        elif error.errno not in _NO_DIRECTORY:
            self._failed[place] = None

    def _own(self, entries: Iterable[os.DirEntry[str]], place: str) -> Iterator[os.DirEntry[str]]:
        """Yield what no stranger put into a directory for everybody, of what may be a sign."""
        return everybodys.own(place, self._judgeable(entries))

    def _judgeable(self, entries: Iterable[os.DirEntry[str]]) -> Iterator[os.DirEntry[str]]:
        """Yield the entries whose owner matters, while there is time."""
        for entry in islice(entries, max(self._listed, 0)):
            self._listed -= 1
            if not _may_be_a_sign(entry):
                continue
            self._judged -= 1
            if self._judged < 0 or not self._whole.has_time():
                self._listed = 0  # nobody can say what else is there
                return
            yield entry

    def _describes(self, path: str) -> bool:
        """Return True if a file describes services; also if the search took too much before it."""
        self._files -= 1
        if self._files < 0 or self._bytes < 0:
            return True
        try:
            self._whole.check()
            return self._may_describe(path)
        except Problem:
            return True

    def _may_describe(self, path: str) -> bool:
        """Return True if a file describes services, or if nobody can say.

        Raises:
            Problem: the search took too long.

        """
        try:
            data = regular_file.read(path, lambda status: _YAML_LIMIT if status.st_size else 0)
        except (FileNotFoundError, ValueError):
            return False
        except OSError:
            return True  # it exists, and this user cannot read it
        self._bytes -= len(data)
        if len(data) >= _YAML_LIMIT:
            return True
        if not any(word in data for word in _WORDS):
            return False
        return _has_signs(data, path, self._parsing, self._whole)


def _may_be_a_sign(entry: os.DirEntry[str]) -> bool:
    """Return True if an entry has the name of a sign, or is no plain file: a directory, a link."""
    name = entry.name
    return bool(_NAME.match(name) or _YAML.match(name)) or not entry.is_file(follow_symlinks=False)


def _is(check: Callable[[], bool]) -> bool:
    """Return True if an entry is a file, or a directory; False for a link that goes in a circle.

    A link to where this user may not look is both, because it may be one.
    """
    try:
        return check()
    except OSError as error:
        return error.errno == errno.EACCES


def _has_signs(data: bytes, path: str, parsing: Budget, whole: Budget) -> bool:
    """Return True if a YAML file describes services, or may do so because we cannot parse it.

    Args:
        data: the file, whoever wrote it.
        path: its name. Only what the gate itself reads is parsed.
        parsing: the time for parsing such files.
        whole: the time for the search.

    Raises:
        Problem: the search took too long.

    """
    try:
        believed = read(path)
    except Problem:
        return _seems_to_describe(data, whole)
    try:
        from hostshift.discovery.compose import yaml_events

        documents = yaml_events.documents(believed, path, parsing)
    except (Problem, ImportError):
        return b"services" in data and any(key.encode() in data for key in _SERVICE_KEYS)
    return any(_has_services(document.tree) for document in documents)


def _seems_to_describe(data: bytes, whole: Budget) -> bool:
    """Return True if a text has the keys of services, or of a file that includes others.

    Raises:
        Problem: the search took too long.

    """
    if _SERVICES.search(data) and _SERVICE_KEY.search(data):
        return True
    return bool(_INCLUDE.search(data)) and _may_be_composes(_top_keys(data, whole))


def _top_keys(data: bytes, whole: Budget) -> Iterator[str]:
    for found in _TOP_KEY.finditer(data):
        whole.check()  # a file may have a million of them
        yield found[1].decode("ascii", "replace")


def _has_services(tree: Value) -> bool:
    """Return True if a document has a service of compose, or includes a file that may have one."""
    if not isinstance(tree, dict):
        return False
    if isinstance(tree.get("include"), list):
        return _may_be_composes(tree)
    services = tree.get("services")
    return isinstance(services, dict) and any(
        isinstance(service, dict) and not _SERVICE_KEYS.isdisjoint(service)
        for service in services.values()
    )


def _may_be_composes(keys: Iterable[str]) -> bool:
    """Return True if compose takes all of these keys at the top level; it takes no others.

    GitLab's pipelines include files as well.
    """
    from hostshift.discovery.compose.keys import TOP_KEYS

    return all(key in TOP_KEYS or key.startswith("x-") for key in keys)

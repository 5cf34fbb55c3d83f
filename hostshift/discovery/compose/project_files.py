"""Which files compose would read from a directory, and whether we may trust them.

The order of the steps is that of docker/compose (cmd/compose/compose.go,
toProjectOptions) and compose-go (cli/options.go).
"""

from __future__ import annotations

import errno
import os
import stat

from hostshift.base.record import Record
from hostshift.config.presence import look
from hostshift.config.project import tree_above
from hostshift.discovery import own_project, problems, trusted_file
from hostshift.discovery.compose import dotenv
from hostshift.discovery.compose.problems import Problem
from hostshift.trust import owners, shared_directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from hostshift.discovery.budget import Budget

COMPOSE_FILES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
"""Names of which compose takes the first that exists."""
OVERRIDES = (
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
)
_OWN = "COMPOSE_"
_OFF = "COMPOSE_DISABLE_ENV_FILE"
_ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
"""Errors that mean that no file exists: to compose, a link that leads nowhere is none."""
_TRUE = ("1", "t", "T", "TRUE", "true", "True")
_FALSE = ("0", "f", "F", "FALSE", "false", "False")


class Selection(Record):
    """The files of a project, in the order in which they are merged."""

    files: tuple[str, ...]
    environ: Mapping[str, str]
    variables: Mapping[str, str]
    """The environment, and the variables that the ``.env`` files add to it."""
    at: str
    """The working directory."""
    env_files: tuple[str, ...]
    """The ``.env`` files that we read, in the order of ``--env-file``: compose prefers the values
    of the last one."""

    @property
    def directory(self) -> str:
        """The project's directory."""
        return os.path.dirname(self.files[0])

    @property
    def profiles(self) -> tuple[str, ...]:
        """The profiles that are on."""
        return tuple(name.strip() for name in self.variables.get("COMPOSE_PROFILES", "").split(","))

    @property
    def separator(self) -> str:
        """The character between the parts of a container's name."""
        old = self.variables.get("COMPOSE_COMPATIBILITY", "").strip().lower()
        return "_" if old in ("1", "t", "true") else "-"

    @classmethod
    def _hidden(cls) -> frozenset[str]:
        return frozenset(("environ", "variables"))


def select(
    directory: str | None, environ: Mapping[str, str], file: str | None, budget: Budget
) -> Selection | None:
    """Find the files.

    Args:
        directory: where to look; the working directory if None.
        environ: the environment.
        file: a file by name; then we search for none.
        budget: the time that this may take.

    Returns:
        None if no compose file exists.

    Raises:
        Problem: we may not trust one of them, or compose would refuse it.

    """
    return _Search(directory_of(directory, environ, file), environ, budget).select(file)


def directory_of(directory: str | None, environ: Mapping[str, str], file: str | None = None) -> str:
    """Return the directory to search, by compose's own name for it."""
    try:
        if directory is None:
            return own_project.working_directory(environ)
        return os.path.abspath(directory)
    except OSError as error:
        if file and os.path.isabs(file):  # it needs no working directory
            return os.path.dirname(file)
        raise problems.nowhere(error) from None


class _Search:
    """One search; the variables grow while it goes on."""

    def __init__(self, at: str, environ: Mapping[str, str], budget: Budget) -> None:
        self._at, self._environ, self._budget = at, environ, budget
        self._variables: dict[str, str] = {"PWD": at, **environ}
        self._switches = environ
        """The environment, and compose's own variables in the first ``.env``."""
        self._read: dict[str, None] = {}
        self._passed_over: dict[str, None] = {}
        """The ``.env`` files that others could have moved to where they are."""

    def select(self, file: str | None) -> Selection | None:
        files = [self._absolute(file)] if file else []
        named = [self._absolute(env) for env in self._listed("COMPOSE_ENV_FILES", ",") if env]
        if named:
            self._read_env(named)
        else:
            self._read_first_env(os.path.dirname(files[0]) if files else self._at)
        files = files or self._named() or self._searched()
        if not files:
            return None
        if not named:
            self._read_env_beside(os.path.dirname(files[0]))
        for env in self._passed_over:
            trusted_file.check_place(env, "COMPOSE_ENV_FILES")
        return Selection(
            files=tuple(files),
            environ=self._environ,
            variables=self._variables,
            at=self._at,
            env_files=tuple(self._read if named else reversed(self._read)),
        )

    def _absolute(self, path: str) -> str:
        return os.path.abspath(os.path.join(self._at, path))

    def _listed(self, variable: str, separator: str) -> list[str]:
        return self._environ.get(variable, "").split(separator)

    def _named(self) -> list[str]:
        """Return the files that ``COMPOSE_FILE`` names."""
        value = self._variables.get("COMPOSE_FILE")
        if value is None:
            return []
        separator = self._variables.get("COMPOSE_PATH_SEPARATOR") or os.pathsep
        paths = value.split(separator)
        if "-" in paths:
            raise Problem("names the standard input", "COMPOSE_FILE", fix="name files in it")
        return [self._absolute(path) for path in paths]

    def _searched(self) -> list[str]:
        """Return the nearest file upwards, and the one beside it that overrides it."""
        at = self._at
        while True:
            file = _first(at, COMPOSE_FILES)
            if file:
                self._check_place(at, file)
                trusted_file.check_place(file, "HOSTSHIFT_COMPOSE_FILE")
                override = _first(at, OVERRIDES)
                return [file, override] if override else [file]
            parent = os.path.dirname(at)
            if parent == at:
                return []
            at = parent

    def _check_place(self, directory: str, file: str) -> None:
        """Raise Problem unless we may use a file.

        We may in the working directory itself, as compose does. Above it the file has to
        be in the project's tree: anybody can put one into a directory such as /tmp.
        """
        if directory == self._at:
            return
        written, real = tree_above(self._at), tree_above(os.path.realpath(self._at))
        if written and own_project.is_in(directory, written):
            return
        if real and own_project.is_in(os.path.realpath(directory), real):
            return
        kind = "outside of the project's tree" if real else "above the working directory"
        raise Problem(
            f"is not believed: it lies {kind}",
            file,
            fix="name it in HOSTSHIFT_COMPOSE_FILE if it is yours,"
            " else leave compose out of HOSTSHIFT_SOURCES",
        )

    # --- .env -----------------------------------------------------------------------------------

    def _read_first_env(self, directory: str) -> None:
        """Read the ``.env`` that compose reads before all else.

        Compose's own variables in it count as in the environment, with the switch that
        turns ``.env`` files off: then compose forgets the rest of the file
        (docker/compose cmd/compose/compose.go, setEnvWithDotEnv).
        """
        self._read_env_beside(directory)
        own = {name: value for name, value in self._variables.items() if name.startswith(_OWN)}
        self._switches = {**own, **self._environ}
        if self._read and self._env_is_off():
            self._variables = {"PWD": self._at, **self._switches}

    def _read_env_beside(self, directory: str) -> None:
        """Read the ``.env`` of a directory, if it has one that we have not read before."""
        path = os.path.join(directory, ".env")
        if path in self._read or self._env_is_off() or not _is_env(path):
            return
        if shared_directory.is_shared(directory):
            self._passed_over[path] = None
        else:
            self._read_env([path])

    def _env_is_off(self) -> bool:
        value = self._switches.get(_OFF)
        if value is not None and value not in _TRUE + _FALSE:
            raise Problem("is neither true nor false", _OFF, fix="set it to 1 or 0")
        return value in _TRUE

    def _read_env(self, paths: list[str]) -> None:
        """Add the variables of files; those that exist already stay."""
        added: dict[str, str] = {}
        for path in paths:
            self._read[path] = None
            try:
                data = trusted_file.read(path, dotenv.LIMIT)
                added = dotenv.parse(data, self._variables, added, self._budget)
            except Problem as problem:
                problem.where = problem.where or path
                raise
        self._variables = {**added, **self._variables}


def _is_env(path: str) -> bool:
    """Return True if a ``.env`` exists; compose ignores a directory of that name."""
    if owners.is_strangers(path):
        return False
    try:
        return not stat.S_ISDIR(os.stat(path).st_mode)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise problems.describe(error, path) from None


def _first(directory: str, names: tuple[str, ...]) -> str:
    """Return the first of these files that exists; "" if none does."""
    paths = (os.path.join(directory, name) for name in names)
    return next((path for path in paths if _exists(path)), "")


def _exists(path: str) -> bool:
    """Return True if a file exists that is no stranger's.

    Raises:
        Problem: we cannot look at it.

    """
    if owners.is_strangers(path):  # first: a stranger's link may lead where nobody may look
        return False
    try:
        look(path)
    except OSError as error:
        if error.errno in _ABSENT:
            return False
        raise problems.describe(error, path) from None
    return True

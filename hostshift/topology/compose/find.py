"""Which files compose would read from a directory, and whether they are to be believed.

The order of the steps is that of docker/compose (cmd/compose/compose.go,
toProjectOptions) and compose-go (cli/options.go).
"""

from __future__ import annotations

import os

from hostshift._record import Record
from hostshift.settings import project_root
from hostshift.topology.compose import dotenv
from hostshift.topology.compose.files import read_file
from hostshift.topology.compose.problems import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

NAMES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
OVERRIDES = (
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
)
_TRUE = ("1", "t", "T", "TRUE", "true", "True")
_FALSE = ("0", "f", "F", "FALSE", "false", "False")


class Selection(Record):
    """The files of a project, in the order in which they are merged."""

    files: tuple[str, ...]
    environ: Mapping[str, str]
    variables: Mapping[str, str]
    """The environment and what the ``.env`` files add to it."""
    at: str
    """The working directory."""
    named: bool
    """The file was named by the caller: neither searched, nor from ``COMPOSE_FILE``."""

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
        """What stands between the parts of a container's name."""
        old = self.variables.get("COMPOSE_COMPATIBILITY", "").strip().lower()
        return "_" if old in ("1", "t", "true") else "-"

    @classmethod
    def _hidden(cls) -> frozenset[str]:
        return frozenset(("environ", "variables"))


def select(directory: str | None, environ: Mapping[str, str], file: str | None) -> Selection | None:
    """Find the files.

    Args:
        directory: where to look; the working directory if None.
        environ: the environment.
        file: a file that is named; none is searched then.

    Returns:
        None where there is no compose file.

    Raises:
        Problem: one of them is not to be believed, or compose would not take it.

    """
    try:
        at = os.path.abspath(directory or os.getcwd())
    except OSError:  # the working directory is gone
        return None
    return _Search(at, environ).select(file)


class _Search:
    """One search; the variables grow while it goes on."""

    def __init__(self, at: str, environ: Mapping[str, str]) -> None:
        self._at, self._environ = at, environ
        self._root = project_root(at)
        self._variables: dict[str, str] = {"PWD": at, **environ}
        self._skipped = ""

    def select(self, file: str | None) -> Selection | None:
        files = [self._absolute(file)] if file else []
        named = [self._absolute(env) for env in self._listed("COMPOSE_ENV_FILES", ",") if env]
        if named:
            self._read_env(named)
        else:
            self._read_env_beside(os.path.dirname(files[0]) if files else self._at, explicit=file)
        files = files or self._named() or self._searched()
        if not files:
            return None
        if self._skipped and os.path.dirname(self._skipped) != os.path.dirname(files[0]):
            raise Problem("counts for compose, but lies in no project's root", self._skipped)
        if not named:
            self._read_env_beside(os.path.dirname(files[0]), explicit="yes")
        return Selection(
            files=tuple(files),
            environ=self._environ,
            variables=self._variables,
            at=self._at,
            named=bool(file),
        )

    def _absolute(self, path: str) -> str:
        return os.path.abspath(os.path.join(self._at, path))

    def _listed(self, variable: str, separator: str) -> list[str]:
        return self._environ.get(variable, "").split(separator)

    def _named(self) -> list[str]:
        """Return the files that ``COMPOSE_FILE`` names."""
        given = self._variables.get("COMPOSE_FILE")
        if given is None:
            return []
        separator = self._variables.get("COMPOSE_PATH_SEPARATOR") or os.pathsep
        paths = given.split(separator)
        if "-" in paths:
            raise Problem("names the standard input", "COMPOSE_FILE")
        return [self._absolute(path) for path in paths]

    def _searched(self) -> list[str]:
        """Return the nearest file upwards, and the one beside it that overrides it."""
        at = self._at
        while True:
            found = _first(at, NAMES)
            if found:
                self._check_inside(at, found)
                override = _first(at, OVERRIDES)
                return [found, override] if override else [found]
            parent = os.path.dirname(at)
            if parent == at:
                return []
            at = parent

    def _check_inside(self, directory: str, file: str) -> None:
        """Raise Problem unless a directory is in the tree below the project's root."""
        if self._root is None:
            raise Problem("is not believed: no project's root is there; name the file", file)
        if not self._inside(directory):
            raise Problem("is not believed: it lies outside of the project's root; name it", file)

    def _inside(self, directory: str) -> bool:
        root = self._root
        if root is None:
            return False
        return os.path.realpath(directory) == root or os.path.realpath(directory).startswith(
            os.path.join(root, "")
        )

    # --- .env -----------------------------------------------------------------------------------

    def _read_env_beside(self, directory: str, *, explicit: str | None) -> None:
        """Read the ``.env`` of a directory, if there is one."""
        path = os.path.join(directory, ".env")
        if self._env_is_off() or not os.path.exists(path) or os.path.isdir(path):
            return
        if explicit or self._inside(directory):
            self._read_env([path])
        else:
            self._skipped = path

    def _env_is_off(self) -> bool:
        given = self._environ.get("COMPOSE_DISABLE_ENV_FILE")
        if given is not None and given not in _TRUE + _FALSE:
            raise Problem("is neither true nor false", "COMPOSE_DISABLE_ENV_FILE")
        return given in _TRUE

    def _read_env(self, paths: list[str]) -> None:
        """Add what files set to the variables; what is there already stays."""
        found: dict[str, str] = {}
        for path in paths:
            try:
                found = dotenv.parse(read_file(path), self._variables, found)
            except Problem as problem:
                raise Problem(problem.what, problem.where or path, problem.line) from None
        self._variables = {**found, **self._variables}


def _first(directory: str, names: tuple[str, ...]) -> str:
    """Return the first of these files that is there."""
    paths = (os.path.join(directory, name) for name in names)
    return next((path for path in paths if os.path.exists(path)), "")

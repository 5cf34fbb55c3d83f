"""Settings: ``HOSTSHIFT_*`` variables and ``[tool.hostshift]`` become one plain Policy.

Variables go before files; their names count in capitals and in small letters. The file is
``hostshift.toml``, or the table ``[tool.hostshift]`` of ``pyproject.toml``, in the project's
root. Since a settings file can redirect credentials, it only counts if nobody else could have
written it: see :mod:`hostshift.trust`.

Where neither a variable nor a file says anything, no settings library is loaded.
"""

from __future__ import annotations

import os

from hostshift import owners
from hostshift._outside import pass_on
from hostshift.policy import Policy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from hostshift._settings_file import SettingsFile

PREFIX = "HOSTSHIFT_"
ROOT_MARKS = ("hostshift.toml", "hostshift.topology.json", "pyproject.toml", ".git")
"""The nearest directory upwards that holds one of these is the project's root."""
OWN, SHARED = "hostshift.toml", "pyproject.toml"
"""The file that is all ours, and the one of which a table may be."""


def load() -> Policy:
    """Read the settings of this process and of the project that it works in.

    Raises:
        SettingError: a value is not allowed, or a settings file cannot be read; names the
            variable or the file, what was given and what is expected.

    """
    file = settings_file()
    if file is None and not has_variables(os.environ):
        return Policy()
    from hostshift import _settings_model

    return _settings_model.policy(file)


def preload() -> None:
    """Load the settings library, if it will be needed.

    It keeps the interpreter's lock for tens of milliseconds at a time: an event loop is not
    to meet that at its first connection, in whichever thread.
    """
    from hostshift.errors import SettingError

    try:
        needed = has_variables(os.environ) or settings_file() is not None
    except SettingError:  # whoever needs the settings hears of it
        return
    if needed:
        from hostshift import _settings_model  # noqa: F401


def is_variable(name: str) -> bool:
    """Return True if a variable's name begins as those of settings do, in any case."""
    return name[: len(PREFIX)].upper() == PREFIX


def is_ours(name: str) -> bool:
    """Return True for a setting's variable, and for one that hostshift writes for itself."""
    return is_variable(name.removeprefix("_"))


def has_variables(names: Iterable[str]) -> bool:
    """Return True if one of the names may be a setting's. Quick: it is asked at each start."""
    return PREFIX in "\n".join(names).upper()


def settings_file(directory: str | None = None) -> SettingsFile | None:
    """Return the project's settings file, None where there is none that may be believed.

    Raises:
        SettingError: there is one, and it cannot be read.

    """
    root = project_root(directory)
    if root is None:
        return None
    if not any(os.path.exists(os.path.join(root, name)) for name in (OWN, SHARED)):
        return None
    from hostshift import _settings_file

    return _settings_file.find(root)


def project_root(directory: str | None = None) -> str | None:
    """Return the nearest directory upwards that is a project's root, links followed.

    Args:
        directory: where to begin; the working directory if None.

    Returns:
        None where there is none, and where the directory is gone, has no usable name,
        or may not be searched.

    """
    try:
        return root_above(os.path.realpath(directory or os.getcwd()))
    except (OSError, ValueError, RecursionError) as error:
        pass_on(error)
        return None  # gone, a null byte, a long chain of links


def tree_above(path: str) -> str | None:
    """Return the directory of the whole tree that a project is in: the repository's, if any.

    In a repository of several projects each may have a ``pyproject.toml`` of its own, and the
    compose file is above them.

    Args:
        path: an absolute path.

    """
    at = path
    while not _is_mark(os.path.join(at, ".git")):
        if at == os.path.dirname(at):
            return root_above(path)
        at = os.path.dirname(at)
    return at


def _is_mark(path: str) -> bool:
    """Return True if a root's mark is there, and no stranger put it there."""
    return os.path.exists(path) and not owners.is_strangers(path)


def root_above(path: str) -> str | None:
    """Return the nearest directory upwards that is a project's root, as a path is written.

    Args:
        path: an absolute path.

    """
    at = path
    while True:
        if any(map(_is_mark, (os.path.join(at, mark) for mark in ROOT_MARKS))):
            return at
        parent = os.path.dirname(at)
        if parent == at:
            return None
        at = parent

"""Settings: ``HOSTSHIFT_*`` variables and ``[tool.hostshift]`` become one plain Policy.

Variables go before files. The file is ``hostshift.toml``, or the table
``[tool.hostshift]`` of ``pyproject.toml``, in the project's root. Since a
settings file can redirect credentials, it only counts if it belongs to this
user or to root and nobody else may write it.

Where neither a variable nor a file says anything, no settings library is loaded.
"""

from __future__ import annotations

import os
import stat

from hostshift._log import debug, warning
from hostshift.policy import Policy

PREFIX = "HOSTSHIFT_"
ROOT_MARKS = ("hostshift.toml", "hostshift.topology.json", "pyproject.toml", ".git")
"""The nearest directory upwards that holds one of these is the project's root."""


def load() -> Policy:
    """Read the settings of this process and of the project that it works in.

    Raises:
        SettingError: a value is not allowed; names the variable, what was given
            and what is allowed.

    """
    file = settings_file()
    if file is None and not any(name.startswith(PREFIX) for name in os.environ):
        return Policy()
    from hostshift import _settings_model

    return _settings_model.policy(file)


def preload() -> None:
    """Load the settings library, if it will be needed.

    It keeps the interpreter's lock for tens of milliseconds at a time: an event loop is not
    to meet that at its first connection, in whichever thread.
    """
    if any(name.startswith(PREFIX) for name in os.environ) or settings_file() is not None:
        from hostshift import _settings_model  # noqa: F401


def settings_file(directory: str | None = None) -> str | None:
    """Return the project's settings file, None where there is none that may be believed."""
    root = project_root(directory)
    if root is None:
        return None
    own = os.path.join(root, "hostshift.toml")
    if os.path.isfile(own):
        return own if is_trusted(own) else None
    project = os.path.join(root, "pyproject.toml")
    return project if _has_table(project) and is_trusted(project) else None


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
    except (OSError, ValueError, RecursionError):  # gone, a null byte, a long chain of links
        return None


def root_above(path: str) -> str | None:
    """Return the nearest directory upwards that is a project's root, as a path is written.

    Args:
        path: an absolute path.

    """
    at = path
    while True:
        if any(os.path.exists(os.path.join(at, mark)) for mark in ROOT_MARKS):
            return at
        parent = os.path.dirname(at)
        if parent == at:
            return None
        at = parent


def is_trusted(path: str) -> bool:
    """Tell whether a file belongs to this user or root and nobody else may write it.

    What may be put in its place counts too: a directory that others may write to
    must at least be sticky. Systems without owners (Windows) pass.
    """
    if not hasattr(os, "geteuid"):
        return True
    try:
        file, directory = os.stat(path), os.stat(os.path.dirname(path))
    except OSError:
        return False
    theirs = file.st_uid not in (0, os.geteuid()) or bool(
        file.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    )
    open_directory = bool(directory.st_mode & stat.S_IWOTH) and not directory.st_mode & stat.S_ISVTX
    if theirs or open_directory:
        warning("%s is not used: it belongs to another user or others may write it", path)
        return False
    return True


def _has_table(path: str) -> bool:
    """Tell whether a pyproject.toml has a table for hostshift.

    One that does not even name it is not parsed. One that is broken counts where
    it seems to have the table, so that its user hears of it.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(1 << 20)
    except OSError as error:
        debug("%s cannot be read: %s", path, error.strerror)
        return False
    if b"hostshift" not in data:
        return False
    import tomllib

    try:
        return "hostshift" in tomllib.loads(data.decode("utf-8", "replace")).get("tool", {})
    except tomllib.TOMLDecodeError:
        return b"tool.hostshift" in data

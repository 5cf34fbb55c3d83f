"""Where the project's root is, and the root of the tree around it."""

from __future__ import annotations

import os

from hostshift.base.interrupts import reraise_interrupt
from hostshift.trust import owners

OWN, SHARED = "hostshift.toml", "pyproject.toml"
"""The settings file that is only hostshift's, and the one that may hold a table of ours."""
ROOT_MARKS = (OWN, "hostshift.topology.json", SHARED, ".git")
"""The nearest directory upwards with one of these is the project's root."""


def project_root(directory: str | None = None) -> str | None:
    """Return the nearest directory upwards that is a project's root, links followed.

    Args:
        directory: where to begin; the working directory if None.

    Returns:
        None without one, and if the directory no longer exists, has no usable name, or is
        closed to this process.

    """
    try:
        return root_above(os.path.realpath(directory or os.getcwd()))
    except (OSError, ValueError, RecursionError) as error:
        reraise_interrupt(error)
        return None  # it no longer exists, a null byte, a long chain of links


def tree_above(path: str) -> str | None:
    """Return the root of the tree around a project: the repository's, or else the project's.

    In a repository of several projects each may have a ``pyproject.toml`` of its own, and the
    compose file is above them.

    Args:
        path: an absolute path.

    """
    directory = path
    while not _is_mark(os.path.join(directory, ".git")):
        if directory == os.path.dirname(directory):
            return root_above(path)
        directory = os.path.dirname(directory)
    return directory


def _is_mark(path: str) -> bool:
    """Return True if a root's mark exists, and no stranger put it there."""
    return not owners.is_strangers(path) and os.path.exists(path)


def root_above(path: str) -> str | None:
    """Return the nearest directory upwards that is a project's root, without following links.

    Args:
        path: an absolute path.

    """
    directory = path
    while True:
        if any(map(_is_mark, (os.path.join(directory, mark) for mark in ROOT_MARKS))):
            return directory
        parent = os.path.dirname(directory)
        if parent == directory:
            return None
        directory = parent

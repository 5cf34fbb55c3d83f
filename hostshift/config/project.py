"""Where the project's root is, and the root of the tree around it.

Another user may be able to put a mark of a root into a directory on the way: a member of a group
that shares it. Such a mark must not hide the user's own root above it, and with it the settings.
So the search goes on, and the nearest mark that only this user could have made is the root. If
there is none, the nearest other one is: then the gate refuses what lies there, and its error says
why.
"""

from __future__ import annotations

import os

from hostshift.base.interrupts import reraise_interrupt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

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
    return around(directory)[0]


def around(directory: str | None = None) -> tuple[str | None, tuple[str, ...]]:
    """Return the project's root, and the directories below it whose marks do not count.

    Args:
        directory: where to begin; the working directory if None.

    Returns:
        The root as :func:`project_root` returns it, and the others, the nearest first.

    """
    try:
        found = list(_marked(os.path.realpath(directory or os.getcwd()), ROOT_MARKS))
    except (OSError, ValueError, RecursionError) as error:
        reraise_interrupt(error)
        return None, ()  # it no longer exists, a null byte, a long chain of links
    root, places = _chosen(found), [place for place, _ in found]
    return root, tuple(places if root is None else places[: places.index(root)])


def tree_above(path: str) -> str | None:
    """Return the root of the tree around a project: the repository's, or else the project's.

    In a repository of several projects each may have a ``pyproject.toml`` of its own, and the
    compose file is above them.

    Args:
        path: an absolute path.

    """
    trees, roots = list(_marked(path, (".git",))), list(_marked(path, ROOT_MARKS))
    own = [place for found in (trees, roots) for place, is_own in found if is_own]
    return own[0] if own else _chosen(trees) or _chosen(roots)


def _chosen(found: list[tuple[str, bool]]) -> str | None:
    """Return the root among the directories with a mark; a shared one is never the root."""
    own = next((place for place, is_own in found if is_own), None)
    if own is not None or not found:
        return own
    from hostshift.trust.shared_directory import is_shared

    return next((place for place, _ in found if not is_shared(place)), None)


def _marked(path: str, marks: tuple[str, ...]) -> Iterator[tuple[str, bool]]:
    """Yield the directories upwards with a mark, up to one that only this user could have made.

    Args:
        path: an absolute path.
        marks: the names of the marks.

    Yields:
        A directory, and True if nobody else could have made its mark.

    """
    directory = path
    while True:
        found = list(filter(_is_mark, (os.path.join(directory, mark) for mark in marks)))
        is_own = bool(found) and _is_own(directory, found)
        if found:
            yield directory, is_own
        parent = os.path.dirname(directory)
        if is_own or parent == directory:
            return
        directory = parent


def _is_mark(path: str) -> bool:
    """Return True if a root's mark exists, and no stranger put it there."""
    if not lexists(path):  # so most processes load nothing that asks for owners
        return False
    from hostshift.config.presence import exists
    from hostshift.trust import owners

    return not owners.is_strangers(path) and exists(path)


_ITSELF = getattr(os, "O_PATH", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)


def lexists(path: str) -> bool:
    """Return True if anything has a name, a broken link too; see :func:`.presence.look`."""
    try:  # each start looks for many names that are not there
        _find(path)
    except FileNotFoundError:
        return False
    except (OSError, ValueError) as error:
        reraise_interrupt(error)
        from hostshift.config import presence

        return presence.is_there(path)
    return True


def _find(path: str) -> None:
    """Return if anything has a name; else raise the OSError."""
    if not hasattr(os, "O_PATH"):
        os.lstat(path)
        return
    open_fds: list[int] = []
    try:
        # Stored in one step, as in regular_file.py: an interrupt leaves no descriptor open.
        open_fds.extend(map(os.open, (path,), (_ITSELF,)))
    finally:
        for descriptor in open_fds:
            os.close(descriptor)


def is_closed(directory: str) -> bool:
    """Return True if a directory exists, and this user may not look for files in it."""
    try:
        _find(os.path.join(directory, OWN))
    except PermissionError:
        return True
    except OSError as error:
        reraise_interrupt(error)
    return False


def _is_own(directory: str, marks: list[str]) -> bool:
    """Return True if a user who may decide made one of the marks, and nobody else could have."""
    from hostshift.trust import owners

    if all(owners.is_anothers(mark, itself=True) for mark in marks):
        return False
    from hostshift.trust.shared_directory import is_private

    return is_private(directory)

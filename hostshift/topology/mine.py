"""Which compose project a process belongs to, by where it works."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def working_directory(environ: Mapping[str, str]) -> str:
    """Return the working directory by the name that compose gives it.

    A shell that followed a link says so in ``PWD``, and compose goes by that where it is
    the same directory (Go's os.Getwd): the project is called after the link, and the
    directories above the link are searched, not those above where it leads.

    Args:
        environ: the environment.

    Raises:
        OSError: the directory is gone, or this user may not search it.

    """
    here = os.stat(".")
    named = environ.get("PWD", "")
    if named.startswith("/"):
        try:
            if os.path.samestat(os.stat(named), here):
                return os.path.normpath(named)
        except (OSError, ValueError):  # it names nothing any more, or holds a null byte
            pass
    return os.getcwd()


def project_of(directory: str, places: Mapping[str, Iterable[str]], named: str = "") -> str | None:
    """Return the project in whose directory, or below it, a directory is.

    Args:
        directory: an absolute path.
        places: the working directories of each project.
        named: the project that wins where several have the same directory.

    Returns:
        The project with the deepest directory; None where there is none, or several.

    """
    depths = {
        name: max((len(at) for at in found if is_in(directory, at)), default=0)
        for name, found in places.items()
    }
    deepest = max(depths.values(), default=0)
    nearest = [name for name, depth in depths.items() if depth == deepest and deepest]
    if named in nearest:
        return named
    return nearest[0] if len(nearest) == 1 else None


def is_in(directory: str, parent: str) -> bool:
    """Return True if a directory is another one or below it."""
    if not parent.startswith("/"):
        return False
    return directory == parent or directory.startswith(os.path.join(parent, ""))


def beyond(directory: str, mounts: Iterable[tuple[str, str]]) -> str | None:
    """Return what the host calls a directory of a container.

    Args:
        directory: an absolute path inside.
        mounts: where something of the host is mounted, and what it is there.

    Returns:
        None where nothing of the host is mounted there.

    """
    holding = [(inside, outside) for inside, outside in mounts if is_in(directory, inside)]
    if not holding:
        return None
    inside, outside = max(holding, key=lambda found: len(found[0]))
    rest = os.path.relpath(directory, inside)
    return os.path.normpath(os.path.join(outside, rest))

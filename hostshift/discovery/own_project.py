"""Find the compose project of a process by its working directory."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def working_directory(environ: Mapping[str, str]) -> str:
    """Return the working directory under the name that compose uses.

    If a shell followed a link, ``PWD`` has the link's path. Compose uses that path if it is
    the same directory (Go's os.Getwd): it names the project after the link, and searches
    the directories above the link, not those above its target.

    Args:
        environ: the environment.

    Raises:
        OSError: the directory no longer exists, or this user may not search it.

    """
    here = os.stat(".")
    named = environ.get("PWD", "")
    if named.startswith("/"):
        try:
            if os.path.samestat(os.stat(named), here):
                return os.path.normpath(named)
        except (OSError, ValueError):  # no longer exists, or contains a null byte
            pass
    return os.getcwd()


def project_of(directory: str, places: Mapping[str, Iterable[str]], named: str = "") -> str | None:
    """Return the project whose directory contains a directory, or is it.

    Args:
        directory: an absolute path.
        places: the working directories of each project.
        named: the project that wins if several have the same directory.

    Returns:
        The project with the deepest directory; None if no project matches, or several do.

    """
    depths = {
        name: max((len(at) for at in directories if is_in(directory, at)), default=0)
        for name, directories in places.items()
    }
    deepest = max(depths.values(), default=0)
    nearest = [name for name, depth in depths.items() if depth == deepest and deepest]
    if named in nearest:
        return named
    return nearest[0] if len(nearest) == 1 else None


def is_in(directory: str, parent: str) -> bool:
    """Return True if a directory is ``parent`` or below it."""
    if not parent.startswith("/"):
        return False
    return directory == parent or directory.startswith(os.path.join(parent, ""))


def to_host_path(directory: str, mounts: Iterable[tuple[str, str]]) -> str | None:
    """Return the host's path of a directory of this container.

    Args:
        directory: an absolute path in the container.
        mounts: pairs of a mount's path in the container and its path on the host.

    Returns:
        The host's path; None if no mount contains the directory.

    """
    holding = [(inside, outside) for inside, outside in mounts if is_in(directory, inside)]
    if not holding:
        return None
    inside, outside = max(holding, key=lambda mount: len(mount[0]))
    rest = os.path.relpath(directory, inside)
    return os.path.normpath(os.path.join(outside, rest))

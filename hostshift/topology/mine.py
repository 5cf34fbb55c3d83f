"""Which compose project a process belongs to, by where it works. Pure."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


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
    """Tell whether a directory is another one or below it."""
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

"""Signs of a project where compose by itself finds no file: it may have services all the same.

Whoever starts it names the file (``-f deploy/compose.yaml``, ``docker stack deploy -c
stack.yml``), or a development container does. That is no description of a project, but it
takes the proof away that there is none.
"""

from __future__ import annotations

import os
import re

from hostshift.settings import root_above
from hostshift.topology.files import read
from hostshift.topology.problems import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_FILE = re.compile(r"(?:.*[-._])?(?:compose|stack)(?:[-._].*)?\.ya?ml\Z", re.IGNORECASE)
_DIRECTORIES = (
    *("deploy", "deployment", "docker", ".docker", ".devcontainer", "compose", "infra", "ops"),
    *("dev", "local", "stack"),
)
"""Directories that such files habitually are in."""
_VARIABLES = ("COMPOSE_FILE", "COMPOSE_PROJECT_NAME")
_LINE = re.compile(rb"^\s*(?:export\s+)?COMPOSE_(?:FILE|PROJECT_NAME)\s*=", re.MULTILINE)
_LIMIT = 1 << 16


def find(at: str, environ: Mapping[str, str]) -> str:
    """Return the first sign that a directory is part of a compose project, "" for none.

    Args:
        at: the working directory; what is above it counts up to the project's root.
        environ: the environment.

    """
    named = next((name for name in _VARIABLES if environ.get(name)), "")
    return named or next(_in_the_tree(at), "")


def files(directory: str) -> Iterator[str]:
    """Yield what habitually describes services in a directory, and in some below it.

    One that cannot be looked into is a sign as well: nobody can say what is there.
    """
    for place in (directory, *(os.path.join(directory, name) for name in _DIRECTORIES)):
        try:
            names = sorted(os.listdir(place))
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            yield place
            continue
        paths = (os.path.join(place, name) for name in names if _FILE.match(name))
        yield from filter(os.path.exists, paths)  # a link that leads nowhere is nothing


def _in_the_tree(at: str) -> Iterator[str]:
    root = root_above(at) or at
    while True:
        yield from files(at)
        if _names_files(os.path.join(at, ".env")):
            yield os.path.join(at, ".env")
        if at in (root, os.path.dirname(at)):
            return
        at = os.path.dirname(at)


def _names_files(path: str) -> bool:
    """Return True if a ``.env`` sets what compose reads or how the project is called.

    One that is there and cannot be read may do so.
    """
    try:
        return bool(_LINE.search(read(path, _LIMIT)))
    except Problem:
        return os.path.isfile(path)

"""What an engine's JSON has to look like. Pure.

What is missing or null counts as empty; another type than the one expected, or
a value that no engine gives, is a :class:`Problem`: then all of it is not believed.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Any

from hostshift.topology.engine.problems import Problem

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*\Z")
_ID = re.compile(r"[0-9a-f]{64}\Z")
_PORT = re.compile(r"([0-9]{1,5})/([a-z]+)\Z")
_NUMBER = re.compile(r"[0-9]{1,5}\Z")


def mapping(tree: object, *path: str) -> dict[str, Any]:
    """Return the object at a path of keys, {} where there is none."""
    found = _at(tree, path)
    if found is None:
        return {}
    if type(found) is not dict:
        raise _odd(path)
    return found


def listing(tree: object, *path: str) -> list[Any]:
    """Return the list at a path of keys, [] where there is none."""
    found = _at(tree, path)
    if found is None:
        return []
    if type(found) is not list:
        raise _odd(path)
    return found


def text(tree: object, *path: str) -> str:
    """Return the text at a path of keys, "" where there is none."""
    found = _at(tree, path)
    if found is None:
        return ""
    if type(found) is not str:
        raise _odd(path)
    return found


def flag(tree: object, *path: str) -> bool:
    """Return the truth value at a path of keys, False where there is none."""
    found = _at(tree, path)
    if found is None:
        return False
    if type(found) is not bool:
        raise _odd(path)
    return found


def identity(tree: object, *path: str) -> str:
    """Return a container's full id."""
    found = text(tree, *path)
    if not _ID.match(found):
        raise _odd(path)
    return found


def is_name(name: str) -> bool:
    """Tell whether something can be a name (moby daemon/names/names.go)."""
    return len(name) < 256 and _NAME.match(name) is not None


def name(tree: object, *path: str) -> str:
    """Return a container's name, less the slash that engines put before it."""
    found = text(tree, *path).removeprefix("/")
    if not is_name(found):
        raise _odd(path)
    return found


def address(tree: object, *path: str) -> str:
    """Return an address in its usual spelling, "" where there is none."""
    found = text(tree, *path)
    try:
        return str(ip_address(found)) if found else ""
    except ValueError:
        raise _odd(path) from None


def port_key(key: str) -> tuple[int, str]:
    """Split a key like ``5432/tcp``."""
    found = _PORT.match(key)
    if found is None or not 0 < int(found[1]) < 65536:
        raise Problem("answers what no engine does: a port that is none")
    return int(found[1]), found[2]


def host_port(tree: object, *path: str) -> int | None:
    """Return a port of the host; None for any port and for one of a range."""
    found = text(tree, *path)
    if not _NUMBER.match(found) or found.strip("0") == "":
        return None
    if int(found) > 65535:
        raise _odd(path)
    return int(found)


def _at(tree: object, path: tuple[str, ...]) -> object:
    """Walk down the keys; nothing is below null."""
    for at, key in enumerate(path):
        if tree is None:
            return None
        if type(tree) is not dict:
            raise _odd(path[:at])
        tree = tree.get(key)
    return tree


def _odd(path: tuple[str, ...]) -> Problem:
    return Problem(f"answers what no engine does: {'.'.join(path) or 'the whole of it'}")

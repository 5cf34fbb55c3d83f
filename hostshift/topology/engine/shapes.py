"""What an engine's JSON has to look like. Pure.

What is missing or null counts as empty; another type than the one expected, or
a value that no engine gives, is a :class:`Problem`. Who reads containers leaves
that one thing out (:mod:`.reading`).
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Any

from hostshift.topology.engine.problems import Problem

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*\Z")
_ID = re.compile(r"[0-9a-f]{64}\Z")
_PORT = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?(?:/([a-z]+))?\Z")
_RANGE = re.compile(r"[0-9]{1,5}-[0-9]{1,5}\Z")
_NUMBER = re.compile(r"[0-9]{1,5}\Z")
_ODD = "what no engine says"


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


def number(tree: object, *path: str) -> int:
    """Return the whole number at a path of keys, 0 where there is none."""
    found = _at(tree, path)
    if found is None:
        return 0
    if type(found) is not int:
        raise _odd(path)
    return found


def identity(tree: object, *path: str) -> str:
    """Return a container's full id."""
    found = text(tree, *path)
    if not _ID.match(found):
        raise _odd(path)
    return found


def is_name(name: str) -> bool:
    """Return True if something can be a name (moby daemon/names/names.go)."""
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


def ports(key: str) -> tuple[range, str]:
    """Read a key like ``5432/tcp`` as the ports and the protocol that it means.

    Docker takes what a client sends for ``ExposedPorts``, and shows it again: Compose
    sends ``expose`` as it was written, so there are keys without a protocol, which is TCP
    then, and ranges (compose pkg/compose/create.go, buildContainerPorts; docker
    go-connections nat/nat.go, ParsePortSpec). ``/TCP`` is tcp as well.

    Raises:
        Problem: it is no port.

    """
    found = _PORT.match(key.lower())
    first = int(found[1]) if found else 0
    last = int(found[2] or first) if found else 0
    if found is None or not 0 < first <= last < 65536:
        raise Problem("a port that is none")
    return range(first, last + 1), found[3] or "tcp"


def port(key: str) -> tuple[int, str]:
    """Read a key that is one port.

    Raises:
        Problem: it is none, or a range: engines bind no ranges.

    """
    found, protocol = ports(key)
    if len(found) != 1:
        raise Problem("a port that is none")
    return found[0], protocol


def host_port(tree: object, *path: str) -> int | None:
    """Return a port of the host; None for any port and for one of a range."""
    found = text(tree, *path)
    if not found.strip("0") or _RANGE.match(found):
        return None
    if not _NUMBER.match(found) or int(found) > 65535:
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
    """Name the place alone: a value may hold a secret."""
    return Problem(f"answers {_ODD}: {'.'.join(path) or 'the whole of it'}")

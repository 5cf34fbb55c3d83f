"""Read the fields of an engine's JSON. Pure.

A missing or null field counts as empty. A field of an unexpected type, or with a value
that no engine gives, is a :class:`Problem`. The readers of containers leave out that one
field (:mod:`.reading`).
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING

from hostshift.discovery.engine.problems import Problem

if TYPE_CHECKING:
    from hostshift.base.json_tree import Tree

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*\Z")
_ID = re.compile(r"[0-9a-f]{64}\Z")
_PORT = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?(?:/([a-z]+))?\Z")
_RANGE = re.compile(r"[0-9]{1,5}-[0-9]{1,5}\Z")
_NUMBER = re.compile(r"[0-9]{1,5}\Z")


def mapping(tree: Tree, *path: str) -> dict[str, Tree]:
    """Return the object at a path of keys; {} if it is missing."""
    value = _at(tree, path)
    if value is None:
        return {}
    if type(value) is not dict:
        raise _odd(path)
    return value


def listing(tree: Tree, *path: str) -> list[Tree]:
    """Return the list at a path of keys; [] if it is missing."""
    value = _at(tree, path)
    if value is None:
        return []
    if type(value) is not list:
        raise _odd(path)
    return value


def text(tree: Tree, *path: str) -> str:
    """Return the text at a path of keys; "" if it is missing."""
    value = _at(tree, path)
    if value is None:
        return ""
    if type(value) is not str:
        raise _odd(path)
    return value


def flag(tree: Tree, *path: str) -> bool:
    """Return the boolean at a path of keys; False if it is missing."""
    value = _at(tree, path)
    if value is None:
        return False
    if type(value) is not bool:
        raise _odd(path)
    return value


def identity(tree: Tree, *path: str) -> str:
    """Return a container's full id; raise Problem if it is not one."""
    value = text(tree, *path)
    if not _ID.match(value):
        raise _odd(path)
    return value


def is_name(name: str) -> bool:
    """Return True if a text can be a name (moby daemon/names/names.go)."""
    return len(name) < 256 and _NAME.match(name) is not None


def name(tree: Tree, *path: str) -> str:
    """Return a container's name without the slash that engines put before it."""
    value = text(tree, *path).removeprefix("/")
    if not is_name(value):
        raise _odd(path)
    return value


def address(tree: Tree, *path: str) -> str:
    """Return an address in its usual spelling; "" if it is missing."""
    value = text(tree, *path)
    try:
        return str(ip_address(value)) if value else ""
    except ValueError:
        raise _odd(path) from None


def ports(key: str) -> tuple[range, str]:
    """Read a key like ``5432/tcp`` as ports and a protocol.

    Docker keeps a client's ``ExposedPorts`` as they are, and Compose sends ``expose`` as the
    user wrote it. So there are keys without a protocol, which then is TCP, and ranges
    (compose pkg/compose/create.go, buildContainerPorts; docker go-connections nat/nat.go,
    ParsePortSpec). ``/TCP`` is tcp as well.

    Raises:
        Problem: the key is not a port.

    """
    matched = _PORT.match(key.lower())
    first = int(matched[1]) if matched else 0
    last = int(matched[2] or first) if matched else 0
    if matched is None or not 0 < first <= last < 65536:
        raise Problem("not a port")
    return range(first, last + 1), matched[3] or "tcp"


def port(key: str) -> tuple[int, str]:
    """Read a key as one port and its protocol.

    Raises:
        Problem: the key is not a port, or is a range, which engines do not bind.

    """
    numbers, protocol = ports(key)
    if len(numbers) != 1:
        raise Problem("not a port")
    return numbers[0], protocol


def host_port(tree: Tree, *path: str) -> int | None:
    """Return a port of the host; None for any port and for any port of a range."""
    value = text(tree, *path)
    if not value.strip("0") or _RANGE.match(value):
        return None
    if not _NUMBER.match(value) or int(value) > 65535:
        raise _odd(path)
    return int(value)


def _at(tree: Tree, path: tuple[str, ...]) -> Tree:
    """Return the value at a path of keys; None if a part of the path is missing or null."""
    for at, key in enumerate(path):
        if tree is None:
            return None
        if type(tree) is not dict:
            raise _odd(path[:at])
        tree = tree.get(key)
    return tree


def _odd(path: tuple[str, ...]) -> Problem:
    """Describe an unexpected value by its path alone, because it may contain a secret."""
    what = f"value for {'.'.join(path)}" if path else "document"
    return Problem(f"gives an unexpected {what}")

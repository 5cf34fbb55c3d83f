"""Turn an entry of the list of containers into the shape that ``inspect`` has. Pure.

The list holds no aliases, no publications of stopped containers, and no ports that are only
exposed of a container without a network of its own. Podman's list has no network mode
either, or ``host`` for all (pkg/api/handlers/compat/containers.go, LibpodToContainer). So
the list is enough for a few containers only. For others we use it if ``inspect`` fails.

This module raises nothing: it passes odd values on, and their readers leave them out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hostshift.discovery.engine import json_fields
from hostshift.discovery.engine.problems import Problem

if TYPE_CHECKING:
    from hostshift.base.json_tree import Tree

_HEALTH = re.compile(r"\((?:health: )?(healthy|unhealthy|starting)\)\Z")
_DEFAULT = "bridge"
"""Docker's default network, which has no aliases."""


def at(entry: Tree, *path: str) -> Tree:
    """Return the value at a path of keys; None if it is missing."""
    for key in path:
        entry = entry.get(key) if type(entry) is dict else None
    return entry


def is_running(entry: dict[str, Tree]) -> bool:
    """Return True if a container runs."""
    return bool(at(entry, "State") == "running")


def tells_all(entry: dict[str, Tree]) -> bool:
    """Return True if ``inspect`` has nothing more about a container of Docker's.

    A port that Docker could not read has the number or the protocol 0 here.
    """
    networks, mode = (
        at(entry, "NetworkSettings", "Networks"),
        at(entry, "HostConfig", "NetworkMode"),
    )
    ports = at(entry, "Ports") or []
    return (
        is_running(entry)
        and type(mode) is str
        and mode in (_DEFAULT, "default")
        and type(networks) is dict
        and networks.keys() == {_DEFAULT}
        and type(ports) is list
        and all(map(_is_readable, ports))
    )


def called(entry: Tree) -> str:
    """Return a container's name for people: its own, its id, or "without a name"."""
    for label in (_name(entry).removeprefix("/"), at(entry, "Id")):
        if type(label) is str and json_fields.is_name(label):
            return label[:64]
    return "without a name"


def as_inspected(entry: dict[str, Tree]) -> dict[str, Tree]:
    """Return an entry of the list in the shape that ``inspect`` has."""
    ports = at(entry, "Ports")
    rows = ports if type(ports) is list else []
    return {
        "Id": at(entry, "Id"),
        "Name": _name(entry),
        "Config": {
            "Labels": at(entry, "Labels"),
            "ExposedPorts": dict.fromkeys(map(_key, rows)),
        },
        "State": {
            "Status": at(entry, "State"),
            "Health": {"Status": _health(entry)},
        },
        "HostConfig": {"NetworkMode": at(entry, "HostConfig", "NetworkMode")},
        "NetworkSettings": {
            "Networks": at(entry, "NetworkSettings", "Networks"),
            "Ports": _bindings(rows) if type(ports) in (list, type(None)) else ports,
        },
        "Mounts": at(entry, "Mounts"),
    }


def _name(entry: Tree) -> str:
    """Return its own name; a legacy link adds names like ``/other/alias``."""
    names = at(entry, "Names")
    texts = [name for name in names if type(name) is str] if type(names) is list else []
    return next((name for name in texts if "/" not in name[1:]), "")


def _health(entry: dict[str, Tree]) -> str:
    """Read "Up 5 minutes (healthy)" (moby container/state.go, String)."""
    status = at(entry, "Status")
    matched = _HEALTH.search(status) if type(status) is str else None
    return matched[1] if matched else ""


def _is_readable(port: Tree) -> bool:
    try:
        json_fields.port(_key(port))
    except Problem:
        return False
    return True


def _bindings(ports: list[Tree]) -> dict[str, Tree]:
    bindings: dict[str, list[Tree]] = {}
    for port in ports:
        public = at(port, "PublicPort")
        if public:
            on: Tree = {"HostIp": at(port, "IP"), "HostPort": _digits(public)}
            bindings.setdefault(_key(port), []).append(on)
    return {**bindings}


def _key(port: Tree) -> str:
    """Return the port as ``inspect`` writes it; an odd port becomes a key that is not a port."""
    protocol = at(port, "Type")
    return f"{_digits(at(port, 'PrivatePort'))}/{protocol if type(protocol) is str else '?'}"


def _digits(number: Tree) -> str:
    return str(number) if type(number) is int else "?"

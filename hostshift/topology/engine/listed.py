"""What the list of containers tells of one, in the shape that ``inspect`` has. Pure.

The list tells neither aliases nor what a stopped container publishes, nor the ports
that are only exposed where the container has no network of its own. Podman's does not
tell the network mode either, or tells ``host`` for all (pkg/api/handlers/compat/
containers.go, LibpodToContainer). So the list is enough for a few containers only; for
others it is what remains where the engine does not say more.

Nothing is raised: what is odd is passed on, and left out where it is read.
"""

from __future__ import annotations

import re
from typing import Any

from hostshift.topology.engine import shapes
from hostshift.topology.engine.problems import Problem

_HEALTH = re.compile(r"\((?:health: )?(healthy|unhealthy|starting)\)\Z")
_DEFAULT = "bridge"
"""Docker's default network: on it there are no aliases."""


def at(entry: object, *path: str) -> Any:
    """Return what is at a path of keys, None where there is nothing."""
    for key in path:
        entry = entry.get(key) if type(entry) is dict else None
    return entry


def is_running(entry: dict[str, Any]) -> bool:
    """Return True if a container runs."""
    return bool(at(entry, "State") == "running")


def tells_all(entry: dict[str, Any]) -> bool:
    """Return True if there is nothing about a container of Docker's that only ``inspect`` tells.

    A port that Docker could not read is 0 here, or its protocol is.
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


def called(entry: object) -> str:
    """Return a name for a container, for people: its own, its id, or that it has none."""
    for found in (_name(entry).removeprefix("/"), at(entry, "Id")):
        if type(found) is str and shapes.is_name(found):
            return found[:64]
    return "without a name"


def as_inspected(entry: dict[str, Any]) -> dict[str, Any]:
    """Put what the list tells of a container into the shape that ``inspect`` has."""
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


def _name(entry: object) -> str:
    """Return its own name; ``/other/alias`` is what a legacy link calls it."""
    names = at(entry, "Names")
    texts = [name for name in names if type(name) is str] if type(names) is list else []
    return next((name for name in texts if "/" not in name[1:]), "")


def _health(entry: dict[str, Any]) -> str:
    """Read "Up 5 minutes (healthy)" (moby container/state.go, String)."""
    status = at(entry, "Status")
    found = _HEALTH.search(status) if type(status) is str else None
    return found[1] if found else ""


def _is_readable(port: object) -> bool:
    try:
        shapes.port(_key(port))
    except Problem:
        return False
    return True


def _bindings(ports: list[Any]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for port in ports:
        public = at(port, "PublicPort")
        if public:
            on = {"HostIp": at(port, "IP"), "HostPort": _digits(public)}
            found.setdefault(_key(port), []).append(on)
    return found


def _key(port: object) -> str:
    """Return the port as ``inspect`` writes it; what is odd becomes a key that is no port."""
    protocol = at(port, "Type")
    return f"{_digits(at(port, 'PrivatePort'))}/{protocol if type(protocol) is str else '?'}"


def _digits(number: object) -> str:
    return str(number) if type(number) is int else "?"

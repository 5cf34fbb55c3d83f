"""What the list of containers tells of one, in the shape that ``inspect`` has. Pure.

The list tells neither aliases nor what a stopped container publishes. Podman's
does not tell the network mode, either.
"""

from __future__ import annotations

import re
from typing import Any

from hostshift.topology.engine import shapes
from hostshift.topology.engine.problems import Problem

_HEALTH = re.compile(r"\((?:health: )?(healthy|unhealthy|starting)\)\Z")
_NAMELESS = {"bridge", "host", "none"}
"""Docker's own networks: on them there are no aliases."""


def is_running(entry: dict[str, Any]) -> bool:
    """Tell whether a container runs."""
    return shapes.text(entry, "State") == "running"


def tells_all(entry: dict[str, Any]) -> bool:
    """Tell whether there is nothing about a container that only ``inspect`` tells."""
    networks = shapes.mapping(entry, "NetworkSettings", "Networks")
    known = shapes.text(entry, "HostConfig", "NetworkMode")
    return is_running(entry) and bool(known) and networks.keys() <= _NAMELESS


def as_inspected(entry: dict[str, Any]) -> dict[str, Any]:
    """Put what the list tells of a container into the shape that ``inspect`` has."""
    ports = [shapes.mapping(port) for port in shapes.listing(entry, "Ports")]
    return {
        "Id": shapes.identity(entry, "Id"),
        "Name": _name(entry),
        "Config": {
            "Labels": shapes.mapping(entry, "Labels"),
            "ExposedPorts": {_key(port): {} for port in ports},
        },
        "State": {
            "Status": shapes.text(entry, "State"),
            "Health": {"Status": _health(entry)},
        },
        "HostConfig": {"NetworkMode": shapes.text(entry, "HostConfig", "NetworkMode")},
        "NetworkSettings": {
            "Networks": shapes.mapping(entry, "NetworkSettings", "Networks"),
            "Ports": _bindings(ports),
        },
        "Mounts": shapes.listing(entry, "Mounts"),
    }


def _name(entry: dict[str, Any]) -> str:
    """Return its own name; ``/other/alias`` is what a legacy link calls it."""
    names = [name for name in shapes.listing(entry, "Names") if type(name) is str]
    return next((name for name in names if "/" not in name[1:]), "")


def _health(entry: dict[str, Any]) -> str:
    """Read "Up 5 minutes (healthy)" (moby container/state.go, String)."""
    found = _HEALTH.search(shapes.text(entry, "Status"))
    return found[1] if found else ""


def _bindings(ports: list[dict[str, Any]]) -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = {}
    for port in ports:
        if port.get("PublicPort"):
            on = {"HostIp": shapes.text(port, "IP"), "HostPort": _number(port, "PublicPort")}
            found.setdefault(_key(port), []).append(on)
    return found


def _key(port: dict[str, Any]) -> str:
    return f"{_number(port, 'PrivatePort')}/{shapes.text(port, 'Type')}"


def _number(port: dict[str, Any], key: str) -> str:
    found = port.get(key)
    if type(found) is not int:
        raise Problem(f"answers what no engine does: {key}")
    return str(found)

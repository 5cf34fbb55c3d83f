"""Asking one engine: one look is one snapshot."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from hostshift._record import Record
from hostshift.topology.engine import listed, shapes
from hostshift.topology.engine.problems import GoneError, Problem
from hostshift.topology.engine.transport import Transport

if TYPE_CHECKING:
    from hostshift.topology.engine.problems import Clock

LIMIT = 32 << 20
"""Bytes of one answer, at most. Ten thousand containers have a third of that."""
PROJECT = "com.docker.compose.project"


class Snapshot(Record):
    """What an engine said: each container as ``inspect`` shows it."""

    containers: tuple[dict[str, Any], ...]
    podman: bool
    hurried: int = 0
    """Stopped containers that there was no time to look at: what they publish is not known."""


def snapshot(socket: str, clock: Clock, *, configured: bool = False) -> Snapshot:
    """Ask an engine for all its containers.

    Args:
        socket: the engine's socket.
        clock: the time that it may take. Running containers are looked at first.
        configured: look at what every container was asked to publish.

    Raises:
        Problem: it does not answer as an engine does, or not in time.
        OSError: the socket failed.

    """
    with Transport(socket, clock, LIMIT) as transport:
        asking = _Asking(transport, clock)
        podman = _is_podman(asking.json("/version"))
        answered = shapes.listing(asking.json("/containers/json?all=1"))
        entries = [entry for entry in map(shapes.mapping, answered) if not _is_going(entry)]
        containers, hurried = _looked_at(sorted(entries, key=_turn), asking, configured=configured)
    return Snapshot(containers=tuple(containers), podman=podman, hurried=hurried)


def _looked_at(
    entries: list[dict[str, Any]], asking: _Asking, *, configured: bool
) -> tuple[list[dict[str, Any]], int]:
    """Inspect the containers of which the list does not tell all; count those left aside.

    What is removed meanwhile is left out. An inspection waits for whatever the
    engine does with the container just then, the list does not.
    """
    found: list[dict[str, Any]] = []
    hurried = 0
    for entry in entries:
        if not configured and listed.tells_all(entry):
            found.append(listed.as_inspected(entry))
        elif asking.clock.nearly_up and not listed.is_running(entry):
            found.append(listed.as_inspected(entry))
            hurried += 1
        else:
            with suppress(GoneError):
                path = f"/containers/{shapes.identity(entry, 'Id')}/json"
                found.append(shapes.mapping(asking.json(path)))
    return found, hurried


def _turn(entry: dict[str, Any]) -> tuple[bool, bool]:
    """Put running containers first, then those of compose projects."""
    return not listed.is_running(entry), PROJECT not in shapes.mapping(entry, "Labels")


def _is_going(entry: dict[str, Any]) -> bool:
    """Tell whether a container is being removed: to look at it would be to wait for that."""
    return shapes.text(entry, "State") in ("removing", "dead")


def _is_podman(version: object) -> bool:
    components = shapes.listing(version, "Components")
    return any(shapes.text(part, "Name") == "Podman Engine" for part in components)


class _Asking:
    """Questions to one engine, within one time limit.

    No path has a version: engines take that for their newest.
    """

    def __init__(self, transport: Transport, clock: Clock) -> None:
        self._transport, self.clock = transport, clock

    def json(self, path: str) -> object:
        """Ask for a path and return what its JSON says.

        Raises:
            Problem: the answer is no JSON, too long, or not in time.

        """
        try:
            said: object = json.loads(self._transport.body(path))
        except (ValueError, RecursionError):
            raise Problem("answers what no engine does: no JSON") from None
        return said

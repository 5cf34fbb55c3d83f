"""Asking one engine: one look is one snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hostshift._record import Record
from hostshift.topology.engine import listed, shapes, swarm
from hostshift.topology.engine.problems import GoneError, HungUp, Late, Problem
from hostshift.topology.engine.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hostshift.topology.engine.reading import Reading
    from hostshift.topology.engine.wire import Endpoint, Turn

LIMIT = 32 << 20
"""Bytes of one answer, at most. Ten thousand containers have a third of that."""
PROJECT = "com.docker.compose.project"
_MOST_FAILURES = 3
"""Containers that an engine may fail to describe before the list has to do for the rest."""


class Snapshot(Record):
    """What an engine said: each container as ``inspect`` shows it."""

    containers: tuple[dict[str, Any], ...]
    podman: bool
    virtual: Mapping[tuple[str, str], str] = {}
    """The addresses of a swarm's services, by network and service."""

    @classmethod
    def _hidden(cls) -> frozenset[str]:
        """Hide the containers: their environments hold secrets."""
        return frozenset(("containers",))


def snapshot(
    endpoint: Endpoint, turn: Turn, reading: Reading, *, configured: bool = False
) -> Snapshot:
    """Ask an engine for all its containers.

    Args:
        endpoint: where the engine listens.
        turn: the time that it may take. Running containers are looked at first.
        reading: notes the containers that it could not describe.
        configured: look at what every container was asked to publish.

    Raises:
        Problem: it does not answer as an engine does, or not in time.

    """
    with Transport(endpoint, turn, LIMIT) as transport:
        podman = _is_podman(transport.ask("/version"))
        entries = _entries(transport.ask("/containers/json?all=1"), reading)
        look = _Look(transport, turn, reading, podman=podman, configured=configured)
        containers = tuple(look.at_all(sorted(entries, key=_turn)))
        virtual = swarm.virtual_addresses(containers, transport, turn, reading)
    return Snapshot(containers=containers, podman=podman, virtual=virtual)


def _is_podman(version: object) -> bool:
    components = shapes.listing(version, "Components")
    return any(shapes.text(part, "Name") == "Podman Engine" for part in components)


def _entries(answered: object, reading: Reading) -> list[dict[str, Any]]:
    """Return the entries of the list that are to be looked at.

    Not one that is being removed: to look at it would be to wait for that.
    """
    if type(answered) is not list:
        raise Problem("answers what no engine does: no list of containers")
    found = []
    for entry in answered:
        if type(entry) is not dict:
            reading.leave_out("a container is left out: the list does not show it", decides=True)
        elif listed.at(entry, "State") not in ("removing", "dead"):
            found.append(entry)
    return found


def _turn(entry: dict[str, Any]) -> tuple[bool, bool]:
    """Put running containers first, then those of compose projects."""
    return not listed.is_running(entry), listed.at(entry, "Labels", PROJECT) is None


def _check_whose(found: dict[str, Any], entry: dict[str, Any]) -> None:
    """Raise Problem unless a description is of the container that was asked about."""
    shapes.name(found, "Name")
    if shapes.identity(found, "Id") != shapes.identity(entry, "Id"):
        raise Problem("it describes another one in its place")


_MOST_SKIPPED = 64
"""Containers left aside that are named one by one; of more there is one gap."""


class _Look:
    """Looks at one container after the other. What is removed meanwhile is left out.

    An inspection waits for whatever the engine does with the container just then, the
    list does not: of a container that the engine is silent about, the list's word counts,
    and a gap says so.
    """

    def __init__(
        self, transport: Transport, turn: Turn, reading: Reading, *, podman: bool, configured: bool
    ) -> None:
        self._transport, self._turn, self._reading = transport, turn, reading
        self._podman, self._configured = podman, configured
        self._failures = 0
        self._enough = turn.left / 2
        """What has to be left of the time for a container that is stopped to be looked at."""

    def at_all(self, entries: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]]:
        """Yield what ``inspect`` says of each, or the list."""
        skipped: list[str] = []
        for entry in entries:
            running = listed.is_running(entry)
            if not self._podman and not self._configured and listed.tells_all(entry):
                yield listed.as_inspected(entry)
            elif self._failures >= _MOST_FAILURES or not (running or self._has_time):
                skipped.append(listed.called(entry))
                yield self._by_the_list(entry)
            else:
                found = self._at(entry)
                if found is not None:
                    yield found
        self._tell(skipped)

    @property
    def _has_time(self) -> bool:
        return self._turn.left > self._enough

    def _at(self, entry: dict[str, Any]) -> dict[str, Any] | None:
        """Return what ``inspect`` says of one; the list's word where it says nothing."""
        self._reading.begin(listed.called(entry))
        try:
            path = f"/containers/{shapes.identity(entry, 'Id')}/json"
            found = shapes.mapping(self._transport.ask(path, self._turn.deadline.silence / 2))
            _check_whose(found, entry)
        except GoneError:
            return None
        except Problem as problem:
            self._failures += isinstance(problem, (Late, HungUp))
            what = f"the engine does not describe it ({problem.what})"
            self._reading.leave_out(what, decides=True, passing=problem.passing)
            return self._by_the_list(entry)
        finally:
            self._reading.begin("")
        return found

    def _by_the_list(self, entry: dict[str, Any]) -> dict[str, Any]:
        """Return what the list tells. Podman's word on the network mode is none."""
        found = listed.as_inspected(entry)
        return {**found, "HostConfig": {}} if self._podman else found

    def _tell(self, skipped: list[str]) -> None:
        """Make gaps of those left aside.

        Also of stopped ones: a port that one of them publishes is its own, and not the
        host's, although nobody listens on it now.
        """
        if len(skipped) > _MOST_SKIPPED:
            what = f"no time to see what {len(skipped)} containers publish"
            self._reading.leave_out(what, decides=True, passing=True)
            return
        for who in skipped:
            self._reading.begin(who)
            what = "there was no time to see what it publishes"
            self._reading.leave_out(what, decides=True, passing=True)
        self._reading.begin("")

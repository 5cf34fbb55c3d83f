"""Ask one engine for all its containers. One look is one snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hostshift.base.record import Record
from hostshift.discovery.engine import json_fields, list_entries, swarm
from hostshift.discovery.engine.problems import GoneError, HungUp, Late, Problem
from hostshift.discovery.engine.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hostshift.base.json_tree import Tree
    from hostshift.discovery.engine.reading import Reading
    from hostshift.discovery.engine.wire import Endpoint, Turn

LIMIT = 32 << 20
"""Bytes of one answer, at most. Ten thousand containers take a third of that."""
PROJECT = "com.docker.compose.project"
_MOST_FAILURES = 3
"""Containers that an engine may fail to describe before we use the list for the rest."""


class Snapshot(Record):
    """The answer of an engine: each container as ``inspect`` shows it."""

    containers: tuple[dict[str, Tree], ...]
    podman: bool
    virtual: Mapping[tuple[str, str], str] = {}
    """The addresses of a swarm's services, by network and service."""

    @classmethod
    def _hidden(cls) -> frozenset[str]:
        """Hide the containers, because their environments hold secrets."""
        return frozenset(("containers",))


def snapshot(
    endpoint: Endpoint, turn: Turn, reading: Reading, *, configured: bool = False
) -> Snapshot:
    """Ask an engine for all its containers.

    Args:
        endpoint: where the engine listens.
        turn: the time that it may take. We inspect running containers first.
        reading: notes the containers that it could not describe.
        configured: inspect every container for its configured ports.

    Raises:
        Problem: it does not answer as an engine does, or not in time.

    """
    with Transport(endpoint, turn, LIMIT) as transport:
        podman = _is_podman(transport.ask("/version"))
        entries = _entries(transport.ask("/containers/json?all=1"), reading)
        look = _Look(transport, turn, reading, podman=podman, configured=configured)
        containers = tuple(look.at_all(sorted(entries, key=_priority)))
        virtual = swarm.virtual_addresses(containers, transport, turn, reading)
    return Snapshot(containers=containers, podman=podman, virtual=virtual)


def _is_podman(version: Tree) -> bool:
    components = json_fields.listing(version, "Components")
    return any(json_fields.text(part, "Name") == "Podman Engine" for part in components)


def _entries(listed: Tree, reading: Reading) -> list[dict[str, Tree]]:
    """Return the entries of the list that we inspect.

    Leave out a container that the engine is removing, because ``inspect`` would wait for it.
    """
    if type(listed) is not list:
        raise Problem("gives something other than a list of containers")
    entries = []
    for entry in listed:
        if type(entry) is not dict:
            what = "left out a container, because its entry in the list is unreadable"
            reading.leave_out(what, decides=True)
        elif list_entries.at(entry, "State") not in ("removing", "dead"):
            entries.append(entry)
    return entries


def _priority(entry: dict[str, Tree]) -> tuple[bool, bool]:
    """Return the sort key: running containers first, then those of compose projects."""
    return not list_entries.is_running(entry), list_entries.at(entry, "Labels", PROJECT) is None


def _check_whose(document: dict[str, Tree], entry: dict[str, Tree]) -> None:
    """Raise Problem unless a description is that of the container in the entry."""
    json_fields.name(document, "Name")
    if json_fields.identity(document, "Id") != json_fields.identity(entry, "Id"):
        raise Problem("it describes another container")


_MOST_SKIPPED = 64
"""Skipped containers with a gap each; more than these make one gap together."""


class _Look:
    """Inspects one container after the other, and leaves out those that disappear meanwhile.

    ``inspect`` waits for anything that the engine does with the container at that moment,
    the list does not. If the engine is silent about a container, we use its entry in the
    list, and add a gap.
    """

    def __init__(
        self, transport: Transport, turn: Turn, reading: Reading, *, podman: bool, configured: bool
    ) -> None:
        self._transport, self._turn, self._reading = transport, turn, reading
        self._podman, self._configured = podman, configured
        self._failures = 0
        self._enough = turn.left / 2
        """Seconds that must be left before we inspect a stopped container."""

    def at_all(self, entries: Iterable[dict[str, Tree]]) -> Iterable[dict[str, Tree]]:
        """Yield each container's document: from ``inspect``, or from the list."""
        skipped: list[str] = []
        for entry in entries:
            running = list_entries.is_running(entry)
            if not self._podman and not self._configured and list_entries.tells_all(entry):
                yield list_entries.as_inspected(entry)
            elif self._failures >= _MOST_FAILURES or not (running or self._has_time):
                skipped.append(list_entries.called(entry))
                yield self._from_list(entry)
            else:
                document = self._inspect(entry)
                if document is not None:
                    yield document
        self._add_gaps(skipped)

    @property
    def _has_time(self) -> bool:
        return self._turn.left > self._enough

    def _inspect(self, entry: dict[str, Tree]) -> dict[str, Tree] | None:
        """Return a container's document; from the list if ``inspect`` fails, None if it is gone."""
        self._reading.begin(list_entries.called(entry))
        try:
            path = f"/containers/{json_fields.identity(entry, 'Id')}/json"
            answer = self._transport.ask(path, self._turn.deadline.silence / 2)
            document = json_fields.mapping(answer)
            _check_whose(document, entry)
        except GoneError:
            return None
        except Problem as problem:
            self._failures += isinstance(problem, (Late, HungUp))
            what = f"the engine does not describe it ({problem.what})"
            self._reading.leave_out(what, decides=True, passing=problem.passing)
            return self._from_list(entry)
        finally:
            self._reading.begin("")
        return document

    def _from_list(self, entry: dict[str, Tree]) -> dict[str, Tree]:
        """Return a container's document from the list, without Podman's wrong network mode."""
        document = list_entries.as_inspected(entry)
        return {**document, "HostConfig": {}} if self._podman else document

    def _add_gaps(self, skipped: list[str]) -> None:
        """Add gaps for the skipped containers.

        Stopped ones make gaps as well: a port that one of them publishes belongs to it, and
        not to the host, although nobody listens on it now.
        """
        if len(skipped) > _MOST_SKIPPED:
            what = f"no time to see what {len(skipped)} containers publish"
            self._reading.leave_out(what, decides=True, passing=True)
            return
        for name in skipped:
            self._reading.begin(name)
            what = "there was no time to see what it publishes"
            self._reading.leave_out(what, decides=True, passing=True)
        self._reading.begin("")

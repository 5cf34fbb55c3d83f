"""Ask a local container engine for its services with their names, networks and ports, now.

This package raises nothing and remembers nothing: one call is one look. There are three
outcomes. An engine *answers*. There is *no* engine: an empty topology, perhaps with a note.
An engine exists and *could not say* all: a gap, with what the user can do.

We start no thread, and every wait counts against the caller's deadline.

The flow: :mod:`.sockets` finds the engines, :mod:`.snapshot` takes a snapshot,
:mod:`.containers` reads each container, :mod:`.services` groups them into services.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hostshift.base.record import Record
from hostshift.discovery import own_project
from hostshift.discovery.engine import sockets, tcp
from hostshift.discovery.engine.caller import Caller
from hostshift.discovery.engine.problems import NoPlainHTTP, Problem, gap, note, of_error
from hostshift.discovery.engine.reading import Reading
from hostshift.discovery.engine.wire import Turn
from hostshift.discovery.model import Topology

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hostshift.base.deadline import Deadline
    from hostshift.discovery.engine.sockets import Candidates
    from hostshift.discovery.engine.wire import Endpoint
    from hostshift.discovery.model import Gap, Note, Resolve

__all__ = ["read"]


def _could_not_say(name: str) -> tuple[str, ...] | None:  # noqa: ARG001
    return None


def read(
    own_ids: tuple[str, ...],
    environ: Mapping[str, str],
    *,
    deadline: Deadline,
    directory: str | None = None,
    configured: bool = False,
    subnets: Sequence[str] = (),
    resolve: Resolve = _could_not_say,
) -> Topology:
    """Ask the local engine for the services around.

    Of several engines, the one that lists this process's container counts, else the first
    that answers.

    Args:
        own_ids: the possible ids of this process's own container, none on the host.
        environ: the environment, with ``DOCKER_HOST`` and the like.
        deadline: the time that this may take at most. Several engines share its silence;
            an engine that keeps answering may go on up to its limit.
        directory: where the process works; None for the working directory. If a compose
            project has this directory or one above it, it is the process's own project.
        configured: return the configured ports of containers, not the ones published now,
            and leave out the containers of ``docker compose run``.
        subnets: the networks that this container is connected to, none on the host. We ask
            ``DOCKER_HOST=tcp://NAME`` if NAME is on one of them; see :mod:`.tcp`.
        resolve: looks a name up, and bounds the time for it. By default it could not say.

    Returns:
        The services, known. If there is no engine, only notes; if one could not say, gaps.

    """
    try:
        caller = Caller(
            own_ids=own_ids,
            directory=directory or _working_directory(environ),
            project=environ.get("COMPOSE_PROJECT_NAME", ""),
            configured=configured,
            on_host=not own_ids and not subnets and not configured,
        )
        candidates = sockets.find(environ, subnets, resolve)
        return _Round(candidates, caller).ask(deadline)
    except Exception as error:  # noqa: BLE001 - a source that raises could not say
        return _broken("the engine", error)


class _Answer(Record):
    """The answer of one engine."""

    endpoint: Endpoint
    topology: Topology
    problem: Problem | None = None
    """Why the engine could not say; None if it answered."""


class _Round:
    """Asks one engine after the other."""

    def __init__(self, candidates: Candidates, caller: Caller) -> None:
        self._candidates, self._caller = candidates, caller
        self._answers: list[_Answer] = []
        self._notes: list[Note] = list(candidates.notes)

    def ask(self, deadline: Deadline) -> Topology:
        """Ask within the deadline, and return the merged answers."""
        endpoints = self._candidates.endpoints
        for at, endpoint in enumerate(endpoints):
            best = self._best
            if best is not None and self._settles(best):
                self._notes.append(
                    note(endpoint.name, f"is not asked, because {best.engine} answers")
                )
                continue
            share = 1 / (len(endpoints) - at)
            turn = Turn(deadline.part(deadline.silence * share), deadline.left * (1 - share))
            self._answers.append(_ask_engine(endpoint, turn, self._caller))
        return self._merged()

    @property
    def _best(self) -> Topology | None:
        """The best answer so far."""
        answered = [each.topology for each in self._answers if each.problem is None]
        first = answered[0] if answered else None
        return next((topology for topology in answered if topology.me), first)

    def _settles(self, topology: Topology) -> bool:
        """Return True if we need no other engine: this one lists me, or I am on the host."""
        return topology.me is not None or not self._caller.own_ids

    def _merged(self) -> Topology:
        best = self._best
        gaps = [*self._candidates.gaps, *self._missing(best)]
        notes = [
            *self._notes,
            *(each for answer in self._answers for each in answer.topology.notes),
        ]
        answered = best or Topology()
        host = self._candidates.host
        return answered.replace(
            notes=tuple(notes),
            gaps=(*answered.gaps, *gaps),
            engine_host=host,
            # The bridges of an engine in a container are not on this machine.
            bridges=() if host else answered.bridges,
        )

    def _missing(self, best: Topology | None) -> list[Gap]:
        """Return the gaps of the engines that could not say.

        There are none if an engine lists this container. Otherwise an earlier engine would
        have counted if it had answered. That holds even if nothing listens on its socket,
        because containers run on while their engine restarts (Docker's ``live-restore``).
        """
        if best is not None and best.me is not None:
            return []
        return [
            gap(answer.endpoint.name, answer.problem)
            for answer in self._answers
            if answer.problem is not None
        ]


def _ask_engine(endpoint: Endpoint, turn: Turn, caller: Caller) -> _Answer:
    """Ask one engine."""
    reading = Reading(endpoint.name)
    try:
        from hostshift.discovery.engine import local_addresses, services, snapshot

        taken = snapshot.snapshot(endpoint, turn, reading, configured=caller.configured)
        topology = services.around(taken, caller, reading)
        if endpoint.path and caller.on_host:
            topology = local_addresses.without_foreign(topology, reading)
    except Problem as problem:
        return _failed(endpoint, _by_tls(endpoint, problem))
    except OSError as error:
        return _failed(endpoint, of_error(error))
    except Exception as error:  # noqa: BLE001 - any other error that an engine provokes
        return _failed(endpoint, Problem(f"gives an unexpected response ({type(error).__name__})"))
    notes, gaps = tuple(reading.notes), tuple(reading.gaps)
    topology = topology.replace(engine=endpoint.name, notes=notes, gaps=gaps)
    return _Answer(endpoint=endpoint, topology=topology)


def _failed(endpoint: Endpoint, problem: Problem) -> _Answer:
    notes = (note(endpoint.name, problem.what),)
    return _Answer(endpoint=endpoint, topology=Topology(notes=notes), problem=problem)


def _by_tls(endpoint: Endpoint, problem: Problem) -> Problem:
    """Return the problem; without plain HTTP over TCP, the engine requires TLS."""
    if endpoint.path or not isinstance(problem, NoPlainHTTP):
        return problem
    return Problem(tcp.NO_TLS, fix=tcp.FIX)


def _broken(where: str, error: BaseException) -> Topology:
    problem = Problem(f"could not be asked ({type(error).__name__})", passing=True)
    return Topology(notes=(note(where, problem.what),), gaps=(gap(where, problem),))


def _working_directory(environ: Mapping[str, str]) -> str:
    try:
        return own_project.working_directory(environ)
    except OSError:  # it no longer exists
        return ""

"""What a local container engine says: services with their names, networks and ports, now.

Nothing is raised and nothing is remembered: one call is one look. There are three
outcomes. An engine *says* what is around. There is *no* engine: nothing, or a note. An
engine that is there *could not say*, or not all: a gap, with what the user can do.

No thread is started; every wait counts against the deadline that is given.

The flow: :mod:`.sockets` finds the engines, :mod:`.ask` takes a snapshot,
:mod:`.containers` reads each container, :mod:`.services` makes services of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hostshift._record import Record
from hostshift.topology import mine
from hostshift.topology.engine import sockets, tcp
from hostshift.topology.engine.asker import Asker
from hostshift.topology.engine.problems import NoPlainHTTP, Problem, gap, note, of_error
from hostshift.topology.engine.reading import Reading
from hostshift.topology.engine.wire import Turn
from hostshift.topology.model import Neighbourhood

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hostshift.deadline import Deadline
    from hostshift.questions import Resolve
    from hostshift.topology.engine.sockets import Candidates
    from hostshift.topology.engine.wire import Endpoint
    from hostshift.topology.model import Gap, Note

__all__ = ["read"]


def _nobody_asked(name: str) -> tuple[str, ...] | None:  # noqa: ARG001
    return None


def read(
    own_ids: tuple[str, ...],
    environ: Mapping[str, str],
    *,
    deadline: Deadline,
    directory: str | None = None,
    configured: bool = False,
    subnets: Sequence[str] = (),
    resolve: Resolve = _nobody_asked,
) -> Neighbourhood:
    """Ask the local engine what is around.

    Of several engines that one counts which lists this process's container, else
    the first that answers.

    Args:
        own_ids: the ids that may be this process's own container, none on the host.
        environ: the environment, with ``DOCKER_HOST`` and the like.
        deadline: the time that this may take at most. Several engines share its silence;
            one that answers something in time may go on up to its limit.
        directory: where the process works, the working directory if None; a compose
            project of it, or of a directory above, is the process's own.
        configured: give what containers were asked to publish, not what they publish now,
            without those of ``docker compose run``.
        subnets: the networks that this container is connected to, none on the host.
            ``DOCKER_HOST=tcp://NAME`` is asked where NAME is on one of them; see :mod:`.tcp`.
        resolve: looks a name up, and bounds the time for it. By default nobody could say.

    Returns:
        The services, known. Where there is no engine, nothing but notes; where one could
        not say, gaps.

    """
    try:
        asker = Asker(
            own_ids=own_ids,
            directory=directory or _working_directory(environ),
            project=environ.get("COMPOSE_PROJECT_NAME", ""),
            configured=configured,
            on_host=not own_ids and not subnets and not configured,
        )
        candidates = sockets.find(environ, subnets, resolve)
        return _Round(candidates, asker).made(deadline)
    except Exception as error:  # noqa: BLE001 - a source that breaks could not say
        return _broken("the engine", error)


class _Answer(Record):
    """What asking one engine came to."""

    endpoint: Endpoint
    found: Neighbourhood
    problem: Problem | None = None
    """Why it could not say; None where it did."""


class _Round:
    """Asks one engine after the other."""

    def __init__(self, candidates: Candidates, asker: Asker) -> None:
        self._candidates, self._asker = candidates, asker
        self._answers: list[_Answer] = []
        self._notes: list[Note] = list(candidates.notes)

    def made(self, deadline: Deadline) -> Neighbourhood:
        """Ask, within the time that there is, and put the answers together."""
        endpoints = self._candidates.endpoints
        for at, endpoint in enumerate(endpoints):
            best = self._best
            if best is not None and self._settles(best):
                self._notes.append(note(endpoint.name, f"is not asked: {best.engine} answers"))
                continue
            share = 1 / (len(endpoints) - at)
            turn = Turn(deadline.part(deadline.silence * share), deadline.left * (1 - share))
            self._answers.append(_asked(endpoint, turn, self._asker))
        return self._together()

    @property
    def _best(self) -> Neighbourhood | None:
        """The answer that counts so far."""
        found = [one.found for one in self._answers if one.problem is None]
        return next((one for one in found if one.me), found[0] if found else None)

    def _settles(self, found: Neighbourhood) -> bool:
        """Return True if no other engine needs to be asked: this one lists me, or I am the host."""
        return found.me is not None or not self._asker.own_ids

    def _together(self) -> Neighbourhood:
        best = self._best
        gaps = [*self._candidates.gaps, *self._missing(best)]
        notes = [*self._notes, *(found for one in self._answers for found in one.found.notes)]
        answered = best or Neighbourhood()
        host = self._candidates.host
        return answered.replace(
            notes=tuple(notes),
            gaps=(*answered.gaps, *gaps),
            engine_host=host,
            # The bridges of an engine in a container are not on this machine.
            bridges=() if host else answered.bridges,
        )

    def _missing(self, best: Neighbourhood | None) -> list[Gap]:
        """Return what is not known because an engine could not say.

        Nothing, where one lists this container. Otherwise one that was asked earlier would
        have counted, had it answered: also where nobody listens, as containers run on while
        their engine restarts (Docker's ``live-restore``).
        """
        if best is not None and best.me is not None:
            return []
        return [
            gap(one.endpoint.name, one.problem) for one in self._answers if one.problem is not None
        ]


def _asked(endpoint: Endpoint, turn: Turn, asker: Asker) -> _Answer:
    """Ask one engine."""
    reading = Reading(endpoint.name)
    try:
        from hostshift.topology.engine import ask, local_addresses, services

        said = ask.snapshot(endpoint, turn, reading, configured=asker.configured)
        found = services.around(said, asker, reading)
        if endpoint.path and asker.on_host:
            found = local_addresses.without_foreign(found, reading)
    except Problem as problem:
        return _failed(endpoint, _by_tls(endpoint, problem))
    except OSError as error:
        return _failed(endpoint, of_error(error))
    except Exception as error:  # noqa: BLE001 - whatever else an engine provokes
        return _failed(endpoint, Problem(f"is not understood ({type(error).__name__})"))
    notes, gaps = tuple(reading.notes), tuple(reading.gaps)
    return _Answer(
        endpoint=endpoint, found=found.replace(engine=endpoint.name, notes=notes, gaps=gaps)
    )


def _failed(endpoint: Endpoint, problem: Problem) -> _Answer:
    notes = (note(endpoint.name, problem.what),)
    return _Answer(endpoint=endpoint, found=Neighbourhood(notes=notes), problem=problem)


def _by_tls(endpoint: Endpoint, problem: Problem) -> Problem:
    """Say what an engine means that was asked by TCP and answers no plain HTTP: it wants TLS."""
    if endpoint.path or not isinstance(problem, NoPlainHTTP):
        return problem
    return Problem(tcp.NO_TLS, fix=tcp.FIX)


def _broken(where: str, error: BaseException) -> Neighbourhood:
    problem = Problem(f"could not be asked ({type(error).__name__})", passing=True)
    return Neighbourhood(notes=(note(where, problem.what),), gaps=(gap(where, problem),))


def _working_directory(environ: Mapping[str, str]) -> str:
    try:
        return mine.working_directory(environ)
    except OSError:  # it is gone
        return ""

"""What a local container engine says: services with their names, networks and ports, now.

Nothing is raised and nothing is remembered: one call is one look. Where no
engine can be asked, or one answers what no engine would, a note says so.

The flow: :mod:`.sockets` finds the engines, :mod:`.ask` takes a snapshot,
:mod:`.containers` reads it strictly, :mod:`.services` makes services of it.
"""

from __future__ import annotations

import os
from threading import Thread
from typing import TYPE_CHECKING

from hostshift._forks import Look
from hostshift.topology.engine import sockets
from hostshift.topology.engine.asker import Asker
from hostshift.topology.engine.problems import Clock, Late, Problem, note
from hostshift.topology.model import Neighbourhood

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["read"]


def read(
    own_ids: tuple[str, ...],
    environ: Mapping[str, str],
    *,
    seconds: float,
    directory: str | None = None,
    configured: bool = False,
) -> Neighbourhood:
    """Ask the local engine what is around.

    Of several engines that one counts which lists this process's container, else
    the first that answers.

    Args:
        own_ids: the ids that may be this process's own container, none on the host.
        environ: the environment, with ``DOCKER_HOST`` and the like.
        seconds: the time that this may take at most.
        directory: where the process works, the working directory if None; a compose
            project of it, or of a directory above, is the process's own.
        configured: give what containers were asked to publish, not what they publish
            now, and leave out those of ``docker compose run``.

    Returns:
        The services, known. Where no engine can be asked, nothing but notes.

    """
    clock = Clock(seconds)
    asker = Asker(
        own_ids=own_ids,
        directory=directory or _working_directory(),
        project=environ.get("COMPOSE_PROJECT_NAME", ""),
        configured=configured,
    )
    candidates = sockets.find(environ, clock)
    notes = list(candidates.notes)
    answered: Neighbourhood | None = None
    late = False
    for at, socket in enumerate(candidates.sockets):
        if answered and (answered.me or not own_ids):
            notes.append(note(socket, f"is not asked: {answered.engine} answers"))
            continue
        share = clock.left / (len(candidates.sockets) - at)
        found = _within(share, socket, asker)
        notes += found.notes
        late = late or found.late
        if found.engine and (answered is None or found.me):
            answered = found
    return (answered or Neighbourhood(late=late)).replace(notes=tuple(notes))


def _within(seconds: float, socket: str, asker: Asker) -> Neighbourhood:
    """Ask one engine, and stop waiting when the time is up.

    A time limit of a socket is one between two bytes: who sends one now and then
    could hold us for ever. The thread that is left behind ends at its own limits.
    """
    answers: list[Neighbourhood] = []

    def ask() -> None:
        with Look():
            answers.append(_ask(seconds, socket, asker))

    thread = Thread(target=ask, daemon=True, name="hostshift-engine")
    thread.start()
    thread.join(seconds)
    return answers[0] if answers else _absent(socket, "does not answer in time", late=True)


def _ask(seconds: float, socket: str, asker: Asker) -> Neighbourhood:
    """Ask one engine; where it is not to be believed, return a note that says why."""
    # A little less, so that an engine that says nothing is let go of in time.
    clock = Clock(seconds * 0.95)
    try:
        from hostshift.topology.engine import ask, services

        said = ask.snapshot(socket, clock, configured=asker.configured)
        found = services.around(said, asker).replace(engine=socket)
    except Problem as problem:
        return _absent(socket, problem.what, late=isinstance(problem, Late))
    except OSError as error:
        what = f"does not answer as an engine does ({type(error).__name__})"
        return _absent(socket, what, late=isinstance(error, TimeoutError))
    except Exception as error:  # noqa: BLE001 - whatever else an engine provokes: it is absent
        return _absent(socket, f"is not understood ({type(error).__name__})")
    if not said.hurried:
        return found
    what = f"no time to see what {said.hurried} stopped containers publish"
    return found.replace(notes=(note(socket, what),))


def _absent(socket: str, what: str, *, late: bool = False) -> Neighbourhood:
    return Neighbourhood(notes=(note(socket, what),), late=late)


def _working_directory() -> str:
    try:
        return os.getcwd()
    except OSError:  # it is gone
        return ""

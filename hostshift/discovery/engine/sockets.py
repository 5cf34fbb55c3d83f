"""Find the engines that we may ask: local ones by unix sockets, a container's own by TCP.

If the user chose an engine, we ask no other, as the docker command does. If the chosen
engine is on another machine, we ask none, because its ports are not here.
"""

from __future__ import annotations

import errno
import os
from itertools import islice
from typing import TYPE_CHECKING

from hostshift.base.interrupts import reraise_interrupt
from hostshift.base.record import Record
from hostshift.config.project import lexists
from hostshift.discovery.engine import problems, tcp
from hostshift.discovery.engine.chosen import chosen
from hostshift.discovery.engine.problems import Problem, gap, note
from hostshift.discovery.engine.wire import Endpoint
from hostshift.trust import gate, owners, shared_directory

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from hostshift.discovery.engine.chosen import Choice
    from hostshift.discovery.model import Gap, Note, Resolve

UNIX = "unix://"
DOCKER = "/var/run/docker.sock"
PODMAN = "/run/podman/podman.sock"
_ELSEWHERE = ("ssh", "tcp", "http", "https", "npipe", "fd")
"""Schemes of engines that we do not ask (docker/cli cli/connhelper; docker client/client.go)."""
_USUAL_PROFILE = "default"
_START = "start that engine, or choose another with DOCKER_HOST or docker context use"
_ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP)


class Candidates(Record):
    """The engines that we may ask, best first, and the problems of the others."""

    endpoints: tuple[Endpoint, ...] = ()
    notes: tuple[Note, ...] = ()
    gaps: tuple[Gap, ...] = ()
    host: str = ""
    """The host that has their ports, if it is neither this network namespace nor its host."""


MOST_PROFILES = 16
"""Machines of Colima that are asked."""
MOST_ENTRIES = 256
"""Names in Colima's directory that are looked at."""


def find(environ: Mapping[str, str], subnets: Sequence[str], resolve: Resolve) -> Candidates:
    """Find the engines that we may ask. This function dials none.

    Args:
        environ: the environment; ``DOCKER_HOST``, ``DOCKER_CONTEXT``, ``DOCKER_CONFIG`` and
            ``DOCKER_TLS_VERIFY`` count as for the docker command.
        subnets: the networks that this container is connected to; none on the host.
        resolve: looks a name up.

    """
    where = "DOCKER_HOST" if environ.get("DOCKER_HOST") else "the docker context"
    try:
        choice = chosen(environ)
        if choice is None:
            return _existing(_usual(environ), chosen=False)
        if choice.url.startswith(UNIX) and choice.url != UNIX:
            path = os.path.abspath(choice.url.removeprefix(UNIX))
            return _existing((path,), chosen=True)
        engine = tcp.judge(choice, subnets, resolve) if tcp.is_tcp(choice.url) else None
    except Problem as problem:
        return Candidates(notes=(note(where, problem.what),), gaps=(gap(where, problem),))
    return _elsewhere(choice) if engine is None else _by_tcp(engine)


def _elsewhere(choice: Choice) -> Candidates:
    scheme, _, rest = choice.url.partition("://")
    if scheme not in _ELSEWHERE or not rest:
        problem = Problem("names no engine", fix="correct it, or unset it")
        return Candidates(
            notes=(note(choice.where, problem.what),), gaps=(gap(choice.where, problem),)
        )
    # What a file publishes is published there, so nobody knows who has the port here.
    what = f"is no local engine ({scheme}), so its ports are not here, and hostshift asks none"
    problem = Problem(what, fix="unset it if the services run on this machine")
    return Candidates(notes=(note(choice.where, what),), gaps=(gap(choice.where, problem),))


def _by_tcp(engine: tcp.Tcp) -> Candidates:
    if engine.problem is None:
        return Candidates(endpoints=(engine.endpoint,), host=engine.host)
    where = engine.endpoint.name
    return Candidates(
        notes=(note(where, engine.problem.what),),
        gaps=(gap(where, engine.problem),),
        host=engine.host,
    )


# --- sockets ------------------------------------------------------------------------------------


def _existing(paths: Iterable[str], *, chosen: bool) -> Candidates:
    """Return the sockets that exist; several links to one socket count once.

    A usual place that this user cannot look into makes no gap, because ``/run/podman`` is
    closed to all but root wherever Podman is installed, with and without a socket in it.
    """
    endpoints: dict[tuple[int, int], Endpoint] = {}
    notes, gaps = [], []
    for path in paths:
        try:
            endpoints.setdefault(_socket(path), Endpoint(name=path, path=path))
        except gate.UntrustedError as error:
            refusal = Problem(f"is not asked, because {error.rule}", fix=error.fix)
            gaps += [gap(path, refusal)] if chosen else []
            notes.append(note(path, refusal.what))
        except (OSError, ValueError) as error:
            problem = _missing(error, chosen=chosen)
            if problem is not None:
                gaps += [gap(path, problem)] if chosen or problem.passing else []
                notes.append(note(path, problem.what))
            elif not isinstance(error, FileNotFoundError):
                notes.append(note(path, "does not exist"))
    return Candidates(endpoints=tuple(endpoints.values()), notes=tuple(notes), gaps=tuple(gaps))


def _socket(path: str) -> tuple[int, int]:
    """Return the device and inode of a socket.

    Docker makes a directory in its place for a bind mount without a source.

    Raises:
        OSError: it does not exist, or is not a socket.
        UntrustedError: another user could listen there.

    """
    try:
        status = gate.check_socket(path)
    except OSError as error:
        if error.errno != errno.ENOTSOCK:
            raise
        raise FileNotFoundError(errno.ENOENT, "not a socket") from None
    return status.st_dev, status.st_ino


def _missing(error: OSError | ValueError, *, chosen: bool) -> Problem | None:
    """Return the problem with a socket that we cannot check; None if it does not exist.

    A chosen socket is expected to exist: its engine is down, and may have the services.
    """
    if not isinstance(error, OSError) or error.errno in _ABSENT:
        return Problem("does not exist", fix=_START, passing=True) if chosen else None
    return problems.of_error(error)


def _usual(environ: Mapping[str, str]) -> list[str]:
    return list(_usual_sockets(owners.home(environ), environ.get("XDG_RUNTIME_DIR", "")))


def _usual_sockets(home: str, runtime: str) -> Iterator[str]:
    """Yield the sockets of Docker, then those of products that contain it, then of Podman."""
    yield DOCKER
    if runtime:
        yield os.path.join(runtime, "docker.sock")
    yield os.path.join(home, ".docker/run/docker.sock")
    yield os.path.join(home, ".docker/desktop/docker.sock")
    yield from _of_profiles(os.path.join(home, ".colima"))
    yield os.path.join(home, ".orbstack/run/docker.sock")
    yield os.path.join(home, ".rd/docker.sock")
    if runtime:
        yield os.path.join(runtime, "podman/podman.sock")
    yield PODMAN


def _of_profiles(directory: str) -> list[str]:
    """Return the sockets of Colima's profiles, each in a directory of its own.

    If others can put profiles there, we list none of them, because the gate lets none pass. Only
    the usual one counts then: a note says why it is not asked.
    """
    if owners.is_strangers(directory):
        return []
    names = _names(directory) if shared_directory.is_private(directory) else [_USUAL_PROFILE]
    found = (os.path.join(directory, name, "docker.sock") for name in names)
    return sorted(islice(filter(lexists, found), MOST_PROFILES))


def _names(directory: str) -> list[str]:
    try:
        with os.scandir(directory) as entries:
            return [entry.name for entry in islice(entries, MOST_ENTRIES)]
    except OSError as error:  # this user cannot look
        reraise_interrupt(error)
        return []

"""Which engines may be asked: local ones by their unix sockets, a container's own by TCP.

Whoever has chosen an engine means that one and no other: the docker command asks no
other either. A chosen engine on another machine therefore means that there is none here:
its ports are not ours.
"""

from __future__ import annotations

import errno
import glob
import os
from itertools import islice
from typing import TYPE_CHECKING

from hostshift import owners, trust
from hostshift._record import Record
from hostshift.topology.engine import problems, tcp
from hostshift.topology.engine.chosen import chosen
from hostshift.topology.engine.problems import Problem, gap, note
from hostshift.topology.engine.wire import Endpoint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from hostshift.questions import Resolve
    from hostshift.topology.engine.chosen import Choice
    from hostshift.topology.model import Gap, Note

UNIX = "unix://"
DOCKER = "/var/run/docker.sock"
PODMAN = "/run/podman/podman.sock"
_ELSEWHERE = ("ssh", "tcp", "http", "https", "npipe", "fd")
"""Schemes of engines that are not asked (docker/cli cli/connhelper; docker client/client.go)."""
_START = "start that engine, or choose another with DOCKER_HOST or docker context use"
_NOT_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP)


class Candidates(Record):
    """The engines that may be asked, best first, and what is wrong with others."""

    endpoints: tuple[Endpoint, ...] = ()
    notes: tuple[Note, ...] = ()
    gaps: tuple[Gap, ...] = ()
    host: str = ""
    """Where their published ports are, if it is neither this network namespace nor its host."""


MOST_PROFILES = 16
"""Machines of Colima that are asked."""


def find(environ: Mapping[str, str], subnets: Sequence[str], resolve: Resolve) -> Candidates:
    """Find the engines that may be asked. None is dialled here.

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
        if choice.url.startswith(UNIX):
            path = os.path.abspath(choice.url.removeprefix(UNIX))
            return _existing((path,), chosen=True)
        found = tcp.judge(choice, subnets, resolve) if tcp.is_tcp(choice.url) else None
    except Problem as problem:
        return Candidates(notes=(note(where, problem.what),), gaps=(gap(where, problem),))
    return _elsewhere(choice) if found is None else _by_tcp(found)


def _elsewhere(choice: Choice) -> Candidates:
    scheme, _, rest = choice.url.partition("://")
    if scheme not in _ELSEWHERE or not rest:
        problem = Problem("names no engine", fix="correct it, or unset it")
        return Candidates(
            notes=(note(choice.where, problem.what),), gaps=(gap(choice.where, problem),)
        )
    what = f"is no local engine ({scheme}), so its ports are not here: no engine is asked"
    return Candidates(notes=(note(choice.where, what),))


def _by_tcp(found: tcp.Tcp) -> Candidates:
    if found.problem is None:
        return Candidates(endpoints=(found.endpoint,), host=found.host)
    where = found.endpoint.name
    return Candidates(
        notes=(note(where, found.problem.what),), gaps=(gap(where, found.problem),), host=found.host
    )


# --- sockets ------------------------------------------------------------------------------------


def _existing(paths: Iterable[str], *, chosen: bool) -> Candidates:
    """Return the sockets that are there; links to one socket are one.

    No gap is made of a usual place that this user cannot look into: ``/run/podman`` is
    closed to all but root wherever Podman is installed, with and without a socket in it.
    """
    found: dict[tuple[int, int], Endpoint] = {}
    notes, gaps = [], []
    for path in paths:
        try:
            found.setdefault(_socket(path), Endpoint(name=path, path=path))
        except trust.UntrustedError as error:
            refusal = Problem(f"is not asked: {error.rule}", fix=error.fix)
            gaps += [gap(path, refusal)] if chosen else []
            notes.append(note(path, refusal.what))
        except (OSError, ValueError) as error:
            problem = _missing(error, chosen=chosen)
            if problem is not None:
                gaps += [gap(path, problem)] if chosen or problem.passing else []
                notes.append(note(path, problem.what))
            elif not isinstance(error, FileNotFoundError):
                notes.append(note(path, "is not there"))
    return Candidates(endpoints=tuple(found.values()), notes=tuple(notes), gaps=tuple(gaps))


def _socket(path: str) -> tuple[int, int]:
    """Return what identifies a socket.

    A directory in its place is what Docker makes of a bind mount without a source.

    Raises:
        OSError: it is not there, or not a socket.
        UntrustedError: another user could listen there.

    """
    try:
        status = trust.check_socket(path)
    except OSError as error:
        if error.errno != errno.ENOTSOCK:
            raise
        raise FileNotFoundError(errno.ENOENT, "not a socket") from None
    return status.st_dev, status.st_ino


def _missing(error: OSError | ValueError, *, chosen: bool) -> Problem | None:
    """Return what keeps us from seeing whether there is a socket; None if there is none.

    One that was chosen is expected: its engine is down, and may have the services.
    """
    if not isinstance(error, OSError) or error.errno in _NOT_THERE:
        return Problem("is not there", fix=_START, passing=True) if chosen else None
    return problems.of_error(error)


def _usual(environ: Mapping[str, str]) -> list[str]:
    return list(_usual_sockets(owners.home(environ), environ.get("XDG_RUNTIME_DIR", "")))


def _usual_sockets(home: str, runtime: str) -> Iterator[str]:
    """Name the sockets of Docker, then those of products that carry it, then Podman's."""
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
    """Return the sockets of Colima's profiles, each in a directory of its own."""
    if owners.is_strangers(directory):
        return []
    found = glob.iglob(os.path.join(glob.escape(directory), "*/docker.sock"))
    return sorted(islice(found, MOST_PROFILES))

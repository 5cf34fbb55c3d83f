"""Which engines may be asked: local ones, by their unix sockets.

Whoever has chosen an engine, by ``DOCKER_HOST`` or by a context, means that one
and no other: the docker command asks no other either. A chosen engine on
another machine therefore means that there is none here: its ports are not ours.
"""

from __future__ import annotations

import errno
import glob
import json
import os
import socket
import stat
from hashlib import sha256
from typing import TYPE_CHECKING

from hostshift._record import Record
from hostshift.topology.engine import shapes
from hostshift.topology.engine.problems import Problem, note

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hostshift.topology.engine.problems import Clock
    from hostshift.topology.model import Note

UNIX = "unix://"
DOCKER = "/var/run/docker.sock"
PODMAN = "/run/podman/podman.sock"
DEFAULT_CONTEXT = "default"
_LIMIT = 1 << 20
"""Bytes of one of the docker command's own files, at most."""


class Candidates(Record):
    """The sockets on which somebody listens, best first, and what is wrong with others."""

    sockets: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()


def find(environ: Mapping[str, str], clock: Clock) -> Candidates:
    """Find the sockets of local engines that this user may use.

    Args:
        environ: the environment; ``DOCKER_HOST``, ``DOCKER_CONTEXT`` and ``DOCKER_CONFIG``
            count as for the docker command.
        clock: the time that it may take.

    """
    try:
        chosen = _chosen(environ)
    except Problem as problem:
        where = "DOCKER_HOST" if environ.get("DOCKER_HOST") else "the docker context"
        return Candidates(notes=(note(where, problem.what),))
    paths = [chosen] if chosen else _usual(environ)
    found: dict[tuple[int, int], str] = {}
    notes = []
    for path in paths:
        try:
            found.setdefault(_listening(path, clock), path)
        except FileNotFoundError:
            if chosen:
                notes.append(note(path, "is not there"))
        except OSError as error:
            notes.append(note(path, _reason(error)))
    return Candidates(sockets=tuple(found.values()), notes=tuple(notes))


def _listening(path: str, clock: Clock) -> tuple[int, int]:
    """Return what identifies a socket, if somebody listens on it.

    Raises:
        OSError: it is not there, not a socket, not for this user, or nobody listens.

    """
    status = os.stat(path)
    if not stat.S_ISSOCK(status.st_mode):
        raise OSError(errno.ENOTSOCK, os.strerror(errno.ENOTSOCK))
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trying:
        trying.settimeout(clock.left or 0.001)
        trying.connect(path)
    return status.st_dev, status.st_ino


def _reason(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return "this user may not use it"
    if isinstance(error, ConnectionRefusedError):
        return "nobody listens"
    if isinstance(error, (TimeoutError, BlockingIOError)):
        return "does not answer in time"
    return (error.strerror or str(error)).lower()


# --- the chosen one -----------------------------------------------------------------------------


def _chosen(environ: Mapping[str, str]) -> str | None:
    """Return the socket that the user has chosen, None where nothing is chosen.

    The order is that of the docker command (docker/cli cli/command/cli.go,
    resolveContextName).

    Raises:
        Problem: the choice is no local engine, or cannot be made out.

    """
    given = environ.get("DOCKER_HOST")
    if given:
        return _socket_of(given)
    directory = environ.get("DOCKER_CONFIG") or os.path.join(_home(environ), ".docker")
    context = environ.get("DOCKER_CONTEXT") or _current_context(directory)
    if context in ("", DEFAULT_CONTEXT):
        return None
    try:
        meta = _json(os.path.join(directory, "contexts", "meta", _digest(context), "meta.json"))
    except PermissionError:
        raise Problem("the one that is chosen cannot be read by this user") from None
    if meta is None:
        raise Problem("the one that is chosen does not exist")
    endpoint = shapes.text(meta, "Endpoints", "docker", "Host")
    return _socket_of(endpoint) if endpoint else None


def _socket_of(host: str) -> str:
    """Return the path in ``unix:///…``."""
    if not host.startswith(UNIX):
        kind = host.partition("://")[0] if "://" in host else "another kind of address"
        raise Problem(f"is no local socket ({kind}), so its ports are not here: no engine is asked")
    return os.path.abspath(host.removeprefix(UNIX))


def _current_context(directory: str) -> str:
    """Return the context that is in use, "" for none.

    A file of another user, whose home this is, is none of ours: the docker command
    goes on without it, too.
    """
    try:
        found = _json(os.path.join(directory, "config.json"))
    except PermissionError:
        return ""
    return shapes.text(found, "currentContext")


def _digest(context: str) -> str:
    """Name the directory of a context (docker/cli cli/context/store, contextdirOf)."""
    return sha256(context.encode("utf-8", "surrogateescape")).hexdigest()


def _json(path: str) -> object:
    """Read one of the docker command's files; None where it is not there.

    Raises:
        Problem: it cannot be read, or is no JSON.
        PermissionError: this user may not read it.

    """
    try:
        with open(path, "rb") as file:
            found: object = json.loads(file.read(_LIMIT))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError:
        raise
    except OSError as error:
        raise Problem(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise Problem(f"{path} is not JSON") from None
    return found


# --- the usual ones -----------------------------------------------------------------------------


def _usual(environ: Mapping[str, str]) -> list[str]:
    return list(_usual_sockets(_home(environ), environ.get("XDG_RUNTIME_DIR", "")))


def _usual_sockets(home: str, runtime: str) -> Iterator[str]:
    """Name the sockets of Docker, then those of products that carry it, then Podman's."""
    yield DOCKER
    if runtime:
        yield os.path.join(runtime, "docker.sock")
    yield os.path.join(home, ".docker/run/docker.sock")
    yield os.path.join(home, ".docker/desktop/docker.sock")
    yield from sorted(glob.glob(os.path.join(glob.escape(home), ".colima/*/docker.sock")))
    yield os.path.join(home, ".orbstack/run/docker.sock")
    yield os.path.join(home, ".rd/docker.sock")
    if runtime:
        yield os.path.join(runtime, "podman/podman.sock")
    yield PODMAN


def _home(environ: Mapping[str, str]) -> str:
    return environ.get("HOME") or os.path.expanduser("~")

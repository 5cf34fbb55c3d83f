"""The container engine: the one that runs here, or one made for the lab."""

from __future__ import annotations

import os
import socket
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab import daemon
from tests.lab.errors import EngineUnavailable
from tests.lab.sdk import DockerClient, DockerException
from tests.lab.state import locked

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "Engine",
    "EngineUnavailable",
    "ensure_engine",
    "find_engine",
    "stop_engine",
    "wanted_engine",
]

_UNIX = "unix://"
# A socket that systemd holds starts the engine at the first call, so a first
# answer may take a while; where nobody listens, refusal comes at once.
_FIRST_ANSWER = 15
# No single call may take longer, and building an image says something more often.
_CALL = 300


@dataclass(frozen=True)
class Engine:
    """A local engine that answered."""

    client: DockerClient
    url: str
    version: str
    architecture: str
    started_by_lab: bool

    def close(self) -> None:
        """Let go of its connections."""
        self.client.close()

    @property
    def summary(self) -> str:
        """Itself in a few words."""
        origin = "started by the lab" if self.started_by_lab else "found running"
        return f"engine {self.version} at {self.url} ({origin})"


def wanted_engine() -> Engine:
    """Give an engine as the variable `LAB_ENGINE` wants it: off, running, or any way.

    Raises EngineUnavailable with one line that says what is missing.
    """
    mode = os.environ.get("LAB_ENGINE")
    if mode == "off":
        message = "LAB_ENGINE=off"
        raise EngineUnavailable(message)
    return ensure_engine(may_start=mode != "running")


def ensure_engine(*, may_start: bool = True) -> Engine:
    """Give a running local engine; as root on Debian or Ubuntu, make one.

    Raises EngineUnavailable with one line that says what is missing.
    """
    if engine := find_engine():
        return engine
    if not may_start:
        message = "no container engine answers on a local socket" + _remark()
        raise EngineUnavailable(message)
    with locked("engine"):
        if engine := find_engine():
            return engine  # Somebody else was faster.
        daemon.check_startable(_remark())
        if daemon.install() and (engine := find_engine()):
            return engine  # The package's own service came up.
        return _started()


def _started() -> Engine:
    """Start the lab's engine and wait for its answer."""
    daemon.start(_answers)
    if engine := find_engine():
        return engine
    message = "the lab's engine answered once and then no more"
    raise EngineUnavailable(message)


def find_engine() -> Engine | None:
    """Give the first local engine that answers, if any."""
    return next(filter(None, map(_ask, _sockets())), None)


def stop_engine() -> bool:
    """Stop the engine if the lab started it; its images stay."""
    with locked("engine"):
        return daemon.stop()


def _answers() -> bool:
    """Return True if an engine answers by now."""
    if engine := find_engine():
        engine.close()
    return engine is not None


def _ask(path: Path) -> Engine | None:
    """Give the engine behind a socket, when one answers."""
    url = f"{_UNIX}{path}"
    try:
        if not _accepts(path):
            return None
        with closing(DockerClient(base_url=url, timeout=_FIRST_ANSWER)) as asked:
            version = asked.version()
    except (DockerException, OSError):
        return None
    return Engine(
        client=DockerClient(base_url=url, timeout=_CALL),
        url=url,
        version=str(version.get("Version", "")),
        architecture=str(version.get("Arch", "")),
        started_by_lab=path == daemon.SOCKET and daemon.running() is not None,
    )


def _accepts(path: Path) -> bool:
    """Return True if somebody listens on a socket, before the SDK is asked.

    Where nobody does, the SDK leaves its socket to the garbage collector, and
    the warning of that turns up in whatever test runs then.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trying:
        trying.settimeout(_FIRST_ANSWER)
        return path.is_socket() and trying.connect_ex(str(path)) == 0


def _sockets() -> Iterator[Path]:
    """Name the usual sockets, the likeliest first: never a remote engine.

    A published port of a remote engine is not on this machine, so every test
    of the lab would ask the wrong question of it.
    """
    named = os.environ.get("DOCKER_HOST", "")
    if named.startswith(_UNIX):
        yield Path(named.removeprefix(_UNIX))
    yield daemon.SOCKET
    if runtime := os.environ.get("XDG_RUNTIME_DIR"):
        yield Path(runtime, "docker.sock")
    yield Path.home() / ".docker" / "run" / "docker.sock"
    # Podman answers the same questions, once its socket is switched on.
    if runtime:
        yield Path(runtime, "podman", "podman.sock")
    yield Path("/run/podman/podman.sock")


def _remark() -> str:
    """Mention an engine that people may have in mind, and why it does not count."""
    named = os.environ.get("DOCKER_HOST", "")
    if named and not named.startswith(_UNIX):
        return " (DOCKER_HOST names no local socket, so it is ignored)"
    for path in _sockets():
        if _forbidden(path):
            return f" (this user may not use {path}: add it to the socket's group)"
    return ""


def _forbidden(path: Path) -> bool:
    try:
        return path.is_socket() and not os.access(path, os.W_OK)
    except OSError:
        return False

"""The places a client can stand, and a way to run a program in each of them.

What is reachable, and under which name, is a question of the place. The same
program is run in all of them with the same files and the same environment
variables: only the place differs.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab import host_wheel
from tests.lab.containers import WORK, Outcome, RunOptions, copy_into
from tests.lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Unpack

    from tests.lab.sdk import Container, Network
    from tests.lab.stage import Stage

# These two stand for things that each test makes for itself.
_SCENE_NETWORK = "<the scene's network>"
_SCENE_DATABASE = "<the database's network namespace>"
_HOST_ALIAS = {"host.docker.internal": "host-gateway"}


@dataclass(frozen=True)
class Place:
    """Where a client stands: on the host, or in a container with this network."""

    name: str
    description: str
    network: str | None = None
    host_gateway: bool = False

    @property
    def in_container(self) -> bool:
        """Return True if it is a container at all."""
        return self.network is not None


HOST = Place("host", "a process on the host itself")
BRIDGE = Place("bridge", "a container on the default bridge", "bridge")
BRIDGE_ALIAS = Place(
    "bridge+host-gateway",
    "the same, told the host's address as host.docker.internal",
    "bridge",
    host_gateway=True,
)
USER_NETWORK = Place(
    "user-network", "a container beside the servers, in their network", _SCENE_NETWORK
)
USER_NETWORK_ALIAS = Place(
    "user-network+host-gateway",
    "the same, told the host's address as host.docker.internal",
    _SCENE_NETWORK,
    host_gateway=True,
)
HOST_NETWORK = Place("host-network", "a container in the host's network", "host")
DATABASE_NAMESPACE = Place(
    "database-namespace",
    "a container that shares the database's network namespace",
    _SCENE_DATABASE,
)
NONE = Place("none", "a container with no network at all", "none")

CONNECTED = (
    HOST,
    BRIDGE,
    BRIDGE_ALIAS,
    USER_NETWORK,
    USER_NETWORK_ALIAS,
    HOST_NETWORK,
    DATABASE_NAMESPACE,
)
"""The places from which something can be reached."""

PLACES = (*CONNECTED, NONE)


@dataclass
class Scene:
    """What the places of one test have around them.

    `image` is what the containers run, so usually the app image. The network is
    needed for the two user-network places, the database for its namespace.
    """

    stage: Stage
    image: str
    network: Network | None = None
    database: Container | None = None
    _standing: dict[Place, Container] = field(default_factory=dict, repr=False)

    def run(
        self,
        place: Place,
        command: Path | Sequence[str],
        *,
        files: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
        timeout: float = 60,
    ) -> Outcome:
        """Run a command there, in a fresh container.

        The command is a Python program's file, or words that begin with
        "python", "hostshift" or another program. The files are written into its
        working directory, which holds nothing else.
        """
        words, files = _unfold(command, files or {})
        if not place.in_container:
            return _run_on_host(words, files, environment or {}, timeout)
        options = self.options(place, environment=dict(environment or {}))
        return self.stage.run(self.image, words, files=files, timeout=timeout, **options)

    def run_standing(
        self,
        place: Place,
        command: Path | Sequence[str],
        *,
        files: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
        timeout: float = 60,
    ) -> Outcome:
        """Run a command as `run` does, but in one container kept for the place.

        That takes a fifth of the time, which counts where a test asks in every
        place for everything. Files of earlier commands stay there.
        """
        if not place.in_container:
            return self.run(place, command, files=files, environment=environment, timeout=timeout)
        words, files = _unfold(command, files or {})
        container = self.standing(place)
        copy_into(container, files)
        return self.stage.exec(container, words, environment=environment, timeout=timeout)

    def standing(self, place: Place) -> Container:
        """Give the container that is kept for a place, started when first asked."""
        if place not in self._standing:
            self._standing[place] = self.stage.start(
                f"at-{place.name.replace('+', '-')}",
                self.image,
                ["sleep", "infinity"],
                **self.options(place),
            )
        return self._standing[place]

    def options(self, place: Place, **more: Unpack[RunOptions]) -> RunOptions:
        """Give what a container is started with to stand there, and more to add."""
        options: RunOptions = {"working_dir": WORK, **more, "network": self._network(place)}
        if place.host_gateway:
            options["extra_hosts"] = {**_HOST_ALIAS, **options.get("extra_hosts", {})}
        return options

    def _network(self, place: Place) -> str | Network | Container:
        """Fill in what only this scene knows."""
        needed = {_SCENE_NETWORK: self.network, _SCENE_DATABASE: self.database}
        if place.network not in needed:
            return place.network or "bridge"
        if (found := needed[place.network]) is None:
            message = f"{place.name} needs {place.network}, and the scene has none"
            raise LabError(message)
        return found


def _unfold(
    command: Path | Sequence[str], files: Mapping[str, str]
) -> tuple[list[str], dict[str, str]]:
    """Turn a program's file into a command and one more file to bring along."""
    if not isinstance(command, Path):
        return list(command), dict(files)
    text = command.read_text(encoding="utf-8")
    return ["python", command.name], {**files, command.name: text}


def _run_on_host(
    words: list[str],
    files: Mapping[str, str],
    environment: Mapping[str, str],
    timeout: float,
) -> Outcome:
    """Run it with this interpreter, away from the project's own files.

    hostshift reads files of the project it runs in: in a container there is
    none, so here there must be none either.
    """
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="hostshift-lab-") as directory:
        for name, text in files.items():
            path = Path(directory, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        process = subprocess.run(
            [sys.executable, *words[1:]] if words[0] == "python" else words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            cwd=directory,
            env={**host_environment(), **environment},
            timeout=timeout,
            check=False,
        )
    return Outcome.of(process.returncode, process.stdout, process.stderr, began)


def host_environment() -> dict[str, str]:
    """Give this environment without settings for hostshift, ours come first."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("HOSTSHIFT_")}
    programs = Path(sys.executable).parent
    path = f"{programs}{os.pathsep}{kept.get('PATH', os.defpath)}"
    return {**kept, **host_wheel.environment(), "PATH": path}

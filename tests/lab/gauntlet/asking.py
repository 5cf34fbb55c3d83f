"""Running the client in a container or on the host, once or step by step."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.lab.containers import WORK, copy_into
from tests.lab.errors import LabError
from tests.lab.places import HOST, Scene

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.lab.sdk import Container
    from tests.lab.stage import Stage

CLIENT = Path(__file__).with_name("client.py")
_NAME = CLIENT.name
_OWN_RESOLVER = (
    "unshare",
    "--mount",
    "sh",
    "-c",
    'mount --bind resolv.conf /etc/resolv.conf && exec "$@"',
    "sh",
)
"""Runs what follows with the working directory's resolv.conf in the place of the host's."""
Answers = list[dict[str, Any]]


def request(
    cells: Sequence[Mapping[str, Any]],
    *,
    policies: Sequence[Mapping[str, Any] | str] = ({},),
    **more: Any,
) -> str:
    """Write a request: `plain` and `reset` say how."""
    return json.dumps({"cells": list(cells), "policies": list(policies), **more})


def bring(container: Container, files: Mapping[str, str] | None = None, into: str = WORK) -> None:
    """Put the client into a container, and files beside it."""
    copy_into(container, {_NAME: CLIENT.read_text(encoding="utf-8")})
    copy_into(container, files or {}, into)


def ask(
    stage: Stage,
    container: Container,
    asked: str,
    *,
    directory: str = WORK,
    environment: Mapping[str, str] | None = None,
) -> Answers:
    """Run the client once in a container that has it."""
    command = ["python", f"{WORK}/{_NAME}", asked]
    said = stage.exec(container, command, environment=environment, working_dir=directory)
    return read(said.code, said.stdout, said.stderr)


def ask_on_host(
    scene: Scene,
    asked: str,
    *,
    files: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
    dns: Sequence[str] = (),
) -> Answers:
    """Run the client once on the host, in a directory that has only these files.

    With `dns`, it asks those name servers, for which it takes root.
    """
    brought = {_NAME: CLIENT.read_text(encoding="utf-8"), **(files or {})}
    command = ["python", "-P", _NAME, asked]
    if dns:
        brought["resolv.conf"] = "".join(f"nameserver {address}\n" for address in dns)
        command = [*_OWN_RESOLVER, sys.executable, *command[1:]]
    said = scene.run(HOST, command, files=brought, environment=environment)
    return read(said.code, said.stdout, said.stderr)


def read(code: int, out: str, err: str) -> Answers:
    """Read what the client printed."""
    if code != 0:
        raise LabError(f"the client ended with {code}: {err[-2000:]}")
    answers: Answers = json.loads(out.strip().splitlines()[-1])
    return answers


@dataclass
class Process:
    """The client as one process that is asked several times, in a container."""

    stage: Stage
    container: Container
    directory: str = WORK
    _asked: int = field(default=0, repr=False)

    def start(self, environment: Mapping[str, str] | None = None) -> Process:
        """Start it, once the client and its files are there."""
        command = ["python", f"{WORK}/{_NAME}", "--serve", "/tmp"]
        self.container.exec_run(
            command, detach=True, workdir=self.directory, environment=dict(environment or {})
        )
        return self

    def ask(self, asked: str, timeout: float = 30) -> Answers:
        """Ask it, and wait for what it says."""
        at, self._asked = self._asked, self._asked + 1
        copy_into(self.container, {f"{at}.json": asked}, "/tmp")
        waiting = f"until [ -e /tmp/{at}.out ]; do sleep 0.05; done; cat /tmp/{at}.out"
        said = self.stage.exec(self.container, ["sh", "-c", waiting], timeout=timeout)
        return read(said.code, said.stdout, said.stderr or "no answer in time")

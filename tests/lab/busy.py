"""Clients that go on while a test changes things around them.

A program writes the file `ready` when it has begun, goes on until the file `stop` is
there, and then says what it met, as one line of JSON.
"""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.lab.containers import copy_into
from tests.lab.errors import LabError
from tests.lab.gauntlet.project import socket_mount
from tests.lab.sdk import DockerException

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from tests.lab.places import Place, Scene

    Ending = Callable[[], dict[str, Any]]

WAIT_SECONDS = 40
_START = 'until [ -e client.py ]; do sleep 0.05; done; exec python -W error client.py "$@"'


def until(true: Callable[[], bool], what: str, seconds: float = WAIT_SECONDS) -> None:
    """Wait for something that happens in its own time."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            message = f"waited {seconds:g} s in vain: {what}"
            raise LabError(message)
        time.sleep(0.1)


@contextmanager
def busy(
    scene: Scene,
    place: Place,
    program: str,
    words: Sequence[str],
    directory: Path,
    files: Mapping[str, str] | None = None,
) -> Iterator[Ending]:
    """Run a program there; the call that is given tells it to end, and gives what it said."""
    files = {**(files or {}), "client.py": program}
    if place.in_container:
        yield _in_a_container(scene, place, words, files)
        return
    with _on_the_host(directory, words, files) as ending:
        yield ending


@contextmanager
def _on_the_host(
    directory: Path, words: Sequence[str], files: Mapping[str, str]
) -> Iterator[Ending]:
    directory.mkdir()
    for name, text in files.items():
        (directory / name).write_text(text, encoding="utf-8")
    command = [sys.executable, "-P", "-W", "error", "client.py", *words]
    with (directory / "out").open("w+") as out, (directory / "err").open("w+") as err:
        process = subprocess.Popen(command, cwd=directory, stdout=out, stderr=err)
        try:
            until(lambda: (directory / "ready").exists() or process.poll() is not None, "ready")

            def ending() -> dict[str, Any]:
                (directory / "stop").touch()
                process.wait(WAIT_SECONDS)
                return _told((directory / "out").read_text(), (directory / "err").read_text())

            yield ending
        finally:
            process.kill()
            process.wait()


def _in_a_container(
    scene: Scene, place: Place, words: Sequence[str], files: Mapping[str, str]
) -> Ending:
    """Start it with the engine's socket: a plain bridge has no other way to know a network."""
    stage = scene.stage
    container = stage.start(
        f"client-{secrets.token_hex(3)}",
        scene.image,
        ["bash", "-c", _START, "run", *words],
        **scene.options(place, volumes=[socket_mount(stage)]),
    )
    copy_into(container, files)

    def there() -> bool:
        try:
            return stage.exec(container, ["test", "-e", "ready"]).code == 0
        except DockerException:  # It has ended; what it said tells why.
            container.reload()
            return container.status != "running"

    until(there, "ready")

    def ending() -> dict[str, Any]:
        container.reload()
        if container.status == "running":
            copy_into(container, {"stop": ""})
            container.wait(timeout=WAIT_SECONDS)
        out = container.logs(stdout=True, stderr=False).decode()
        return _told(out, container.logs(stdout=False, stderr=True).decode())

    return ending


def _told(out: str, err: str) -> dict[str, Any]:
    if not out:
        return {"failed": err[-3000:]}
    said: dict[str, Any] = json.loads(out)
    return said

"""The real compose, for files that use more than this package reads itself.

``docker compose config`` prints the whole project as one file without
``include``, ``extends`` and the like. It asks no engine, and it is kept from
fetching anything.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from typing import TYPE_CHECKING, Any

from hostshift.topology.compose.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hostshift.topology.compose.find import Selection
    from hostshift.topology.compose.problems import Clock

_OFFLINE = {"COMPOSE_EXPERIMENTAL_GIT_REMOTE": "0", "COMPOSE_EXPERIMENTAL_OCI_REMOTE": "0"}


def config(selection: Selection, feature: str, clock: Clock) -> Any:
    """Return the project as compose prints it.

    Args:
        selection: the files.
        feature: what they use that needs compose.
        clock: the time that this may take.

    Raises:
        Problem: no compose is installed, or it refuses, or it takes too long.

    """
    outcome = f"{feature}: only compose itself reads that, and none is installed"
    # What was searched it finds by itself; so .env files count as they do for it, too.
    arguments = ["-f", selection.files[0]] if selection.named else []
    for command in _commands(selection.environ):
        printed = _run(
            [*command, *arguments, "config", "--format", "json"], selection, clock, feature
        )
        if printed is not None:
            return _plain_dollars(printed)
        outcome = f"{feature}: only compose itself reads that, and it refuses the file"
    raise Problem(outcome)


def _commands(environ: Mapping[str, str]) -> Iterator[list[str]]:
    """Yield the ways to call compose, v2 as the docker command's plugin first."""
    for name, arguments in (("docker", ["compose"]), ("docker-compose", [])):
        program = shutil.which(name, path=environ.get("PATH", ""))
        if program is not None and os.path.isabs(program):
            yield [program, *arguments]


def _run(command: list[str], selection: Selection, clock: Clock, feature: str) -> Any | None:
    """Run compose; None where it fails. Its messages are not kept: they quote values."""
    try:
        process = subprocess.Popen(  # noqa: S603 - a program of the user's own PATH
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=selection.at,
            env={**selection.environ, **_OFFLINE},
            start_new_session=True,
        )
    except (OSError, ValueError):
        return None
    with process:
        try:
            printed, _ = process.communicate(timeout=clock.left)
        except subprocess.TimeoutExpired:
            # The plugin is a child of the docker command, so both go.
            os.killpg(process.pid, signal.SIGKILL)
            raise Problem(f"{feature}: compose takes too long to read that") from None
    if process.returncode != 0:
        return None
    try:
        return json.loads(printed)
    except (ValueError, RecursionError):
        return None


def _plain_dollars(printed: Any) -> Any:
    """Undo the escaping of ``$`` in what compose prints."""
    if type(printed) is str:
        return printed.replace("$$", "$")
    if type(printed) is list:
        return [_plain_dollars(entry) for entry in printed]
    if type(printed) is dict:
        return {name: _plain_dollars(entry) for name, entry in printed.items()}
    return printed

"""The real compose, for files that use more than this package reads itself.

``docker compose config`` prints the whole project as one file without
``include``, ``extends`` and the like. It contacts no engine, and our environment
keeps it from fetching anything.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress

from hostshift.base.record import Record
from hostshift.discovery.compose import config_directories
from hostshift.discovery.compose.problems import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hostshift.base.json_tree import Tree
    from hostshift.discovery.budget import Budget
    from hostshift.discovery.compose.project_files import Selection
    from hostshift.discovery.compose.values import Value

LIMIT = 8.0
"""Seconds that compose may take at most. We cannot see whether it makes progress, so no silence
ends it earlier; an ordinary file takes it a tenth of a second of processor time."""
PRINTED = 32 << 20
"""Bytes that it may print at most: 10,000 services are a third of that."""
_SEARCHED = ("COMPOSE_FILE", "COMPOSE_ENV_FILES")
"""Variables that name files, all of which are named by arguments."""
_OFFLINE = {"COMPOSE_EXPERIMENTAL_GIT_REMOTE": "0", "COMPOSE_EXPERIMENTAL_OCI_REMOTE": "0"}
_SLICE = 0.01
"""Seconds from one look at its output, and at whether it has ended, to the next: its
children may keep its output open for longer than it lives."""
_LAST = 0.5
"""Seconds that we wait for a killed program. We leave one that the kernel holds."""


class _Call(Record):
    """What every program of one call gets."""

    at: str
    """The working directory."""
    environ: Mapping[str, str]
    ends: float
    """When it has to have ended."""

    @classmethod
    def _hidden(cls) -> frozenset[str]:
        return frozenset(("environ",))


def config(selection: Selection, feature: str, budget: Budget) -> Value:
    """Return the project as compose prints it.

    Args:
        selection: the files.
        feature: the feature of these files that needs compose.
        budget: the time that this may take.

    Raises:
        Problem: no compose is installed, or it refuses, or it takes too long.

    """
    left = LIMIT if budget.deadline is None else min(LIMIT, budget.deadline.left)
    ends = time.monotonic() + left
    with config_directories.believed(selection.environ, selection.at) as (environ, left_out):
        call = _Call(at=selection.at, environ=_environ(selection, environ), ends=ends)
        refused = False
        for command in _commands(selection.environ):
            printed = _run([*command, *_arguments(selection)], call)
            if printed is not None:
                return _plain_dollars(_parsed(printed))
            # The docker command also fails if it has no plugin for compose.
            refused = refused or _run([*command, "version"], call) is not None
    raise _refused(feature) if refused else _not_installed(feature, left_out)


def _refused(feature: str) -> Problem:
    return Problem(
        f"{feature}: only compose itself reads that, and it refuses the file",
        fix="docker compose config says why",
    )


def _not_installed(feature: str, left_out: Problem | None) -> Problem:
    """Return the problem without a compose to run; plugins that are not believed are a reason."""
    what = f"{feature}: only compose itself reads that, and none is installed"
    fix = "install docker compose"
    if left_out is None:
        return Problem(what, fix=fix)
    return Problem(
        f"{what}, because {left_out.what}", fix=f"{fix} for all users, or {left_out.fix}"
    )


def _arguments(selection: Selection) -> list[str]:
    """Name each file that was looked at, so that compose reads those and searches for none."""
    env_files = selection.env_files or (os.devnull,)
    return [
        *(word for path in selection.files for word in ("-f", path)),
        *(word for path in env_files for word in ("--env-file", path)),
        *("config", "--format", "json"),
    ]


def _environ(selection: Selection, believed: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for compose: it searches for no file, and fetches none."""
    environ = {"PWD": selection.at, **believed, **_OFFLINE}
    for name in _SEARCHED:
        environ.pop(name, None)
    return environ


def _commands(environ: Mapping[str, str]) -> Iterator[list[str]]:
    """Yield the ways to call compose, v2 as the docker command's plugin first."""
    for name, arguments in (("docker", ["compose"]), ("docker-compose", [])):
        program = shutil.which(name, path=environ.get("PATH", ""))
        if program is not None and os.path.isabs(program):
            yield [program, *arguments]


def _run(command: list[str], call: _Call) -> bytes | None:
    """Run a program and return its output; None if it fails, or we cannot run it.

    We drop its messages, because they quote values.

    Raises:
        Problem: it takes longer than until its end, or prints too much.

    """
    try:
        process = subprocess.Popen(  # noqa: S603 - a program of the user's own PATH
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=call.at,
            env=call.environ,
            start_new_session=True,
        )
    except (PermissionError, FileNotFoundError, NotADirectoryError):
        return None
    try:
        printed = _output(process, call.ends)
        while not _has_ended(process):
            if _is_over(call.ends) and not _has_ended(process):
                raise _late()
            time.sleep(_SLICE)
    finally:
        _end(process)
    return printed if process.returncode == 0 else None


def _output(process: subprocess.Popen[bytes], ends: float) -> bytes:
    """Read a program's output until the program closes it or has ended."""
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    descriptor = process.stdout.fileno()
    os.set_blocking(descriptor, False)
    printed = bytearray()
    while True:
        over = _is_over(ends)  # what it printed before that counts, so this is asked first
        ended = _has_ended(process)
        try:
            part = os.read(descriptor, 1 << 16)
        except BlockingIOError:
            if ended:
                return bytes(printed)
            if over:
                raise _late() from None
            time.sleep(_SLICE)
            continue
        printed += part
        if len(printed) > PRINTED:
            raise Problem(f"compose prints more than {PRINTED >> 20} MB of it")
        if not part:
            return bytes(printed)


def _is_over(ends: float) -> bool:
    return time.monotonic() >= ends


def _late() -> Problem:
    return Problem(
        "compose takes too long to read it",
        fix="save the topology once: hostshift topology --save",
        passing=True,
    )


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Return True if a program has ended. It keeps its number, which its group has too."""
    if not hasattr(os, "waitid"):  # macOS has it from Python 3.13 on
        return process.poll() is not None
    try:
        how = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, process.pid, how) is not None
    except ChildProcessError:  # this process lets the kernel forget its children
        return True


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program and its children: compose itself is a child of the docker command."""
    if process.stdout is not None:
        process.stdout.close()
    if process.returncode is None and hasattr(os, "killpg"):
        with suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()  # for systems without groups; does nothing to one that has ended
    with suppress(subprocess.TimeoutExpired):
        process.wait(_LAST)


def _parsed(printed: bytes) -> Tree:
    try:
        tree: Tree = json.loads(printed)
    except (ValueError, RecursionError):
        raise Problem("compose printed no project") from None
    return tree


def _plain_dollars(printed: Tree) -> Value:
    """Undo the escaping of ``$`` in compose's output."""
    if isinstance(printed, str):
        return printed.replace("$$", "$")
    if isinstance(printed, list):
        return [_plain_dollars(entry) for entry in printed]
    if isinstance(printed, dict):
        return {name: _plain_dollars(entry) for name, entry in printed.items()}
    return printed

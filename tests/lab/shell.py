"""Runs the machine's own programs, with their chatter kept in a log file."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Sequence

# Not every root shell has these in its PATH, and dockerd needs iptables.
_SBIN = "/usr/local/sbin:/usr/sbin:/sbin"
TAIL_LINES = 15


def environment() -> dict[str, str]:
    """Give this process's environment with the administrator's programs in PATH."""
    path = os.environ.get("PATH", os.defpath)
    silent = {"DEBIAN_FRONTEND": "noninteractive"}
    return {**os.environ, **silent, "PATH": f"{path}:{_SBIN}"}


def which(name: str) -> str | None:
    """Find a program, also among the administrator's."""
    return shutil.which(name, path=environment()["PATH"])


def run(command: Sequence[str], log: Path) -> None:
    """Run a command to its end; when it fails, raise with the end of its log."""
    with log.open("ab") as output:
        code = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment(),
            check=False,
        ).returncode
    if code:
        name = Path(command[0]).name
        message = f"{name} failed with {code}; its log, {log}, ends:\n{tail(log)}"
        raise LabError(message)


def tail(log: Path, lines: int = TAIL_LINES) -> str:
    """Give the last lines of a log, or say that there are none."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return f"(no log at {log})"
    return "\n".join(text.splitlines()[-lines:]) or f"(nothing in {log})"


def apt_install(packages: Sequence[str], log: Path) -> None:
    """Install Debian packages; the package lists are fetched only if needed."""
    options = ["-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=120"]
    install = ["apt-get", "install", *options, *packages]
    try:
        run(install, log)
    except LabError:
        # On a fresh machine there are no lists yet, or they name versions
        # that the mirror has replaced since. Some other source of packages may
        # be out of order: that shows in what can be installed, or does not.
        with suppress(LabError):
            run(["apt-get", "update"], log)
        run(install, log)

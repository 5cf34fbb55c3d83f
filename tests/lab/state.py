"""Where the lab remembers what it made, and how two processes take turns."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab.progress import say

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO


def state_dir() -> Path:
    """Give the lab's directory, made when missing."""
    path = _state_home() / "hostshift-lab"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def _state_home() -> Path:
    """Follow the XDG rules; root keeps machine-wide state where daemons do."""
    if home := os.environ.get("XDG_STATE_HOME"):
        return Path(home)
    if sys.platform != "win32" and os.geteuid() == 0:
        return Path("/var/lib")
    return Path.home() / ".local" / "state"


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Let one process at a time start the engine or build one kind of image."""
    with (state_dir() / f"{name}.lock").open("w", encoding="ascii") as file:
        _take(file, name)
        yield  # Closing the file lets go of the lock, as does our death.


@contextmanager
def locked_if_free(name: str) -> Iterator[bool]:
    """Do the same where nobody else does; False: somebody does."""
    with (state_dir() / f"{name}.lock").open("w", encoding="ascii") as file:
        yield _take_at_once(file)


def _take_at_once(file: TextIO) -> bool:
    if sys.platform == "win32":
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _take(file: TextIO, name: str) -> None:
    """Wait for the lock, and say so when somebody else has it."""
    if sys.platform != "win32" and not _take_at_once(file):
        say(f"another process is at work on the {name}, waiting for it ...")
        fcntl.flock(file, fcntl.LOCK_EX)

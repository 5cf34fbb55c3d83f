"""Says what the lab is doing while it does something slow."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def say(line: str) -> None:
    """Write one line to stderr, at once: stdout belongs to results."""
    sys.stderr.write(f"lab: {line}\n")
    sys.stderr.flush()


@contextmanager
def step(what: str, about: str) -> Iterator[None]:
    """Announce a slow step with its rough time, and its real time when done."""
    say(f"{what} (about {about}) ...")
    began = time.monotonic()
    yield
    say(f"{what}: {time.monotonic() - began:.1f} s")

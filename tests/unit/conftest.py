"""What the tests without a lab share."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hostshift.discovery.engine import sockets

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def no_usual_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide this machine's own engines: only those that a test starts are found."""
    monkeypatch.setattr(sockets, "DOCKER", "/nonexistent/docker.sock")
    monkeypatch.setattr(sockets, "PODMAN", "/nonexistent/podman.sock")


@pytest.fixture
def shared() -> Iterator[Path]:
    """Give a directory for everybody, as ``/tmp`` is."""
    with _directory(0o1777) as made:
        yield made


@pytest.fixture
def top() -> Iterator[Path]:
    """Give a directory below which everybody may look, as ``/srv`` is."""
    with _directory(0o755) as made:
        yield made


@contextmanager
def _directory(mode: int) -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(dir="/var/tmp"))
    made.chmod(mode)
    try:
        yield made
    finally:
        shutil.rmtree(made)

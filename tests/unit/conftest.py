"""What the tests without a lab share."""

from __future__ import annotations

import pytest

from hostshift.discovery.engine import sockets


@pytest.fixture
def no_usual_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide this machine's own engines: only those that a test starts are found."""
    monkeypatch.setattr(sockets, "DOCKER", "/nonexistent/docker.sock")
    monkeypatch.setattr(sockets, "PODMAN", "/nonexistent/podman.sock")

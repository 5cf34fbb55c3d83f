"""What all tests share."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

import hostshift
from tests import tables

if TYPE_CHECKING:
    from collections.abc import Iterator

_LAB = "tests/lab/"

# Timings of this machine say nothing about the code: laws are checked, not speed.
settings.register_profile(
    "hostshift",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
    max_examples=int(os.environ.get("HYPOTHESIS_EXAMPLES", "100")),
)
settings.load_profile("hostshift")


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    """Leave nothing decided behind, nor find anything."""
    hostshift.reset()
    yield
    hostshift.reset()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the lab's tests."""
    for item in items:
        if item.nodeid.startswith(_LAB):
            item.add_marker(pytest.mark.lab)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show the tables of the run."""
    tables.show(terminalreporter)

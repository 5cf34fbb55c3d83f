"""What all tests share."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

import hostshift
from tests import tables

if TYPE_CHECKING:
    from collections.abc import Iterator

_LAB = "tests/lab/"
_QUIET = (
    "tests/lab/test_event_loop.py",
    "tests/lab/test_overhead.py",
    "tests/unit/test_detection_cost.py",
)
"""What measures time: nothing may run beside it."""

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
    """Mark the lab's tests, and bring all in their order."""
    for item in items:
        if item.nodeid.startswith(_LAB):
            item.add_marker(pytest.mark.lab)
    items.sort(key=lambda item: _order(item.nodeid))


def _order(nodeid: str) -> tuple[bool, bool]:
    """Put the lab first, and in it what measures time last."""
    return (_scope(nodeid) != _LAB, nodeid.startswith(_QUIET))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give one process what shares the engine, the other the rest.

    The lab takes longest, so all else is over when it comes to measuring time.
    """
    from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

    class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return _scope(nodeid)

    return Scheduling(config, log)


def _scope(nodeid: str) -> str:
    """Name what stays in one process, in order: the lab as a whole, else a file."""
    return _LAB if nodeid.startswith((_LAB, *_QUIET)) else nodeid.partition("::")[0]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand over what tests have to show."""
    tables.send(session.config)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what another process has to show."""
    tables.receive(node.config, getattr(node, "workeroutput", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show the tables of the run."""
    tables.show(terminalreporter)

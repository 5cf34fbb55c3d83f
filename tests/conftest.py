"""What all tests share."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

import hostshift
from tests import tables, turns

if TYPE_CHECKING:
    from collections.abc import Iterator

_MESSAGES = pytest.StashKey[Path]()

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
    """Mark the lab's tests, and bring all in the order of their turns."""
    for item in items:
        if item.nodeid.startswith(turns.LAB):
            item.add_marker(pytest.mark.lab)
    items.sort(key=turns.order)


@pytest.hookimpl(tryfirst=True)  # before the process says that it has collected
def pytest_collection_finish(session: pytest.Session) -> None:
    """Tell the process that began the run, if this is another, when each test may run."""
    turns.tell(session.config, session.items)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand over what tests have to show."""
    tables.send(session.config)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show the tables of the run."""
    tables.show(terminalreporter)


# --- several processes: pytest-xdist, with an order of our own ----------------------------------


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give a new process the directory for its messages."""
    turns.bring(node, _messages(node.config))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config) -> turns.Scheduler:
    """Decide what runs beside what."""
    return turns.Scheduler(config, _messages(config))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what another process has to show."""
    tables.receive(node.config, getattr(node, "workeroutput", {}))


def _messages(config: pytest.Config) -> Path:
    if _MESSAGES not in config.stash:
        directory = tempfile.TemporaryDirectory(prefix="hostshift-tests-")
        config.add_cleanup(directory.cleanup)
        config.stash[_MESSAGES] = Path(directory.name)
    return config.stash[_MESSAGES]

"""Tables that tests show at the end of a run, whichever of its processes made them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

_TABLES = pytest.StashKey[dict[str, list[str]]]()
_SENT = "tables"


def add(config: pytest.Config, title: str, lines: Iterable[str]) -> None:
    """Add lines to a table."""
    config.stash.setdefault(_TABLES, {}).setdefault(title, []).extend(lines)


def send(config: pytest.Config) -> None:
    """Hand the tables to the process that began the run, where this is another one."""
    sent: dict[str, Any] | None = getattr(config, "workeroutput", None)
    if sent is not None:
        sent[_SENT] = config.stash.get(_TABLES, {})


def receive(config: pytest.Config, sent: dict[str, Any]) -> None:
    """Take the tables of another process; what two have in common stands there once."""
    for title, lines in sent.get(_SENT, {}).items():
        if lines != config.stash.setdefault(_TABLES, {}).get(title):
            add(config, title, lines)


def show(reporter: pytest.TerminalReporter) -> None:
    """Print them all."""
    for title, lines in reporter.config.stash.get(_TABLES, {}).items():
        reporter.section(title)
        for line in lines:
            reporter.write_line(line)

"""Tables that tests show at the end of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

_TABLES = pytest.StashKey[dict[str, list[str]]]()


def add(config: pytest.Config, title: str, lines: Iterable[str]) -> None:
    """Add lines to a table."""
    config.stash.setdefault(_TABLES, {}).setdefault(title, []).extend(lines)


def show(reporter: pytest.TerminalReporter) -> None:
    """Print them all."""
    for title, lines in reporter.config.stash.get(_TABLES, {}).items():
        reporter.section(title)
        for line in lines:
            reporter.write_line(line)

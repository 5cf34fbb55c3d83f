"""The strings of other projects' test suites, with the hosts that their own tests expect.

`tests/vectors/foreign/` has one file for each suite, with its source and commit. A string is
`right` if hostshift sees just the addresses that the driver connects to, `left` if it leaves
the string alone for a reason that holds, and a `gap` if it leaves alone what it could read.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest

from hostshift import dsn
from tests import tables

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parents[1] / "vectors" / "foreign"
SUITES = {
    file.stem: json.loads(file.read_text(encoding="utf-8")) for file in sorted(FOLDER.glob("*"))
}
SHIFTED = ("db.test", 15999)
MOST_GAPS = 0.02

GOOD = re.compile(
    "clients read differently|drivers read differently|drivers take different|overrid"
    "|an @ stands|may be part of a password|a backslash|may be a file|a named instance"
    "|may name an instance|neither scheme|clients write differently|where to connect"
    "|a host holds percent escapes|escaped comma|as the path of a socket|begins with a dot"
    "|only localhost for a DynamoDB|may end credentials|may be an alias|a host or a port holds"
    "|brackets are not|a bracket|no address that can be rewritten|control characters"
    "|another URL stands|no R2DBC driver of this name|SQLAlchemy gives the port"
    "|names? another address|take different ones|only the program itself knows"
    "|a user may stand at each of several hosts"
)
"""Reasons for which a string is rightly left alone: its consumers differ, or it is too odd."""


class Case:
    """One string of a suite, read as its consumer does or without naming it."""

    def __init__(self, suite: str, case: dict[str, Any], dialect: str | None) -> None:
        self.id = f"{suite}-{case['id']}-{dialect or 'plain'}"
        self.text: str = case["text"]
        self.dialect = dialect
        self.differs = "differs" in case
        self.implied = case.get("implied", False)
        hosts = case["hosts"]
        self.refused = hosts is None
        folded = unquote(self.text).casefold() + self.text.casefold()
        # A default that the driver fills in stands nowhere in the text.
        self.expected = sorted(
            (host.casefold(), port) for host, port in hosts or () if host.casefold() in folded
        )

    def outcome(self) -> str:
        """Return right, left, gap, wrong, or that the consumer refuses or has another rule."""
        if self.refused:
            return "refused"
        reading = dsn.read(self.text, self.dialect)
        seen = sorted((end.host.casefold(), end.effective_port or 0) for end in reading.endpoints)
        ports = all(
            port in (0, expected)
            for (_, port), (_, expected) in zip(seen, self.expected, strict=False)
        )
        if [host for host, _ in seen] == [host for host, _ in self.expected] and ports:
            return "right"
        if self.differs:
            return "differs"
        if reading.endpoints:
            return "wrong"
        return "left" if not reading.trouble or GOOD.search(reading.trouble) else "gap"


def _cases() -> Iterator[Case]:
    for suite, data in SUITES.items():
        for case in data["cases"]:
            if data["dialect"] is not None:
                yield Case(suite, case, data["dialect"])
            yield Case(suite, case, None)


CASES = list(_cases())
OUTCOMES = {case.id: case.outcome() for case in CASES}


def test_there_are_enough_of_them() -> None:
    assert len(SUITES) >= 30
    assert sum(len(suite["cases"]) for suite in SUITES.values()) >= 1500


@pytest.mark.parametrize("suite", SUITES)
def test_a_source_is_named(suite: str) -> None:
    data = SUITES[suite]
    assert data["source"].startswith("https://github.com/")
    assert re.fullmatch("[0-9a-f]{40}", data["commit"])
    assert data["files"]
    assert data["consumer"]
    ids = Counter(case["id"] for case in data["cases"])
    assert max(ids.values()) == 1


@pytest.mark.parametrize("suite", SUITES)
def test_no_string_is_read_wrongly(suite: str) -> None:
    wrong = [
        (case.text, case.expected, case.dialect)
        for case in CASES
        if case.id.startswith(f"{suite}-") and OUTCOMES[case.id] == "wrong"
    ]
    assert wrong == []


@pytest.mark.parametrize("suite", SUITES)
def test_what_is_written_is_read_again_and_nothing_else_changes(suite: str) -> None:
    for case in CASES:
        if not case.id.startswith(f"{suite}-"):
            continue
        reading = dsn.read(case.text, case.dialect)
        ends = reading.endpoints
        if not ends:
            continue
        try:
            after = dsn.splice(case.text, ends, [SHIFTED] * len(ends))
        except dsn.Unwritable:
            continue
        again = dsn.read(after, case.dialect, ours=True)
        assert [(end.host, end.effective_port) for end in again.endpoints] == [SHIFTED] * len(
            ends
        ), case.text
        same = [(end.host, end.effective_port) for end in ends]
        assert dsn.splice(case.text, ends, same) == case.text


def test_few_gaps(pytestconfig: pytest.Config) -> None:
    """Of the strings that their drivers take."""
    columns = ("right", "left", "gap", "differs", "wrong", "refused")
    lines = [f"{'suite':<44}" + "".join(f"{name:>9}" for name in columns)]
    whole: Counter[str] = Counter()
    for suite in SUITES:
        counts = Counter(OUTCOMES[case.id] for case in CASES if case.id.startswith(f"{suite}-"))
        whole += counts
        lines.append(f"{suite:<44}" + "".join(f"{counts[name]:>9}" for name in columns))
    lines.append(f"{'all':<44}" + "".join(f"{whole[name]:>9}" for name in columns))
    tables.add(pytestconfig, "strings of other projects' test suites", lines)
    taken = whole.total() - whole["refused"]
    assert whole["wrong"] == 0
    assert whole["gap"] <= MOST_GAPS * taken, [
        (case.text, dsn.read(case.text, case.dialect).trouble)
        for case in CASES
        if OUTCOMES[case.id] == "gap"
    ]

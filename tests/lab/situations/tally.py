"""What was seen in all situations, and the tables made of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.lab.errors import LabError
from tests.lab.situations.image import ASK
from tests.lab.situations.verdicts import DETECTORS, Detector, expected, seen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tests.lab.situations.model import Situation, Standing, User

_HEAD = ("situation", "user", "isolation", "network", "naming", "host", "")


@dataclass(frozen=True)
class Row:
    """One user's answers in one situation."""

    situation: Situation
    user: User
    addresses: Mapping[str, str]
    answers: Mapping[str, Any]
    """What ``ask.py`` printed."""
    remark: str = ""

    @property
    def right(self) -> bool:
        """Return True if hostshift is right in all four answers."""
        return self.seen == self.expected

    @property
    def seen(self) -> dict[str, Any]:
        """What hostshift said."""
        return seen(self.answers.get("hostshift"))

    @property
    def expected(self) -> dict[str, Any]:
        """What it should have said."""
        return expected(self.situation.truth, self.addresses)

    def is_right(self, detector: Detector) -> bool:
        """Return True if another detector is right in its one question."""
        return detector.judge(self.answers.get(detector.key), self.situation.truth.isolation)

    @property
    def isolation_right(self) -> bool:
        """Return True if hostshift is right in the question of the others."""
        return self.seen.get("isolation") == self.situation.truth.isolation


def ask(situation: Situation, standing: Standing, user: User, port: int) -> Row:
    """Ask hostshift and all others in a situation, as a user; the host listens on a port."""
    said = standing.run([ASK, str(port)], user)
    if said.code:
        message = f"{situation.name}: {ASK} ended with {said.code}: {said.stderr or said.stdout}"
        raise LabError(message)
    answers = json.loads(said.stdout.strip().splitlines()[-1])
    return Row(situation, user, standing.addresses, answers, standing.remark)


@dataclass
class Tally:
    """All rows of a run, and the situations that could not be entered."""

    rows: list[Row] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def wrong(self) -> int:
        """Count the rows in which hostshift is wrong."""
        return sum(not row.right for row in self.rows)

    def lines(self) -> Iterator[str]:
        """Give the table of hostshift's answers and the counts of the others."""
        yield from aligned([_HEAD, *map(_cells, self.rows)])
        for name, reason in self.skipped.items():
            yield f"{name}: not here, {reason}"
        situations = len({row.situation.name for row in self.rows})
        yield (
            f"hostshift: {situations} situations, {len(self.rows)} rows,"
            f" {self.wrong} wrong; {self.seconds:.0f} s"
        )
        yield "the one question of the others, wrong rows: " + ", ".join(
            f"{name} {count}" for name, count in self.counts().items()
        )

    def counts(self) -> dict[str, int]:
        """Count each detector's wrong rows in the question of isolation."""
        ours = {"hostshift": sum(not row.isolation_right for row in self.rows)}
        others = {
            detector.name: sum(not row.is_right(detector) for row in self.rows)
            for detector in DETECTORS
        }
        return {**ours, **others}


def _cells(row: Row) -> tuple[str, ...]:
    """Give a row of the table; what is wrong says what is right."""
    cells = []
    for key, right in row.expected.items():
        got = row.seen.get(key, "?")
        cells.append(_text(got) if got == right else f"{_text(got)} (not {_text(right)})")
    verdict = ("right" if row.right else "WRONG") + (f"  [{row.remark}]" if row.remark else "")
    return (row.situation.name, row.user, *cells, verdict)


def _text(value: Any) -> str:
    return (", ".join(map(str, value)) or "-") if isinstance(value, list) else str(value)


def aligned(rows: Sequence[Sequence[str]]) -> Iterable[str]:
    """Align columns by spaces."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()

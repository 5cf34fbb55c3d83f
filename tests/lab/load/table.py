"""What came of one question under one load: counts, and whether they may be so."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

LATE = re.compile(
    r"in time|late|busy|timed? ?out|time limit|could not|cannot|did not answer|no answer|not known|"
    r"is missing|did not say",
    re.IGNORECASE,
)
"""One of these has to be in the reason of an answer that was not the idle one."""
KINDS = ("idle", "undecided", "other", "wrong")
_HEAD = ("question", "load", "n", *KINDS, "falsely known", "slowest")
_EXAMPLES = 2


@dataclass(frozen=True)
class Counted:
    """The answers to one question under one load.

    `idle` are the answers of an idle machine, `undecided` those that stay and name who was
    late. `wrong` would reach another server. All else is `other`. An answer of the last two
    whose certainty is "known" is falsely known.
    """

    question: str
    load: str
    kinds: Counter[str]
    known: int
    slowest: float
    examples: tuple[str, ...]

    @property
    def cells(self) -> tuple[str, ...]:
        """Give the row of the table."""
        counts = [self.kinds.total(), *(self.kinds[kind] for kind in KINDS), self.known]
        return (self.question, self.load, *map(str, counts), f"{self.slowest:.1f} s")


def count(
    question: str,
    load: str,
    idle: dict[str, Any],
    answers: Iterable[dict[str, Any]],
    source: str,
    astray: Callable[[str], bool],
) -> Counted:
    """Sort the answers to one question.

    Args:
        question: what is asked.
        load: how busy the machine is.
        idle: the answer of an idle machine.
        answers: what fresh processes answered.
        source: a pattern for the names of those who can be late.
        astray: returns True if what this text leads to is another server.

    """
    kinds: Counter[str] = Counter()
    known, slowest, examples = 0, 0.0, []
    for answer in answers:
        kind = _kind(answer, idle, source, astray)
        kinds[kind] += 1
        slowest = max(slowest, answer["seconds"])
        if kind in ("other", "wrong"):
            known += "known" in answer["certainty"]
            examples.append(f"    {kind}: {_told(answer)}")
    shown = tuple(dict.fromkeys(examples))[:_EXAMPLES]
    return Counted(question, load, kinds, known, slowest, shown)


def not_right(question: str, answers: list[dict[str, Any]]) -> Counted:
    """Count answers of an idle machine that are not even right: nothing can be told by them."""
    known = sum("known" in one["certainty"] for one in answers)
    slowest = max(one["seconds"] for one in answers)
    examples = tuple(f"    not right: {told}" for told in dict.fromkeys(map(_told, answers)))
    return Counted(question, "idle", Counter(other=len(answers)), known, slowest, examples)


def _kind(
    answer: dict[str, Any], idle: dict[str, Any], source: str, astray: Callable[[str], bool]
) -> str:
    if (answer["after"], answer["undecided"]) == (idle["after"], idle["undecided"]):
        return "idle"
    if not answer["undecided"] and astray(answer["after"]):
        return "wrong"
    stays = answer["undecided"] and answer["after"] == answer["text"]
    names = re.search(source, answer["reason"], re.IGNORECASE) and LATE.search(answer["reason"])
    return "undecided" if stays and names else "other"


def _told(answer: dict[str, Any]) -> str:
    where = answer["after"].rpartition("@")[2].rpartition("://")[2].partition("/")[0]
    decided = "undecided, " if answer["undecided"] else ""
    return f"{where} ({decided}{answer['certainty']}: {answer['reason']})"


def lines(counted: Iterable[Counted]) -> Iterator[str]:
    """Give the table, with examples of what may not be below each row."""
    all_of_them = list(counted)
    rows = [_HEAD, *(one.cells for one in all_of_them)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]

    def written(row: tuple[str, ...]) -> str:
        return "  ".join(map(str.ljust, row, widths)).rstrip()

    yield written(_HEAD)
    for one in all_of_them:
        yield written(one.cells)
        yield from one.examples

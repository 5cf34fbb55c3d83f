"""What came of one question under one load: counts, and whether they may be so."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

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
    that does not lead to the right server although its certainty is "known" is falsely known.
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


class Question(NamedTuple):
    """What is asked, and what is known of it."""

    name: str
    idle: dict[str, Any]
    """The answer of an idle machine."""
    source: str
    """A pattern for the names of those who can be late."""
    expected: str
    """The only server that may be reached."""
    who: Callable[[str], str | None]
    """Returns the server that a text leads to, None if that is nobody."""

    def astray(self, text: str) -> bool:
        """Return True if a text leads to another server."""
        return self.who(text) not in (None, self.expected)


def count(asked: Question, load: str, answers: Iterable[dict[str, Any]]) -> Counted:
    """Sort the answers to one question."""
    kinds: Counter[str] = Counter()
    known, slowest, examples = 0, 0.0, []
    for answer in answers:
        kind = _kind(answer, asked)
        kinds[kind] += 1
        slowest = max(slowest, answer["seconds"])
        if kind in ("other", "wrong"):
            known += "known" in answer["certainty"] and asked.who(answer["after"]) != asked.expected
            examples.append(f"    {kind}: {_told(answer)}")
    shown = tuple(dict.fromkeys(examples))[:_EXAMPLES]
    return Counted(asked.name, load, kinds, known, slowest, shown)


def not_right(question: str, answers: list[dict[str, Any]]) -> Counted:
    """Count answers of an idle machine that are not even right: nothing can be told by them."""
    known = sum("known" in one["certainty"] for one in answers)
    slowest = max(one["seconds"] for one in answers)
    examples = tuple(f"    not right: {told}" for told in dict.fromkeys(map(_told, answers)))
    return Counted(question, "idle", Counter(other=len(answers)), known, slowest, examples)


def _kind(answer: dict[str, Any], asked: Question) -> str:
    idle, reason = asked.idle, answer["reason"]
    if (answer["after"], answer["undecided"]) == (idle["after"], idle["undecided"]):
        return "idle"
    if not answer["undecided"] and asked.astray(answer["after"]):
        return "wrong"
    stays = answer["undecided"] and answer["after"] == answer["text"]
    names = re.search(asked.source, reason, re.IGNORECASE) and LATE.search(reason)
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

"""The parts of a table of evidence, and how to evaluate one. Pure."""

from __future__ import annotations

from hostshift.base.record import Record
from hostshift.detect.evidence.noting import Noting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hostshift.detect.facts import Facts

    Sign = Callable[[Facts], str | None]
    """Returns what it sees in the facts, or None if they do not have the sign."""


class Evidence(Record):
    """One fact and the answer that it gives."""

    question: str
    """isolation, network, naming or platform."""
    answer: str
    weight: str
    """decisive, strong, medium, weak; declared: the user's answer; none: no row applied;
    unread: a source that could not be read may give another answer."""
    seen: str
    source: str
    """The source of the rule."""

    def as_dict(self) -> dict[str, str]:
        """Return the fields by name."""
        return {name: getattr(self, name) for name in self._fields}


class Row(Record):
    """One row of a table: a sign and the answer that it gives."""

    question: str
    answer: str
    weight: str
    source: str
    sign: Sign


def table(question: str, *rows: tuple[str, str, str, Sign]) -> tuple[Row, ...]:
    """Build a table from rows of answer, weight, source and sign."""
    return tuple(
        Row(question=question, answer=answer, weight=weight, source=source, sign=sign)
        for answer, weight, source, sign in rows
    )


def evaluate(rows: tuple[Row, ...], facts: Facts) -> Evidence:
    """Return the answer of the first row that applies.

    An unread source does not count as a missing one: see :func:`_with_unread_sources`.
    """
    if facts.unread:
        return _with_unread_sources(rows, facts)
    for row in rows:
        seen = row.sign(facts)
        if seen is not None:
            return _answer(row, seen)
    return _nothing(rows)


def _with_unread_sources(rows: tuple[Row, ...], facts: Facts) -> Evidence:
    """Return the answer of the first row that no unread source could overrule.

    A row that looks at an unread source is open: it may apply or not. So the answer is that
    of the first row that applies and is not open, unless an open one before it gives another
    answer. Then it is unknown. With all sources readable an unknown answer might be known, but
    a known one is never wrong.
    """
    open_rows: list[Row] = []
    missed: dict[str, None] = {}
    for row in rows:
        noting = Noting(facts)
        seen = row.sign(noting.as_facts)
        if noting.missed:
            open_rows.append(row)
            missed |= dict.fromkeys(noting.missed)
        elif seen is not None:
            return _answer(row, seen) if _agree(row, open_rows) else _unread(rows, missed)
    return _unread(rows, missed) if open_rows else _nothing(rows)


def _agree(row: Row, others: Iterable[Row]) -> bool:
    return all(other.answer == row.answer for other in others)


def _answer(row: Row, seen: str) -> Evidence:
    return Evidence(
        question=row.question, answer=row.answer, weight=row.weight, seen=seen, source=row.source
    )


def _nothing(rows: tuple[Row, ...]) -> Evidence:
    return Evidence(
        question=rows[0].question,
        answer="unknown",
        weight="none",
        seen="nothing that decides",
        source="",
    )


def _unread(rows: tuple[Row, ...], missed: Iterable[str]) -> Evidence:
    names = list(missed)
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return Evidence(
        question=rows[0].question,
        answer="unknown",
        weight="unread",
        seen=f"not read, though it may decide: {', '.join(names[:3])}{more}",
        source="",
    )

"""What a table of evidence is made of, and how it is read. Pure."""

from __future__ import annotations

from hostshift._record import Record
from hostshift.evidence.noting import Noting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hostshift.surroundings import Surroundings

    Sign = Callable[[Surroundings], str | None]
    """Returns what was seen, or None where the sign is not there."""


class Evidence(Record):
    """One fact and what it says."""

    question: str
    """isolation, network, naming or platform."""
    answer: str
    weight: str
    """decisive, strong, medium, weak; declared: the user says so; none: nothing applied;
    unread: what could not be read may say something else."""
    seen: str
    source: str
    """Where the rule comes from."""

    def as_dict(self) -> dict[str, str]:
        """Return the fields by name."""
        return {name: getattr(self, name) for name in self._fields}


class Row(Record):
    """One row of a table: what is looked for and what it decides."""

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


def first(rows: tuple[Row, ...], around: Surroundings) -> Evidence:
    """Return what the first row that applies says.

    What could not be read is not taken for what is not there: see :func:`_of_what_was_read`.
    """
    if around.unread:
        return _of_what_was_read(rows, around)
    for row in rows:
        seen = row.sign(around)
        if seen is not None:
            return _says(row, seen)
    return _nothing(rows)


def _of_what_was_read(rows: tuple[Row, ...], around: Surroundings) -> Evidence:
    """Return what the first row says that no unread source could overrule.

    A row that looks at an unread source is open: it may apply, and it may not. So the
    answer is that of the first row that applies and is not open, unless an open one
    before it says something else. Then it is unknown. With all sources readable the
    answer would be this one or another, but never is it a wrong one.
    """
    open_rows: list[Row] = []
    missed: dict[str, None] = {}
    for row in rows:
        noting = Noting(around)
        seen = row.sign(noting.surroundings)
        if noting.missed:
            open_rows.append(row)
            missed |= dict.fromkeys(noting.missed)
        elif seen is not None:
            return _says(row, seen) if _agree(row, open_rows) else _unread(rows, missed)
    return _unread(rows, missed) if open_rows else _nothing(rows)


def _agree(row: Row, others: Iterable[Row]) -> bool:
    return all(other.answer == row.answer for other in others)


def _says(row: Row, seen: str) -> Evidence:
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

"""What a table of evidence is made of, and how it is read. Pure."""

from __future__ import annotations

from hostshift._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from hostshift.surroundings import Surroundings

    Sign = Callable[[Surroundings], str | None]
    """Returns what was seen, or None where the sign is not there."""


class Evidence(Record):
    """One fact and what it says."""

    question: str
    """isolation, network, naming or platform."""
    answer: str
    weight: str
    """decisive, strong, medium, weak; declared: the user says so; none: nothing applied."""
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
    """Return what the first row that applies says."""
    for row in rows:
        seen = row.sign(around)
        if seen is not None:
            return Evidence(
                question=row.question,
                answer=row.answer,
                weight=row.weight,
                seen=seen,
                source=row.source,
            )
    return Evidence(
        question=rows[0].question,
        answer="unknown",
        weight="none",
        seen="nothing that decides",
        source="",
    )

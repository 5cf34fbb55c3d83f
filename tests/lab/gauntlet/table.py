"""How the gauntlet went: an outcome a cell, and the table of all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.lab.gauntlet.spellings import Cell, Evidence

Result = Literal["right", "wrong", "left alone", "undecided", "astray"]
"""Another server answered is `wrong`; rewritten and nobody answered is `astray`.

What is left alone and called undecided is `undecided` where another server answers to it as
written: no integration dials it, and a program that goes on was warned.
"""


@dataclass(frozen=True)
class Run:
    """All cells of one run."""

    title: str
    evidence: Evidence | None
    cells: Mapping[Cell, Mapping[str, Any]]
    names_shared: bool = False
    """Another project answers to the same names, so that what is left alone may reach it."""

    def result(self, cell: Cell) -> Result:
        """Say how a cell went."""
        found = self.cells[cell]
        if found["who"] == cell[1].service:
            return "right"
        if found["who"] is not None:
            return "undecided" if self.names_shared and self.undecided(cell) else "wrong"
        return "left alone" if found["after"] == found["text"] else "astray"

    def undecided(self, cell: Cell) -> bool:
        """Return True if it was left alone because nothing said for certain what is meant."""
        found = self.cells[cell]
        decided = found.get("decisions") or []
        return found["after"] == found["text"] and any(one["undecided"] for one in decided)

    def having(self, result: Result) -> set[Cell]:
        """Give the cells that went so."""
        return {cell for cell in self.cells if self.result(cell) == result}

    def decidable(self, cell: Cell) -> bool:
        """Return True if the right server can be found there, by whoever asks."""
        if self.evidence is None:
            return cell[0] in cell[1].plain
        return self.evidence.decidable(*cell)

    def told(self, cell: Cell) -> str:
        """Tell everything of a cell, for whoever must find out what went wrong."""
        place, way = cell
        found = self.cells[cell]
        return (
            f"{place.name}, {way.name}: {self.result(cell)}, {found['text']} -> {found['after']},"
            f" {found['who'] or found['error']}; {found.get('reason', '')}"
        )

    def lines(self) -> Iterator[str]:
        """Give the table, a line a cell, and the count."""
        yield f"--- {self.title}"
        rows = [self._row(*cell) for cell in self.cells]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            yield "  ".join(map(str.ljust, row, widths)).rstrip()
        right, wrong = len(self.having("right")), len(self.having("wrong"))
        could = sum(map(self.decidable, self.cells))
        yield f"{self.title}: {right} right of {could} decidable, {wrong} wrong"

    def _row(self, *cell: Any) -> tuple[str, str, str, str, str]:
        """Give vantage, spelling, what was dialled, how it went, and what decided."""
        place, way = cell
        found, result = self.cells[place, way], self.result((place, way))
        said = f"{result.upper()}!" if self._missed((place, way)) else result
        if result == "left alone" and not self._missed((place, way)) and self.evidence:
            said = f"{said} ({self.evidence.why_not(place, way)})"
        return (place.name, way.name, _address(found), said, _decided(found))

    def _missed(self, cell: Cell) -> bool:
        return self.result(cell) in ("wrong", "astray") or (
            self.decidable(cell) and self.result(cell) != "right"
        )


def _address(found: Mapping[str, Any]) -> str:
    """Show what was dialled, without the rest of the string."""
    text = str(found["after"]).rpartition("@")[2].rpartition("://")[2].partition("/")[0]
    return text if found["after"] != found["text"] else f"{text} (as given)"


def _decided(found: Mapping[str, Any]) -> str:
    decisions = found.get("decisions") or []
    certainty = ",".join(one["certainty"] for one in decisions)
    reason = str(found.get("reason", ""))
    return f"{certainty}: {reason}" if certainty else reason

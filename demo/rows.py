"""What the demonstration found: a row for each place and string, and the table of them."""

from __future__ import annotations

from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.table import Table

ROUND_TRIP = "round trip"


@dataclass(frozen=True)
class Row:
    """One string in one place."""

    where: str
    given: str
    used: str
    plain: str
    hostshift: str
    pretended: bool = False

    @property
    def good(self) -> bool:
        """Return True if hostshift made the round trip, or would have."""
        return self.hostshift == ROUND_TRIP or self.pretended


def show(rows: list[Row]) -> None:
    """Print the table and what it comes to."""
    table = Table(box=box.SIMPLE_HEAD)
    for title in ("where", "given", "used", "plain client", "hostshift"):
        table.add_column(title, overflow="fold")
    before = None
    for row in rows:
        where = "" if row.where == before else row.where
        before = row.where
        used = row.used if row.used != row.given else "as given"
        table.add_row(where, row.given, used, row.plain, row.hostshift)
    # As wide as it is when nobody looks at a terminal: a log folds nothing.
    console = Console()
    console = console if console.is_terminal else Console(width=200)
    console.print(table)
    console.print(summary(rows), highlight=False)


def summary(rows: list[Row]) -> str:
    """Count round trips with and without hostshift."""
    real = [row for row in rows if not row.pretended]
    made = sum(row.good for row in real)
    failed = sum(row.plain != ROUND_TRIP for row in real)
    text = f"hostshift: {made} of {len(real)} round trips. A plain client failed in {failed}."
    pretended = len(rows) - len(real)
    if pretended:
        text += f" {pretended} more were pretended: no container ran."
    return text

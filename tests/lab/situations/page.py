"""The table of docs/detectors.md, between its two marks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.lab.situations.verdicts import DETECTORS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.lab.situations.tally import Row, Tally

BEGIN = "<!-- table: python -m tests.lab.situations --page docs/detectors.md -->"
END = "<!-- end of the table -->"


def rewritten(page: str, tally: Tally) -> str:
    """Put a tally's table in the place of the page's."""
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n\n" + "\n".join(_table(tally)) + f"\n\n{END}{after}"


def _table(tally: Tally) -> list[str]:
    """Give a row a situation; root and nobody stand apart only where they differ."""
    names = ["hostshift", *(detector.name for detector in DETECTORS)]
    lines = [_line("situation", *names), _line(*["---"] * (len(names) + 1))]
    for name in dict.fromkeys(row.situation.name for row in tally.rows):
        rows = [row for row in tally.rows if row.situation.name == name]
        lines.append(_line(f"{name}", *_cells(rows)))
    counts = [f"**{count}**" for count in tally.counts().values()]
    return [*lines, _line(f"**wrong, of {len(tally.rows)}**", *counts)]


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(rows: Sequence[Row]) -> list[str]:
    """Give each detector's cell of one situation."""
    ours = _cell(rows, lambda row: row.seen.get("isolation"), lambda row: row.isolation_right)
    return [
        ours,
        *(
            _cell(
                rows,
                lambda row, key=detector.key: row.answers.get(key),  # type: ignore[misc]
                lambda row, one=detector: row.is_right(one),  # type: ignore[misc]
            )
            for detector in DETECTORS
        ),
    ]


def _cell(rows: Sequence[Row], answer: Callable[[Row], Any], right: Callable[[Row], bool]) -> str:
    """Say what was answered; a wrong answer is struck through."""
    said = {row.user: _marked(_word(answer(row)), right=right(row)) for row in rows}
    if len(set(said.values())) == 1:
        return next(iter(said.values()))
    return ", ".join(f"{user}: {word}" for user, word in said.items())


def _marked(word: str, *, right: bool) -> str:
    return word if right else f"~~{word}~~ ✗"


def _word(answer: Any) -> str:
    if isinstance(answer, bool):
        return "yes" if answer else "no"
    return str(answer) or "nothing"

"""The gauntlet beside a second project: the same names, a shared network, ports of its own.

Its servers are never reached, whether one's own run or not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import tables
from tests.lab.gauntlet.rival import beside_a_rival, decidable, services_of
from tests.lab.gauntlet.spellings import BARE, FILE, FULL, Evidence
from tests.lab.gauntlet.table import Run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.gauntlet.scene import Gauntlet
    from tests.lab.stage import Stage

STOPPED: tuple[tuple[str, ...], ...] = ((), ("cache",), ("cache", "db"))
"""The services of one's own that are down, one more after the other."""
RUNS = [
    (evidence, down)
    for down in STOPPED
    for evidence in (FULL, FILE, BARE)
    if evidence is FULL or down != ("cache",)
]


class Runs:
    """What was run so far: each once, and nothing that was stopped comes back."""

    def __init__(self, field: Gauntlet, config: pytest.Config) -> None:
        self._field, self._config = field, config
        self._down: tuple[str, ...] = ()
        self._done: dict[tuple[Evidence, tuple[str, ...]], Run] = {}

    def get(self, evidence: Evidence, down: tuple[str, ...]) -> Run:
        if (evidence, down) not in self._done:
            assert down[: len(self._down)] == self._down, "what was stopped stays so"
            for service in down[len(self._down) :]:
                self._field.project.stop(service)
            self._down = down
            title = f"{evidence.description}, {' and '.join(down) or 'nothing'} stopped"
            cells = self._field.run(evidence)
            run = self._done[evidence, down] = Run(title, evidence, cells, names_shared=True)
            tables.add(self._config, "gauntlet of two projects", ["", *run.lines()])
        return self._done[evidence, down]


@pytest.fixture(scope="module")
def runs(module_stage: Stage, app_image: str, pytestconfig: pytest.Config) -> Iterator[Runs]:
    with beside_a_rival(module_stage, app_image) as field:
        yield Runs(field, pytestconfig)


def _name(given: object) -> str:
    return given.name if isinstance(given, Evidence) else "-".join(map(str, given)) or "all-up"  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("evidence", "down"), RUNS, ids=["-".join(map(_name, reversed(run))) for run in RUNS]
)
class TestTwoProjects:
    def test_never_the_other_project(
        self, runs: Runs, evidence: Evidence, down: tuple[str, ...]
    ) -> None:
        run = runs.get(evidence, down)
        wrong = [run.told(cell) for cell in run.cells if cell in run.having("wrong")]
        assert not wrong, "\n".join(wrong)

    def test_what_runs_is_reached(
        self, runs: Runs, evidence: Evidence, down: tuple[str, ...]
    ) -> None:
        run = runs.get(evidence, down)
        asked = [cell for cell in services_of(run, *down) if decidable(evidence, cell)]
        if "db" in down:  # Its network namespace has gone with it.
            asked = [cell for cell in asked if cell[0].name != "database-namespace"]
        missed = [run.told(cell) for cell in asked if cell not in run.having("right")]
        assert not missed, "\n".join(missed)

"""The gauntlet where the name server beyond the engine's fails: as many right as ever, none wrong.

Names of one's own networks are answered by the engine all the same; each other name gets a
refusal, SERVFAIL, or no answer at all.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import tables
from tests.lab.containers import WORK, copy_into
from tests.lab.gauntlet import name_server
from tests.lab.gauntlet.scene import Gauntlet, gauntlet
from tests.lab.gauntlet.spellings import BARE, COUNTS, FILE, FULL, Evidence
from tests.lab.gauntlet.table import Run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.sdk import Container
    from tests.lab.stage import Stage

MODES = ("refused", "servfail", "silent")
LIMIT = 10.0
"""Seconds that one answer may take where a program starts, as documented."""
EVIDENCE = (FULL, FILE, BARE)


class Runs:
    """What was run so far. With one failure, all evidence is tried at once: they only wait."""

    def __init__(self, field: Gauntlet, server: Container, config: pytest.Config) -> None:
        self._field, self._server, self._config = field, server, config
        self._done: dict[tuple[str, Evidence], Run] = {}

    def get(self, mode: str, evidence: Evidence) -> Run:
        if (mode, evidence) not in self._done:
            copy_into(self._server, {name_server.MODE.name: mode}, str(name_server.MODE.parent))
            with ThreadPoolExecutor(len(EVIDENCE)) as pool:
                runs = pool.map(lambda one: self._run(mode, one), EVIDENCE)
                self._done |= {(mode, one): run for one, run in zip(EVIDENCE, runs, strict=True)}
            for one in EVIDENCE:
                told = ["", *self._done[mode, one].lines()]
                tables.add(self._config, "gauntlet where the name server fails", told)
        return self._done[mode, evidence]

    def _run(self, mode: str, evidence: Evidence) -> Run:
        title = f"{evidence.description}, name server: {mode}"
        return Run(title, evidence, self._field.run(evidence, at_once=3))


@pytest.fixture(scope="module")
def runs(module_stage: Stage, app_image: str, pytestconfig: pytest.Config) -> Iterator[Runs]:
    if os.geteuid() != 0:
        pytest.skip("giving a process of the host a name server of its own takes root")
    stage, program = module_stage, Path(name_server.__file__)
    server = stage.start("names", app_image, ["sleep", "infinity"])
    copy_into(server, {program.name: program.read_text(encoding="utf-8")})
    server.exec_run(["python", f"{WORK}/{program.name}", "0"], detach=True)
    with gauntlet(stage, app_image, dns=[stage.address(server)]) as field:
        yield Runs(field, server, pytestconfig)


@pytest.mark.parametrize("evidence", EVIDENCE, ids=lambda one: one.name)
@pytest.mark.parametrize("mode", MODES)
class TestFailingNameServer:
    def test_as_many_right_as_ever(self, runs: Runs, mode: str, evidence: Evidence) -> None:
        run = runs.get(mode, evidence)
        decidable = {cell for cell in run.cells if run.decidable(cell)}
        missed = [run.told(cell) for cell in decidable - run.having("right")]
        assert not missed, "\n".join(missed)
        assert len(decidable) == COUNTS[evidence]

    def test_never_a_wrong_server(self, runs: Runs, mode: str, evidence: Evidence) -> None:
        run = runs.get(mode, evidence)
        assert not run.having("wrong"), "\n".join(map(run.told, run.having("wrong")))

    def test_within_the_limit(self, runs: Runs, mode: str, evidence: Evidence) -> None:
        run = runs.get(mode, evidence)
        late = [cell for cell, found in run.cells.items() if found["seconds"] > LIMIT]
        assert not late, "\n".join(
            f"{run.cells[cell]['seconds']}: {run.told(cell)}" for cell in late
        )

"""The gauntlet through `hostshift forward`: drivers that know nothing of hostshift dial localhost.

The same cells as in :mod:`tests.lab.test_gauntlet`, with the same decoys. What no address reaches
is refused, and no connection ever reaches another server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import tables
from tests.lab.gauntlet.scene import Gauntlet, gauntlet
from tests.lab.gauntlet.spellings import BARE, CELLS, FULL, Evidence
from tests.lab.gauntlet.table import Run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.stage import Stage


@pytest.fixture(scope="module")
def field(module_stage: Stage, app_image: str) -> Iterator[Gauntlet]:
    with gauntlet(module_stage, app_image) as made:
        yield made


@pytest.fixture(scope="module")
def decoys(field: Gauntlet) -> Iterator[None]:
    with field.decoys():
        yield


def _check(field: Gauntlet, evidence: Evidence, title: str, config: pytest.Config) -> None:
    run = Run(f"{title}, forwarded", evidence, field.run(evidence, forward=True))
    tables.add(config, "gauntlet", ["", *run.lines()])
    wrong = [run.told(cell) for cell in CELLS if cell in run.having("wrong")]
    assert not wrong, "\n".join(wrong)
    decidable = {cell for cell in CELLS if run.decidable(cell)}
    missed = [run.told(cell) for cell in CELLS if cell in decidable - run.having("right")]
    assert not missed, "\n".join(missed)


@pytest.mark.parametrize("evidence", [FULL, BARE], ids=lambda one: one.name)
def test_every_decidable_cell_is_reached(
    field: Gauntlet, evidence: Evidence, pytestconfig: pytest.Config
) -> None:
    _check(field, evidence, evidence.description, pytestconfig)


@pytest.mark.usefixtures("decoys")
@pytest.mark.parametrize("evidence", [FULL, BARE], ids=lambda one: one.name)
def test_no_decoy_is_ever_reached(
    field: Gauntlet, evidence: Evidence, pytestconfig: pytest.Config
) -> None:
    _check(field, evidence, f"{evidence.description}, with decoys", pytestconfig)

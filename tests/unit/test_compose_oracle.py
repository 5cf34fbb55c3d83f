"""Feature files, read by hostshift and by docker-compose: equal, or absent with a reason."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from hostshift.discovery import Topology, compose
from tests.unit.compose_cases import (
    Case,
    cases,
    comparable,
    config,
    facts_of,
    facts_of_config,
    oracle,
    plenty,
)

if TYPE_CHECKING:
    from pathlib import Path

CASES = cases()
NOWHERE = os.devnull


def _read(case: Case, at: Path, path: str) -> Topology:
    return compose.read(str(at), case.environment(path), file=case.file, deadline=plenty())


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 60
    assert len({case.id for case in CASES}) == len(CASES)
    assert all(case.why for case in CASES)


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_equal_or_absent(case: Case, tmp_path: Path) -> None:
    at = case.lay_out(tmp_path / "shop")
    said = config(case, at)
    assert (said is None) == (case.refused or case.lenient)
    path = str(oracle().parent) if case.beyond else NOWHERE
    found = _read(case, at, path)
    absent = bool(case.absent) and not (case.beyond and not case.refused)
    assert bool(found.notes) == absent, [str(note) for note in found.notes]
    assert bool(found.gaps) == absent
    if absent:
        assert (found.services, found.project) == ((), None)
        assert said is None or case.absent in str(found.notes[0])
    elif said is not None:
        assert found.project == said["name"]
        wanted, got = comparable(facts_of_config(said), facts_of(found))
        assert got == wanted


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.absent], ids=[case.id for case in CASES if case.absent]
)
def test_the_reason(case: Case, tmp_path: Path) -> None:
    at = case.lay_out(tmp_path / "shop")
    found = _read(case, at, NOWHERE)
    assert (found.services, found.project) == ((), None)
    (note,) = found.notes
    assert case.absent in str(note)
    assert note.source == "compose"
    if case.beyond and not case.absent.startswith("not on this machine"):
        assert "only compose itself" in note.what


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_everything_is_intended(case: Case, tmp_path: Path) -> None:
    found = _read(case, case.lay_out(tmp_path / "shop"), NOWHERE)
    for service in found.services:
        assert (service.certainty, service.source) == ("intended", "compose")
        assert service.project == found.project
        assert service in found.siblings()
        for container in service.containers:
            assert container.healthy is None
            assert not container.id

"""Which variables of public projects are touched: each was judged by hand, from its own sources.

``projects/`` has whole examples of environments, with what a client dials (``touch``), what
browsers, others or nobody dials (``leave``), and what is a matter of opinion (``either``). The
lists have single variables.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hostshift.environment import find
from hostshift.environment.model import Kept, Pair
from tests import tables

if TYPE_CHECKING:
    from collections.abc import Mapping

VECTORS = Path(__file__).parents[1] / "vectors" / "environment"
PROJECTS = sorted((VECTORS / "projects").glob("*.json"))
LEAST_RECOGNISED = 0.95


@cache
def _project(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8")))


def _rows(name: str) -> list[dict[str, Any]]:
    return list(json.loads((VECTORS / name).read_text(encoding="utf-8")))


def _variables(text: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {
        name.strip().removeprefix("export "): value.strip().strip("\"'") for name, _, value in pairs
    }


def _touched(environ: Mapping[str, str]) -> set[str]:
    return {
        place.host if isinstance(place, Pair) else place.name for place in find.touched(environ)
    }


def test_there_are_enough() -> None:
    assert len(PROJECTS) >= 60
    assert len(_rows("must_touch.json")) >= 150
    assert len(_rows("must_leave.json")) >= 150


@pytest.mark.parametrize("path", PROJECTS, ids=lambda path: path.stem)
def test_nothing_is_touched_that_has_to_stay(path: Path) -> None:
    project = _project(path)
    assert _touched(_variables(project["text"])) & set(project["leave"]) == set()


def test_most_addresses_of_local_services_are_recognised(pytestconfig: pytest.Config) -> None:
    right, missed = 0, []
    for path in PROJECTS:
        project = _project(path)
        touched = _touched(_variables(project["text"]))
        right += len(touched & set(project["touch"]))
        missed += [f"{path.stem}: {name}" for name in project["touch"] if name not in touched]
    total = right + len(missed)
    line = f"{right} of {total} ({right / total:.1%}); missed: {', '.join(missed)}"
    tables.add(pytestconfig, "addresses of local services in public examples", [line])
    assert right >= LEAST_RECOGNISED * total, missed


@pytest.mark.parametrize("row", _rows("must_touch.json"), ids=lambda row: row["id"])
def test_a_variable_that_clients_dial_is_touched(row: dict[str, Any]) -> None:
    assert set(row["variables"]) <= _touched(row["env"])


@pytest.mark.parametrize("row", _rows("must_leave.json"), ids=lambda row: row["id"])
def test_a_variable_that_others_get_stays(row: dict[str, Any]) -> None:
    assert not set(row["variables"]) & _touched(row["env"])


@pytest.mark.parametrize("row", _rows("not_recognised.json"), ids=lambda row: row["id"])
def test_what_is_not_recognised_is_touched_once_it_is_listed(row: dict[str, Any]) -> None:
    """These are known: clients dial them, and neither name nor value shows it."""
    assert not set(row["variables"]) & _touched(row["env"])
    listed = find.places(row["env"], row["variables"])
    assert not any(isinstance(place, Kept) for place in listed)

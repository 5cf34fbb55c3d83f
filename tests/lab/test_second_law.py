"""The second law, live: what works as written stays as written."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from tests.lab.gauntlet.asking import request
from tests.lab.gauntlet.deployments import DEPLOYMENTS, Deployment, Ground
from tests.lab.situations.model import Unavailable
from tests.lab.stage import host_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.stage import Stage

POLICIES: tuple[Any, ...] = (
    "plain",
    {},
    {"sources": "dns"},
    {"sources": "compose"},
    {"prefer": "sibling"},
)
"""As a plain client first; then with the engine, with names only, with the file only."""


@pytest.fixture(scope="module")
def ground(module_stage: Stage, app_image: str) -> Iterator[Ground]:
    made = Ground(module_stage, app_image)
    with host_server("any", made.port, address="0.0.0.0"):
        yield made


def test_the_corpus_is_large_enough() -> None:
    assert len({one.name for one in DEPLOYMENTS}) == len(DEPLOYMENTS) >= 20


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda one: one.name)
def test_it_stays_as_written(deployment: Deployment, ground: Ground) -> None:
    try:
        with deployment.enter(ground) as standing:
            answers = standing.ask(ground, request(standing.cells, policies=POLICIES))
    except Unavailable as error:
        if os.environ.get("LAB_ENGINE") == "require":
            raise
        pytest.skip(f"{deployment.name}: {error}")
    plain = [found for found in answers if found["policy"] == "plain"]
    # The scene first: a deployment that does not work shows nothing.
    missed = [found for found in plain if found["who"] != found["expected"]]
    assert not missed, "\n".join(f"{found['text']}: {found['error']}" for found in missed)
    for found in answers:
        assert found["after"] == found["text"], f"{deployment.why}: {found}"
        if standing.isolation and found["policy"] != "plain":
            assert found["stands"][0] == standing.isolation, found

"""A Django, a Flask and a FastAPI project, each with one settings file and one `.env`, everywhere.

The `.env` is the laptop's. No file of a project differs between the places.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.lab.containers import WORK, Outcome, copy_into
from tests.lab.places import BRIDGE_ALIAS, HOST, HOST_NETWORK, Scene
from tests.lab.shop import Shop, open_shop
from tests.lab.stage import Stage, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.engine import Engine

APPLICATIONS = Path(__file__).with_name("applications")
DRIVE = ["python", "drive.py"]
PLACES = {place.name: place for place in (HOST, BRIDGE_ALIAS, HOST_NETWORK)}
SERVICES = {"compose": "app", "compose+engine": "operator"}
"""Services of the project that an application runs in; the second can ask the engine."""
CELLS = (*PLACES, "compose")
REACHED = {
    "database": "db",
    "ledger": "ledger",
    "catalog": "catalog",
    "cache": "cache",
    "broker": "broker",
    "results": "broker",
}
"""Which server is meant by which part of an application."""


PATIENCE = 180
"""Seconds for an application with its worker: a dozen of them start at once."""


class App(NamedTuple):
    """A project, what it asks, and what is to be seen of its migration, its page and its task."""

    asks: tuple[str, ...]
    released: str
    item: dict[str, Any]


APPS = {
    "django_shop": App(
        ("database", "cache", "broker", "results"),
        "Applying shop.0001_initial... OK",
        {"name": "tea", "task": "db", "confirmed_by": "db"},
    ),
    "flask_shop": App(
        ("database", "ledger", "catalog", "cache", "broker", "results"),
        "ledger: booking",
        {
            "name": "tea",
            "task": "db ledger",
            "confirmed_by": "db ledger",
            "text": "best tea",
            "booked": 1,
        },
    ),
    "fastapi_shop": App(
        ("database", "catalog", "cache"),
        "create: fastapi_item",
        {"name": "tea", "task": "db", "confirmed_by": "db", "text": "best tea"},
    ),
}


CASES = [*((app, cell) for app in APPS for cell in CELLS), ("django_shop", "compose+engine")]
"""The applications and their places; with an engine to ask, one is enough."""
OFF = "off"


class Applications(NamedTuple):
    """The shop, and the places around it."""

    shop: Shop
    scene: Scene

    def drive(self, app: str, cell: str, *words: str, **variables: str) -> Outcome:
        """Run an application in a place by its Procfile, and use it."""
        files = {**_files(APPLICATIONS / app), ".env": self.shop.env}
        files["drive.py"] = (APPLICATIONS / "drive.py").read_text(encoding="utf-8")
        environment = {"PORT": str(free_port()), **variables}
        command = [*DRIVE, *words]
        if cell in PLACES:
            return self.scene.run(
                PLACES[cell], command, files=files, environment=environment, timeout=PATIENCE
            )
        container = self.shop.project.container(SERVICES[cell])
        directory = f"{WORK}/{app}"
        copy_into(container, files, directory)
        return self.scene.stage.exec(
            container, command, environment=environment, working_dir=directory
        )


def _files(directory: Path) -> dict[str, str]:
    """Read a project's files, as they are copied to each place."""
    files = [*directory.rglob("*.py"), directory / "Procfile"]
    return {
        path.relative_to(directory).as_posix(): path.read_text(encoding="utf-8") for path in files
    }


@pytest.fixture(scope="module")
def told(engine: Engine, app_image: str) -> Iterator[dict[tuple[str, str], Outcome]]:
    """Run every application in every place: one place after the other, the applications at once.

    So that they migrate in every place, and no worker takes another place's task.
    """
    with Stage(engine) as stage, ThreadPoolExecutor(2 * len(APPS)) as pool:
        shop = open_shop(stage, app_image)
        applications = Applications(shop, Scene(stage, app_image))

        def drive(app: str) -> dict[tuple[str, str], Outcome]:
            cells = [cell for one, cell in CASES if one == app]
            return {(app, cell): applications.drive(app, cell) for cell in cells}

        def ask(app: str) -> dict[tuple[str, str], Outcome]:
            off = applications.drive(app, BRIDGE_ALIAS.name, "health", HOSTSHIFT_MODE="off")
            return {(app, OFF): off}

        parts = [pool.submit(step, app) for step in (drive, ask) for app in APPS]
        outcomes = {key: one for part in parts for key, one in part.result().items()}
        shop.check_decoys()
        yield outcomes


@pytest.mark.parametrize(("app", "cell"), CASES)
def test_it_migrates_answers_and_does_its_task(
    told: dict[tuple[str, str], Outcome], app: str, cell: str
) -> None:
    outcome = told[app, cell]
    assert outcome.code == 0, outcome.stderr
    said: dict[str, Any] = json.loads(outcome.stdout)
    assert said["health"] == {part: REACHED[part] for part in APPS[app].asks}
    assert APPS[app].released in " ".join(said["release"]), said
    assert said["item"] == APPS[app].item


@pytest.mark.parametrize("app", APPS)
def test_without_hostshift_nothing_is_reached(
    told: dict[tuple[str, str], Outcome], app: str
) -> None:
    outcome = told[app, OFF]
    assert outcome.code == 0, outcome.stderr
    health: dict[str, str] = json.loads(outcome.stdout)["health"]
    assert set(health) == set(APPS[app].asks)
    assert set(REACHED.values()).isdisjoint(health.values()), health
    assert all("Error" in answer or "Timeout" in answer for answer in health.values()), health

"""A Node program behind `hostshift exec`, with the `.env` of the Python applications."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.lab import node_image
from tests.lab.places import (
    BRIDGE,
    BRIDGE_ALIAS,
    HOST,
    HOST_NETWORK,
    USER_NETWORK,
    USER_NETWORK_ALIAS,
    Place,
    Scene,
)
from tests.lab.shop import Shop, open_shop
from tests.lab.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.containers import Outcome
    from tests.lab.engine import Engine

WHERE = (HOST, BRIDGE, BRIDGE_ALIAS, USER_NETWORK, USER_NETWORK_ALIAS, HOST_NETWORK)
"""The user network is the one of the compose project."""
EXEC = ["hostshift", "exec", "--env-file", ".env", "--wait", "DATABASE_URL=20", "--"]


class Program(NamedTuple):
    """The program, and the shop's servers."""

    shop: Shop
    scene: Scene

    def run(self, place: Place, more: str = "") -> Outcome:
        """Run the program there, in the image whose entry point is hostshift."""
        files = {".env": self.shop.env + more}
        if place.in_container:
            return self.scene.run(place, ["node", "/srv/app.js"], files=files)
        words = [*EXEC, str(node_image.NODE), "app.js"]
        program = node_image.PROGRAM.read_text(encoding="utf-8")
        own = {"NODE_PATH": str(node_image.modules())}
        return self.scene.run(place, words, files={**files, "app.js": program}, environment=own)


@pytest.fixture(scope="module")
def program(engine: Engine, app_image: str) -> Iterator[Program]:
    image = node_image.ensure_node_image(engine, app_image)
    with Stage(engine) as stage:
        shop = open_shop(stage, app_image)
        network = engine.client.networks.get(shop.project.network)
        yield Program(shop, Scene(stage, image, network))
        shop.check_decoys()


@pytest.mark.parametrize("place", WHERE, ids=lambda place: place.name)
def test_every_driver_reaches_its_server(program: Program, place: Place) -> None:
    ran = program.run(place)
    assert ran.code == 0, ran.stderr
    said: dict[str, Any] = json.loads(ran.stdout)
    pid = said.pop("pid")
    assert said == {
        "database": "db",
        "ledger": "ledger",
        "catalog": "catalog",
        "cache": "cache",
        "pair": "cache",
        "broker": "broker",
        "public": f"http://localhost:{program.shop.ports['db']}",
    }
    # The entry point became the program: in a container it is process 1.
    assert (pid == 1) == place.in_container


@pytest.mark.parametrize("place", [BRIDGE, USER_NETWORK], ids=lambda place: place.name)
def test_without_hostshift_none_is_reached(program: Program, place: Place) -> None:
    ran = program.run(place, "HOSTSHIFT_MODE=off\n")
    assert ran.code == 1
    assert "ECONNREFUSED" in ran.stderr

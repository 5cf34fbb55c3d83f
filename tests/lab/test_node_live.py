"""A Node program behind `hostshift exec`: one `.env`, everywhere."""

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
from tests.lab.stage import free_port

if TYPE_CHECKING:
    from tests.lab.containers import Outcome
    from tests.lab.engine import Engine
    from tests.lab.stage import Stage

WHERE = (HOST, BRIDGE, BRIDGE_ALIAS, USER_NETWORK, USER_NETWORK_ALIAS, HOST_NETWORK)
EXEC = ["hostshift", "exec", "--env-file", ".env", "--wait", "DATABASE_URL=20", "--"]


class Shop(NamedTuple):
    """Three servers and what a developer on the host writes down for them."""

    scene: Scene
    variables: dict[str, str]

    def run(self, place: Place) -> Outcome:
        """Run the program there, in the image whose entry point is hostshift."""
        files = {".env": "".join(f"{name}='{to}'\n" for name, to in self.variables.items())}
        if place.in_container:
            return self.scene.run(place, ["node", "/srv/app.js"], files=files)
        words = [*EXEC, str(node_image.NODE), "app.js"]
        program = node_image.PROGRAM.read_text(encoding="utf-8")
        own = {"NODE_PATH": str(node_image.modules())}
        return self.scene.run(place, words, files={**files, "app.js": program}, environment=own)


@pytest.fixture(scope="module")
def shop(module_stage: Stage, engine: Engine, app_image: str) -> Shop:
    image = node_image.ensure_node_image(engine, app_image)
    network = module_stage.network()
    ports = {}
    for kind in ("postgres", "mongo", "redis"):
        inside: dict[str, int] = {"postgres": 5432, "mongo": 27017, "redis": 6379}
        ports[kind] = free_port()
        module_stage.serve(
            kind,
            f"the-{kind}",
            app_image,
            network=network,
            ports={inside[kind]: ports[kind]},
        )
    variables = {
        "DATABASE_URL": f"postgresql://app:s3cret@localhost:{ports['postgres']}/app",
        "MONGO_URL": f"mongodb://localhost:{ports['mongo']}/shop",
        "REDIS_URL": f"redis://localhost:{ports['redis']}/0",
        "CACHE_REDIS_HOST": "localhost",
        "CACHE_REDIS_PORT": str(ports["redis"]),
        "PUBLIC_URL": f"http://localhost:{ports['postgres']}",
    }
    return Shop(Scene(module_stage, image, network), variables)


@pytest.mark.parametrize("place", WHERE, ids=lambda place: place.name)
def test_every_driver_reaches_its_server(shop: Shop, place: Place) -> None:
    ran = shop.run(place)
    assert ran.code == 0, ran.stderr
    said: dict[str, Any] = json.loads(ran.stdout)
    pid = said.pop("pid")
    assert said == {
        "pg": "the-postgres",
        "mongo": "the-mongo",
        "redis": "the-redis",
        "public": shop.variables["PUBLIC_URL"],
    }
    # The entry point became the program: in a container it is process 1.
    assert (pid == 1) == place.in_container


@pytest.mark.parametrize("place", [BRIDGE, USER_NETWORK], ids=lambda place: place.name)
def test_without_hostshift_none_is_reached(shop: Shop, place: Place) -> None:
    off = Shop(shop.scene, {**shop.variables, "HOSTSHIFT_MODE": "off"})
    ran = off.run(place)
    assert ran.code == 1
    assert "ECONNREFUSED" in ran.stderr

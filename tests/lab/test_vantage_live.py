"""Where a process stands, on a real engine, seen from every place and by any user."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.lab.places import (
    BRIDGE,
    BRIDGE_ALIAS,
    DATABASE_NAMESPACE,
    HOST,
    HOST_NETWORK,
    NONE,
    USER_NETWORK,
    USER_NETWORK_ALIAS,
    Place,
    Scene,
)

if TYPE_CHECKING:
    from tests.lab.sdk import Container
    from tests.lab.stage import Stage

ALIAS = "host.docker.internal"
TRUTH = {
    HOST: ("none", "host", "host", ["localhost"]),
    BRIDGE: ("docker", "own", "plain", ["<bridge>"]),
    BRIDGE_ALIAS: ("docker", "own", "plain", [ALIAS, "<bridge>"]),
    USER_NETWORK: ("docker", "own", "docker", ["<net>"]),
    USER_NETWORK_ALIAS: ("docker", "own", "docker", [ALIAS, "<net>"]),
    HOST_NETWORK: ("docker", "host", "host", ["localhost"]),
    NONE: ("docker", "isolated", "plain", []),
}


@pytest.fixture(scope="module")
def scene(module_stage: Stage, app_image: str) -> Scene:
    """Give a network with a server in it, for tests that only look."""
    network = module_stage.network()
    database = module_stage.serve("greeting", "db", app_image, network=network)
    return Scene(module_stage, app_image, network, database)


def _vantage(scene: Scene, place: Place, user: str | None = None) -> dict[str, Any]:
    command = ["hostshift", "vantage", "--json"]
    if user is not None:
        command = ["setpriv", f"--reuid={user}", "--clear-groups", *command]
    said = scene.run_standing(place, command)
    assert said.code == 0, said.stderr
    found: dict[str, Any] = json.loads(said.stdout)
    return found


# On the host only this user: another may not be able to run the tests' own Python.
STANDING: list[tuple[Place, str | None]] = [(place, None) for place in TRUTH]
STANDING += [(place, "nobody") for place in TRUTH if place.in_container]


@pytest.mark.parametrize(
    ("place", "user"), STANDING, ids=lambda value: getattr(value, "name", value)
)
def test_three_answers(scene: Scene, place: Place, user: str | None) -> None:
    assert scene.network is not None
    isolation, network, naming, host = TRUTH[place]
    gateways = {
        "<bridge>": scene.stage.gateway("bridge"),
        "<net>": scene.stage.gateway(str(scene.network.name)),
    }
    found = _vantage(scene, place, user)
    assert (found["isolation"], found["network"], found["naming"]) == (isolation, network, naming)
    assert found["host_address"] == [gateways.get(address, address) for address in host]
    assert {one["question"] for one in found["evidence"]} == {"isolation", "network", "naming"}
    assert all(one["source"] for one in found["evidence"])


def test_another_containers_namespace(scene: Scene) -> None:
    """Shared where the cgroup tells it; with a private cgroup namespace nothing can."""
    found = _vantage(scene, DATABASE_NAMESPACE)
    cgroup = scene.run_standing(DATABASE_NAMESPACE, ["cat", "/proc/self/cgroup"]).stdout
    container: Container = scene.standing(DATABASE_NAMESPACE)
    assert found["network"] == ("shared" if str(container.id) in cgroup else "own")
    assert found["naming"] == "docker"

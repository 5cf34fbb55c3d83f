"""What `localhost:27017` becomes, on a real engine, seen from every place."""

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
from tests.lab.stage import Stage, free_port, host_server

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.lab.sdk import Container


def _text(port: int) -> str:
    return f"mongodb://localhost:{port}/TestDB"


def _resolve(
    scene: Scene, place: Place, text: str, environment: Mapping[str, str] | None = None
) -> str:
    """Ask in a place, and give what stands on standard output: the answer and nothing else."""
    said = scene.run(place, ["hostshift", "resolve", text], environment=environment)
    assert said.code == 0, said.stderr
    assert said.stderr == ""
    return said.stdout.removesuffix("\n")


def _explain(scene: Scene, place: Place, text: str) -> dict[str, Any]:
    said = scene.run(place, ["hostshift", "explain", "--json", text])
    assert said.code == 0, said.stderr
    decision: dict[str, Any] = json.loads(said.stdout)["decisions"][0]
    return decision


@pytest.fixture
def port() -> int:
    """Give the port of MongoDB itself where this machine leaves it free."""
    return free_port(27017)


@pytest.fixture
def scene(stage: Stage, app_image: str) -> Scene:
    """Give a scene with nothing in it."""
    return Scene(stage, app_image, stage.network())


@pytest.fixture
def host_port(stage: Stage, port: int) -> Iterator[int]:
    """Have a MongoDB-protocol server on the host, where containers reach it."""
    with host_server("mongo", port, address=stage.gateway()):
        yield port


def test_default_bridge_with_a_server_on_the_host(scene: Scene, host_port: int) -> None:
    gateway = scene.stage.gateway()
    assert _resolve(scene, BRIDGE, _text(host_port)) == f"mongodb://{gateway}:{host_port}/TestDB"


@pytest.mark.parametrize("place", [BRIDGE_ALIAS, USER_NETWORK_ALIAS], ids=lambda place: place.name)
def test_the_alias_is_preferred(scene: Scene, host_port: int, place: Place) -> None:
    expected = f"mongodb://host.docker.internal:{host_port}/TestDB"
    assert _resolve(scene, place, _text(host_port)) == expected
    assert _explain(scene, place, _text(host_port))["certainty"] == "observed"


@pytest.mark.parametrize("place", [BRIDGE_ALIAS, USER_NETWORK_ALIAS], ids=lambda place: place.name)
def test_the_alias_is_assumed_while_nothing_answers(scene: Scene, port: int, place: Place) -> None:
    found = _explain(scene, place, _text(port))
    assert found["after"] == {"host": "host.docker.internal", "port": port}
    assert found["certainty"] == "assumed"
    expected = f"mongodb://host.docker.internal:{port}/TestDB"
    assert _resolve(scene, place, _text(port)) == expected


@pytest.mark.parametrize("place", [BRIDGE, USER_NETWORK], ids=lambda place: place.name)
def test_no_alias_and_nothing_answering(scene: Scene, port: int, place: Place) -> None:
    assert _resolve(scene, place, _text(port)) == _text(port)
    assert _explain(scene, place, _text(port))["undecided"]


@pytest.mark.parametrize("place", [HOST, HOST_NETWORK, NONE], ids=lambda place: place.name)
def test_where_localhost_is_right_or_all_there_is(
    scene: Scene, host_port: int, place: Place
) -> None:
    assert _resolve(scene, place, _text(host_port)) == _text(host_port)


def test_beside_a_listener_in_the_same_container(scene: Scene, host_port: int) -> None:
    box = scene.stage.serve("mongo", "db", scene.image, port=host_port)
    said = scene.stage.exec(box, ["hostshift", "resolve", _text(host_port)])
    assert said.stdout == _text(host_port) + "\n"


def test_beside_a_listener_in_a_shared_namespace(scene: Scene, host_port: int) -> None:
    scene.database = scene.stage.serve("mongo", "db", scene.image, port=host_port)
    assert _resolve(scene, DATABASE_NAMESPACE, _text(host_port)) == _text(host_port)
    other = f"redis://localhost:{host_port + 1}/0"
    assert _resolve(scene, DATABASE_NAMESPACE, other) == other


def test_only_the_host_changes(scene: Scene) -> None:
    with host_server("any", address=scene.stage.gateway()) as server:
        text = (
            f"postgresql://localhost_admin:localhost@localhost:{server.port}/localhost"
            "?application_name=localhost"
        )
        expected = text.replace("@localhost", "@" + server.address)
        assert _resolve(scene, BRIDGE, text) == expected


class TestComposeProject:
    """A user network as compose lays it out: its names, its network, its aliases."""

    @pytest.fixture
    def project(self, stage: Stage) -> str:
        """Name a project that no other run has."""
        return f"shop{stage.session}"

    @pytest.fixture
    def app(self, stage: Stage, app_image: str, project: str) -> Container:
        """Give the container of the project's application, with its network made."""
        stage.network(f"{project}_default", exact_name=True)
        return self._start(stage, app_image, project, "app")

    def _start(
        self, stage: Stage, image: str, project: str, service: str, *command: str
    ) -> Container:
        return stage.start(
            f"{project}-{service}-1",
            image,
            command or ["sleep", "infinity"],
            ready=int(command[1]) if command else None,
            network=f"{project}_default",
            aliases=[service],
            exact_name=True,
            environment={"WHO": service},
        )

    def _ask(self, stage: Stage, app: Container, *words: str, **environment: str) -> str:
        said = stage.exec(app, ["hostshift", *words], environment=environment)
        assert said.code == 0, said.stderr
        return said.stdout.removesuffix("\n")

    def test_the_only_database_by_its_name(
        self, stage: Stage, app: Container, app_image: str, project: str, port: int
    ) -> None:
        self._start(stage, app_image, project, "database", "serve-mongo", str(port))
        self._start(stage, app_image, project, "cache", "serve-redis", str(port))
        expected = f"mongodb://database:{port}/TestDB"
        assert self._ask(stage, app, "resolve", _text(port)) == expected
        # The same port, another protocol: another service.
        text = f"redis://localhost:{port}/0"
        assert self._ask(stage, app, "resolve", text) == f"redis://cache:{port}/0"

    def test_two_databases_are_not_told_apart(
        self, stage: Stage, app: Container, app_image: str, project: str, port: int
    ) -> None:
        for service in ("database", "mongo"):
            self._start(stage, app_image, project, service, "serve-mongo", str(port))
        assert self._ask(stage, app, "resolve", _text(port)) == _text(port)
        found = json.loads(self._ask(stage, app, "explain", "--json", _text(port)))
        hosts = {route["host"] for route in found["decisions"][0]["alternatives"]}
        assert hosts == {"database", "mongo"}

    def test_another_database_never_stands_in(
        self, stage: Stage, app: Container, app_image: str, project: str, port: int
    ) -> None:
        self._start(stage, app_image, project, "analytics-db", "serve-mongo", str(port))
        assert self._ask(stage, app, "resolve", _text(port)) == _text(port)

    def test_the_host_comes_first_unless_the_sibling_is_preferred(
        self, stage: Stage, app: Container, app_image: str, project: str, port: int
    ) -> None:
        self._start(stage, app_image, project, "db", "serve-mongo", str(port))
        gateway = stage.gateway(f"{project}_default")
        with host_server("mongo", port, address=gateway):
            assert self._ask(stage, app, "resolve", _text(port)) == (
                f"mongodb://{gateway}:{port}/TestDB"
            )
            preferred = self._ask(stage, app, "resolve", _text(port), HOSTSHIFT_PREFER="sibling")
        assert preferred == f"mongodb://db:{port}/TestDB"


class TestOtherSpellings:
    """The field's basic lesson: public, host, container address, container name."""

    @pytest.mark.parametrize("place", [HOST, BRIDGE_ALIAS, USER_NETWORK])
    def test_a_public_name_stays(self, scene: Scene, place: Place) -> None:
        text = "postgresql://db.example.com:5432/x"
        assert _resolve(scene, place, text) == text

    @pytest.mark.parametrize(
        ("place", "expected"),
        [
            (HOST, "localhost"),
            (HOST_NETWORK, "localhost"),
            (BRIDGE_ALIAS, "host.docker.internal"),
        ],
        ids=lambda value: getattr(value, "name", value),
    )
    def test_the_hosts_name(self, scene: Scene, place: Place, expected: str) -> None:
        text = "redis://host.docker.internal:6379/0"
        assert _resolve(scene, place, text) == f"redis://{expected}:6379/0"

    @pytest.mark.parametrize("place", [BRIDGE, USER_NETWORK], ids=lambda place: place.name)
    def test_the_hosts_name_where_it_does_not_exist(self, scene: Scene, place: Place) -> None:
        assert scene.network is not None
        gateway = scene.stage.gateway("bridge" if place is BRIDGE else str(scene.network.name))
        text = "redis://host.docker.internal:6379/0"
        assert _resolve(scene, place, text) == f"redis://{gateway}:6379/0"

    def test_a_containers_address_stays_where_it_routes(self, scene: Scene) -> None:
        server = scene.stage.serve("greeting", "db", scene.image)
        text = f"redis://{scene.stage.address(server)}:7/0"
        for place in (HOST, BRIDGE):
            assert _resolve(scene, place, text) == text
        said = scene.stage.exec(server, ["hostshift", "explain", "--json", text])
        assert json.loads(said.stdout)["decisions"][0]["target"]["kind"] == "here"

    def test_a_containers_name_stays_beside_it(self, scene: Scene) -> None:
        assert _resolve(scene, USER_NETWORK, "redis://db:6379/0") == "redis://db:6379/0"

    def test_the_gateways_address_on_the_host_is_its_own(self, scene: Scene) -> None:
        text = f"redis://{scene.stage.gateway()}:6379/0"
        assert _resolve(scene, HOST, text) == text


def test_a_budget_holds_where_packets_vanish(scene: Scene) -> None:
    """The host's packets are dropped: an answer within the budget, and a silence is no refusal."""
    options = scene.options(BRIDGE, cap_add=["NET_ADMIN"])
    box = scene.stage.start("box", scene.image, ["sleep", "infinity"], **options)
    # A neighbour that does not exist answers nothing, at the gateway's address: a black hole.
    gone = ["ip", "neigh", "replace", scene.stage.gateway(), "lladdr", "02:00:00:00:00:01"]
    moved = scene.stage.exec(box, [*gone, "dev", "eth0", "nud", "permanent"])
    assert moved.code == 0, moved.stderr
    program = (
        "import time, hostshift; t = time.monotonic();"
        "found = hostshift.explain('postgresql://localhost:15999/x');"
        "print(time.monotonic() - t, *found.decisions[0].evidence)"
    )
    seconds, _, evidence = scene.stage.exec(box, ["python", "-c", program]).stdout.partition(" ")
    assert float(seconds) < 1.5  # a second of silence, and its own work
    assert "does not answer in time" in evidence
    assert "sibling" not in evidence

"""What moves is found again: by the next resolve after `reset()`, and in every new process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.lab.containers import WORK
from tests.lab.gauntlet.asking import Process, ask, ask_on_host, bring, request
from tests.lab.gauntlet.project import Project, clients, postgres, socket_mount
from tests.lab.places import BRIDGE, Scene
from tests.lab.stage import Stage, free_port, host_server

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.lab.sdk import Container

ROOT = f"{WORK}/project"
_SLEEP = ["sleep", "infinity"]
EVIDENCE = ("file", "engine")


def postgresql(host: str, port: int) -> dict[str, Any]:
    return {"text": f"postgresql://app:s3cret@{host}:{port}/app", "speaks": "postgresql"}


class Mover:
    """A client that goes on while things move, and new ones beside it."""

    def __init__(self, stage: Stage, box: Container, files: Mapping[str, str]) -> None:
        self.stage, self.box = stage, box
        bring(box, files, ROOT)
        self._directory = ROOT if files else WORK
        self._old = Process(stage, box, self._directory).start()

    def who(self, cell: dict[str, Any]) -> list[str | None]:
        """Say who answers: to the old process after a reset, and to a new one."""
        asked = request([cell], reset=True)
        new = ask(self.stage, self.box, asked, directory=self._directory)
        return [found["who"] for found in (*self._old.ask(asked), *new)]


def _on_bridge(stage: Stage, image: str, *, socket: bool) -> Container:
    volumes = [socket_mount(stage)] if socket else []
    options = Scene(stage, image).options(BRIDGE, volumes=volumes)
    return stage.start("client", image, _SLEEP, **options)


def test_a_container_that_comes_back_under_another_address(stage: Stage, app_image: str) -> None:
    """By the container's name: its old address is another server's by then."""
    port = free_port()
    store = stage.serve("any", "store", app_image, port=port)
    mover = Mover(stage, _on_bridge(stage, app_image, socket=True), {})
    cell = {"text": f"http://{store.name}:{port}/", "speaks": "http"}
    assert mover.who(cell) == ["store"] * 2
    before = stage.address(store)
    store.remove(force=True)
    # Engines hand addresses out in order, so one of these gets the old one.
    others = [stage.serve("any", f"other{at}", app_image, port=port) for at in range(2)]
    back = stage.serve("any", "store", app_image, port=port)
    assert stage.address(back) != before, [stage.address(other) for other in others]
    assert mover.who(cell) == ["store"] * 2


class TestProject:
    """A published database, seen from the default bridge, the host and its own network."""

    @pytest.fixture
    def port(self) -> int:
        return free_port()

    def _project(self, stage: Stage, image: str, port: int) -> Project:
        db = postgres(image, port, "db", ports=[f"{free_port()}:{port}"])
        project = Project(stage, f"shop{stage.session}", {"db": db, **clients(stage, image)})
        project.up()
        stage.wait(project.container("db"), port)
        return project

    @pytest.mark.parametrize("evidence", EVIDENCE)
    def test_a_port_published_anew(
        self, stage: Stage, app_image: str, port: int, evidence: str
    ) -> None:
        """Another server has the old one by then."""
        project = self._project(stage, app_image, port)
        box = _on_bridge(stage, app_image, socket=evidence == "engine")
        mover = Mover(stage, box, project.files)
        cell = postgresql("db", port)
        assert mover.who(cell) == ["db"] * 2
        old = int(project.services["db"]["ports"][0].partition(":")[0])
        project.services["db"]["ports"] = [f"{free_port()}:{port}"]
        project.up("db")
        stage.wait(project.container("db"), port)
        bring(box, project.files, ROOT)
        with host_server("any", old, address="0.0.0.0", environment={"WHO": "other"}):
            assert mover.who(cell) == ["db"] * 2
            scene = Scene(stage, app_image)
            (found,) = ask_on_host(scene, request([cell]), files=project.files)
            assert found["who"] == "db", found

    @pytest.mark.parametrize("evidence", EVIDENCE)
    def test_a_port_of_the_engines_choice(
        self, stage: Stage, app_image: str, port: int, evidence: str
    ) -> None:
        """Only the engine knows it; it is another one after each start."""
        project = self._project(stage, app_image, port)
        project.services["db"]["ports"] = [str(port)]
        project.up("db")
        stage.wait(project.container("db"), port)
        box = _on_bridge(stage, app_image, socket=evidence == "engine")
        mover = Mover(stage, box, project.files)
        expected = ["db" if evidence == "engine" else None] * 2
        cell = postgresql("db", port)
        assert mover.who(cell) == expected
        project.stop("db")
        project.up("db")
        stage.wait(project.container("db"), port)
        assert mover.who(cell) == expected

    @pytest.mark.parametrize("evidence", EVIDENCE)
    def test_a_service_renamed(
        self, stage: Stage, app_image: str, port: int, evidence: str
    ) -> None:
        """By its published port: it is the same service under another name."""
        project = self._project(stage, app_image, port)
        client = project.container("operator" if evidence == "engine" else "app")
        mover = Mover(stage, client, project.files)
        published = int(project.services["db"]["ports"][0].partition(":")[0])
        by_port, by_name = postgresql("localhost", published), postgresql("db", port)
        assert mover.who(by_port) == mover.who(by_name) == ["db"] * 2
        renamed = project.services.pop("db")
        renamed["environment"] = {"WHO": "storage"}
        project.services["storage"] = renamed
        project.up("storage")
        stage.wait(project.container("storage"), port)
        bring(client, project.files, ROOT)
        assert mover.who(by_port) == ["storage"] * 2
        assert mover.who(by_name) == [None] * 2
        assert mover.who(postgresql("storage", port)) == ["storage"] * 2

    def test_a_sibling_renamed_with_names_only(
        self, stage: Stage, app_image: str, port: int
    ) -> None:
        """The host refuses, so it is the one sibling that greets: under any usual name."""
        project = self._project(stage, app_image, port)
        mover = Mover(stage, project.container("app"), {})
        cell = postgresql("localhost", port)
        assert mover.who(cell) == ["db"] * 2
        project.services["postgres"] = project.services.pop("db")
        project.services["postgres"]["environment"] = {"WHO": "postgres"}
        project.up("postgres")
        stage.wait(project.container("postgres"), port)
        assert mover.who(cell) == ["postgres"] * 2

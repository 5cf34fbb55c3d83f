"""The first law, live: liveness picks an address, never a target."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.lab.containers import WORK
from tests.lab.gauntlet.asking import Answers, Process, ask, ask_on_host, bring, request
from tests.lab.gauntlet.project import Project, clients, postgres, socket_mount
from tests.lab.places import BRIDGE, Scene
from tests.lab.stage import Stage, free_port, host_server

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.lab.sdk import Container

ROOT = f"{WORK}/project"


class Shop:
    """A project with two clients in it, one of which may ask the engine."""

    def __init__(self, stage: Stage, image: str, services: Mapping[str, Any]) -> None:
        self.stage, self.image = stage, image
        described = {**services, **clients(stage, image)}
        self.project = Project(stage, f"shop{stage.session}", described)
        self.project.up()
        for client in ("app", "operator"):
            bring(self.project.container(client), self.project.files, ROOT)

    def ask(self, evidence: str, *cells: Mapping[str, Any], **more: Any) -> Answers:
        """Ask in a new process on the project's network, with this evidence at hand."""
        client = self.project.container("operator" if evidence == "engine" else "app")
        directory = WORK if evidence == "dns" else ROOT
        return ask(self.stage, client, request(cells, **more), directory=directory)

    @property
    def gateway(self) -> str:
        return self.stage.gateway(self.project.network)

    @contextmanager
    def postgresql_on_the_host(self, port: int) -> Iterator[None]:
        """Run the image's PostgreSQL in the host's network, where its containers reach it."""
        running = self.stage.start(
            "on-the-host",
            self.image,
            ["serve-postgres", str(port)],
            network="host",
            environment={"WHO": "host", "LISTEN": self.gateway},
        )
        self.stage.wait(running, port, address=self.gateway)
        yield

    def process(self, **environment: str) -> Process:
        """Start a process that goes on, with only names to ask."""
        return Process(self.stage, self.project.container("app")).start(environment)


def postgresql(host: str, port: int) -> dict[str, Any]:
    """Give a cell whose server must be PostgreSQL."""
    return {"text": f"postgresql://app:s3cret@{host}:{port}/app", "speaks": "postgresql"}


EVIDENCE = ("dns", "file", "engine")


@pytest.fixture
def port() -> int:
    return free_port()


class TestStoppedDatabase:
    """`db` and `analytics-db` on one network; `db` stops, and a new process starts."""

    @pytest.fixture
    def shop(self, stage: Stage, app_image: str, port: int) -> Shop:
        names = ("db", "analytics-db")
        shop = Shop(stage, app_image, {name: postgres(app_image, port, name) for name in names})
        for name in names:
            stage.wait(shop.project.container(name), port)
        return shop

    def test_it_never_becomes_another(self, shop: Shop, port: int) -> None:
        hosts = ("db", f"{shop.project.name}-db-1", shop.project.address("db"), "localhost")
        cells = [postgresql(host, port) for host in hosts]
        for evidence in EVIDENCE:
            before = shop.ask(evidence, *cells)
            assert [found["who"] for found in before[:3]] == ["db"] * 3, (evidence, before)
        shop.project.stop("db")
        analytics = shop.project.address("analytics-db")
        for evidence in EVIDENCE:
            for found in shop.ask(evidence, *cells):
                assert found["who"] is None, (evidence, found)
                assert "analytics" not in found["after"], evidence
                assert analytics not in found["after"], evidence


class TestHostOrSibling:
    """PostgreSQL on the host, and another one as `db`, unpublished: `localhost` is the host's."""

    @pytest.fixture
    def shop(self, stage: Stage, app_image: str, port: int) -> Iterator[Shop]:
        shop = Shop(stage, app_image, {"db": postgres(app_image, port, "db")})
        stage.wait(shop.project.container("db"), port)
        with shop.postgresql_on_the_host(port):
            yield shop

    def test_the_host_by_the_rules(self, shop: Shop, port: int) -> None:
        for evidence in EVIDENCE:
            (found,) = shop.ask(evidence, postgresql("localhost", port))
            assert found["who"] == "host", (evidence, found)

    def test_the_sibling_by_preference_for_the_life_of_the_process(
        self, shop: Shop, port: int
    ) -> None:
        process = shop.process(HOSTSHIFT_PREFER="sibling")
        asked = request([postgresql("localhost", port)], reset=False)
        (found,) = process.ask(asked)
        assert found["who"] == "db", found
        shop.project.stop("db")
        for _ in range(2):
            (found,) = process.ask(asked)
            assert found["who"] is None, found
        shop.project.up("db")
        stage = shop.stage
        stage.wait(shop.project.container("db"), port)
        (found,) = process.ask(asked)
        assert found["who"] == "db", found

    def test_the_host_for_the_life_of_the_process(self, shop: Shop, port: int) -> None:
        """The other way round: the host's stops, and `db` is no stand-in for it."""
        process = shop.process()
        asked = request([postgresql("localhost", port)], reset=False)
        (found,) = process.ask(asked)
        assert found["who"] == "host", found
        engine = shop.stage.engine
        engine.client.containers.get(shop.stage.named("on-the-host")).remove(force=True)
        (found,) = process.ask(asked)
        assert found["who"] is None, found


def test_a_pooler_that_starts_late(stage: Stage, app_image: str, port: int) -> None:
    """The plug looks at every dial; `resolve` could not know, and warned how to pin it."""
    shop = Shop(stage, app_image, {})
    app = shop.project.container("app")
    plug = {**postgresql("localhost", port), "speaks": "sqlalchemy"}
    plug["text"] = plug["text"].replace("postgresql:", "postgresql+psycopg:")
    with shop.postgresql_on_the_host(port):
        process = shop.process()
        late = f"sleep 3; WHO=pgbouncer LISTEN=127.0.0.1 exec serve-postgres {port}"
        app.exec_run(["sh", "-c", late], detach=True)
        (found,) = process.ask(request([postgresql("localhost", port)], reset=False))
        assert found["who"] == "host", found
        assert any(f"HOSTSHIFT_MAP=localhost:{port}=" in line for line in found["log"]), found
        through_plug = request([plug], plain=True)
        assert process.ask(through_plug)[0]["who"] == "host"
        stage.wait(app, port)
        assert process.ask(through_plug)[0]["who"] == "pgbouncer"


class TestStolenPort:
    """A published database stops, and another server takes the host's port."""

    @pytest.fixture
    def published(self) -> int:
        return free_port()

    @pytest.fixture
    def shop(
        self, stage: Stage, app_image: str, port: int, published: int
    ) -> Iterator[tuple[Shop, Container]]:
        db = postgres(app_image, port, "db", ports=[f"{published}:{port}"])
        shop = Shop(stage, app_image, {"db": db})
        stage.wait(shop.project.container("db"), port)
        options = Scene(stage, app_image).options(BRIDGE, volumes=[socket_mount(stage)])
        bridge = stage.start("bridge", app_image, ["sleep", "infinity"], **options)
        bring(bridge, shop.project.files, ROOT)
        shop.project.stop("db")
        thief = {"WHO": "thief"}
        with host_server("any", published, address="0.0.0.0", environment=thief):
            yield shop, bridge

    def test_by_its_name(self, shop: tuple[Shop, Container], port: int) -> None:
        made, bridge = shop
        name = f"{made.project.name}-db-1"
        cells = [postgresql(host, port) for host in ("db", name)]
        asked = request(cells)
        on_host = ask_on_host(Scene(made.stage, made.image), asked, files=made.project.files)
        on_bridge = ask(made.stage, bridge, asked, directory=ROOT)
        for found in (*on_host, *on_bridge, *made.ask("engine", *cells)):
            assert found["who"] is None, found

    def test_by_its_published_port(self, shop: tuple[Shop, Container], published: int) -> None:
        """The file says whose port it was meant to be, the engine that it is not running."""
        made, bridge = shop
        cell = postgresql("localhost", published)
        on_bridge = ask(made.stage, bridge, request([cell]), directory=ROOT)
        for found in (*on_bridge, *made.ask("engine", cell)):
            assert found["who"] is None, found


def test_a_decoy_on_the_port_of_the_hosts_web_server(stage: Stage, app_image: str) -> None:
    port = free_port()
    decoy = {
        "image": app_image,
        "command": ["serve-any", str(port)],
        "environment": {"WHO": "decoy"},
    }
    shop = Shop(stage, app_image, {"web": decoy})
    stage.wait(shop.project.container("web"), port)
    cell = {"text": f"http://localhost:{port}/", "speaks": "http"}
    with host_server("any", port, address=shop.gateway):
        for evidence in EVIDENCE:
            (found,) = shop.ask(evidence, cell)
            assert found["who"] == "host", (evidence, found)
    # The host's is down: still nobody else's.
    for evidence in EVIDENCE:
        (found,) = shop.ask(evidence, cell)
        assert found["who"] is None, (evidence, found)

"""A project that was not written here, as it is, with only `hostshift exec` in front.

Its settings are variables with names of its own: hosts and ports, kept apart.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.lab import starter_image
from tests.lab.containers import WORK, Outcome, copy_into
from tests.lab.gauntlet.project import Project, clients, server
from tests.lab.places import BRIDGE, BRIDGE_ALIAS, HOST, HOST_NETWORK, Scene
from tests.lab.stage import Stage, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.engine import Engine

_HERE = Path(__file__).parent
DRIVER = {
    "drive.py": (_HERE / "applications" / "drive.py").read_text(encoding="utf-8"),
    "Procfile": (_HERE / "starter" / "Procfile").read_text(encoding="utf-8"),
}
PLACES = {place.name: place for place in (HOST, BRIDGE, BRIDGE_ALIAS, HOST_NETWORK)}
CELLS = (*PLACES, "compose")
SERVERS = {"shop-db": ("postgres", 5432), "shop-redis": ("redis", 6379)}
DECOYS = {"db": "shop-db", "redis": "shop-redis"}
"""Servers with usual names, and the server whose published port they listen on."""
ENV = """
SHOP_HOST=127.0.0.1
SHOP_PORT={web}
SHOP_DB_HOST=localhost
SHOP_DB_PORT={db}
SHOP_DB_USER=app
SHOP_DB_PASS=s3cret
SHOP_DB_BASE=app
SHOP_REDIS_HOST=localhost
SHOP_REDIS_PORT={redis}
"""
TABLES = "select string_agg(tablename, ' ' order by 1) from pg_tables where schemaname = 'public'"


class Shop(NamedTuple):
    """The servers under compose, and the ports that they are published on."""

    project: Project
    scene: Scene
    ports: dict[str, int]

    def drive(self, cell: str, asked: list[list[Any]], **variables: str) -> Outcome:
        """Run the project in a place by its Procfile, and ask it."""
        web = free_port()
        env = ENV.format(web=web, db=self.ports["shop-db"], redis=self.ports["shop-redis"])
        files = {**starter_image.project(), **DRIVER, ".env": env}
        environment = {"PORT": str(web), **variables}
        command = ["python", "drive.py", json.dumps(asked)]
        if cell == HOST.name:
            programs = (starter_image.programs(), Path(sys.executable).parent)
            environment["PATH"] = os.pathsep.join((*map(str, programs), os.environ["PATH"]))
        if cell in PLACES:
            return self.scene.run(PLACES[cell], command, files=files, environment=environment)
        container = self.project.container("app")
        copy_into(container, files)
        return self.scene.stage.exec(container, command, environment=environment, working_dir=WORK)

    def holds(self, name: str) -> list[str]:
        """Tell which tables or keys a server has."""
        kind, port = _kind_and_port(name, self.ports)
        command = {
            "postgres": ["psql", "-p", str(port), "-U", "app", "-Atc", TABLES],
            "redis": ["redis-cli", "-p", str(port), "keys", "*"],
        }[kind]
        said = self.scene.stage.exec(self.project.container(name), command)
        return sorted(said.stdout.split())


def _kind_and_port(name: str, ports: dict[str, int]) -> tuple[str, int]:
    """Say what a service is and where it listens in its container."""
    if name in SERVERS:
        return SERVERS[name]
    instead = DECOYS[name]
    return SERVERS[instead][0], ports[instead]


@pytest.fixture(scope="module")
def shop(engine: Engine, app_image: str) -> Iterator[Shop]:
    image = starter_image.ensure_starter_image(engine, app_image)
    ports = {name: free_port() for name in SERVERS}
    with Stage(engine) as stage:
        services = clients(stage, image)
        for name in (*SERVERS, *DECOYS):
            kind, port = _kind_and_port(name, ports)
            services[name] = server(kind, image, port, name)
        for name, port in ports.items():
            services[name]["ports"] = [f"{port}:{SERVERS[name][1]}"]
        project = Project(stage, stage.named("starter"), services)
        project.up()
        for name in (*SERVERS, *DECOYS):
            stage.wait(project.container(name), _kind_and_port(name, ports)[1])
        yield Shop(project, Scene(stage, image), ports)


@pytest.mark.parametrize("cell", CELLS)
def test_it_migrates_and_answers(shop: Shop, cell: str) -> None:
    key = f"tea-{cell}".replace("+", "-")
    rows = [{"id": 1, "name": key}]
    ran = shop.drive(
        cell,
        [
            ["GET", "/api/health"],
            ["PUT", "/api/dummy/", {"name": key}],
            # The project commits when it has answered, so what was put may come a bit later.
            ["GET", "/api/dummy/", None, rows],
            ["PUT", "/api/redis/", {"key": key, "value": "hot"}],
            ["GET", f"/api/redis/?key={key}"],
            ["GET", "/api/redis/?key=who"],
        ],
    )
    assert ran.code == 0, ran.stderr
    told: dict[str, Any] = json.loads(ran.stdout)
    assert told["answers"] == [
        None,
        None,
        rows,
        None,
        {"key": key, "value": "hot"},
        {"key": "who", "value": "shop-redis"},
    ]
    # Alembic's own table stays when all is undone: the migration was in this server.
    assert shop.holds("shop-db") == ["alembic_version", "who"]
    assert key in shop.holds("shop-redis")
    assert [shop.holds(decoy) for decoy in DECOYS] == [["who"], ["who"]]


def test_without_hostshift_nothing_is_reached(shop: Shop) -> None:
    ran = shop.drive(BRIDGE_ALIAS.name, [], HOSTSHIFT_MODE="off")
    assert ran.code == 1
    assert "Connect call failed" in ran.stderr, ran.stderr

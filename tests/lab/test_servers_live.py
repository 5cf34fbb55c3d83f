"""Real application servers: forks, threads, an event loop, and databases that move under load."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.lab.containers import copy_into
from tests.lab.gauntlet.project import socket_mount
from tests.lab.moving import MovingServer, moving_server
from tests.lab.places import BRIDGE, USER_NETWORK, Place, Scene
from tests.lab.stage import Stage, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.engine import Engine
    from tests.lab.sdk import Container, Network

COUNT = 200
LONGEST = 20
"""Seconds: less than load.py waits for one answer."""
CALLS_AT_MOST = 40
"""Of one process to the engine, and as many probes: two for each connection of its pools and
monitors. A pool has eight. Its 200 requests would take 400."""
LOOKS_A_SECOND = 25
"""Of one process while its databases are down, whatever the number of its requests."""
APPS = Path(__file__).with_name("apps")
NAMES = ("asgi", "databases", "dials", "load", "tasks", "wsgi")
FILES = {f"{name}.py": (APPS / f"{name}.py").read_text(encoding="utf-8") for name in NAMES}
START = 'until [ -e load.py ]; do sleep 0.05; done; exec "$@"'
GUNICORN = ["gunicorn", "--bind", "127.0.0.1:8000", "--timeout", "60", "wsgi:application"]
UVICORN = ["uvicorn", "--port", "8000", "--log-level", "warning", "asgi:application"]
CELERY = ["celery", "--app", "tasks", "worker", "--pool", "prefork", "--concurrency", "4"]
QUIET = ["--without-mingle", "--without-gossip", "--without-heartbeat", "--loglevel", "WARNING"]


class Kind(NamedTuple):
    """How an application is served, and where; `processes` answer."""

    place: Place
    command: list[str]
    processes: int
    load: str = "http"


KINDS = {
    "gunicorn": Kind(USER_NETWORK, [*GUNICORN, "--workers", "4"], 4),
    "gunicorn-preload": Kind(USER_NETWORK, [*GUNICORN, "--workers", "4", "--preload"], 4),
    "gunicorn-threads": Kind(BRIDGE, [*GUNICORN, "--workers", "2", "--threads", "8"], 2),
    "uvicorn": Kind(USER_NETWORK, UVICORN, 1),
    "celery": Kind(USER_NETWORK, [*CELERY, *QUIET], 4, "celery"),
}


class App(NamedTuple):
    """A served application."""

    stage: Stage
    container: Container
    kind: Kind

    def ask(self, count: int) -> dict[str, Any]:
        """Ask it so many times; 0: until the load is stopped."""
        words = ["python", "-W", "error", "load.py", self.kind.load, str(count)]
        said = self.stage.exec(self.container, words, timeout=120)
        assert said.code == 0, said.stderr + self.stage.log(self.container)
        told: dict[str, Any] = json.loads(said.stdout)
        return {**told, **self._dials()}

    def wait_for_load(self) -> None:
        """Wait until a load that goes on has had its first answers."""
        going = ["bash", "-c", "until [ -e going ]; do sleep 0.05; done"]
        assert self.stage.exec(self.container, going, timeout=30).code == 0

    def stop(self) -> None:
        """End the load that goes on until then."""
        copy_into(self.container, {"stop": ""})

    def _dials(self) -> dict[str, int]:
        """Count the looks at the engine and the probes, of all processes since the start."""
        said = self.stage.exec(self.container, ["cat", "dials.log"])
        kinds = [line.split()[0] for line in said.stdout.splitlines()]
        return {kind: kinds.count(kind) for kind in ("engine", "probe")}


@pytest.fixture(scope="module")
def told(engine: Engine, app_image: str) -> Iterator[dict[str, list[dict[str, Any]]]]:
    """Serve all applications at once and ask each before, while and after its databases move."""
    with Stage(engine) as stage, ThreadPoolExecutor(2 * len(KINDS)) as pool:
        network, prefix = stage.addressed_network()
        moving = [
            moving_server(stage, "postgres", app_image, network, f"{prefix}.201"),
            moving_server(stage, "mongo", app_image, network, f"{prefix}.202"),
        ]
        ports = {
            "PG_PORT": str(moving[0].port),
            "MONGO_PORT": str(moving[1].port),
            "REDIS_PORT": str(_broker(stage, app_image, network)),
        }
        scene = Scene(stage, app_image, network)
        apps = dict(zip(KINDS, pool.map(lambda kind: _app(scene, kind, ports), KINDS), strict=True))
        before = list(pool.map(lambda app: app.ask(COUNT), apps.values()))
        running = [pool.submit(app.ask, 0) for app in apps.values()]
        list(pool.map(App.wait_for_load, apps.values()))
        list(pool.map(MovingServer.move, moving))
        for app in apps.values():
            app.stop()
        meanwhile = [one.result() for one in running]
        after = list(pool.map(lambda app: app.ask(COUNT), apps.values()))
        yield dict(zip(apps, map(list, zip(before, meanwhile, after, strict=True)), strict=True))


def _broker(stage: Stage, image: str, on: Network) -> int:
    """Start a broker, published as well, and return its port."""
    port = free_port()
    stage.serve("redis", "redis", image, port=port, network=on, ports={port: port})
    return port


def _app(scene: Scene, name: str, ports: dict[str, str]) -> App:
    """Serve an application, and wait until it answers at all."""
    kind, stage = KINDS[name], scene.stage
    near = kind.place is USER_NETWORK
    container = stage.start(
        name,
        scene.image,
        ["bash", "-c", START, "run", *kind.command],
        **scene.options(
            kind.place,
            volumes=[socket_mount(stage)] if near else [],
            environment={**ports, "HOSTSHIFT_BUDGET": "10"},
        ),
    )
    copy_into(container, FILES)
    if kind.load == "http":
        stage.wait(container, 8000)
    return App(stage, container, kind)


Told = dict[str, list[dict[str, Any]]]


@pytest.mark.parametrize("name", KINDS)
class TestUnderLoad:
    """By `localhost` and a port that is another container's."""

    def test_every_answer_is_of_the_servers_that_are_meant(self, told: Told, name: str) -> None:
        before, meanwhile, after = told[name]
        for said in (before, after):
            assert said["who"] == {"meant meant": COUNT}, said
            assert said["by"] == KINDS[name].processes
        assert set(meanwhile["who"]) == {"meant meant"}, meanwhile
        if "--threads" in KINDS[name].command:
            assert before["threads"] > before["by"]

    def test_nothing_hangs(self, told: Told, name: str) -> None:
        """No lock outlives a fork, and it is found within seconds where a database went."""
        before, meanwhile, after = told[name]
        assert max(before["slowest"], meanwhile["slowest"], after["slowest"]) < LONGEST
        assert meanwhile["healing"] < LONGEST

    def test_few_look_for_many(self, told: Told, name: str) -> None:
        """Only new connections look, and those that come at once share a look."""
        before, meanwhile, after = told[name]
        many = KINDS[name].processes
        assert before["engine"] <= CALLS_AT_MOST * many, before
        assert before["probe"] <= CALLS_AT_MOST * many, before
        outage = LOOKS_A_SECOND * many * meanwhile["seconds"]
        assert meanwhile["engine"] - before["engine"] <= outage, meanwhile
        assert meanwhile["probe"] - before["probe"] <= outage, meanwhile
        assert after["engine"] - meanwhile["engine"] <= CALLS_AT_MOST * many, after
        near = KINDS[name].place is USER_NETWORK
        assert (before["engine"] > 0) == near
        assert (before["probe"] > 0) == (not near)

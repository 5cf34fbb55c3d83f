"""What was seen to go wrong in public projects, made here with real servers."""

from __future__ import annotations

import json
import random
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hostshift.discovery.saved import FILE
from tests.lab.containers import WORK, copy_into
from tests.lab.gauntlet import inner_engine, name_server
from tests.lab.gauntlet.asking import Process, ask, bring, request
from tests.lab.gauntlet.project import Project, clients, server, socket_mount
from tests.lab.places import HOST_NETWORK, Scene
from tests.lab.stage import free_port, host_server

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.lab.sdk import Container
    from tests.lab.stage import Stage

ROOT = f"{WORK}/project"
SAVED = f"{WORK}/saved"
_SLEEP = ["sleep", "infinity"]
EVIDENCE = ("engine", "engine+file", "file")


def database(port: int, host: str = "localhost", *, plug: bool = False) -> dict[str, str]:
    """Return a cell whose server speaks PostgreSQL, for a driver or for an integration."""
    scheme, speaks = ("postgresql+psycopg", "sqlalchemy") if plug else ("postgresql",) * 2
    return {"text": f"{scheme}://app:s3cret@{host}:{port}/app", "speaks": speaks}


class Shop:
    """A project with two clients in it, one of which may ask the engine."""

    def __init__(self, stage: Stage, image: str, services: Mapping[str, Any]) -> None:
        self.stage, self.image = stage, image
        described = {**clients(stage, image), **services}
        self.project = Project(stage, f"shop{stage.session}", described)
        self.project.up()
        for client in ("app", "operator"):
            bring(self.project.container(client), self.project.files, ROOT)

    def client(self, evidence: str) -> Container:
        return self.project.container("operator" if "engine" in evidence else "app")

    def ask(self, evidence: str, *cells: Mapping[str, Any], **more: Any) -> Any:
        """Ask in a new process of a client, with this evidence at hand."""
        directory = {"saved": SAVED}.get(evidence, ROOT if "file" in evidence else WORK)
        asked = request(cells, **more)
        return ask(self.stage, self.client(evidence), asked, directory=directory)

    def serve(self, client: Container, who: str, port: int) -> None:
        """Start a server in a running container, on its loopback."""
        command = f"echo $$ > /tmp/{port}.pid; exec serve-any {port}"
        environment = {"WHO": who, "LISTEN": "127.0.0.1"}
        client.exec_run(["sh", "-c", command], detach=True, environment=environment)
        self.stage.wait(client, port)

    def end(self, client: Container, port: int) -> None:
        """End such a server."""
        command = f"kill $(cat /tmp/{port}.pid); while kill -0 $(cat /tmp/{port}.pid); do :; done"
        client.exec_run(["sh", "-c", command])


@contextmanager
def on_the_host(*ports: int) -> Iterator[None]:
    """Have another server on these ports of the host, where every container reaches it."""
    with ExitStack() as stack:
        for port in ports:
            stack.enter_context(host_server("any", port, address="0.0.0.0"))
        yield


def ports(count: int) -> list[int]:
    """Choose different ports that are free on the host."""
    chosen: list[int] = []
    while len(chosen) < count:
        if (port := free_port()) not in chosen:
            chosen.append(port)
    return chosen


def check_stays(found: Mapping[str, Any], evidence: str = "") -> None:
    """Check that nothing was changed and that nobody is reached."""
    told = f"{evidence}: {found['after']}, {found['who']}, {found['decisions']}"
    assert found["after"] == found["text"], told
    assert found["who"] is None, told


class TestOwnNamespace:
    """Ports of one's own network namespace, on which nothing listens yet."""

    def test_a_service_in_my_namespace_that_is_stopped(self, stage: Stage, app_image: str) -> None:
        """`network_mode: service:app`: it is not the host's server that is meant meanwhile."""
        (port,) = ports(1)
        beside = server("any", app_image, port, "pooler")
        mates = {
            f"pooler-{name}": {**beside, "network_mode": f"service:{name}"}
            for name in ("app", "operator")
        }
        shop = Shop(stage, app_image, mates)
        for name in mates:
            shop.project.stop(name)
        with on_the_host(port):
            for evidence in EVIDENCE:
                check_stays(shop.ask(evidence, database(port))[0], evidence)
                (dialled,) = shop.ask(evidence, database(port, plug=True), plain=True)
                assert dialled["who"] is None, (evidence, dialled)
            process = Process(stage, shop.client("engine"), ROOT).start()
            asked = request([database(port, plug=True)], plain=True)
            assert process.ask(asked)[0]["who"] is None
            shop.project.up("pooler-operator")
            stage.wait(shop.client("engine"), port)
            assert process.ask(asked)[0]["who"] == "pooler"

    def test_a_port_that_my_own_service_declares(self, stage: Stage, app_image: str) -> None:
        """In `ports` or `expose`: it will listen here (a supervisor, an image with all in it)."""
        published, exposed, outside, other = ports(4)
        idle = clients(stage, app_image)
        declared = {
            "app": {**idle["app"], "ports": [f"{outside}:{published}"], "expose": [str(exposed)]},
            "operator": {
                **idle["operator"],
                "ports": [f"{other}:{published}"],
                "expose": [f"{exposed}-{exposed + 1}"],
            },
        }
        shop = Shop(stage, app_image, declared)
        asked = [published, exposed]
        plugs = [database(port, plug=True) for port in asked]
        with on_the_host(*asked):
            for evidence in EVIDENCE:
                for found in shop.ask(evidence, *map(database, asked)):
                    check_stays(found)
                for found in shop.ask(evidence, *plugs, plain=True):
                    assert found["who"] is None, (evidence, found)
            client = shop.client("engine")
            for port in asked:
                shop.serve(client, "supervised", port)
            for found in shop.ask("engine", *plugs, plain=True):
                assert found["who"] == "supervised", found

    def test_a_server_that_restarts_in_a_namespace_that_i_am_in(
        self, stage: Stage, app_image: str
    ) -> None:
        """`network_mode: service:db`: that it does not listen just now makes it nobody else's."""
        port, published = ports(2)
        db = {"image": app_image, "command": _SLEEP, "ports": [f"{published}:{port}"]}
        inside = {
            name: {**client, "network_mode": "service:db"}
            for name, client in clients(stage, app_image).items()
        }
        shop = Shop(stage, app_image, {"db": db, **inside})
        namespace = shop.project.container("db")
        shop.serve(namespace, "db", port)
        processes = [Process(stage, shop.client(one), ROOT).start() for one in ("engine", "file")]
        asked = request([database(port)], reset=False)
        dialled = request([database(port, plug=True)], plain=True)
        with on_the_host(port):
            assert [one.ask(asked)[0]["who"] for one in processes] == ["db"] * 2
            assert [one.ask(dialled)[0]["who"] for one in processes] == ["db"] * 2
            shop.end(namespace, port)
            for evidence, process in zip(("engine", "file"), processes, strict=True):
                check_stays(process.ask(asked)[0], f"going on, {evidence}")
                assert process.ask(dialled)[0]["who"] is None, evidence
            for evidence in EVIDENCE:
                check_stays(shop.ask(evidence, database(port))[0], evidence)
            shop.serve(namespace, "db", port)
            assert [one.ask(dialled)[0]["who"] for one in processes] == ["db"] * 2


def test_a_name_that_the_name_server_could_not_look_up(stage: Stage, app_image: str) -> None:
    """A neighbour's name is not written because nobody could say whether it resolves.

    Something in the container has put another name server in the place of the engine's.
    """
    port, published = ports(2)
    failing = stage.start("names", app_image, _SLEEP)
    program = Path(name_server.__file__)
    copy_into(failing, {program.name: program.read_text(encoding="utf-8")})
    copy_into(failing, {name_server.MODE.name: "servfail"}, str(name_server.MODE.parent))
    failing.exec_run(["python", f"{WORK}/{program.name}", "0"], detach=True)
    net = stage.network()
    stage.serve("any", "radio", app_image, port=port, ports={port: published}, network=net)
    box = stage.start("box", app_image, _SLEEP, network=net, volumes=[socket_mount(stage)])
    command = f"echo nameserver {stage.address(failing)} > /etc/resolv.conf"
    assert stage.exec(box, ["sh", "-c", command]).code == 0
    bring(box)
    web = {"text": f"http://localhost:{published}/", "speaks": "http"}
    for found in ask(stage, box, request([web, database(published)])):
        assert "radio" not in found["after"], found
        assert found["who"] == "radio", found


class TestUnpublishedSibling:
    """A cache of my project that is not published: whoever else tells of it, it is the same one."""

    @pytest.mark.parametrize("named", [False, True], ids=["compose's name", "container_name"])
    def test_what_a_file_says_does_not_hide_it(
        self, stage: Stage, app_image: str, named: bool
    ) -> None:
        (port,) = ports(1)
        cache = server("redis", app_image, port, "cache")
        if named:
            cache["container_name"] = stage.named("fast-store")
        shop = Shop(stage, app_image, {"cache": cache})
        stage.wait(self._container(shop, named), port)
        self._save(shop)
        cell = {"text": f"redis://localhost:{port}/0", "speaks": "redis"}
        for evidence in ("dns", "file", "saved", "engine", "engine+file"):
            (found,) = shop.ask(evidence, cell)
            assert found["who"] == "cache", (evidence, found["reason"], found)
            (dialled,) = shop.ask(evidence, {**cell, "speaks": "redis plug"}, plain=True)
            assert dialled["who"] == "cache", (evidence, dialled)

    @staticmethod
    def _container(shop: Shop, named: bool) -> Container:
        if not named:
            return shop.project.container("cache")
        containers = shop.stage.engine.client.containers
        return containers.get(shop.stage.named("fast-store"))

    @staticmethod
    def _save(shop: Shop) -> None:
        """Give the client without the engine's socket a saved topology, and no compose file."""
        at = f"{WORK}/{FILE}"
        words = ["sh", "-c", f"hostshift topology --save {at} >&2 && cat {at} && rm {at}"]
        said = shop.stage.exec(shop.client("engine"), words, working_dir=ROOT)
        assert said.code == 0, said.stderr
        assert json.loads(said.stdout)["services"]
        files = {FILE: said.stdout, ".git/HEAD": "ref: refs/heads/main\n"}
        copy_into(shop.client("dns"), files, SAVED)


class TestEphemeralPort:
    """A port of the range that the kernel hands out, in a container where nothing listens on it."""

    @pytest.fixture
    def box(self, stage: Stage, app_image: str) -> Container:
        box = stage.start("box", app_image, _SLEEP)
        bring(box)
        return box

    @pytest.fixture
    def port(self) -> int:
        """Choose one that is free on the host, and in its ephemeral range."""
        low, high = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
        return free_port(random.randint(max(low, 54_000), high))

    def test_the_hosts_database_greets_there(
        self, stage: Stage, app_image: str, box: Container, port: int
    ) -> None:
        """A local development stack publishes its PostgreSQL on such a port."""
        environment = {"WHO": "host", "LISTEN": stage.gateway()}
        host = stage.start(
            "host-db",
            app_image,
            ["serve-postgres", str(port)],
            network="host",
            environment=environment,
        )
        stage.wait(host, port, address=stage.gateway())
        database_cell, web = database(port, "127.0.0.1"), f"http://127.0.0.1:{port}/"
        (found,) = ask(stage, box, request([database_cell]))
        assert found["who"] == "host", found
        assert found["decisions"][0]["certainty"] == "observed", found
        (found,) = ask(stage, box, request([{"text": web, "speaks": "http"}]))
        check_stays(found)
        assert found["decisions"][0]["certainty"] != "known", found

    def test_nothing_answers_there(self, stage: Stage, box: Container, port: int) -> None:
        (found,) = ask(stage, box, request([database(port, "127.0.0.1")]))
        check_stays(found)
        assert found["decisions"][0]["certainty"] != "known", found


def test_docker_in_docker(stage: Stage, lab_image: str, app_image: str) -> None:
    """`DOCKER_HOST=tcp://docker:2375`: what that engine publishes is at `docker`.

    It is a real engine in a container, as beside the job of a CI service. Another server
    listens on the same port of the machine that all of it runs on.
    """
    (port,) = ports(1)
    network = stage.network()
    image = inner_engine.ensure_image(stage.engine, lab_image)
    engine = inner_engine.start(stage, image, network)
    inner_engine.publish(stage, engine, "inner", port)
    environment = {"DOCKER_HOST": f"tcp://docker:{inner_engine.PORT}"}
    box = stage.start("job", app_image, _SLEEP, network=network, environment=environment)
    bring(box)
    cells = [database(port), {"text": f"http://localhost:{port}/", "speaks": "http"}]
    plugs = [database(port, plug=True)]

    def check() -> None:
        for found in ask(stage, box, request(cells)):
            assert found["who"] == "inner", found
        for found in ask(stage, box, request(plugs, plain=True)):
            assert found["who"] == "inner", found["error"]

    check()
    with on_the_host(port):
        check()


def test_a_network_that_is_made_while_a_process_runs(stage: Stage, app_image: str) -> None:
    """On the host: a process that began before `docker compose up` finds its services."""
    (port,) = ports(1)
    options = Scene(stage, app_image).options(HOST_NETWORK, volumes=[socket_mount(stage)])
    box = stage.start("early", app_image, _SLEEP, **options)
    stage.serve("any", "old", app_image, port=port, network=stage.network())
    project = Project(
        stage, f"late{stage.session}", {"ledger": server("any", app_image, port, "ledger")}
    )
    bring(box, project.files, ROOT)
    process = Process(stage, box, ROOT).start()
    asked = request([database(port, "ledger")], reset=False)
    dialled = request([database(port, "ledger", plug=True)], plain=True)
    # A service of a network that is there: so the networks are looked up before the new one.
    old = request([database(port, stage.named("old"))], reset=False)
    assert process.ask(old)[0]["who"] == "old"
    assert process.ask(asked)[0]["who"] is None
    assert process.ask(dialled)[0]["who"] is None
    project.up()
    stage.wait(project.container("ledger"), port)
    assert until(lambda: process.ask(asked)[0]) == "ledger"
    assert until(lambda: process.ask(dialled)[0]) == "ledger"


def until(answer: Any, seconds: float = 15) -> str | None:
    """Ask until somebody is reached, for so many seconds."""
    ends = time.monotonic() + seconds
    while (who := answer()["who"]) is None and time.monotonic() < ends:
        time.sleep(0.5)
    return str(who)

"""The gauntlet's spellings on Podman and on a Swarm overlay, with names only to go by."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from tests import tables
from tests.lab.containers import WORK
from tests.lab.errors import LabError
from tests.lab.gauntlet.asking import CLIENT, Answers, ask, bring, read, request
from tests.lab.situations.grounds import Grounds
from tests.lab.situations.model import Unavailable
from tests.lab.situations.podman import Podman
from tests.lab.stage import Stage, free_port, host_server
from tests.lab.swarm import one_node, remove_network

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

pytestmark = pytest.mark.machine  # it leaves a swarm, and Podman has one default network

Cell = dict[str, Any]


def cell(service: str, host: str, port: int) -> Cell:
    """Give a spelling of a service, and who must answer."""
    text = f"postgresql://app:s3cret@{host}:{port}/app"
    return {"text": text, "speaks": "postgresql", "service": service, "host": host}


def show(title: str, answers: Answers, config: pytest.Config) -> None:
    """Show how every cell went."""
    lines = [f"--- {title}"]
    for found in answers:
        where = found["after"].partition("@")[2].partition("/")[0]
        given = f"{found['host']} ({found['service']})".ljust(50)
        who = str(found["who"] or "nobody").ljust(8)
        lines.append(f"{given} {where.ljust(36)} {who} {found['reason']}")
    tables.add(config, "gauntlet elsewhere", lines)


def check(plain: Answers, answers: Answers, means_host: Sequence[str]) -> None:
    """Check that what a plain client reaches, and what means the host, is right; all else left."""
    works = {found["text"] for found in plain if found["who"] is not None}
    for found in answers:
        where = f"{found['host']} ({found['service']})"
        assert found["who"] in (None, found["service"]), (where, found)
        if found["text"] in works:
            assert found["after"] == found["text"], (where, found)
        if found["text"] in works or found["host"] in means_host:
            assert found["who"] == found["service"], (where, found)
        else:
            assert found["after"] == found["text"], (where, found)


MEANS_HOST = ("localhost", "host.docker.internal", "host.containers.internal")


class PodmanScene:
    """Servers and clients in Podman's containers: its default network and one of ours."""

    def __init__(self, podman: Podman, stack: ExitStack, image: str) -> None:
        self.podman = podman
        self.ports = {name: free_port() for name in ("host", "db", "published", "cache", "solo")}
        publish = f"--publish={self.ports['published']}:{self.ports['db']}"
        net = stack.enter_context(podman.network())
        on_net = f"--network={net}"

        def start(name: str, *options: str) -> str:
            return stack.enter_context(podman.container(name, image, *options))

        self.names = {
            "db": start("db", on_net, "--network-alias=db", publish),
            "cache": start("cache", on_net, "--network-alias=cache"),
            "solo": start("solo", "--network=podman"),
        }
        self.clients = {
            "default network": start("on-default", "--network=podman"),
            "user network": start("on-net", on_net),
        }
        for name, container in self.names.items():
            self._serve(container, name, self.ports[name])
        for container in self.clients.values():
            podman("cp", str(CLIENT), f"{container}:{WORK}/{CLIENT.name}")

    def _serve(self, container: str, who: str, port: int) -> None:
        self.podman("exec", "--detach", f"--env=WHO={who}", container, "serve-any", str(port))
        waiting = f"until (exec 3<>/dev/tcp/127.0.0.1/{port}) 2>&-; do sleep 0.05; done"
        self.podman("exec", container, "timeout", "20", "bash", "-c", waiting)

    def address(self, name: str) -> str:
        """Give a container's address, whatever network it is on."""
        form = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
        return self.podman("inspect", f"--format={form}", self.names[name])

    def cells(self) -> list[Cell]:
        """Spell everything in every way."""
        ports = self.ports
        hosts = [cell("host", host, ports["host"]) for host in MEANS_HOST]
        published = [cell("db", host, ports["published"]) for host in MEANS_HOST]
        names = ("db", self.names["db"], self.address("db"))
        return [
            *hosts,
            *published,
            *(cell("db", name, ports["db"]) for name in names),
            cell("cache", "cache", ports["cache"]),
            cell("solo", self.names["solo"], ports["solo"]),
            cell("solo", self.address("solo"), ports["solo"]),
        ]

    def ask(self, client: str, asked: str) -> Answers:
        """Run the client in one of its containers."""
        program = ["python", f"{WORK}/{CLIENT.name}", asked]
        said = self.podman("exec", f"--workdir={WORK}", self.clients[client], *program)
        return read(0, said, "")


@pytest.fixture(scope="module")
def podman(module_stage: Stage, app_image: str) -> Iterator[PodmanScene]:
    grounds = Grounds(module_stage, app_image)
    with ExitStack() as stack:
        stack.callback(grounds.close)
        try:
            made = Podman(grounds)
        except Unavailable as error:
            give_up(str(error))
        image = stack.enter_context(made.image())
        scene = PodmanScene(made, stack, image)
        stack.enter_context(host_server("any", scene.ports["host"], address="0.0.0.0"))
        yield scene


KNOWN_TO_WORK = {
    "default network": ("host.containers.internal", "<solo>"),
    "user network": ("host.containers.internal", "db", "<db name>", "<db>", "cache"),
}
"""What a plain client reaches at least; whether one network reaches another is Podman's to say."""


@pytest.mark.parametrize("client", KNOWN_TO_WORK)
def test_on_podman(podman: PodmanScene, client: str, pytestconfig: pytest.Config) -> None:
    cells = podman.cells()
    plain = podman.ask(client, request(cells, plain=True))
    fill = {"<solo>": podman.address("solo"), "<db>": podman.address("db")}
    fill["<db name>"] = podman.names["db"]
    expected = {fill.get(host, host) for host in KNOWN_TO_WORK[client]}
    assert expected <= {found["host"] for found in plain if found["who"]}, plain
    answers = podman.ask(client, request(cells))
    show(f"Podman, {client}", answers, pytestconfig)
    check(plain, answers, MEANS_HOST)


def test_on_an_overlay(stage: Stage, app_image: str, pytestconfig: pytest.Config) -> None:
    """A service's own address, its tasks' addresses, and the node as the host.

    A node that leaves its swarm forgets the names of *all* its networks (moby
    libnetwork: cleanupServiceDiscovery), so nothing else may go on here meanwhile.
    """
    with one_node(stage.engine) as ours, ExitStack() as stack:
        if not ours:
            give_up("this engine is in a swarm already, which is not the lab's")
        port, host_port = free_port(), free_port()
        service = _Service(stage, stack, app_image, port)
        client = stage.start("client", app_image, ["sleep", "infinity"], network=service.network)
        stack.callback(client.remove, force=True, v=True)
        bring(client)
        names = (service.name, f"tasks.{service.name}", service.address)
        hosts = ("localhost", "host.docker.internal")
        cells = [cell("db", name, port) for name in names]
        cells += [cell("host", host, host_port) for host in hosts]
        stack.enter_context(host_server("any", host_port, address="0.0.0.0"))
        plain = ask(stage, client, request(cells, plain=True))
        # The name is a virtual address, which needs IPVS in the kernel to lead on.
        assert plain[0]["who"] in ("db", None), plain
        assert [found["who"] for found in plain[1:]] == ["db"] * 2 + [None] * 2, plain
        answers = ask(stage, client, request(cells))
        show("Swarm overlay", answers, pytestconfig)
        check(plain, answers, hosts)


class _Service:
    """A swarm's service with one task, on an overlay that any container may join."""

    def __init__(self, stage: Stage, stack: ExitStack, image: str, port: int) -> None:
        client: Any = stage.engine.client
        made = client.networks.create(
            stage.named("overlay"), driver="overlay", attachable=True, labels=stage.labels
        )
        stack.callback(remove_network, made)
        self.network, self.name = str(made.name), stage.named("db")
        service = client.services.create(
            image,
            ["serve-any", str(port)],
            name=self.name,
            env=["WHO=db"],
            networks=[self.network],
            labels=stage.labels,
            container_labels=stage.labels,
        )
        stack.callback(self._end, client, service)
        task = self._task(client, service)
        stage.wait(task, port)
        task.reload()
        self.address = str(task.attrs["NetworkSettings"]["Networks"][self.network]["IPAddress"])

    def _task(self, client: Any, service: Any) -> Any:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if found := self._containers(client, service):
                return found[0]
            time.sleep(0.1)
        raise LabError(f"no task of the service runs: {service.tasks()}")

    @staticmethod
    def _containers(client: Any, service: Any) -> Any:
        label = f"com.docker.swarm.service.id={service.id}"
        return client.containers.list(filters={"label": label})

    def _end(self, client: Any, service: Any) -> None:
        service.remove()
        for container in self._containers(client, service):
            container.remove(force=True, v=True)


def give_up(reason: str) -> NoReturn:
    """Skip with the reason, or fail where nothing may be skipped."""
    if os.environ.get("LAB_ENGINE") == "require":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)

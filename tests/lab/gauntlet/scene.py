"""The gauntlet's scene: four services, their decoys, and a client in every place."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.lab.containers import WORK
from tests.lab.gauntlet.asking import Answers, ask, ask_on_host, bring, request
from tests.lab.gauntlet.project import Project, clients, postgres, socket_mount
from tests.lab.gauntlet.spellings import CELLS, SPELLINGS, VANTAGES, Evidence
from tests.lab.places import (
    DATABASE_NAMESPACE,
    HOST,
    USER_NETWORK,
    USER_NETWORK_ALIAS,
    Place,
    Scene,
)
from tests.lab.stage import Stage, free_port, host_server

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.lab.containers import RunOptions
    from tests.lab.gauntlet.spellings import Cell
    from tests.lab.sdk import Container, Network

ROOT = f"{WORK}/project"
"""Where compose.yaml lies in the clients' containers; elsewhere there is none."""
_AT_ONCE = 4
_MEMBERS = {USER_NETWORK: ("operator", "app"), USER_NETWORK_ALIAS: ("told-operator", "told-app")}
"""Beside another project, the clients on the network are mine: with socket, without."""
_SLEEP = ["sleep", "infinity"]


@dataclass
class Gauntlet:
    """What stands around, and how to ask in it."""

    stage: Stage
    image: str
    project: Project
    facts: dict[str, Any]
    """The ports, names and addresses that the spellings are filled in with."""
    scene: Scene
    dns: list[str] = field(default_factory=list)
    """The name servers that the clients' containers are given, instead of the engine's own."""
    shared: Network | None = None
    """A network that another project is on as well: every client of the project's own is."""
    _clients: dict[tuple[Place, bool], Container] = field(default_factory=dict)

    def cells(self) -> list[dict[str, Any]]:
        """Fill in the spellings."""
        return [
            {"text": way.text.format(**self.facts), "speaks": way.speaks, "dialect": way.dialect}
            for way in SPELLINGS
        ]

    def run(
        self, evidence: Evidence | None, at_once: int = _AT_ONCE, *, forward: bool = False
    ) -> dict[Cell, dict[str, Any]]:
        """Ask for every cell with some evidence at hand; without any, as a plain client.

        Args:
            evidence: what the clients have.
            at_once: in how many places at once.
            forward: they dial through `hostshift forward`.

        """
        asked = request(self.cells(), plain=evidence is None, forward=forward)
        everywhere = self.ask_everywhere(asked, evidence, at_once)
        answers = [found for _, answered in everywhere for found in answered]
        return dict(zip(CELLS, answers, strict=True))

    def ask_everywhere(
        self, asked: str, evidence: Evidence | None = None, at_once: int = _AT_ONCE
    ) -> list[tuple[Place, Answers]]:
        """Ask the same in all places, in a few of them at once."""
        with ThreadPoolExecutor(at_once) as pool:
            answers = pool.map(lambda place: self.ask(place, asked, evidence), VANTAGES)
            return list(zip(VANTAGES, answers, strict=True))

    def ask(self, place: Place, asked: str, evidence: Evidence | None = None) -> Answers:
        """Ask in one place."""
        file = evidence is not None and evidence.file
        socket = evidence is not None and evidence.socket
        if place is HOST:
            # The socket is always there on the host, so not to have it is a setting.
            hidden = {} if socket else {"HOSTSHIFT_SOURCES": "saved,compose,dns"}
            files = self.project.files if file else {}
            return ask_on_host(self.scene, asked, files=files, environment=hidden, dns=self.dns)
        directory = ROOT if file else WORK
        return ask(self.stage, self._clients[place, socket], asked, directory=directory)

    def start_clients(self) -> None:
        """Start a container in every place, with the engine's socket and without."""
        places = [place for place in VANTAGES if place is not HOST]
        wanted = [(place, socket) for place in places for socket in (True, False)]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            made = pool.map(lambda key: self._client(*key), wanted)
            self._clients = dict(zip(wanted, made, strict=True))
        for container in self._clients.values():
            bring(container, self.project.files, ROOT)

    def _client(self, place: Place, socket: bool) -> Container:
        """Start one; on the user network it is a service of the project itself."""
        names = _MEMBERS if self.shared is not None else {USER_NETWORK: ("operator", "app")}
        if place in names:
            return self.project.container(names[place][0 if socket else 1])
        more: RunOptions = {"volumes": [socket_mount(self.stage)]} if socket else {}
        if self.dns and place is not DATABASE_NAMESPACE:  # That one has the database's.
            more["dns"] = self.dns
        options = self.scene.options(place, **more)
        name = f"at-{place.name.replace('+', '-')}{'-socket' if socket else ''}"
        return self.stage.start(name, self.image, _SLEEP, **options)

    @contextmanager
    def decoys(self) -> Iterator[None]:
        """Have other servers on the same ports: on a sibling, on the host, in another project."""
        facts, session = self.facts, self.stage.session
        inside = [facts["db_port"], facts["cache_port"], facts["solo_port"]]
        everywhere = [*inside, facts["host_port"], facts["published"]]
        serve = ["serve-any", *map(str, everywhere)]
        self.project.services["postgres"] = {
            "image": self.image,
            "command": serve,
            "environment": {"WHO": "decoy-sibling"},
            "networks": {"default": {"aliases": ["mongo", "database"]}},
        }
        self.project.up("postgres")
        other = f"other{session}"
        labels = {"com.docker.compose.project": other, "com.docker.compose.service": "db"}
        with ExitStack() as stack:
            for port in inside:
                decoy = host_server(
                    "any", port, address="0.0.0.0", environment={"WHO": "decoy-host"}
                )
                stack.enter_context(decoy)
            self.stage.network(f"{other}_default", exact_name=True)
            self.stage.start(
                f"{other}-db-1",
                self.image,
                serve,
                ready=facts["db_port"],
                exact_name=True,
                network=f"{other}_default",
                aliases=["db"],
                labels=labels,
                ports={facts["db_port"]: None},
                environment={"WHO": "decoy-project"},
            )
            yield


def _services(
    stage: Stage, image: str, facts: Mapping[str, Any], dns: list[str], shared: Network | None
) -> dict[str, dict[str, Any]]:
    """Describe the project: two servers, and two clients of which one may ask the engine."""
    cache = str(facts["cache_port"])
    published = [f"{facts['published']}:{facts['db_port']}"]
    services: dict[str, dict[str, Any]] = {
        "db": postgres(image, facts["db_port"], "db", ports=published),
        "cache": {
            "image": image,
            "command": ["serve-redis", cache],
            "environment": {"WHO": "cache"},
        },
        **clients(stage, image),
    }
    if shared is not None:
        for name, client in clients(stage, image).items():
            told = {**client, "extra_hosts": ["host.docker.internal:host-gateway"]}
            services[f"told-{name}"] = told
    for name, service in services.items():
        if dns:
            service["dns"] = dns
        if shared is not None and name != "cache":
            service["networks"] = ["default", "shared"]
    return services


@contextmanager
def gauntlet(
    stage: Stage, image: str, *, dns: Sequence[str] = (), shared: Network | None = None
) -> Iterator[Gauntlet]:
    """Have the whole scene.

    Args:
        stage: where it stands.
        image: what its containers run.
        dns: the name servers of its containers; by default, the engine's choice.
        shared: a network that all but `cache` are on, besides the project's own.

    """
    ports = _different_ports()
    with host_server("mongo", ports["host_port"], address="0.0.0.0"):
        name = f"shop{stage.session}"
        networks = {"shared": {"external": True, "name": str(shared.name)}} if shared else {}
        described = _services(stage, image, ports, list(dns), shared)
        project = Project(stage, name, described, networks)
        project.up()
        solo = stage.serve("greeting", "solo", image, port=ports["solo_port"])
        for service, port in (("db", ports["db_port"]), ("cache", ports["cache_port"])):
            stage.wait(project.container(service), port)
        facts = {
            **ports,
            "project": name,
            "db_address": project.address("db"),
            "solo": solo.name,
            "solo_address": stage.address(solo),
        }
        network = stage.engine.client.networks.get(project.network)
        scene = Scene(stage, image, network, project.container("db"))
        made = Gauntlet(stage, image, project, facts, scene, list(dns), shared)
        made.start_clients()
        yield made


def _different_ports() -> dict[str, int]:
    """Choose ports that are free on the host, too: decoys will listen there."""
    names = ("db_port", "cache_port", "host_port", "solo_port", "published")
    ports: dict[str, int] = {}
    for name in names:
        ports[name] = next(port for port in iter(free_port, None) if port not in ports.values())
    return ports

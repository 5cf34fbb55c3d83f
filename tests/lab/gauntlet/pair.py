"""Two projects with the same service names: mine, with a client in it, and another's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.lab.containers import WORK
from tests.lab.gauntlet.asking import Answers, ask, bring, request
from tests.lab.gauntlet.project import Project, clients, server
from tests.lab.stage import free_port

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.lab.sdk import Network
    from tests.lab.stage import Stage

ROOT = f"{WORK}/project"
EVIDENCE = ("engine", "engine+file", "file", "dns")
KINDS: dict[str, Any] = {"db": "postgres", "cache": "redis", "store": "mongo"}
"""The services of either; of mine, each is called as here, of the other one "their-" and that."""
Cell = dict[str, str]


class Pair:
    """Both projects, up, with every service of both published."""

    def __init__(
        self,
        stage: Stage,
        image: str,
        shared: Network,
        on: Sequence[str],
        *,
        names: Sequence[str] = tuple(KINDS),
    ) -> None:
        """Bring both up.

        Args:
            stage: where they stand.
            image: what their containers run.
            shared: a network that my clients and the other project's services are on.
            on: the networks of my own services: "default", "shared".
            names: the services that both have, of `KINDS`.

        """
        self.stage, self.image, self.names = stage, image, names
        ports: list[int] = []
        while len(ports) < 3 * len(names):
            if (port := free_port()) not in ports:
                ports.append(port)
        self.port = dict(zip(names, ports, strict=False))
        """Inside the containers: the same for both."""
        self.published = dict(zip(names, ports[len(names) :], strict=False))
        self.rivals = dict(zip(names, ports[2 * len(names) :], strict=False))
        networks = {"shared": {"external": True, "name": str(shared.name)}}
        mine = self._services(self.published, "", on)
        for name, client in clients(stage, image).items():
            mine[name] = {**client, "networks": sorted({*on, "shared"})}
        self.mine = Project(stage, f"mine{stage.session}", mine, networks)
        theirs = self._services(self.rivals, "their-", ["default", "shared"])
        self.theirs = Project(stage, f"theirs{stage.session}", theirs, networks)
        for project in (self.theirs, self.mine):
            project.up()
            self.wait(project)
        for member in ("app", "operator"):
            bring(self.mine.container(member), self.mine.files, ROOT)

    def _services(
        self, published: Mapping[str, int], prefix: str, networks: Sequence[str]
    ) -> dict[str, dict[str, Any]]:
        described = {}
        for name in self.names:
            port = self.port[name]
            ports = [f"{published[name]}:{port}"]
            made = server(KINDS[name], self.image, port, prefix + name, ports=ports)
            described[name] = {**made, "networks": list(networks)}
        return described

    def wait(self, project: Project) -> None:
        """Wait until all servers of a project accept."""
        for name in self.names:
            self.stage.wait(project.container(name), self.port[name])

    def by_name(self, *, plugs: bool = False) -> list[Cell]:
        """Spell each service by its name, as a driver or as an integration takes it."""
        return [self._cell(name, f"{name}:{self.port[name]}", plugs) for name in self.names]

    def by_port(self, *, plugs: bool = False) -> list[Cell]:
        """Spell each service by the port that mine is published on."""
        return [self._cell(name, f"localhost:{self.published[name]}", plugs) for name in self.names]

    @staticmethod
    def _cell(name: str, where: str, plugs: bool) -> Cell:
        text, speaks = {
            "db": (f"postgresql://app:s3cret@{where}/app", "postgresql"),
            "cache": (f"redis://{where}/0", "redis"),
            "store": (f"mongodb://{where}/lab", "mongodb"),
        }[name]
        if plugs:
            text = text.replace("postgresql:", "postgresql+psycopg:")
            speaks = {"db": "sqlalchemy"}.get(name, f"{speaks} plug")
        return {"text": text, "speaks": speaks, "service": name}

    def ask(self, evidence: str, cells: Sequence[Cell], **more: Any) -> Answers:
        """Ask in a new process of my project's client, with this evidence at hand."""
        client = self.mine.container("operator" if "engine" in evidence else "app")
        directory = ROOT if "file" in evidence else WORK
        return ask(self.stage, client, request(cells, **more), directory=directory)

    def dial(self, evidence: str, cells: Sequence[Cell]) -> Answers:
        """Connect by the integrations, in a new process."""
        return self.ask(evidence, cells, plain=True)

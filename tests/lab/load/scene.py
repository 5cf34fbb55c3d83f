"""Five questions whose answer on an idle machine is known, and the places they are asked from."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.lab import host_wheel
from tests.lab.containers import WORK, copy_into
from tests.lab.errors import LabError
from tests.lab.gauntlet.asking import ask, bring, request
from tests.lab.gauntlet.project import Project, clients, postgres, server, socket_mount
from tests.lab.places import BRIDGE, HOST_NETWORK, Scene, host_environment
from tests.lab.stage import free_port, host_server

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.lab.sdk import Container
    from tests.lab.stage import Stage

CLIENT = Path(__file__).with_name("client.py")
ROOT = f"{WORK}/project"
Answers = list[dict[str, Any]]
_PERIOD = 100_000
"""Microseconds: what `docker run --cpus` divides, too."""
_LOOP = f'(for _ in $(seq "$1"); do python {WORK}/fresh.py "$2" || exit; done) > /tmp/fresh.out'
_TRIES = 3


@dataclass(frozen=True)
class Row:
    """One question: from where, what the right server is called, and who may be late."""

    name: str
    text: str
    speaks: str
    expected: str
    """The only server that may answer."""
    up: bool
    """Whether it runs; where it does not, the answer of an idle machine is undecided."""
    source: str
    """A pattern that a reason must match where the answer is not the idle one."""
    box: Container
    directory: str
    files: Mapping[str, str] | None = None
    """The same question can be asked from the host itself, in a directory with these files."""
    wheel: Path | None = None

    def ask(self, stage: Stage, count: int, patience: float = 1800) -> Answers:
        """Ask in so many fresh processes, one after the other, in the container."""
        words = ["sh", "-c", _LOOP, "loop", str(count), self.text]
        said = stage.exec(self.box, words, working_dir=self.directory, timeout=patience)
        out, tries = "", 0
        while not out and tries < _TRIES:
            # Under load, the engine now and then loses what a command wrote.
            out = stage.exec(self.box, ["cat", "/tmp/fresh.out"]).stdout
            tries += 1
        return _read(out, said.stderr, count)

    def ask_on_host(self, count: int) -> Answers:
        """Ask in so many fresh processes of the host."""
        with tempfile.TemporaryDirectory(prefix="hostshift-lab-") as directory:
            for name, text in (self.files or {}).items():
                path = Path(directory, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            environment = {**host_environment(), **host_wheel.environment(self.wheel)}
            done = [self._once(directory, environment) for _ in range(count)]
        out = "".join(one.stdout for one in done)
        return _read(out, "".join(one.stderr for one in done), count)

    def _once(
        self, directory: str, environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-P", str(CLIENT), self.text],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd=directory,
            env=dict(environment),
            check=False,
        )

    def who(self, stage: Stage, text: str) -> str | None:
        """Dial an answer as a plain client, and say who is reached by it."""
        cell = {"text": text, "speaks": self.speaks}
        (found,) = ask(stage, self.box, request([cell], plain=True))
        who: str | None = found["who"]
        return who


def _read(out: str, err: str, count: int) -> Answers:
    answers = [json.loads(line) for line in out.splitlines()]
    if len(answers) != count:
        raise LabError(f"{len(answers)} of {count} fresh processes answered: {err[-2000:]}")
    return answers


def limit(box: Container, cpus: float | None) -> None:
    """Give a container so many processors, as `--cpus` does; None takes the limit away."""
    quota = -1 if cpus is None else int(cpus * _PERIOD)
    box.update(cpu_period=_PERIOD, cpu_quota=quota)


@contextmanager
def rows(stage: Stage, image: str, wheel: Path | None) -> Iterator[list[Row]]:
    """Have all that the questions are about, and the questions."""
    with ExitStack() as stack:
        yield _Around(stage, image, wheel, stack).rows()


class _Around:
    """A project that runs, one that is down, another one like it that runs, and the host."""

    def __init__(self, stage: Stage, image: str, wheel: Path | None, stack: ExitStack) -> None:
        self.stage, self.image, self.wheel = stage, image, wheel
        self.port, self.cache, self.published, self.host, self.rival = _ports(5)
        stack.enter_context(host_server("any", self.host, address="0.0.0.0"))
        described = {
            "db": postgres(image, self.port, "db", ports=[f"{self.published}:{self.port}"]),
            "cache": server("redis", image, self.cache, "cache"),
            **clients(stage, image),
        }
        self.shop = self._project("shop", described)
        self.shop.up()
        ledger = postgres(image, self.port, "rival", ports=[f"{self.rival}:{self.port}"])
        self.other = self._project("other", {"ledger": ledger})
        self.other.up()
        own = postgres(image, self.port, "ledger", ports=[f"{_ports(1)[0]}:{self.port}"])
        self.down = self._project("down", {"ledger": own})
        stage.wait(self.shop.container("db"), self.port)
        stage.wait(self.shop.container("cache"), self.cache)
        stage.wait(self.other.container("ledger"), self.port)

    def _project(self, name: str, services: dict[str, dict[str, Any]]) -> Project:
        return Project(self.stage, f"{name}{self.stage.session}", services)

    def rows(self) -> list[Row]:
        """Give the five questions."""
        inside = self.shop.container
        return [
            self._row("published db, from the host", "db", self.box(HOST_NETWORK, self.shop)),
            self._row("localhost:PUBLISHED, socket", "published", inside("operator")),
            self._row("sibling by DNS alone", "cache", inside("app")),
            self._row("the host's port, from a bridge", "host", self.box(BRIDGE)),
            self._row("own project down, other up", "ledger", self.box(HOST_NETWORK, self.down)),
        ]

    def box(self, place: Any, project: Project | None = None) -> Container:
        """Start a client; one that has a project's file has the engine's socket, too."""
        more: Any = {"volumes": [socket_mount(self.stage)]} if project else {}
        name = f"box-{project.name if project else 'plain'}"
        options = Scene(self.stage, self.image).options(place, **more)
        made = self.stage.start(name, self.image, ["sleep", "infinity"], **options)
        copy_into(made, project.files if project else {}, ROOT)
        return made

    def _row(self, name: str, key: str, box: Container) -> Row:
        bring(box)
        copy_into(box, {"fresh.py": CLIENT.read_text(encoding="utf-8")})
        text, speaks, expected, source = self._questions()[key]
        of = {"db": self.shop, "ledger": self.down}.get(key)
        files = of.files if of else None
        directory = ROOT if of else WORK
        up = of is not self.down
        return Row(name, text, speaks, expected, up, source, box, directory, files, self.wheel)

    def _questions(self) -> dict[str, tuple[str, str, str, str]]:
        def database(where: str) -> str:
            return f"postgresql://app:s3cret@{where}/app"

        engine, names = r"engine|docker|compose", r"name server|DNS|resolver|look|host"
        return {
            "db": (database(f"db:{self.port}"), "postgresql", "db", engine),
            "published": (database(f"localhost:{self.published}"), "postgresql", "db", engine),
            "cache": (f"redis://localhost:{self.cache}/0", "redis", "cache", names),
            "host": (f"http://localhost:{self.host}/", "http", "host", "host"),
            "ledger": (database(f"ledger:{self.port}"), "postgresql", "ledger", engine),
        }


def _ports(count: int) -> list[int]:
    """Choose different ports that are free on the host."""
    chosen: list[int] = []
    while len(chosen) < count:
        if (port := free_port()) not in chosen:
            chosen.append(port)
    return chosen

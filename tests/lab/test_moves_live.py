"""Databases that move or start late, for clients that stay: which server answers them.

`LAB_ROUNDS` is how often they move: 10 times by default, which takes three quarters of a minute.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests import tables
from tests.authority import Authority
from tests.lab.containers import copy_into
from tests.lab.gauntlet.project import socket_mount
from tests.lab.stage import free_port, host_server
from tests.lab.tls import SERVE_POSTGRESQL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from tests.lab.sdk import Container, Network
    from tests.lab.stage import Stage

ROUNDS = int(os.environ.get("LAB_ROUNDS", "10"))
ROUND_SECONDS = 30
LATE_SECONDS = 120
"""The longest that a late database waits for the clients to have tried."""
LEAST_TRIES = 4
"""How often each client tries to connect before the late database starts."""
CLIENT = Path(__file__).with_name("moves_client.py")
PG = "postgresql+psycopg://app:s3cret@"
ASYNCPG = "postgresql+asyncpg://app:s3cret@"
UNTIL_START = 'until [ -e start ]; do sleep 0.05; done; exec "$@"'
SET = {"REPLSET": "1", "ANNOUNCE": "localhost:27017"}


class Moving(NamedTuple):
    """A server that moves, and a decoy that takes each address it leaves."""

    stage: Stage
    network: Network
    server: Container
    decoy: Container
    name: str
    port: int
    first: str
    """The first of its addresses without the last number, and that number."""

    def move(self, number: int, *, kill: bool) -> None:
        """Leave the address to the decoy, killed or only disconnected; come to another one."""
        if kill:
            self.server.kill()
        self.network.disconnect(self.server, force=True)
        self.network.disconnect(self.decoy, force=True)
        self._connect(self.decoy, f"decoy-{self.name}", number - 1)
        self._connect(self.server, self.name, number)
        if kill:
            self.server.start()
        self.ready()

    def place(self) -> None:
        """Go to the first address."""
        self.network.disconnect(self.server, force=True)
        self._connect(self.server, self.name, 0)

    def _connect(self, container: Container, name: str, number: int) -> None:
        prefix, _, first = self.first.rpartition(".")
        address = f"{prefix}.{int(first) + number}"
        self.network.connect(container, aliases=[name], ipv4_address=address)

    def ready(self) -> None:
        """Wait by the protocol: killed, PostgreSQL accepts before it has recovered (57P03)."""
        if self.port != 5432:
            self.stage.wait(self.server, self.port)
            return
        loop = "until pg_isready -q -h 127.0.0.1 -p 5432; do sleep 0.05; done"
        said = self.stage.exec(self.server, ["bash", "-c", loop], timeout=30)
        assert said.code == 0, self.stage.log(self.server)


class Clients(NamedTuple):
    """Clients in one place: how they are told to ask, and what they have said."""

    go: Callable[[int], object]
    said: Callable[[], str]
    trouble: Callable[[], str]


@contextmanager
def _on_the_host(directory: Path, rounds: int, specifications: Sequence[str]) -> Iterator[Clients]:
    out, err = directory / "out", directory / "err"
    with out.open("wb") as told, err.open("wb") as failed:
        words = [sys.executable, "-P", str(CLIENT), str(rounds), *specifications]
        # The engine takes its time where many tests run on few processors.
        environment = {**os.environ, "HOSTSHIFT_BUDGET": "10"}
        process = subprocess.Popen(
            words,
            cwd=directory,
            stdout=told,
            stderr=failed,
            env=environment,
            start_new_session=True,
        )
        try:
            yield Clients(_touching(directory), out.read_text, err.read_text)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _touching(directory: Path) -> Callable[[int], None]:
    return lambda number: (directory / f"go-{number}").touch()


def _in_a_container(
    stage: Stage,
    image: str,
    network: Network,
    rounds: int,
    specifications: Sequence[str],
    files: Mapping[str, str],
) -> Clients:
    """Run clients beside the servers, with the engine's socket and the declared names."""
    container = stage.start(
        "client",
        image,
        ["bash", "-c", UNTIL_START, "-", "python", CLIENT.name, str(rounds), *specifications],
        network=network,
        volumes=[socket_mount(stage)],
        environment={"HOSTSHIFT_MAP": MAP, "HOSTSHIFT_BUDGET": "10"},
    )
    copy_into(container, {CLIENT.name: CLIENT.read_text(), **files})
    copy_into(container, {"start": ""})
    return Clients(
        lambda number: copy_into(container, {f"go-{number}": ""}),
        lambda: container.logs(stdout=True, stderr=False).decode(),
        lambda: container.logs(stdout=False, stderr=True).decode(),
    )


class Pair(NamedTuple):
    """Two databases that move at the same time."""

    network: Network
    sql: Moving
    mongo: Moving
    authority: Authority

    def move(self, number: int) -> None:
        """Kill one of them, in turn, and disconnect the other."""
        with ThreadPoolExecutor(2) as pool:
            both = [
                pool.submit(self.sql.move, number, kill=bool(number % 2)),
                pool.submit(self.mongo.move, number, kill=not number % 2),
            ]
        for one in both:
            one.result()


@pytest.fixture
def pair(stage: Stage, app_image: str) -> Pair:
    """Give both with their decoys; TLS does not tell a decoy apart, nor a set's name."""
    network, prefix = stage.addressed_network()
    authority = Authority()
    certificate, key = authority.sign("db.example.com")

    def sql(name: str) -> Container:
        own = {"CERTIFICATE": certificate, "KEY": key, "PORT": "5432", "WHO": name}
        command = ["bash", "-euc", SERVE_POSTGRESQL]
        return stage.start(name, app_image, command, ready=5432, network=network, environment=own)

    def mongo(name: str) -> Container:
        ports: dict[int, int | tuple[str, int] | None] = {}
        if name == "set":
            ports[27017] = free_port()
        return stage.serve("mongo", name, app_image, network=network, environment=SET, ports=ports)

    with ThreadPoolExecutor(4) as pool:
        database, decoy = pool.map(sql, ("db", "decoy-db"))
        group, decoy_group = pool.map(mongo, ("set", "decoy-set"))
    made = Pair(
        network,
        Moving(stage, network, database, decoy, "db", 5432, f"{prefix}.50"),
        Moving(stage, network, group, decoy_group, "set", 27017, f"{prefix}.150"),
        authority,
    )
    made.sql.place()
    made.mongo.place()
    return made


MAP = "db.example.com:5432=db:5432,set.example.com:27017=set:27017"


def test_round_after_round(
    pair: Pair,
    stage: Stage,
    app_image: str,
    tmp_path: Path,
    pytestconfig: pytest.Config,
) -> None:
    """Killed or disconnected, and back elsewhere: always the database, and no error.

    Only who has no ping and yet a pool meets the one error by which the driver finds out.
    """
    db, group = pair.sql.server.name, pair.mongo.server.name
    published = stage.published(pair.mongo.server, 27017)
    on_host = {
        "host psycopg": f"sync,ping={PG}{db}:5432/app",
        "host psycopg no ping": f"sync={PG}{db}:5432/app",
        "host psycopg no pool": f"sync,none={PG}{db}:5432/app",
        "host asyncpg": f"async,ping={ASYNCPG}{db}:5432/app",
        "host pymongo": f"mongo=mongodb://{group}:27017/lab",
    }
    in_container = {
        "container psycopg verify-full": f"sync,ping,full,names={PG}db.example.com:5432/app",
        "container psycopg": f"sync,ping={PG}{db}:5432/app",
        "container asyncpg": f"async,ping={ASYNCPG}{db}:5432/app",
        "container pymongo": "mongo,names=mongodb://set.example.com:27017/lab",
        "container pymongo published": f"amongo=mongodb://localhost:{published}/lab",
    }
    expected = {name: "set" if "mongo" in name else "db" for name in {**on_host, **in_container}}
    boxed = _in_a_container(
        stage,
        app_image,
        pair.network,
        ROUNDS,
        _specified(in_container),
        {"ca.pem": pair.authority.certificate},
    )
    seconds: list[float] = []
    with _on_the_host(tmp_path, ROUNDS, _specified(on_host)) as hosted:
        for number in range(ROUNDS + 1):
            if number:
                pair.move(number)
            seconds.append(_round((boxed, hosted), number, expected))
    tables.add(pytestconfig, f"{ROUNDS} moves", _table((boxed, hosted), seconds))
    assert "s3cret" not in boxed.trouble() + hosted.trouble()


def _table(places: Sequence[Clients], seconds: Sequence[float]) -> Iterator[str]:
    """Say who answered whom how often, and after how many errors."""
    answers: Counter[tuple[str, str]] = Counter()
    errors: Counter[str] = Counter()
    for line in (line for place in places for line in place.said().splitlines()):
        name, _, who, met = line.split()
        answers[name, who] += 1
        errors[name] += int(met)
    yield f"{'client':<32}{'answered by':<13}{'rounds':>6}{'errors':>8}"
    for (name, who), rounds in sorted(answers.items()):
        yield f"{name:<32}{who:<13}{rounds:>6}{errors[name]:>8}"
    longest, usual = max(seconds[1:]), median(seconds[1:])
    yield f"all had an answer after {usual:.2f} s (median), {longest:.2f} s at most"


def _specified(clients: Mapping[str, str]) -> list[str]:
    return [f"{name.replace(' ', '_')}={rest}" for name, rest in clients.items()]


def _round(places: Sequence[Clients], number: int, expected: Mapping[str, str]) -> float:
    """Let all ask, and return how long that took, in seconds."""
    began, said = time.monotonic(), {}
    for place in places:
        place.go(number)
    while time.monotonic() - began < ROUND_SECONDS:
        said = _said(places, number)
        if said.keys() >= expected.keys():
            break
        time.sleep(0.05)
    seconds = time.monotonic() - began
    errors = {"host psycopg no ping": 1 if number else 0}
    wanted = {name: (who, errors.get(name, 0)) for name, who in expected.items()}
    assert said == wanted, (number, [place.trouble()[-3000:] for place in places])
    return seconds


def _said(places: Sequence[Clients], number: int) -> dict[str, tuple[str, int]]:
    """Read who answered each client in a round, and after how many errors."""
    lines = [line.split() for place in places for line in place.said().splitlines()]
    return {
        line[0].replace("_", " "): (line[2], int(line[3]))
        for line in lines
        if len(line) == 4 and line[1] == str(number)
    }


def test_databases_that_start_after_the_application(
    stage: Stage, app_image: str, tmp_path: Path
) -> None:
    """What begins to connect after they are ready connects, and never to a decoy.

    Decoys have the port on the host and beside the client, before and after.
    """
    inside, published, published_set = free_port(), free_port(), free_port()
    network = stage.network()
    stage.serve("any", "decoy", app_image, port=inside, network=network)
    db, group = stage.named("db"), stage.named("set")
    on_host = {
        "host psycopg": f"sync,none,eager={PG}{db}:{inside}/app",
        "host psycopg published": f"sync,ping,eager={PG}localhost:{published}/app",
        "host asyncpg": f"async,ping,eager={ASYNCPG}{db}:{inside}/app",
        "host pymongo": f"mongo,eager=mongodb://{group}:27017/lab",
    }
    in_container = {
        "container psycopg": f"sync,ping,eager={PG}{db}:{inside}/app",
        "container psycopg names": f"sync,none,names,eager={PG}db:{inside}/app",
        "container asyncpg": f"async,none,eager={ASYNCPG}localhost:{published}/app",
        "container pymongo": f"mongo,eager=mongodb://localhost:{published_set}/lab",
        "container pymongo names": "amongo,names,eager=mongodb://set:27017/lab",
    }
    expected = {name: "set" if "mongo" in name else "db" for name in {**on_host, **in_container}}
    boxed = _in_a_container(stage, app_image, network, 0, _specified(in_container), {})
    environment = {"WHO": "decoy"}
    with (
        host_server("any", inside, address="0.0.0.0", environment=environment),
        _on_the_host(tmp_path, 0, _specified(on_host)) as hosted,
    ):
        _until_tried((boxed, hosted), expected)
        stage.serve(
            "postgres", "db", app_image, port=inside, network=network, ports={inside: published}
        )
        stage.serve(
            "mongo",
            "set",
            app_image,
            network=network,
            environment=SET,
            ports={27017: published_set},
        )
        _round((boxed, hosted), 0, expected)


def _until_tried(clients: Sequence[Clients], names: Iterable[str]) -> None:
    """Wait until each client has tried to connect several times, however busy the machine is."""
    ends = time.monotonic() + LATE_SECONDS
    while True:
        said = "".join(each.trouble() for each in clients)
        waiting = [name for name in names if _tries(name, said) < LEAST_TRIES]
        if not waiting:
            return
        assert time.monotonic() < ends, (waiting, said[-3000:])
        time.sleep(0.5)


def _tries(name: str, said: str) -> int:
    return said.count(f"{name.replace(' ', '_')} go-0")

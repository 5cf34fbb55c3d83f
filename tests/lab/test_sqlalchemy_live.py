"""A database that is killed and comes back elsewhere, for an engine that stays."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.authority import Authority
from tests.lab.containers import copy_into
from tests.lab.errors import LabError
from tests.lab.sdk import APIError
from tests.lab.tls import SERVE_POSTGRESQL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.lab.sdk import Container, Network
    from tests.lab.stage import Stage

ROUNDS = 10
ROUND_SECONDS = 30

CLIENT = """
import os, sys, time
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
host, full, ping = sys.argv[1], sys.argv[2] == "verify-full", sys.argv[4] == "ping"
engine = create_engine(
    f"postgresql+psycopg://app:s3cret@{host}:5432/app",
    plugins=["hostshift"], pool_pre_ping=ping, pool_size=1, max_overflow=0,
    connect_args={"sslmode": "verify-full", "sslrootcert": "ca.pem"} if full else {},
)
for number in range(int(sys.argv[3]) + 1):
    while not os.path.exists(f"go-{number}"):
        time.sleep(0.02)
    errors = 0
    while True:
        try:
            with engine.connect() as connection:
                who = connection.execute(text("select name from who")).scalar()
            break
        except OperationalError as error:
            errors += 1
            print(error, file=sys.stderr, flush=True)
            time.sleep(0.2)
    print(number, who, errors, flush=True)
"""


class Moving(NamedTuple):
    """A database that moves, and a decoy that takes each address it leaves."""

    stage: Stage
    network: Network
    prefix: str
    database: Container
    decoy: Container

    def move(self, number: int) -> None:
        """Kill the database, give its address to the decoy, start it on another one."""
        self.database.kill()
        self._place(self.decoy, "decoy", number - 1)
        self._place(self.database, "db", number)
        self.database.start()
        # Readiness is the protocol's: killed, it accepts before it has recovered (57P03).
        ready = "until pg_isready -q -h 127.0.0.1 -p 5432; do sleep 0.05; done"
        said = self.stage.exec(self.database, ["bash", "-c", ready], timeout=30)
        assert said.code == 0, self.stage.log(self.database)

    def _place(self, container: Container, name: str, number: int) -> None:
        self.network.disconnect(container, force=True)
        address = f"{self.prefix}.{100 + number}"
        self.network.connect(container, aliases=[name], ipv4_address=address)


@pytest.fixture
def authority() -> Authority:
    return Authority()


@pytest.fixture
def moving(stage: Stage, app_image: str, authority: Authority) -> Moving:
    """Give both, with the same certificate: TLS does not tell them apart."""
    network, prefix = _network(stage)
    certificate, key = authority.sign("db.example.com")
    servers = []
    for name in ("db", "decoy"):
        own = {"CERTIFICATE": certificate, "KEY": key, "PORT": "5432", "WHO": name}
        command = ["bash", "-euc", SERVE_POSTGRESQL]
        servers.append(
            stage.start(name, app_image, command, ready=5432, network=network, environment=own)
        )
    made = Moving(stage, network, prefix, *servers)
    made._place(made.database, "db", 0)
    return made


def _network(stage: Stage) -> tuple[Network, str]:
    """Make a network whose addresses may be chosen: that takes a subnet of one's own."""
    for _ in range(20):
        prefix = f"10.{200 + secrets.randbelow(50)}.{secrets.randbelow(250)}"
        pools: Any = {"Driver": "default", "Config": [{"Subnet": f"{prefix}.0/24"}]}
        try:
            made = stage.engine.client.networks.create(
                stage.named("net"), ipam=pools, labels=stage.labels
            )
        except APIError:  # It overlaps with another one.
            continue
        return made, prefix
    message = "no free subnet"
    raise LabError(message)


@pytest.mark.parametrize("mode", ["plain", "verify-full"])
def test_from_a_container(moving: Moving, app_image: str, authority: Authority, mode: str) -> None:
    client = moving.stage.start(
        "client",
        app_image,
        ["python", "-W", "error", "-c", CLIENT, "db.example.com", mode, str(ROUNDS), "ping"],
        network=moving.network,
        environment={"HOSTSHIFT_MAP": "db.example.com:5432=db:5432"},
    )
    copy_into(client, {"ca.pem": authority.certificate})

    def said() -> list[str]:
        return client.logs(stdout=True, stderr=False).decode().splitlines()

    def trouble() -> str:
        return client.logs(stdout=False, stderr=True).decode()

    _rounds(moving, lambda number: copy_into(client, {f"go-{number}": ""}), said, trouble)
    assert b"s3cret" not in client.logs()


@pytest.mark.parametrize(("ping", "errors"), [("ping", 0), ("no ping", 1)])
def test_from_the_host_by_the_engine(
    moving: Moving, tmp_path: Path, ping: str, errors: int
) -> None:
    name = str(moving.database.name)

    def go(number: int) -> None:
        (tmp_path / f"go-{number}").touch()

    with _on_the_host(tmp_path, name, ping) as said:
        _rounds(moving, go, said, (tmp_path / "err").read_text, errors)


@contextmanager
def _on_the_host(directory: Path, host: str, ping: str) -> Iterator[Callable[[], list[str]]]:
    out, err = directory / "out", directory / "err"
    with out.open("wb") as told, err.open("wb") as failed:
        words = [sys.executable, "-P", "-c", CLIENT, host, "plain", str(ROUNDS), ping]
        # The engine takes its time where many tests run on few processors.
        environment = {**os.environ, "HOSTSHIFT_BUDGET": "10"}
        process = subprocess.Popen(
            words, cwd=directory, stdout=told, stderr=failed, env=environment
        )
        try:
            yield lambda: out.read_text().splitlines()
        finally:
            process.kill()
            process.wait()


def _rounds(
    moving: Moving,
    go: Callable[[int], None],
    said: Callable[[], list[str]],
    trouble: Callable[[], str],
    errors: int = 0,
) -> None:
    """Move and connect, round after round: always the database.

    No error at all where the pool pings, else the one by which the driver finds out.
    """
    for number in range(ROUNDS + 1):
        if number:
            moving.move(number)
        go(number)
        deadline = time.monotonic() + ROUND_SECONDS
        while len(said()) <= number and time.monotonic() < deadline:
            time.sleep(0.05)
        expected = errors if number else 0
        assert said()[number:] == [f"{number} db {expected}"], trouble()

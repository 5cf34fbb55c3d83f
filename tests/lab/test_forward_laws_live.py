"""The first law through `hostshift forward`: what is down becomes no other server.

Psql dials `localhost` in a container where a forwarder listens. Servers end and come back, others
with the same port stay. ``HOSTSHIFT_TEST_ROUNDS=100`` repeats a hundred times.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.lab.stage import Stage, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.sdk import Container

PASSWORD = {"PGPASSWORD": "s3cret", "PGCONNECT_TIMEOUT": "10"}
REFUSED = ("refused", "reset", "closed")
ROUNDS = int(os.environ.get("HOSTSHIFT_TEST_ROUNDS", "5"))
PATIENCE = 30
"""Seconds for a server that has started to be found."""


class Ground(NamedTuple):
    """A network with a client on it, whose forwarder runs."""

    stage: Stage
    image: str
    client: Container
    port: int
    """That of all servers; the forwarder means the host's by it."""
    named: int
    """The local port that leads to `db`."""
    gateway: str

    def ask(self, port: int) -> str:
        """Return who answers at a port of localhost, or what psql says."""
        words = ["psql", f"host=localhost port={port} user=app dbname=app", "-Atc"]
        ran = self.stage.exec(self.client, [*words, "select name from who"], environment=PASSWORD)
        return ran.stdout.strip() or ran.stderr.strip()

    def until(self, port: int, who: str) -> None:
        """Wait until a server answers; nobody else may do so before."""
        ends = time.monotonic() + PATIENCE
        while (answer := self.ask(port)) != who:
            assert any(word in answer for word in (*REFUSED, "starting up")), answer
            assert time.monotonic() < ends, answer
            time.sleep(0.2)

    def refused(self, port: int) -> None:
        """Ask several times, and be refused."""
        for _ in range(5):
            answer = self.ask(port)
            assert any(word in answer for word in REFUSED), answer
            time.sleep(0.3)

    def on_the_host(self) -> Container:
        """Start PostgreSQL in the host's network, where its containers reach it."""
        environment = {"WHO": "host", "LISTEN": self.gateway}
        words = ["serve-postgres", str(self.port)]
        running = self.stage.start(
            "on-the-host", self.image, words, network="host", environment=environment
        )
        self.stage.wait(running, self.port, address=self.gateway)
        return running


@pytest.fixture
def ground(stage: Stage, app_image: str) -> Iterator[Ground]:
    port, named = free_port(), free_port()
    network = stage.network()
    for name in ("db", "analytics-db"):
        stage.serve("postgres", name, app_image, port=port, network=network, aliases=[name])
    words = ["hostshift", "forward", f"{named}=db:{port}", f"{port}=postgresql"]
    client = stage.start("client", app_image, words, network=network)
    gateway = stage.gateway(str(network.name))
    yield Ground(stage, app_image, client, port, named, gateway)
    assert "s3cret" not in stage.log(client)


def _container(ground: Ground, name: str) -> Container:
    return ground.stage.engine.client.containers.get(ground.stage.named(name))


def test_a_stopped_database_never_becomes_another(ground: Ground) -> None:
    ground.until(ground.named, "db")
    for _ in range(ROUNDS // 2):
        _container(ground, "db").stop(timeout=0)
        ground.refused(ground.named)
        _container(ground, "db").start()
        ground.until(ground.named, "db")


def test_the_host_means_the_host_while_siblings_have_the_port(ground: Ground) -> None:
    running = ground.on_the_host()
    ground.until(ground.port, "host")
    for _ in range(ROUNDS // 2):
        running.remove(force=True)
        ground.refused(ground.port)
        running = ground.on_the_host()
        ground.until(ground.port, "host")


def test_a_database_that_moves_is_found_and_the_decoy_at_its_old_address_never(
    stage: Stage, app_image: str
) -> None:
    """Each round `db` gets another address, and another server the one that it had."""
    port, named = free_port(), free_port()
    network, prefix = stage.addressed_network()
    servers = {
        name: stage.serve("postgres", name, app_image, port=port, network=network)
        for name in ("db", "decoy")
    }
    words = ["hostshift", "forward", f"{named}=db:{port}"]
    client = stage.start("client", app_image, words, network=network)
    ground = Ground(stage, app_image, client, port, named, gateway="")
    for number in range(ROUNDS):
        for server in servers.values():
            network.disconnect(server, force=True)
        at, before = 100 + number, 100 + number - 1
        network.connect(servers["decoy"], ipv4_address=f"{prefix}.{before}")
        network.connect(servers["db"], aliases=["db"], ipv4_address=f"{prefix}.{at}")
        ground.until(named, "db")
        assert ground.ask(named) == "db"


def test_what_starts_late_is_found_and_nothing_before(ground: Ground) -> None:
    """Nothing has the port on the host: `db` and `analytics-db` are no stand-ins."""
    ground.refused(ground.port)
    ground.on_the_host()
    ground.until(ground.port, "host")

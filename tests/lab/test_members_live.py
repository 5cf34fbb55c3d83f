"""A replica set that announces `localhost`, used from every place by every kind of client."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.lab.places import (
    BRIDGE,
    BRIDGE_ALIAS,
    CONNECTED,
    HOST,
    USER_NETWORK,
    USER_NETWORK_ALIAS,
    Place,
    Scene,
)
from tests.lab.stage import Stage, free_port, host_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.engine import Engine

SPELLINGS = (
    "mongodb://localhost:{port}/TestDB",
    "mongodb://localhost:{port}/TestDB?replicaSet=lab",
    "mongodb://host.docker.internal:{port}/TestDB",
    "mongodb://host.docker.internal:{port}/TestDB?replicaSet=lab",
)

# Each client writes, reads what it wrote, and asks the server who it is.
ASK = """
import asyncio, os, sys
import pymongo
from hostshift_pymongo import AsyncMongoClient, MongoClient, install, uninstall
OPTIONS = {"serverSelectionTimeoutMS": 4000}
def note(client, who):
    print(who["name"], *(f"{host}:{port}" for host, port in client.nodes))
def ask(kind, url):
    with kind(url, **OPTIONS) as client:
        made = client.TestDB.notes.insert_one({"by": "sync"}).inserted_id
        assert client.TestDB.notes.find_one({"_id": made})["by"] == "sync"
        note(client, client.lab.who.find_one())
async def ask_async(kind, url):
    async with kind(url, **OPTIONS) as client:
        made = (await client.TestDB.notes.insert_one({"by": "async"})).inserted_id
        assert (await client.TestDB.notes.find_one({"_id": made}))["by"] == "async"
        note(client, await client.lab.who.find_one())
for url in sys.argv[1:]:
    ask(MongoClient, url)
    asyncio.run(ask_async(AsyncMongoClient, url))
    install()
    ask(pymongo.MongoClient, url)
    asyncio.run(ask_async(pymongo.AsyncMongoClient, url))
    uninstall()
"""
ASK_PLAINLY = """
import sys
import pymongo
for url in sys.argv[1:]:
    try:
        with pymongo.MongoClient(url, serverSelectionTimeoutMS=1000) as client:
            print(client.lab.who.find_one()["name"])
    except pymongo.errors.ServerSelectionTimeoutError:
        print("none")
"""


class Set(NamedTuple):
    """A set of one member in a container: what it is published as, and what it announces."""

    scene: Scene
    published: int
    announced: str

    def ask(self, place: Place, program: str) -> list[str]:
        """Run a program there with every spelling of the set."""
        urls = [url.format(port=self.published) for url in SPELLINGS]
        words = ["python", "-W", "error", "-c", program, *urls]
        said = self.scene.run_standing(place, words, timeout=120)
        assert said.code == 0, said.stderr
        return said.stdout.splitlines()


def _set(stage: Stage, image: str, inside: int, published: int) -> Set:
    """Start a set that listens on a port inside, and announces itself as localhost."""
    network = stage.network(f"net-{published}")
    announced = f"localhost:{inside}"
    database = stage.serve(
        "mongo",
        f"set-{published}",
        image,
        port=inside,
        network=network,
        ports={inside: published},
        environment={"WHO": "set", "REPLSET": "1", "ANNOUNCE": announced},
    )
    return Set(Scene(stage, image, network, database), published, announced)


@pytest.fixture(scope="module")
def known(engine: Engine, app_image: str) -> Iterator[Set]:
    """Give a set that is published under the port that it announces."""
    with Stage(engine) as stage:
        port = free_port(27017)
        yield _set(stage, app_image, port, port)


@pytest.fixture(scope="module")
def trapped(engine: Engine, app_image: str) -> Iterator[Set]:
    """Give a set that is published elsewhere: what it announces is another's on the host."""
    announced = free_port()
    environment = {"WHO": "decoy", "REPLSET": "1", "ANNOUNCE": f"localhost:{announced}"}
    with (
        Stage(engine) as stage,
        host_server("mongo", announced, address="0.0.0.0", environment=environment),
    ):
        yield _set(stage, app_image, announced, free_port(27018))


class TestAnnouncedAsLocalhost:
    """Plain pymongo works on the host alone."""

    @pytest.mark.parametrize("place", CONNECTED, ids=lambda place: place.name)
    def test_every_client_reads_and_writes(self, known: Set, place: Place) -> None:
        """By both drop-ins and by `install()`; the driver shows what was announced."""
        wanted = [f"set {known.announced}"] * (4 * len(SPELLINGS))
        assert known.ask(place, ASK) == wanted

    @pytest.mark.parametrize(
        "place", [BRIDGE, BRIDGE_ALIAS, USER_NETWORK, USER_NETWORK_ALIAS], ids=lambda one: one.name
    )
    def test_a_plain_client_reaches_none_from_a_container(self, known: Set, place: Place) -> None:
        assert known.ask(place, ASK_PLAINLY) == ["none"] * len(SPELLINGS)


class TestAnotherServerOnTheAnnouncedPort:
    """The trap: read from here, the announced name is another server's."""

    @pytest.mark.parametrize("place", CONNECTED, ids=lambda place: place.name)
    def test_always_the_set_never_the_other(self, trapped: Set, place: Place) -> None:
        wanted = [f"set {trapped.announced}"] * (4 * len(SPELLINGS))
        assert trapped.ask(place, ASK) == wanted

    def test_a_plain_client_reaches_the_other(self, trapped: Set) -> None:
        """So there is something to get wrong: the host's own localhost is the decoy."""
        said = trapped.ask(HOST, ASK_PLAINLY)
        assert said[:2] == ["decoy", "decoy"]

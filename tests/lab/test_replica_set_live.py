"""Sets of three, used from outside while their primary stops.

The members are scripted (see :mod:`tests.lab.replica_set`) in front of one SecantusDB.
"""

from __future__ import annotations

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pymongo
import pytest

from tests.lab.containers import Outcome, copy_into
from tests.lab.places import BRIDGE, CONNECTED, HOST, USER_NETWORK, Place, Scene
from tests.lab.stage import Stage, free_port, host_server

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.lab.sdk import Container, Network

MEMBER = Path(__file__).with_name("replica_set.py")
START = "until [ -e go ]; do sleep 0.1; done; exec python replica_set.py {port} {index}"
STORE = 27000
INSIDE = (27017, 27018, 27019)

# Four kinds of client at once: each writes until another member is primary, and some
# more. What it prints: first and last primary by their own word, the driver's word for
# the last, how many writes are missing, whose data it is, and which names it showed.
USE = """
import asyncio, sys, threading, time, uuid
import pymongo
from hostshift_pymongo import AsyncMongoClient, MongoClient, install
url, place = sys.argv[1:]
OPTIONS = {"serverSelectionTimeoutMS": 10000, "heartbeatFrequencyMS": 500}
SECONDS, MORE = 30, 5
lines = []

async def steps(client, kind):
    token, written, first, last, after = uuid.uuid4().hex, 0, None, None, 0
    until = time.monotonic() + SECONDS
    while after < MORE and time.monotonic() < until:
        await do(client.lab.notes.insert_one({"by": token}))
        written += 1
        try:
            last = (await do(client.admin.command("whichMember")))["name"]
        except pymongo.errors.AutoReconnect:  # a command like this one is not tried again
            continue
        if first is None:
            first = last
            while len(client.nodes) < 3 and time.monotonic() < until:
                await asyncio.sleep(0.1)
            nodes = ",".join(sorted("%s:%s" % one for one in client.nodes))
            await do(client.lab.ready.insert_one({"place": place, "kind": kind}))
        after += last != first
        await asyncio.sleep(0.1)
    found = await do(client.lab.notes.count_documents({"by": token}))
    who = (await do(client.lab.who.find_one()))["name"]
    primary = "%s:%s" % await do(client.primary)
    lines.append(f"{kind} {first} {last} {primary} {written - found} {who} {nodes}")

async def do(given):
    return await given if hasattr(given, "__await__") else given

async def use_async(make, kind):
    async with make(url, **OPTIONS) as client:
        await steps(client, kind)

def use(make, kind):
    with make(url, **OPTIONS) as client:
        asyncio.run(steps(client, kind))

install()
kinds = {
    "drop-in": lambda: use(MongoClient, "drop-in"),
    "async-drop-in": lambda: asyncio.run(use_async(AsyncMongoClient, "async-drop-in")),
    "installed": lambda: use(pymongo.MongoClient, "installed"),
    "async-installed": lambda: asyncio.run(use_async(pymongo.AsyncMongoClient, "async-installed")),
}
threads = [threading.Thread(target=one) for one in kinds.values()]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(*lines, sep="\\n")
"""
# A change stream, a session, a transaction that is committed and one that is not.
BESIDES = """
import sys
from hostshift_pymongo import MongoClient
with MongoClient(sys.argv[1], serverSelectionTimeoutMS=10000) as client:
    notes = client.lab.besides
    notes.insert_one({"n": 0})
    with notes.watch(max_await_time_ms=2000) as changes, client.start_session() as session:
        session.with_transaction(lambda own: notes.insert_many([{"n": 1}, {"n": 2}], session=own))
        print(*(next(changes)["fullDocument"]["n"] for _ in range(2)))
        session.start_transaction()
        notes.insert_one({"n": 3}, session=session)
        session.abort_transaction()
    print(*sorted(one["n"] for one in notes.find()))
"""
# What comes of the members that are not primary.
ERRORS = """
import sys, time
from hostshift_pymongo import MongoClient
with MongoClient(sys.argv[1], serverSelectionTimeoutMS=10000) as client:
    client.lab.notes.insert_one({})
    print(client.lab.who.find_one()["name"], "%s:%s" % client.primary)
    until = time.monotonic() + 5
    while time.monotonic() < until:
        known = client.topology_description.server_descriptions().values()
        errors = {"%s:%s" % one.address: str(one.error) for one in known if one.error}
        if len(errors) == 2:
            break
        time.sleep(0.1)
    for name in sorted(errors):
        print(errors[name])
"""
KINDS = {"drop-in", "async-drop-in", "installed", "async-installed"}


class Set(NamedTuple):
    """A set of three: what it announces, where each is published, and its containers."""

    scene: Scene
    announced: list[str]
    published: list[int]
    members: list[Container]

    def use(self, places: Sequence[Place], url: str, ready: Any) -> dict[Place, Outcome]:
        """Use it from all places at once, and stop the primary when all are at work."""
        with ThreadPoolExecutor(len(places)) as pool:
            running = {
                place: pool.submit(
                    self.scene.run_standing,
                    place,
                    ["python", "-W", "error", "-c", USE, url, place.name],
                    timeout=60,
                )
                for place in places
            }
            wanted, until = len(places) * len(KINDS), time.monotonic() + 30
            while ready.count_documents({}) < wanted and time.monotonic() < until:
                if any(one.done() for one in running.values()):
                    break
                time.sleep(0.1)
            self.members[0].kill()
            return {place: one.result() for place, one in running.items()}


class Store(NamedTuple):
    """Where the data of all sets is."""

    stage: Stage
    image: str
    network: Network
    port: int
    scene: Scene

    def client(self) -> pymongo.MongoClient[dict[str, Any]]:
        return pymongo.MongoClient("localhost", self.port, directConnection=True)


@pytest.fixture(scope="module")
def store(module_stage: Stage, app_image: str) -> Store:
    network, port = module_stage.network(), free_port()
    database = module_stage.serve(
        "mongo",
        "store",
        app_image,
        port=STORE,
        network=network,
        ports={STORE: port},
        environment={"WHO": "set", "REPLSET": "1"},
    )
    scene = Scene(module_stage, app_image, network, database)
    return Store(module_stage, app_image, network, port, scene)


def _start(store: Store, name: str, published: list[int]) -> list[Container]:
    """Start three members in containers of their own, each published."""

    def start(index: int) -> Container:
        words = ["bash", "-c", START.format(port=INSIDE[0], index=index)]
        return store.stage.start(
            f"{name}{index}",
            store.image,
            words,
            network=store.network,
            ports={INSIDE[0]: published[index]},
        )

    with ThreadPoolExecutor(3) as pool:
        return list(pool.map(start, range(3)))


def _announce(
    store: Store, name: str, members: list[Container], announced: list[str], ports: Sequence[int]
) -> None:
    """Tell the members what to announce, and wait until they serve."""
    told = {"store": f"store:{STORE}", "name": name, "announced": announced}
    files = {MEMBER.name: MEMBER.read_text(encoding="utf-8"), "set.json": json.dumps(told)}
    for member in members:
        copy_into(member, files)
        copy_into(member, {"go": ""})
    for member, port in zip(members, ports, strict=True):
        store.stage.wait(member, port)


def _use(store: Store, made: Set, name: str, places: Sequence[Place]) -> None:
    """Use a set while its primary stops, and judge what came of it."""
    hosts = ",".join(f"localhost:{port}" for port in made.published)
    url = f"mongodb://{hosts}/?replicaSet={name}"
    with store.client() as client:
        client.lab.ready.delete_many({})
        said = made.use(places, url, client.lab.ready)
    nodes = ",".join(sorted(made.announced))
    first, second, _ = made.announced
    for place, outcome in said.items():
        assert outcome.code == 0, (place.name, outcome.stdout, outcome.stderr)
        lines = [line.split() for line in outcome.stdout.splitlines()]
        assert {kind for kind, *_ in lines} == KINDS, (place.name, outcome.stderr)
        for _, *found in lines:
            assert found == [first, second, second, "0", "set", nodes], (place.name, outcome.stdout)


def _run(store: Store, place: Place, program: str, url: str) -> list[str]:
    words = ["python", "-W", "error", "-c", program, url]
    said = store.scene.run_standing(place, words)
    assert said.code == 0, said.stderr
    return said.stdout.splitlines()


@pytest.mark.parametrize("names", ["names", "ids"])
def test_names_and_ids_of_containers(store: Store, names: str) -> None:
    """From the host, where an engine says what they are; names also on their own network."""
    published = [free_port() for _ in range(3)]
    members = _start(store, names, published)
    called = [one.name if names == "names" else (one.id or "")[:12] for one in members]
    announced = [f"{one}:{INSIDE[0]}" for one in called]
    _announce(store, names, members, announced, [INSIDE[0]] * 3)
    _use(store, Set(store.scene, announced, published, members), names, [HOST, USER_NETWORK])


def test_ports_of_the_host(store: Store) -> None:
    """127.0.0.1 with the ports that the host publishes: from everywhere."""
    published = [free_port() for _ in range(3)]
    members = _start(store, "ports", published)
    announced = [f"127.0.0.1:{port}" for port in published]
    _announce(store, "ports", members, announced, [INSIDE[0]] * 3)
    url = f"mongodb://localhost:{published[0]}/?replicaSet=ports"
    assert _run(store, BRIDGE, BESIDES, url) == ["1 2", "0 1 2"]
    _use(store, Set(store.scene, announced, published, members), "ports", CONNECTED)


def test_ports_in_one_namespace(store: Store) -> None:
    """Loopback with the ports inside, as of three servers in a pod; a decoy has one of them.

    From a container without an engine only the first is known: the others' machine is not.
    """
    inside = [free_port() for _ in range(3)]
    published = [free_port() for _ in range(3)]
    stage, announced = store.stage, [f"localhost:{port}" for port in inside]
    pod = stage.start(
        "pod",
        store.image,
        ["sleep", "infinity"],
        network=store.network,
        ports=dict(zip(inside, published, strict=True)),
    )
    members = []
    for index, port in enumerate(inside):
        words = ["bash", "-c", START.format(port=port, index=index)]
        members.append(stage.start(f"pod{index}", store.image, words, network=pod))
    _announce(store, "pod", members, announced, inside)
    decoy = {"WHO": "decoy", "REPLSET": "1", "ANNOUNCE": announced[1]}
    with host_server("mongo", inside[1], address="0.0.0.0", environment=decoy):
        url = f"mongodb://localhost:{published[0]}/?replicaSet=pod"
        first, *errors = _run(store, BRIDGE, ERRORS, url)
        assert first == f"set {announced[0]}"
        # The same server announces by its seed's name first, and then as the member that it is.
        who = f"(localhost:{published[0]}|{announced[0]})"
        for name, error in zip(sorted(announced[1:]), errors, strict=True):
            assert re.search(f"{name}, announced by {who}, is not dialled", error), error
            assert f"HOSTSHIFT_MAP={name}=HOST:PORT" in error
        _use(store, Set(store.scene, announced, published, members), "pod", [HOST])

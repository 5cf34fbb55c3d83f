"""A Redis Cluster of three and three, and a Sentinel, used through the plug while they change."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from redis import Redis

from tests.lab.busy import busy, until
from tests.lab.places import BRIDGE, HOST, Place, Scene
from tests.lab.redis_servers import (
    PORT,
    Moving,
    Node,
    form_cluster,
    start_node,
    start_sentinel,
)
from tests.lab.stage import Stage, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from tests.lab.busy import Ending
    from tests.lab.engine import Engine
    from tests.lab.sdk import Network

USE = Path(__file__).with_name("redis_strangers.py").read_text(encoding="utf-8")
CLIENT = Path(__file__).with_name("redis_client.py").read_text(encoding="utf-8")
SLOTS = 16384
LONGEST = "90"
HOT = 10
"""Keys that each client writes all the time."""
LOOPBACK = [27101, 27102, 27103]


class Servers(NamedTuple):
    """Servers of one kind, by the address to write down for them."""

    scene: Scene
    nodes: list[Node]
    kind: str

    def seed(self, node: Node) -> str:
        """Spell a node as whoever runs things on the host does."""
        return f"localhost:{self.scene.stage.published(node.container, node.port)}"

    @property
    def masters(self) -> list[Node]:
        """Who is a master now."""
        return [node for node in self.nodes if node.is_master()]

    def client(
        self, place: Place, loop: str, how: str, directory: Path, seed: str = ""
    ) -> AbstractContextManager[Ending]:
        """Run a client there until it is told to end; it then says what it met."""
        words = [self.kind, loop, how, seed or self.seed(self.nodes[0]), LONGEST]
        return busy(self.scene, place, CLIENT, words, directory)


@pytest.fixture(scope="module")
def cluster(engine: Engine, app_image: str) -> Iterator[Servers]:
    """Run a cluster of three masters and three replicas, each in a container of its own."""
    with Stage(engine) as stage:
        network = stage.network()
        scene = Scene(stage, app_image, network)
        names = [f"node{number}" for number in range(6)]
        nodes = [
            node for name in names for node in start_node(stage, name, app_image, network, [PORT])
        ]
        addresses = [f"{stage.address(node.container)}:{PORT}" for node in nodes]
        form_cluster(nodes, addresses, replicas=1)
        yield Servers(scene, nodes, "cluster")


def _announce_names(cluster: Servers) -> None:
    """Announce names that are known on the cluster's own network alone."""
    for number, node in enumerate(cluster.nodes):
        node.ask("config", "set", "cluster-announce-hostname", f"node{number}")
        node.ask("config", "set", "cluster-preferred-endpoint-type", "hostname")
    first = cluster.nodes[0]
    names = {f"node{number}" for number in range(len(cluster.nodes))}
    until(lambda: names <= set(first.ask("cluster", "slots").split()), "names")


WHERE = [
    (HOST, "async", "install"),
    (BRIDGE, "sync", "install"),
    (HOST, "sync", "drop-in"),
    (BRIDGE, "async", "drop-in"),
]


class TestCluster:
    """Announced by addresses, then by names of its network; used from outside of it."""

    @pytest.mark.parametrize("announced", ["addresses", "names"])
    def test_all_slots_through_resharding_and_failover(
        self, cluster: Servers, tmp_path: Path, announced: str
    ) -> None:
        if announced == "names":
            _announce_names(cluster)
        with ExitStack() as stack:
            clients = {
                (place.name, loop, how): stack.enter_context(
                    cluster.client(place, loop, how, tmp_path / f"{place.name}-{loop}")
                )
                for place, loop, how in (WHERE[:2] if announced == "names" else WHERE[2:])
            }
            _reshard(cluster)
            if announced == "names":
                _lose_a_master(cluster)
            told = {who: ending() for who, ending in clients.items()}
        for who, said in told.items():
            assert said.get("slots") == said.get("slots after") == SLOTS, (who, said)
            # A write that a master took with it when it was killed is Redis's own to lose.
            assert said["wrong"] <= (announced == "names")
            assert said["MovedError"] > 0
            assert said["AskError"] > 0
            assert all(("node" in name) == (announced == "names") for name in said["nodes"])

    @pytest.mark.parametrize("loop", ["sync", "async"])
    def test_plain_redis_reaches_none_from_the_bridge(
        self, cluster: Servers, tmp_path: Path, loop: str
    ) -> None:
        """Even by the right address of a node: what that announces is out of reach."""
        port = cluster.seed(cluster.nodes[0]).rpartition(":")[2]
        seed = f"{cluster.scene.stage.gateway()}:{port}"
        with cluster.client(BRIDGE, loop, "plain", tmp_path, seed) as ending:
            assert "failed" in ending()


def _reshard(cluster: Servers) -> None:
    """Move the slots of the busy keys to another master, while clients use them."""
    masters = cluster.masters
    for slot in range(5):
        owner = next(node for node in masters if _owns(node, slot))
        goal = next(node for node in masters if node != owner)
        moving = Moving(slot, owner, goal)
        moving.begin()
        moving.move_keys()
        time.sleep(0.2)
        moving.end(masters)


def _owns(node: Node, slot: int) -> bool:
    """Return True if a node serves a slot: by its own line in its own table."""
    (mine,) = (line for line in node.ask("cluster", "nodes").splitlines() if "myself" in line)
    ranges = [part.split("-") for part in mine.split()[8:] if not part.startswith("[")]
    return any(int(part[0]) <= slot <= int(part[-1]) for part in ranges)


def _lose_a_master(cluster: Servers) -> None:
    """Kill a master that is nobody's seed: its replica takes its slots."""
    lost = next(node for node in cluster.masters if node != cluster.nodes[0])
    lost.container.kill()
    cluster.nodes.remove(lost)
    until(lambda: len(cluster.masters) == 3, "a replica takes over")


@pytest.fixture(scope="module")
def decoy(engine: Engine, app_image: str) -> Iterator[Node]:
    """Run other servers on the host's own loopback, on the ports that are announced."""
    with Stage(engine) as stage:
        lines = [f"redis-server --port {port} --bind 127.0.0.1 --save '' &" for port in LOOPBACK]
        command = ["bash", "-euc", "\n".join([*lines, "wait"])]
        container = stage.start("decoy", app_image, command, ready=LOOPBACK[-1], network="host")
        yield Node(stage, container, LOOPBACK[0])


class TestAnnouncedAsLoopback:
    """All in one container: what it announces is another server's on the host."""

    def test_cluster(self, stage: Stage, app_image: str, decoy: Node, tmp_path: Path) -> None:
        network = stage.network()
        nodes = start_node(stage, "all", app_image, network, LOOPBACK)
        form_cluster(nodes, [f"127.0.0.1:{port}" for port in LOOPBACK], replicas=0)
        servers = Servers(Scene(stage, app_image, network), nodes, "cluster")
        for place, loop in ((HOST, "sync"), (HOST, "async"), (BRIDGE, "sync")):
            with servers.client(place, loop, "drop-in", tmp_path / f"{place.name}-{loop}") as end:
                said = end()
                assert said.get("slots") == said.get("slots after") == SLOTS, said
                assert said["nodes"] == [f"127.0.0.1:{port}" for port in LOOPBACK]
        assert [int(node.ask("dbsize")) > 5000 for node in nodes] == [True] * 3
        assert decoy.ask("dbsize") == "0"

    def test_sentinel(self, stage: Stage, app_image: str, decoy: Node, tmp_path: Path) -> None:
        network = stage.network()
        sentinel = start_sentinel(stage, "all", app_image, network, "127.0.0.1", LOOPBACK[:2])
        servers = Servers(Scene(stage, app_image, network), [sentinel], "sentinel")
        for place, loop in ((HOST, "sync"), (BRIDGE, "async")):
            with servers.client(place, loop, "drop-in", tmp_path / place.name) as end:
                said = end()
                assert said.get("wrong") == 0, said
        assert Node(stage, sentinel.container, LOOPBACK[0]).ask("dbsize") == str(HOT * 2)
        assert decoy.ask("dbsize") == "0"


APART = [27111, 27112, 27113]
# Two that could be taken for nodes: a plain server, and one that has all slots of its own.
STRANGERS = """
redis-server --port {1} --bind '* -::*' --protected-mode no --save '' &
redis-server --port {2} --bind '* -::*' --protected-mode no --save '' --cluster-enabled yes &
until redis-cli -p {2} cluster addslotsrange 0 16383; do sleep 0.1; done
wait
"""


@pytest.fixture(scope="module")
def apart(engine: Engine, app_image: str) -> Iterator[Servers]:
    """Run a cluster in one container, its first port published, and strangers on the host."""
    with Stage(engine) as stage:
        command = ["bash", "-euc", STRANGERS.format(*APART)]
        stage.start("strangers", app_image, command, ready=APART[-1], network="host")
        network = stage.network()
        nodes = start_node(stage, "apart", app_image, network, APART, {APART[0]: APART[0]})
        form_cluster(nodes, [f"127.0.0.1:{port}" for port in APART], replicas=0)
        yield Servers(Scene(stage, app_image, network), nodes, "cluster")


class TestNobodyToAsk:
    """No engine can be asked which of the announced ports are not the host's."""

    @staticmethod
    def _use(apart: Servers, place: Place, declared: str = "") -> dict[str, list[str]]:
        """Use it, and see that no stranger has got a key."""
        environment = {"HOSTSHIFT_SOURCES": "dns", "HOSTSHIFT_MAP": declared}
        words = ["python", "redis_strangers.py", str(APART[0])]
        files = {"redis_strangers.py": USE}
        said = apart.scene.run(place, words, files=files, environment=environment)
        assert said.code == 0, said.stderr
        for port in APART[1:]:
            with Redis("127.0.0.1", port) as stranger:
                assert stranger.dbsize() == 0
        told: dict[str, list[str]] = json.loads(said.stdout)
        return told

    @pytest.mark.parametrize("place", [HOST, BRIDGE], ids=lambda place: place.name)
    def test_no_stranger_gets_a_key(self, apart: Servers, place: Place) -> None:
        for told in self._use(apart, place).values():
            assert told[0].endswith(" is 0")
            for port, said in zip(APART[1:], told[1:], strict=True):
                assert said.startswith(f"127.0.0.1:{port}, announced by ")
                assert "another server answers at" in said
                assert f"HOSTSHIFT_MAP=127.0.0.1:{port}=HOST:PORT" in said

    def test_the_map_that_the_error_names_mends_it(self, apart: Servers) -> None:
        there = apart.scene.stage.address(apart.nodes[0].container)
        declared = ",".join(f"127.0.0.1:{port}={there}:{port}" for port in APART[1:])
        for told in self._use(apart, HOST, declared).values():
            assert [said.partition(" is ")[2] for said in told] == ["0", "1", "2"]


class TestSentinel:
    """A master, a replica and three sentinels, each in a container of its own."""

    def test_failover(self, stage: Stage, app_image: str, tmp_path: Path) -> None:
        network = stage.network()
        master, replica = (_server(stage, name, app_image, network) for name in ("m", "r"))
        address = stage.address(master.container)
        replica.ask("replicaof", address, str(PORT))
        sentinels = [
            start_sentinel(stage, f"s{number}", app_image, network, address) for number in range(3)
        ]
        servers = Servers(Scene(stage, app_image, network), sentinels, "sentinel")
        until(lambda: "slaves=1,sentinels=3" in sentinels[0].ask("info", "sentinel"), "sentinels")
        with ExitStack() as stack:
            clients = {
                (place.name, loop, how): stack.enter_context(
                    servers.client(place, loop, how, tmp_path / f"{place.name}-{loop}")
                )
                for place, loop, how in WHERE
            }
            master.container.kill()
            until(replica.is_master, "the replica is promoted")
            replica.ask("flushall")
            everything = str(HOT * len(WHERE))
            until(lambda: replica.ask("dbsize") == everything, "every client writes again")
            told = {who: ending() for who, ending in clients.items()}
        for who, said in told.items():
            # One is what the master took with it, one what flushall did.
            assert said.get("wrong", HOT) <= 2, (who, said)
            assert said["errors"] > 0
        assert replica.ask("dbsize") == everything


def _server(stage: Stage, name: str, image: str, network: Network) -> Node:
    """Start one Redis, published anyhow."""
    command = ["redis-server", "--protected-mode", "no", "--save", "", "--bind", "* -::*"]
    container = stage.start(
        name, image, command, ready=PORT, network=network, ports={PORT: free_port()}
    )
    return Node(stage, container)

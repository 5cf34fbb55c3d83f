"""A real Redis Cluster and a real Sentinel, in containers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tests.lab.busy import until
from tests.lab.errors import LabError
from tests.lab.stage import free_port

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.lab.sdk import Container, Network
    from tests.lab.stage import Stage

PORT, SENTINEL_PORT = 6379, 26379
_NODE_TIMEOUT_MS = 1500
_NODE = (
    "redis-server --port {port} --protected-mode no --save '' --appendonly no --bind '* -::*'"
    " --cluster-enabled yes --cluster-config-file nodes-{port}.conf"
    f" --cluster-node-timeout {_NODE_TIMEOUT_MS} --cluster-require-full-coverage no"
)
_TRIES = 3


class Node(NamedTuple):
    """One server of a cluster."""

    stage: Stage
    container: Container
    port: int = PORT

    def ask(self, *words: str) -> str:
        """Ask it something, from inside.

        Even an empty answer ends with a line's end: under load, the engine now and then loses
        what a command wrote.
        """
        command = ["redis-cli", "-p", str(self.port), *words]
        said = self.stage.exec(self.container, command)
        for _ in range(_TRIES):
            if said.stdout or said.code:
                break
            said = self.stage.exec(self.container, command)
        if said.code != 0 or said.stdout.startswith("ERR"):
            message = f"{self.container.name}: {' '.join(words)}: {said.stdout}{said.stderr}"
            raise LabError(message)
        return said.stdout.strip()

    @property
    def id(self) -> str:
        """Its name in the cluster."""
        return self.ask("cluster", "myid")

    def is_master(self) -> bool:
        """Return True if it is a master now."""
        return "role:master" in self.ask("info", "replication")


def start_node(
    stage: Stage,
    name: str,
    image: str,
    network: Network,
    ports: Sequence[int],
    published: dict[int, int | tuple[str, int] | None] | None = None,
) -> list[Node]:
    """Start a container with one server of a cluster on each port.

    `published` are those of its ports that the host has, and as which; without it all
    are published anyhow.
    """
    lines = [_NODE.format(port=port) + " &" for port in ports]
    container = stage.start(
        name,
        image,
        ["bash", "-euc", "\n".join([*lines, "wait"])],
        ready=ports[-1],
        network=network,
        ports={port: free_port() for port in ports} if published is None else published,
    )
    return [Node(stage, container, port) for port in ports]


def form_cluster(nodes: Sequence[Node], addresses: Sequence[str], replicas: int) -> None:
    """Make a cluster of them, and wait until all of them agree."""
    first = nodes[0]
    words = ["redis-cli", "--cluster", "create", *addresses]
    words += ["--cluster-replicas", str(replicas), "--cluster-yes"]
    said = first.stage.exec(first.container, words)
    if said.code != 0:
        raise LabError(said.stdout + said.stderr)
    for node in nodes:
        until(lambda node=node: _agrees(node, len(nodes)), f"{node.container.name} agrees")  # type: ignore[misc]


def _agrees(node: Node, known: int) -> bool:
    said = node.ask("cluster", "info")
    return "cluster_state:ok" in said and f"cluster_known_nodes:{known}" in said


class Moving(NamedTuple):
    """A slot on its way from one master to another."""

    slot: int
    source: Node
    goal: Node

    def begin(self) -> None:
        """Open it: what is gone from the source is asked for at the goal (ASK)."""
        self.goal.ask("cluster", "setslot", str(self.slot), "importing", self.source.id)
        self.source.ask("cluster", "setslot", str(self.slot), "migrating", self.goal.id)

    def move_keys(self) -> None:
        """Move the keys that are there now."""
        address = self.goal.stage.address(self.goal.container)
        keys = self.source.ask("cluster", "getkeysinslot", str(self.slot), "1000").split()
        if keys:
            goal = ["migrate", address, str(self.goal.port), "", "0", "5000", "keys"]
            self.source.ask(*goal, *keys)

    def end(self, masters: Sequence[Node]) -> None:
        """Close it: who still asks the source is sent to the goal for good (MOVED)."""
        self.move_keys()
        owner = self.goal.id
        for node in (self.goal, self.source, *masters):
            node.ask("cluster", "setslot", str(self.slot), "node", owner)


def start_sentinel(
    stage: Stage,
    name: str,
    image: str,
    network: Network,
    master: str,
    beside: Sequence[int] = (),
) -> Node:
    """Start a sentinel that watches a master, published anyhow.

    `beside` are ports of servers in the same container, the first of them the master.
    """
    quorum, port = (1, beside[0]) if beside else (2, PORT)
    settings = (
        f"port {SENTINEL_PORT}",
        "bind * -::*",
        "protected-mode no",
        f"sentinel monitor shop {master} {port} {quorum}",
        "sentinel down-after-milliseconds shop 1000",
        "sentinel failover-timeout shop 4000",
    )
    serve = "redis-server --protected-mode no --save '' --bind '* -::*' --port {}{} &"
    lines = [serve.format(one, f" --replicaof 127.0.0.1 {port}" * (one != port)) for one in beside]
    lines += ["printf '%s\\n' \"$@\" > s.conf", "exec redis-server s.conf --sentinel"]
    container = stage.start(
        name,
        image,
        ["bash", "-euc", "\n".join(lines), "run", *settings],
        ready=SENTINEL_PORT,
        network=network,
        ports={one: free_port() for one in (SENTINEL_PORT, *beside)},
    )
    return Node(stage, container, SENTINEL_PORT)

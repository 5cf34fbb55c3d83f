"""Nodes of a real cluster that nobody around can tell of: each must be who it was announced as.

The first node is at the port that it announces. At those of the other two, other servers
listen here: one that is no cluster's, and one that has all slots of another cluster.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import redis
from redis import asyncio as redis_asyncio
from redis.crc import key_slot

import hostshift_redis
from hostshift import Policy
from hostshift_redis import asyncio as ours_asyncio
from tests.integrations.redis_servers import SLOTS, Servers, serving
from tests.lab.busy import until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hostshift_pytest import Pretend
    from tests.lab.engine import Engine

OURS: dict[str, Any] = {"sync": hostshift_redis, "async": ours_asyncio}
PLAIN: dict[str, Any] = {"sync": redis, "async": redis_asyncio}
NODES, STRANGERS = ("n1", "n2", "n3"), ("plain", "other")
WITHOUT_SLOTS = "n4"
BUSES = {"n1": "b1", "n2": "b2", "n3": "b3", "n4": "b4", "other": "b5"}
"""Ports of the nodes among themselves: by default those are where clients have theirs."""
WRONG = {"n2": "plain", "n3": "other"}
"""At whose ports here the nodes are that cannot be reached as announced."""
NODE = (
    "--cluster-enabled yes --cluster-config-file {name}.conf --cluster-node-timeout 1500"
    " --cluster-allow-replica-migration no"
    " --cluster-announce-ip 127.0.0.1 --cluster-announce-port {{{at}}} --cluster-port {{{bus}}}"
)
SECRET = "let-me-in"


@pytest.fixture(scope="module")
def servers(engine: Engine, lab_image: str) -> Iterator[Servers]:
    """Run a cluster of three and a node without slots, and two servers that are none of it."""
    options = {
        name: NODE.format(name=name, at=WRONG.get(name, name), bus=bus)
        for name, bus in BUSES.items()
    }
    names = [*NODES, WITHOUT_SLOTS, *STRANGERS]
    more = tuple(BUSES.values())
    with serving(engine, lab_image, names, options=options, more=more) as running:
        running.ask("other", "CLUSTER", "ADDSLOTSRANGE", 0, SLOTS - 1)
        for number, name in enumerate(NODES):
            running.ask(name, "CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            first, last = SLOTS * number // 3, SLOTS * (number + 1) // 3 - 1
            running.ask(name, "CLUSTER", "ADDSLOTSRANGE", first, last)
        for name in ("n2", "n3", "n4"):
            bus = running.ports[BUSES[name]]
            running.ask("n1", "CLUSTER", "MEET", "127.0.0.1", running.ports[name], bus)
        until(lambda: all(_agrees(running, name, 4) for name in (*NODES, "n4")), "a cluster")
        until(lambda: _agrees(running, "other", 1), "another")
        yield running


def _agrees(servers: Servers, name: str, known: int) -> bool:
    said = servers.ask(name, "CLUSTER", "INFO")
    links = servers.ask(name, "CLUSTER", "NODES")
    return "state:ok" in str(said) and str(links).count("connected") == known


@pytest.fixture(autouse=True)
def _nobody_around(pretend: Pretend) -> None:
    pretend("host")


@pytest.fixture(params=["drop-in", "install"])
def how(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "install":
        hostshift_redis.install()
    yield request.param
    hostshift_redis.uninstall()


async def _now(answer: Any) -> Any:
    """Take an answer of either kind of client."""
    return await answer if hasattr(answer, "__await__") else answer


def key_of(node: str) -> str:
    """Find a key that a node has to keep."""
    keys = (f"{node}.{number}" for number in range(1000))
    return next(key for key in keys if NODES[_slot(key) * 3 // SLOTS] == node)


def _slot(key: str) -> int:
    return int(key_slot(key.encode()))  # type: ignore[no-untyped-call,unused-ignore]


async def _client(kinds: Any, servers: Servers, **options: Any) -> Any:
    """Make a client that knows the nodes."""
    options = {"decode_responses": True, "socket_timeout": 5, **options}
    client = kinds.RedisCluster(host="localhost", port=servers.ports["n1"], **options)
    await _begin(client)
    return client


async def _begin(client: Any) -> None:
    """Let a client of asyncio learn the nodes: else its first command goes to any of them."""
    if hasattr(client, "__aenter__"):
        await client.initialize()


async def _close(client: Any) -> None:
    await _begin(client)  # redis-py closes nothing after a failure.
    await _now(client.aclose() if hasattr(client, "aclose") else client.close())


async def _use(
    kinds: Any, servers: Servers, nodes: Sequence[str] = NODES, **options: Any
) -> dict[str, str]:
    """Write a key to each node, by a client for each: what became of it."""

    async def use(node: str) -> str:
        client = await _client(kinds, servers, **options)
        try:
            await _now(client.set(key_of(node), node))
            said: str = await _now(client.get(key_of(node)))
        except redis.RedisError as error:
            said = str(error)
        await _close(client)
        return said

    return dict(zip(nodes, await asyncio.gather(*map(use, nodes)), strict=True))


def _kept(servers: Servers) -> dict[str, list[str]]:
    """List the keys of those that are none of the cluster."""
    return {name: sorted(servers.ask(name, "KEYS", "*")) for name in STRANGERS}


@contextmanager
def _locked(
    servers: Servers, names: Sequence[str], secret: str = SECRET
) -> Iterator[dict[str, str]]:
    """Want a password of whoever comes; give what a client needs."""
    for name in names:
        servers.ask(name, "CONFIG", "SET", "requirepass", secret)
    try:
        yield {"password": secret}
    finally:
        for name in names:
            with redis.Redis("127.0.0.1", servers.ports[name], password=secret) as client:
                client.config_set("requirepass", "")


@contextmanager
def _silent(servers: Servers, names: Sequence[str]) -> Iterator[dict[str, str]]:
    """Let nobody ask the nodes who they are."""
    for name in names:
        rules = ("on", f">{SECRET}", "~*", "+@all", "-cluster|myid")
        servers.ask(name, "ACL", "SETUSER", "shop", *rules)
    yield {"username": "shop", "password": SECRET}


@contextmanager
def _open(servers: Servers, names: Sequence[str]) -> Iterator[dict[str, str]]:
    del servers, names
    yield {}


WAYS = {"open": _open, "with a password": _locked, "not telling who they are": _silent}


class TestStrangers:
    """Other servers at the ports of two nodes."""

    @pytest.mark.parametrize("loop", OURS)
    def test_none_gets_a_key(self, servers: Servers, how: str, loop: str) -> None:
        met = asyncio.run(_use((OURS if how == "drop-in" else PLAIN)[loop], servers))
        assert _kept(servers) == {"plain": ["who"], "other": []}
        assert met == {"n1": "n1", **{node: _wrong(servers, node) for node in WRONG}}

    @pytest.mark.parametrize("loop", OURS)
    @pytest.mark.parametrize("way", ["with a password", "not telling who they are"])
    def test_none_gets_a_key_or_the_password(self, servers: Servers, way: str, loop: str) -> None:
        with (
            WAYS[way](servers, NODES) as options,
            redis.Redis("127.0.0.1", servers.ports["plain"], protocol=2) as plain,
        ):
            plain.config_resetstat()
            met = asyncio.run(_use(OURS[loop], servers, list(WRONG), **options))
            counted = plain.info("commandstats")
        assert _kept(servers) == {"plain": ["who"], "other": []}
        assert met == {node: _wrong(servers, node) for node in WRONG}
        assert not counted.keys() & {"cmdstat_auth", "cmdstat_hello"}
        assert any(name.startswith("cmdstat_cluster") for name in counted)

    @pytest.mark.parametrize("loop", OURS)
    def test_one_with_a_password_of_its_own(self, servers: Servers, loop: str) -> None:
        """The driver's own error would be about the password: a wrong one, or none."""
        wrong = {"n2": _wrong(servers, "n2")}
        with _locked(servers, ["plain"], "another"):
            assert asyncio.run(_use(OURS[loop], servers, ["n2"])) == wrong
            with _locked(servers, NODES) as options:
                assert asyncio.run(_use(OURS[loop], servers, ["n2"], **options)) == wrong

    @pytest.mark.parametrize("loop", OURS)
    def test_what_the_error_says_mends_it(
        self, servers: Servers, pretend: Pretend, loop: str
    ) -> None:
        port = servers.ports
        rules = [f"127.0.0.1:{port[at]}=127.0.0.1:{port[node]}" for node, at in WRONG.items()]
        pretend("host", policy=Policy(map=",".join(rules)))
        assert asyncio.run(_use(OURS[loop], servers)) == {node: node for node in NODES}
        assert _kept(servers) == {"plain": ["who"], "other": []}


def _wrong(servers: Servers, node: str) -> str:
    name = f"127.0.0.1:{servers.ports[WRONG[node]]}"
    return (
        f"{name}, announced by 127.0.0.1:{servers.ports['n1']}, is not used: another server"
        f" answers at {name}. Say where it is with HOSTSHIFT_MAP={name}=HOST:PORT"
    )


@pytest.fixture(scope="class")
def _at_home(servers: Servers) -> None:
    """Let the nodes announce where they are, from now on: these are the last tests."""
    _announce(servers, {node: node for node in WRONG})


def _announce(servers: Servers, there: Mapping[str, str]) -> None:
    ports = {node: servers.ports[at] for node, at in there.items()}
    for node, port in ports.items():
        servers.ask(node, "CONFIG", "SET", "cluster-announce-port", port)

    def all_heard() -> bool:
        said = [str(servers.ask(name, "CLUSTER", "NODES")) for name in NODES]
        return all(f"127.0.0.1:{port}@" in one for one in said for port in ports.values())

    until(all_heard, "all have heard of it")


@pytest.mark.usefixtures("_at_home")
class TestTheNodesThemselves:
    """All of them at the ports that they announce."""

    @pytest.mark.parametrize("way", WAYS)
    @pytest.mark.parametrize("loop", OURS)
    def test_each_is_reached(self, servers: Servers, way: str, loop: str) -> None:
        with WAYS[way](servers, NODES) as options:
            met = asyncio.run(_use(OURS[loop], servers, **options))
        assert met == {node: node for node in NODES}

    def test_one_that_only_a_redirect_named(self, servers: Servers) -> None:
        """It is no stranger if it knows the cluster's nodes."""

        async def use() -> None:
            clients = {loop: await _client(kinds, servers) for loop, kinds in OURS.items()}
            _give(servers, key_of("n2"), "n4")
            for loop, client in clients.items():
                assert len(client.get_nodes()) == 3
                await _now(client.set(key_of("n2"), loop))
                assert servers.ask("n4", "GET", key_of("n2")) == loop
                await _close(client)

        try:
            asyncio.run(use())
        finally:
            servers.ask("n4", "FLUSHALL")
            _give(servers, key_of("n2"), "n2")

    def test_a_stranger_that_only_a_redirect_named(self, servers: Servers) -> None:
        async def use() -> None:
            clients = [await _client(kinds, servers) for kinds in OURS.values()]
            _announce(servers, {"n4": "other"})
            _give(servers, key_of("n2"), "n4")
            for client in clients:
                with pytest.raises(redis.ConnectionError, match="HOSTSHIFT_MAP="):
                    await _now(client.set(key_of("n2"), "n4"))
                await _close(client)

        try:
            asyncio.run(use())
        finally:
            _give(servers, key_of("n2"), "n2")
        assert _kept(servers) == {"plain": ["who"], "other": []}


def _give(servers: Servers, key: str, goal: str) -> None:
    """Give the slot of a key that nobody has to another node."""
    slot, own = _slot(key), servers.ask(goal, "CLUSTER", "MYID")
    servers.ask("n2", "FLUSHALL")
    for name in (goal, *NODES, "n4"):
        servers.ask(name, "CLUSTER", "SETSLOT", slot, "NODE", own)

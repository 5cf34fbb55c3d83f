"""The redis-py integration with a real cluster and sentinel that announce another's addresses.

They announce ``127.0.0.1`` with the ports that they have in their container; on these
ports other servers listen here. What an engine shows of that container is pretended.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
import redis
from redis import asyncio as redis_asyncio
from redis import sentinel
from redis.asyncio import sentinel as asyncio_sentinel
from redis.crc import key_slot
from redis.exceptions import AskError

import hostshift_redis
from hostshift import Policy
from hostshift.discovery import Container, Publication, Service, Topology
from hostshift.drivers.redis_members import ClusterDialer
from hostshift.errors import UnknownMemberError
from hostshift.routing.model import Address
from hostshift_redis import asyncio as ours_asyncio
from hostshift_redis._connection import dialling
from hostshift_redis._introspect import INTROSPECTING
from tests.integrations.redis_servers import SLOTS, Servers, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hostshift_pytest import Pretend
    from tests.lab.engine import Engine

OURS: dict[str, Any] = {"sync": hostshift_redis, "async": ours_asyncio}
PLAIN: dict[str, Any] = {"sync": redis, "async": redis_asyncio}
NODES, DECOYS = ("n1", "n2", "n3", "n4"), ("d1", "d2", "d3", "d4")
BUSES = ("b1", "b2", "b3", "b4")
"""Ports of the nodes among themselves: by default those are where clients have theirs."""
NODE = (
    "--cluster-enabled yes --cluster-config-file {name}.conf"
    " --cluster-announce-ip 127.0.0.1 --cluster-announce-port {{{decoy}}} --cluster-port {{{bus}}}"
)
KEYS = 300
_SECONDS = 20


@pytest.fixture(scope="module")
def servers(engine: Engine, lab_image: str) -> Iterator[Servers]:
    """Run a cluster of three, a fourth node for later, and a decoy for each."""
    options = {
        name: NODE.format(name=name, decoy=decoy, bus=bus)
        for name, decoy, bus in zip(NODES, DECOYS, BUSES, strict=True)
    }
    names = [*NODES, *DECOYS]
    with serving(engine, lab_image, names, options=options, more=BUSES, watched="d1") as running:
        for number, name in enumerate(NODES):
            running.ask(name, "CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        for number, name in enumerate(NODES[:3]):
            first, last = SLOTS * number // 3, SLOTS * (number + 1) // 3 - 1
            running.ask(name, "CLUSTER", "ADDSLOTSRANGE", first, last)
        for name in NODES[1:3]:
            _meet(running, name)
        _until(lambda: all(_agrees(running, name, 3) for name in NODES[:3]))
        yield running


def _meet(servers: Servers, name: str) -> None:
    bus = servers.ports[dict(zip(NODES, BUSES, strict=True))[name]]
    servers.ask("n1", "CLUSTER", "MEET", "127.0.0.1", servers.ports[name], bus)


def _agrees(servers: Servers, name: str, known: int) -> bool:
    info = servers.ask(name, "CLUSTER", "INFO")
    links = servers.ask(name, "CLUSTER", "NODES")
    return "state:ok" in str(info) and str(links).count("connected") == known


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _SECONDS
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _around(servers: Servers, published: dict[str, str]) -> Topology:
    """Show one container: its ports are the announced ones, published as the real ones."""
    publications = tuple(
        Publication(port=servers.ports[inside], published=servers.ports[outside])
        for inside, outside in published.items()
    )
    container = Container(name="redis", publications=publications)
    service = Service(
        service="redis",
        project=None,
        containers=(container,),
        certainty="known",
        source="engine",
    )
    return Topology(services=(service,), engine="/run/engine.sock")


def _cluster_around(servers: Servers) -> Topology:
    return _around(servers, dict(zip(DECOYS, NODES, strict=True)))


@pytest.fixture(params=["drop-in", "install"])
def how(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "install":
        hostshift_redis.install()
    yield request.param
    hostshift_redis.uninstall()


async def _now(answer: Any) -> Any:
    """Take an answer of either kind of client."""
    return await answer if hasattr(answer, "__await__") else answer


def _client(kinds: Any, servers: Servers) -> Any:
    return kinds.RedisCluster(host="localhost", port=servers.ports["n1"], decode_responses=True)


async def _close(client: Any) -> None:
    await _now(client.aclose() if hasattr(client, "aclose") else client.close())


def _kept(servers: Servers, names: tuple[str, ...]) -> list[int]:
    return [int(servers.ask(name, "DBSIZE")) for name in names]


@pytest.mark.parametrize("loop", OURS)
def test_the_cluster_and_never_the_decoys(
    servers: Servers, pretend: Pretend, how: str, loop: str
) -> None:
    pretend("host", around=_cluster_around(servers))
    for name in NODES[:3]:
        servers.ask(name, "FLUSHALL")

    async def use() -> None:
        client = _client((OURS if how == "drop-in" else PLAIN)[loop], servers)
        for key in range(KEYS):
            await _now(client.set(f"key{key}", key))
        assert [await _now(client.get(f"key{key}")) for key in range(KEYS)] == [
            str(key) for key in range(KEYS)
        ]
        announced = {f"127.0.0.1:{servers.ports[decoy]}" for decoy in DECOYS[:3]}
        assert {node.name for node in client.get_nodes()} == announced
        await _close(client)

    asyncio.run(use())
    kept = _kept(servers, NODES[:3])
    assert sum(kept) == KEYS
    assert min(kept) > KEYS / 6
    assert _kept(servers, DECOYS) == [1] * 4


def test_the_drivers_own_remap_comes_first(servers: Servers, pretend: Pretend) -> None:
    """Here it does all of the work: nothing is known around."""
    pretend("host")
    pairs = zip(DECOYS, NODES, strict=True)
    there = {servers.ports[decoy]: servers.ports[node] for decoy, node in pairs}

    def remap(address: tuple[str, int]) -> tuple[str, int]:
        return address[0], there[address[1]]

    port = servers.ports["n1"]
    client: Any = hostshift_redis.RedisCluster(host="127.0.0.1", port=port, address_remap=remap)
    assert {node.port for node in client.get_nodes()} == {servers.ports[n] for n in NODES[:3]}
    assert client.set("key", "value")
    client.close()


def _move(servers: Servers, slot: int, source: str, goal: str, *, only_begin: bool) -> None:
    """Give a slot without keys away; begun only, what the source lacks is asked for at the goal."""
    ids = {name: servers.ask(name, "CLUSTER", "MYID") for name in (source, goal)}
    if only_begin:
        servers.ask(goal, "CLUSTER", "SETSLOT", slot, "IMPORTING", ids[source])
        servers.ask(source, "CLUSTER", "SETSLOT", slot, "MIGRATING", ids[goal])
        return
    for name in (goal, source, *NODES[:3]):
        servers.ask(name, "CLUSTER", "SETSLOT", slot, "NODE", ids[goal])


@pytest.fixture
def met(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count the redirects that the driver meets."""
    counted: Counter[str] = Counter()
    own = AskError.__init__

    def init(self: Any, *arguments: Any, **named: Any) -> None:
        counted[type(self).__name__] += 1
        own(self, *arguments, **named)

    monkeypatch.setattr(AskError, "__init__", init)
    return counted


def test_redirects_even_to_a_node_that_no_list_named(
    servers: Servers, pretend: Pretend, met: Counter[str]
) -> None:
    pretend("host", around=_cluster_around(servers))
    for name in NODES[:3]:
        servers.ask(name, "FLUSHALL")
    slot = key_slot(b"moving")  # type: ignore[no-untyped-call,unused-ignore]
    source = NODES[slot * 3 // SLOTS]
    goal = next(name for name in NODES[:3] if name != source)

    async def use() -> None:
        clients = {loop: _client(kinds, servers) for loop, kinds in OURS.items()}
        await clients["async"].initialize()
        for loop, client in clients.items():
            await _now(client.set(f"{loop}", loop))
        _move(servers, slot, source, goal, only_begin=True)
        for loop, client in clients.items():
            await _now(client.set(f"{{moving}}{loop}", loop))
            assert await _now(client.get(f"{{moving}}{loop}")) == loop
        assert met["AskError"] >= 4
        assert met["MovedError"] == 0
        _move(servers, slot, source, goal, only_begin=False)
        for loop, client in clients.items():
            assert await _now(client.get(f"{{moving}}{loop}")) == loop
            await _now(client.delete(f"{{moving}}{loop}"))
        assert met["MovedError"] == 2
        _meet(servers, "n4")
        _until(lambda: all(_agrees(servers, name, 4) for name in NODES))
        _move(servers, slot, goal, "n4", only_begin=False)
        for loop, client in clients.items():
            # The application's own question is not the driver's.
            await _now(client.cluster_slots())
            await _now(client.set(f"{{moving}}{loop}", loop))
            assert await _now(client.get(f"{{moving}}{loop}")) == loop
            await _close(client)
        assert met["MovedError"] >= 4

    asyncio.run(use())
    assert _kept(servers, ("n4",)) == [2]
    assert _kept(servers, DECOYS) == [1] * 4


def test_a_published_port_does_not_say_which_node_answered(pretend: Pretend) -> None:
    """Each of two is published as the other's port."""
    publications = (Publication(port=7001, published=7002), Publication(port=7002, published=7001))
    service = Service(
        service="redis",
        project=None,
        containers=(Container(name="redis", publications=publications),),
        certainty="known",
        source="engine",
    )
    pretend("host", around=Topology(services=(service,), engine="/run/engine.sock"))
    dials = ClusterDialer()
    assert dials.locate("localhost", 7001) == ("localhost", 7001)
    dials.seeds = frozenset((Address(host="localhost", port=7001),))
    listed = [[0, 1, ["127.0.0.1", 7001]], [2, 3, ["127.0.0.1", 7002]]]
    dials.answered(Address(host="localhost", port=7001), listed, "")
    for port in (7001, 7002):
        assert dials(("127.0.0.1", port)) == ("127.0.0.1", port)
    assert dials.locate("127.0.0.1", 7001) == ("localhost", 7002)
    assert dials.locate("127.0.0.1", 7002) == ("localhost", 7001)


@pytest.mark.parametrize("who", ["a", "b", ""])
def test_a_node_that_says_who_it_is_is_not_told_by_its_port(pretend: Pretend, who: str) -> None:
    """Nobody is around to tell whether a port is published as another one."""
    pretend("host")
    dials = ClusterDialer()
    seed = Address(host="localhost", port=7001)
    dials.locate(seed.host, 7001)
    dials.seeds = frozenset((seed,))
    listed = [[0, 1, ["127.0.0.1", 7001, "a"]], [2, 3, ["127.0.0.1", 7002, b"b", []]]]
    assert dials.needs_identity(seed, listed)
    dials.answered(seed, listed, who)
    for port in (7001, 7002):
        assert dials(("127.0.0.1", port)) == ("127.0.0.1", port)
    if who == "b":
        assert dials.locate("127.0.0.1", 7002) == ("localhost", 7001)
        with pytest.raises(UnknownMemberError, match="is not dialled"):
            dials.locate("127.0.0.1", 7001)
        return
    assert dials.locate("127.0.0.1", 7001) == ("localhost", 7001)
    assert dials.locate("127.0.0.1", 7002) == ("localhost", 7002)
    assert dials.proof(Address(host="127.0.0.1", port=7001)) is None
    proof = dials.proof(Address(host="127.0.0.1", port=7002))
    assert proof is not None
    assert proof.question == ("CLUSTER MYID" if who else "CLUSTER SLOTS")
    assert proof.ids == ({"b"} if who else {"a", "b"})


def test_a_client_has_one_class_of_connections() -> None:
    """Not one for each of its nodes, nor one for each class that is like another."""
    dialer = ClusterDialer()
    made = {dialling(kind, dialer, INTROSPECTING) for kind in [redis.Connection] * 3}
    assert len(made) == 1
    assert {dialling(kind, dialer, INTROSPECTING) for kind in made} == made
    assert made != {dialling(redis.Connection, ClusterDialer(), INTROSPECTING)}


class TestSentinel:
    """It tells of a master at ``d1``'s port of its container, which is published as ``d2``."""

    @pytest.fixture(autouse=True)
    def _place(self, servers: Servers, pretend: Pretend) -> None:
        pretend("host", around=_around(servers, {"sentinel": "sentinel", "d1": "d2"}))

    @staticmethod
    def _sentinel(kinds: Any, servers: Servers) -> Any:
        return kinds.Sentinel([("localhost", servers.ports["sentinel"])])

    @staticmethod
    async def close(asked: Any) -> None:
        for client in asked.sentinels:
            await _now(client.connection_pool.disconnect())

    @staticmethod
    async def _who(client: Any) -> str:
        info: bytes = await _now(client.get("who"))
        await _now(client.connection_pool.disconnect())
        return info.decode()

    @pytest.mark.parametrize("loop", OURS)
    def test_the_master_and_never_the_decoy(self, servers: Servers, how: str, loop: str) -> None:
        async def use() -> None:
            asked = self._sentinel((OURS if how == "drop-in" else PLAIN)[loop], servers)
            assert await self._who(asked.master_for("shop")) == "d2"
            assert await self._who(asked.slave_for("shop")) == "d2"
            assert await self._who(asked.master_for("shop", redis_class=OURS[loop].Redis)) == "d2"
            told = await _now(asked.discover_master("shop"))
            assert told == ("127.0.0.1", servers.ports["d1"])
            await self.close(asked)

        asyncio.run(use())

    @pytest.mark.parametrize("loop", OURS)
    def test_its_pool_in_whichever_client(self, servers: Servers, how: str, loop: str) -> None:
        pools: dict[str, Any] = {"sync": sentinel, "async": asyncio_sentinel}

        async def use() -> None:
            asked = self._sentinel((OURS if how == "drop-in" else PLAIN)[loop], servers)
            pool = pools[loop].SentinelConnectionPool("shop", asked)
            assert await self._who(OURS[loop].Redis(connection_pool=pool)) == "d2"
            await self.close(asked)

        asyncio.run(use())


@pytest.mark.parametrize("loop", OURS)
def test_loopback_of_a_machine_that_is_not_known_is_not_dialled(
    servers: Servers, pretend: Pretend, loop: str
) -> None:
    """A sentinel behind somebody's forwarded port; the error names the setting."""
    pretend("bridge", policy=Policy(map=f"localhost:26379=127.0.0.2:{servers.ports['sentinel']}"))

    async def use() -> None:
        asked = OURS[loop].Sentinel([("localhost", 26379)])
        try:
            await _now(asked.master_for("shop").get("who"))
        finally:
            await TestSentinel.close(asked)

    with pytest.raises(redis.ConnectionError, match=r"HOSTSHIFT_MAP=127\.0\.0\.1"):
        asyncio.run(use())

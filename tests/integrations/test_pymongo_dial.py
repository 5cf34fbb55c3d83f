"""The pymongo integration with real servers: where it dials what a replica set announces."""

from __future__ import annotations

import asyncio
import inspect
import socket
import ssl
import threading
import time
from typing import TYPE_CHECKING, Any

import pymongo
import pytest
from pymongo import monitoring, pool_shared
from pymongo.errors import PyMongoError, ServerSelectionTimeoutError
from pymongo.hello import Hello

import hostshift_pymongo
from hostshift import Policy
from hostshift.discovery import Container, Publication, Service, Topology
from hostshift.errors import MissingExtraError
from hostshift.machine.answers import Machine
from hostshift.resolution import resolver
from hostshift.resolution.resolver import Resolver
from hostshift_pymongo import AsyncMongoClient, MongoClient, _connection
from tests.lab.host_server import HostServer, free_port, host_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hostshift.base.deadline import Deadline
    from hostshift.routing.queries import Look
    from hostshift_pytest import Pretend

SOON: dict[str, Any] = {"serverSelectionTimeoutMS": 3000}


@pytest.fixture(scope="module")
def decoy() -> Iterator[HostServer]:
    """Run a set at the address that the other one announces as well."""
    port = free_port()
    environment = {"WHO": "decoy", "REPLSET": "1", "ANNOUNCE": f"localhost:{port}"}
    with host_server("mongo", port, environment=environment) as running:
        yield running


@pytest.fixture(scope="module")
def trap(decoy: HostServer) -> Iterator[HostServer]:
    """Run a set whose announced name is the decoy's from here, as behind a published port."""
    environment = {"WHO": "set", "REPLSET": "1", "ANNOUNCE": f"localhost:{decoy.port}"}
    with host_server("mongo", environment=environment) as running:
        yield running


@pytest.fixture
def installed() -> Iterator[None]:
    hostshift_pymongo.install()
    yield
    hostshift_pymongo.uninstall()


def _who(client: pymongo.MongoClient[dict[str, Any]]) -> str:
    with client:
        found = client.lab.who.find_one()
    assert found is not None
    return str(found["name"])


async def _who_async(client: pymongo.AsyncMongoClient[dict[str, Any]]) -> str:
    async with client:
        found = await client.lab.who.find_one()
    assert found is not None
    return str(found["name"])


def test_plain_pymongo_ends_at_the_other_server(trap: HostServer) -> None:
    hostshift_pymongo.uninstall()
    assert _who(pymongo.MongoClient(f"mongodb://localhost:{trap.port}", **SOON)) == "decoy"


@pytest.mark.parametrize("options", ["", "?replicaSet=lab"])
def test_the_set_and_never_the_other(
    trap: HostServer, decoy: HostServer, pretend: Pretend, options: str
) -> None:
    pretend("host")
    url = f"mongodb://localhost:{trap.port}/lab{options}"
    with MongoClient[dict[str, Any]](url, **SOON) as client:
        for _ in range(3):
            found = client.lab.who.find_one()
            assert found is not None
            assert found["name"] == "set"
        assert client.nodes == {("localhost", decoy.port)}
    assert asyncio.run(_who_async(AsyncMongoClient(url, **SOON))) == "set"


@pytest.mark.usefixtures("installed")
def test_clients_of_other_code(trap: HostServer, pretend: Pretend) -> None:
    pretend("host")
    url = f"mongodb://localhost:{trap.port}/lab"
    hostshift_pymongo.install()
    assert _who(pymongo.MongoClient(url, **SOON)) == "set"
    assert _who(pymongo.MongoClient(host=[f"localhost:{trap.port}"], **SOON)) == "set"
    assert _who(MongoClient(url, **SOON)) == "set"
    assert asyncio.run(_who_async(pymongo.AsyncMongoClient(url, **SOON))) == "set"


def test_install_and_back() -> None:
    before = pymongo.MongoClient.__init__, pymongo.AsyncMongoClient.__init__
    signature = inspect.signature(pymongo.MongoClient)
    hostshift_pymongo.install()
    hostshift_pymongo.install()
    assert pymongo.MongoClient.__init__ is not before[0]
    assert inspect.signature(pymongo.MongoClient) == signature
    hostshift_pymongo.uninstall()
    hostshift_pymongo.uninstall()
    assert (pymongo.MongoClient.__init__, pymongo.AsyncMongoClient.__init__) == before


def test_other_clients_are_untouched(trap: HostServer, pretend: Pretend) -> None:
    pretend("host")
    url = f"mongodb://localhost:{trap.port}"
    with MongoClient[dict[str, Any]](url, **SOON) as client:
        client.admin.command("ping")
        assert _who(pymongo.MongoClient(url, **SOON)) == "decoy"


@pytest.mark.parametrize("mode", ["off", "report"])
def test_only_mode_on_changes_anything(trap: HostServer, pretend: Pretend, mode: str) -> None:
    pretend("host", policy=Policy(mode=mode))
    assert _who(MongoClient(f"mongodb://localhost:{trap.port}", **SOON)) == "decoy"


def test_a_direct_connection_keeps_to_the_seed(
    trap: HostServer, decoy: HostServer, pretend: Pretend
) -> None:
    pretend("host")
    url = f"mongodb://localhost:{trap.port}/?directConnection=true"
    with MongoClient[dict[str, Any]](url, **SOON) as client:
        for _ in range(2):
            client.admin.command("ping")
            assert client.nodes == {("localhost", trap.port)}
    url = f"mongodb://localhost:{decoy.port}/?directConnection=true"
    assert _who(MongoClient(url, **SOON)) == "decoy"


def test_a_direct_client_is_known_before_its_monitors_dial(
    trap: HostServer, pretend: Pretend, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend("host")
    direct: list[bool] = []
    own = _connection.MongoDialer.on_announcement

    def heard(self: _connection.MongoDialer, *arguments: Any, **named: Any) -> None:
        direct.append(self.direct)
        own(self, *arguments, **named)

    monkeypatch.setattr(_connection.MongoDialer, "on_announcement", heard)
    for options in ("?directConnection=true", ""):
        direct.clear()
        url = f"mongodb://localhost:{trap.port}/{options}"
        with MongoClient[dict[str, Any]](url, **SOON) as client:
            client.admin.command("ping")
        assert set(direct) == {bool(options)}


def test_what_the_driver_does_besides(trap: HostServer, pretend: Pretend) -> None:
    """Sessions, transactions' sessions, change streams: all on the same connections."""
    pretend("host")
    heard: list[str] = []

    class Commands(monitoring.CommandListener):
        def started(self, event: monitoring.CommandStartedEvent) -> None:
            heard.append(event.command_name)

        def succeeded(self, event: monitoring.CommandSucceededEvent) -> None: ...
        def failed(self, event: monitoring.CommandFailedEvent) -> None: ...

    url = f"mongodb://localhost:{trap.port}"
    with MongoClient[dict[str, Any]](url, event_listeners=[Commands()], **SOON) as client:
        notes = client.lab.notes
        with notes.watch(max_await_time_ms=2000) as changes:
            with client.start_session() as session:
                notes.insert_one({"n": 1}, session=session)
            assert next(changes)["fullDocument"]["n"] == 1
    assert "insert" in heard


def test_what_moved_is_found_at_the_next_connect(pretend: Pretend) -> None:
    port, environment = free_port(), {"REPLSET": "1", "ANNOUNCE": "localhost:27017"}
    with host_server("mongo", environment={**environment, "WHO": "first"}) as first:
        pretend("host", policy=Policy(map=f"db:{port}=127.0.0.1:{first.port}"))
        client = MongoClient[dict[str, Any]](f"mongodb://db:{port}", **SOON)
        found = client.lab.who.find_one()
        assert found is not None
        assert found["name"] == "first"
    with client, host_server("mongo", environment={**environment, "WHO": "moved"}) as moved:
        pretend("host", policy=Policy(map=f"db:{port}=127.0.0.1:{moved.port}"))
        deadline = time.monotonic() + 15
        while (name := _name(client)) != "moved" and time.monotonic() < deadline:
            pass
        assert name == "moved"
        assert client.nodes == {("localhost", 27017)}


def _name(client: pymongo.MongoClient[dict[str, Any]]) -> str:
    try:
        found = client.lab.who.find_one()
    except PyMongoError:
        return ""
    return str(found["name"]) if found else ""


def test_tls_checks_the_configured_name(pretend: Pretend) -> None:
    """The server is asked for by the name of the string, wherever it was dialled."""
    asked: list[str | None] = []

    def note(_: object, name: str | None, __: object) -> int:
        asked.append(name)
        return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.sni_callback = note
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = threading.Thread(target=_refuse, args=(listener, context), daemon=True)
        serving.start()
        port = listener.getsockname()[1]
        pretend("host", policy=Policy(map=f"db.example.com=127.0.0.1:{port}"))
        options: dict[str, Any] = {"tls": True, "serverSelectionTimeoutMS": 500}
        with (
            MongoClient[dict[str, Any]]("mongodb://db.example.com", **options) as client,
            pytest.raises(ServerSelectionTimeoutError),
        ):
            client.admin.command("ping")
        sync = len(asked)

        async def ping() -> None:
            async with AsyncMongoClient[dict[str, Any]](
                "mongodb://db.example.com", **options
            ) as client:
                with pytest.raises(ServerSelectionTimeoutError):
                    await client.admin.command("ping")

        asyncio.run(ping())
    assert 0 < sync < len(asked)
    assert set(asked) == {"db.example.com"}


def _refuse(listener: socket.socket, context: ssl.SSLContext) -> None:
    """Begin the TLS handshake with whoever comes, until the listener is closed."""
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        try:
            context.wrap_socket(connection, server_side=True).close()
        except OSError:
            connection.close()


class _Slow(Machine):
    """This machine, a second late with every answer."""

    def look(self, policy: Policy, deadline: Deadline) -> Look:
        time.sleep(1)
        return super().look(policy, deadline)


def test_looking_around_does_not_hold_the_event_loop_up() -> None:
    """While a dial looks around for seconds, the loop's timers go on."""
    policy = Policy(network="own", isolation="docker", naming="plain", host_address="127.0.0.1")
    entered = resolver.enter(Resolver(_Slow(), policy))
    late: list[float] = []

    async def tick() -> None:
        while True:
            since = time.monotonic()
            await asyncio.sleep(0.01)
            late.append(time.monotonic() - since - 0.01)

    async def main() -> None:
        ticking = asyncio.create_task(tick())
        client = AsyncMongoClient[dict[str, Any]]("localhost:27099", serverSelectionTimeoutMS=2500)
        async with client:
            with pytest.raises(ServerSelectionTimeoutError):
                await client.admin.command("ping")
        ticking.cancel()

    try:
        asyncio.run(main())
    finally:
        resolver.leave(entered)
    assert len(late) > 50
    assert max(late) < 0.8


CONTAINER = Service(
    service="mongo",
    project=None,
    containers=(
        Container(
            name="mongo",
            publications=(
                Publication(port=27018, published=27017),
                Publication(port=27017, published=27020),
            ),
        ),
    ),
    certainty="known",
    source="engine",
)
"""A set of two in one container, each published under another's port."""


def _hears(dials: _connection.MongoDialer, announcer: int, members: list[str], me: str) -> None:
    """Let a server announce, in the driver's own words."""
    hello: Hello[dict[str, Any]] = Hello({"ok": 1, "setName": "s", "hosts": members, "me": me})
    dials.succeeded(monitoring.ServerHeartbeatSucceededEvent(1.0, hello, ("localhost", announcer)))


def test_names_mean_what_the_announcer_means_by_them(pretend: Pretend) -> None:
    pretend("host", around=Topology(services=(CONTAINER,), engine="/run/engine.sock"))
    dials = _connection.MongoDialer()
    assert dials.locate("localhost", 27017) == ("localhost", 27017)
    both = ["localhost:27017", "localhost:27018"]
    _hears(dials, 27017, both, "localhost:27018")
    for _ in range(2):
        assert dials.locate("localhost", 27018) == ("localhost", 27017)
        assert dials.locate("localhost", 27017) == ("localhost", 27020)
        _hears(dials, 27017, both, "localhost:27017")
    # A later announcement replaces the map; what it leaves out keeps its meaning.
    _hears(dials, 27018, both[1:], "localhost:27018")
    assert dials.locate("localhost", 27018) == ("localhost", 27017)
    assert dials.locate("localhost", 27017) == ("localhost", 27020)
    # The driver keeps to the seed with directConnection, and so does its name.
    direct = _connection.MongoDialer()
    direct.direct = True
    assert direct.locate("localhost", 27017) == ("localhost", 27017)
    _hears(direct, 27017, both, "localhost:27018")
    assert direct.locate("localhost", 27017) == ("localhost", 27017)


def test_what_no_server_of_this_client_says_is_not_heard(pretend: Pretend) -> None:
    pretend("host")
    dials = _connection.MongoDialer()
    _hears(dials, 27017, ["localhost:27018"], "localhost:27018")
    assert dials.locate("localhost", 27018) == ("localhost", 27018)


def test_names_that_dns_lists_are_untouched(pretend: Pretend) -> None:
    pretend("host")
    client = MongoClient[dict[str, Any]]("mongodb+srv://db.example.com", connect=False)
    with client:
        assert _listener(client) is None


def test_a_unix_socket_is_untouched(pretend: Pretend) -> None:
    pretend("bridge", answers=["172.17.0.1:27017"])
    options: dict[str, Any] = {"serverSelectionTimeoutMS": 300}
    with (
        MongoClient[dict[str, Any]]("mongodb://%2Ftmp%2Fno-such-mongodb.sock", **options) as client,
        pytest.raises(ServerSelectionTimeoutError, match="No such file"),
    ):
        client.admin.command("ping")


@pytest.mark.usefixtures("installed")
def test_a_client_made_like_another_has_its_own_translation(pretend: Pretend) -> None:
    pretend("host")
    with (
        MongoClient[dict[str, Any]](connect=False) as client,
        client._duplicate() as other,
    ):
        assert _listener(client) is not None
        assert _listener(other) is not None
        assert _listener(client) is not _listener(other)


def _listener(client: Any) -> _connection.MongoDialer | None:
    return _connection.of(client.options.pool_options)


@pytest.mark.parametrize("seam", _connection.SEAMS)
def test_a_seam_that_is_gone_is_said(monkeypatch: pytest.MonkeyPatch, seam: str) -> None:
    monkeypatch.delattr(pool_shared, seam)
    with pytest.raises(MissingExtraError, match=rf"4\.12 and newer.*{seam}"):
        MongoClient(connect=False)
    with pytest.raises(MissingExtraError, match=rf"4\.12 and newer.*{seam}"):
        hostshift_pymongo.install()

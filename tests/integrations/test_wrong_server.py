"""Where the resolver refuses a dial: the driver's own error, and the next dial asks again.

The address that is configured is one of a real server: it may not be dialled.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import re
import socket
import threading
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pymongo.errors
import pytest
import redis
import sqlalchemy.exc
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from redis import retry
from redis.asyncio import retry as asyncio_retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisClusterException
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

import hostshift_httpx
import hostshift_pymongo
import hostshift_redis
from hostshift import SettingError, UndecidedError
from hostshift.errors import WrongServerError
from hostshift.resolution import resolver
from hostshift_flask import Hostshift
from hostshift_redis import asyncio as ours_asyncio

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hostshift_pytest import Pretend

SECRET = "s3cret"
REASON = "another project's container answers to this name"


class Server:
    """Accepts and hangs up, and counts."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.dialled = 0
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                made, _ = self._socket.accept()
            except OSError:
                return
            with made:
                self.dialled += 1

    def stop(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


@pytest.fixture
def trap() -> Iterator[Server]:
    """Run a server that answers, and is not the intended one."""
    server = Server()
    yield server
    server.stop()


@pytest.fixture
def intended() -> Iterator[Server]:
    server = Server()
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def _on_the_host(pretend: Pretend) -> None:
    pretend("host")


def _sqlalchemy(driver: str) -> Callable[[int], None]:
    def connect(port: int) -> None:
        url = f"{driver}://app:{SECRET}@localhost:{port}/x"
        create_engine(url, plugins=["hostshift"], poolclass=NullPool).connect()

    return connect


def _sqlalchemy_async(driver: str) -> Callable[[int], None]:
    async def connect(port: int) -> None:
        url = f"{driver}://app:{SECRET}@localhost:{port}/x"
        engine = create_async_engine(url, plugins=["hostshift"], poolclass=NullPool)
        async with engine.connect():
            pass

    return lambda port: asyncio.run(connect(port))


def _flask(port: int) -> None:
    app = Flask("shop")
    uri = f"postgresql+psycopg://app:{SECRET}@localhost:{port}/x"
    app.config["SQLALCHEMY_DATABASE_URI"] = uri
    Hostshift(app)
    database = SQLAlchemy(app)
    with app.app_context():
        try:
            database.engine.connect()
        finally:
            database.engine.dispose()


def _httpx(port: int) -> None:
    with hostshift_httpx.Client() as client:
        client.get(f"http://app:{SECRET}@localhost:{port}/")


def _httpx_async(port: int) -> None:
    async def get() -> None:
        async with hostshift_httpx.AsyncClient() as client:
            await client.get(f"http://app:{SECRET}@localhost:{port}/")

    asyncio.run(get())


def _mongo_url(port: int) -> str:
    return f"mongodb://app:{SECRET}@localhost:{port}/x?serverSelectionTimeoutMS=700"


def _pymongo(port: int) -> None:
    with hostshift_pymongo.MongoClient[dict[str, Any]](_mongo_url(port)) as client:
        client.admin.command("ping")


def _pymongo_async(port: int) -> None:
    async def ping() -> None:
        client = hostshift_pymongo.AsyncMongoClient[dict[str, Any]](_mongo_url(port))
        async with client:
            await client.admin.command("ping")

    asyncio.run(ping())


def _redis(port: int) -> None:
    options: dict[str, Any] = {"retry": retry.Retry(NoBackoff(), 0)}
    with hostshift_redis.Redis(port=port, password=SECRET, **options) as client:
        client.ping()


def _redis_cluster(port: int) -> None:
    hostshift_redis.RedisCluster(host="localhost", port=port, password=SECRET)


def _redis_sentinel(port: int) -> None:
    options = {"password": SECRET, "retry": retry.Retry(NoBackoff(), 0)}
    sentinel = hostshift_redis.Sentinel([("localhost", port)], sentinel_kwargs=options)
    try:
        sentinel.discover_master("shop")  # type: ignore[no-untyped-call,unused-ignore]
    finally:
        for one in sentinel.sentinels:
            one.close()


def _later(make: Callable[[int], Any], use: Callable[[Any], Any]) -> Callable[[int], None]:
    async def run(port: int) -> None:
        client = make(port)
        try:
            await use(client)
        finally:
            for one in getattr(client, "sentinels", [client]):
                await getattr(one, "aclose", one.close)()

    return lambda port: asyncio.run(run(port))


def _async_options(**more: Any) -> dict[str, Any]:
    return {"password": SECRET, **more}


CLIENTS: dict[str, tuple[Callable[[int], None], type[Exception]]] = {
    "psycopg": (_sqlalchemy("postgresql+psycopg"), sqlalchemy.exc.OperationalError),
    "psycopg2": (_sqlalchemy("postgresql+psycopg2"), sqlalchemy.exc.OperationalError),
    "pg8000": (_sqlalchemy("postgresql+pg8000"), sqlalchemy.exc.OperationalError),
    "pymysql": (_sqlalchemy("mysql+pymysql"), sqlalchemy.exc.OperationalError),
    "psycopg, async": (_sqlalchemy_async("postgresql+psycopg"), sqlalchemy.exc.OperationalError),
    "asyncpg": (_sqlalchemy_async("postgresql+asyncpg"), ConnectionError),
    "aiomysql": (_sqlalchemy_async("mysql+aiomysql"), sqlalchemy.exc.OperationalError),
    "flask": (_flask, sqlalchemy.exc.OperationalError),
    "httpx": (_httpx, httpx.ConnectError),
    "httpx, async": (_httpx_async, httpx.ConnectError),
    "pymongo": (_pymongo, pymongo.errors.ServerSelectionTimeoutError),
    "pymongo, async": (_pymongo_async, pymongo.errors.ServerSelectionTimeoutError),
    "redis": (_redis, redis.ConnectionError),
    "redis cluster": (_redis_cluster, RedisClusterException),
    "redis sentinel": (_redis_sentinel, redis.ConnectionError),
    "redis, async": (
        _later(
            lambda port: ours_asyncio.Redis(
                port=port, **_async_options(retry=asyncio_retry.Retry(NoBackoff(), 0))
            ),
            lambda client: client.ping(),
        ),
        redis.ConnectionError,
    ),
    "redis cluster, async": (
        _later(
            lambda port: ours_asyncio.RedisCluster(host="localhost", port=port, **_async_options()),
            lambda client: client.ping(),
        ),
        RedisClusterException,
    ),
    "redis sentinel, async": (
        _later(
            lambda port: ours_asyncio.Sentinel(
                [("localhost", port)],
                sentinel_kwargs=_async_options(retry=asyncio_retry.Retry(NoBackoff(), 0)),
            ),
            lambda client: client.discover_master("shop"),
        ),
        redis.ConnectionError,
    ),
}
TELLS_NO_REASON = ("redis sentinel", "redis sentinel, async")
"""redis-py: "No master found for 'shop'", with the errors of the sentinels from 5.1 or so on."""


def texts(error: BaseException | None) -> str:
    """Return what an error and those that led to it say."""
    said = []
    while error is not None:
        said.append(str(error))
        error = error.__cause__ or error.__context__
    return "\n".join(said)


def sockets() -> int:
    """Count the sockets of this process."""
    gc.collect()
    found = 0
    for one in Path("/proc/self/fd").iterdir():
        try:
            found += str(one.readlink()).startswith("socket:")
        except OSError:
            continue
    return found


@pytest.mark.parametrize("name", CLIENTS)
def test_what_leads_to_another_server_is_not_dialled(
    name: str,
    misleading: Callable[..., None],
    trap: Server,
    intended: Server,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "hostshift")
    use, expected = CLIENTS[name]
    misleading(REASON)
    with pytest.raises(expected) as refused:
        use(trap.port)
    said = texts(refused.value)
    assert SECRET not in said
    if name not in TELLS_NO_REASON:
        assert REASON in said
        # redis-py's cluster client looks localhost up itself.
        there = f"(localhost|127.0.0.1):{trap.port}"
        assert re.search(f"HOSTSHIFT_MAP={there}=HOST:PORT", said)
        assert re.search(f"HOSTSHIFT_KEEP={there}", said)
    misleading("", ("127.0.0.1", intended.port))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # pg8000 leaves its own socket here
        with pytest.raises(Exception):  # noqa: B017, PT011 - it hangs up: each has its own error
            use(trap.port)
        gc.collect()
    assert (trap.dialled, intended.dialled > 0) == (0, True)
    lines = [one.getMessage() for one in caplog.records if " -> " in one.getMessage()]
    assert len(lines) == 1, "each change is logged once a process"
    assert f":{trap.port} -> 127.0.0.1:{intended.port} for " in lines[0]
    assert SECRET not in caplog.text


ERRORS = {
    "strict": UndecidedError("localhost: nothing tells what it means"),
    "setting": SettingError("HOSTSHIFT_MODE: 'maybe' is not one of on, off, report"),
    "wrong": WrongServerError("localhost is not dialled"),
}


@pytest.mark.parametrize("kind", ERRORS)
@pytest.mark.parametrize("name", CLIENTS)
def test_what_the_resolver_raises_at_a_dial(
    name: str, kind: str, trap: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes through, or is the cause of the driver's own; no socket is left, nobody waits."""
    use, expected = CLIENTS[name]
    where: list[threading.Thread] = []

    def dial(*_: Any) -> Any:
        where.append(threading.current_thread())
        raise ERRORS[kind]

    monkeypatch.setattr(resolver.current(), "dial", dial)
    before = sockets()
    with pytest.raises((expected, type(ERRORS[kind]))) as refused:
        use(trap.port)
    assert SECRET not in texts(refused.value)
    if name not in TELLS_NO_REASON:
        assert str(ERRORS[kind]) in texts(refused.value)
    del refused
    assert (trap.dialled, sockets() <= before) == (0, True)
    assert where
    if "async" in name or name in ("asyncpg", "aiomysql"):
        assert threading.main_thread() not in where, "an event loop stood still"


@pytest.mark.parametrize("name", CLIENTS)
def test_a_setting_that_is_wrong_is_named_at_the_dial(
    name: str, trap: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolver, "_places", [resolver.Place(resolver.Resolver())])
    monkeypatch.setenv("HOSTSHIFT_MODE", "perhaps")
    use, expected = CLIENTS[name]
    with pytest.raises((expected, SettingError)) as refused:
        use(trap.port)
    if name not in TELLS_NO_REASON:
        assert "MODE" in texts(refused.value)
    assert trap.dialled == 0


async def _sqlalchemy_use(driver: str, port: int) -> None:
    engine = create_async_engine(
        f"{driver}://app@localhost:{port}/x", plugins=["hostshift"], poolclass=NullPool
    )
    async with engine.connect():
        pass


async def _httpx_use(port: int) -> None:
    async with hostshift_httpx.AsyncClient(timeout=9) as client:
        await client.get(f"http://localhost:{port}/")


async def _pymongo_use(port: int) -> None:
    async with hostshift_pymongo.AsyncMongoClient[dict[str, Any]](
        f"mongodb://localhost:{port}/?serverSelectionTimeoutMS=9000"
    ) as client:
        await client.admin.command("ping")


async def _redis_use(port: int) -> None:
    async with ours_asyncio.Redis(port=port) as client:
        await client.ping()


LOOPS: dict[str, Callable[[int], Any]] = {
    "psycopg": lambda port: _sqlalchemy_use("postgresql+psycopg", port),
    "asyncpg": lambda port: _sqlalchemy_use("postgresql+asyncpg", port),
    "aiomysql": lambda port: _sqlalchemy_use("mysql+aiomysql", port),
    "httpx": _httpx_use,
    "pymongo": _pymongo_use,
    "redis": _redis_use,
}


@pytest.mark.parametrize("name", LOOPS)
def test_a_task_that_is_cancelled_while_it_is_looked_up_ends_at_once(
    name: str, trap: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The event loop goes on meanwhile, nothing is dialled, and no socket is left."""
    begun, over = threading.Event(), threading.Event()

    def dial(*_: Any) -> Any:
        begun.set()
        over.wait(20)
        raise WrongServerError("too late")

    async def cancelled() -> bool:
        task = asyncio.create_task(LOOPS[name](trap.port))
        assert await asyncio.to_thread(begun.wait, 20)
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=10)
        over.set()
        return bool(done) and task.cancelled()

    monkeypatch.setattr(resolver.current(), "dial", dial)
    before = sockets()
    assert asyncio.run(cancelled())
    assert (trap.dialled, sockets() <= before) == (0, True)


def test_a_scope_of_anyio_that_ends_while_it_is_looked_up(
    trap: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Starlette's and httpx's own users have them; anyio would wait for the thread."""
    begun, over = threading.Event(), threading.Event()

    def dial(*_: Any) -> Any:
        begun.set()
        assert over.wait(20)
        raise WrongServerError("too late")

    async def bounded() -> bool:
        async with anyio.create_task_group() as group:
            group.start_soon(_httpx_use, trap.port)
            assert await asyncio.to_thread(begun.wait, 20)
            group.cancel_scope.cancel()
        in_time = not over.is_set()
        over.set()
        return in_time

    monkeypatch.setattr(resolver.current(), "dial", dial)
    waiting = threading.Timer(10, over.set)
    waiting.start()
    try:
        assert asyncio.run(bounded())
    finally:
        waiting.cancel()
    assert trap.dialled == 0

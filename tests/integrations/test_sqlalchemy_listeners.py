"""The SQLAlchemy integration beside ``do_connect`` listeners and wrappers of ``connect``."""

from __future__ import annotations

import asyncio
import logging
from functools import wraps
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from sqlalchemy import create_engine, event, exc
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.engine import Engine
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from hostshift import Policy
from hostshift.errors import WrongServerError
from hostshift_sqlalchemy import HostshiftPlugin, install, uninstall
from tests.integrations.drivers import stand_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hostshift_pytest import Pretend

HOST, PORT = "172.17.0.1", 6432
URL = f"postgresql+psycopg://app@localhost:{PORT}/orders"
TOKEN = "a-token-of-15-minutes"
WAYS = ["plugins", "install"]


class Stop(Exception):  # noqa: N818 - ends a connect before the network
    """Raised in the driver's place."""


@pytest.fixture(autouse=True)
def _on_the_bridge(pretend: Pretend) -> None:
    pretend("bridge", answers=[f"{HOST}:{PORT}"])


@pytest.fixture(autouse=True)
def _class_as_it_was() -> Iterator[None]:
    before = DefaultDialect.connect
    yield
    uninstall()
    assert DefaultDialect.connect is before


def made(way: str, url: str = URL, **arguments: Any) -> Any:
    """Make an engine that the integration covers; ``install`` also covers one that exists."""
    plugins = ["hostshift"] if way == "plugins" else []
    make = create_async_engine if "asyncpg" in url else create_engine
    engine = make(url, plugins=plugins, poolclass=NullPool, **arguments)
    if way == "install":
        install()
    return engine


def given(engine: Any) -> dict[str, Any]:
    """Connect, and return what the driver would have got."""
    found: dict[str, Any] = {}

    def connect(*_: Any, **parameters: Any) -> Any:
        found.update(parameters)
        raise Stop

    stand_in(engine.dialect, connect)
    with pytest.raises(Stop):
        open_(engine)
    return found


def open_(engine: Any) -> None:
    if engine.dialect.is_async:
        asyncio.run(_open(engine))
    else:
        engine.connect()


async def _open(engine: Any) -> None:
    async with engine.connect():
        pass


def token(*arguments: Any) -> None:
    """Give a password that is made for each connection, as cloud databases want it."""
    arguments[-1]["password"] = TOKEN


PLACES: dict[str, Callable[[Any], Any]] = {
    "class": lambda _: Engine,
    "engine": lambda engine: getattr(engine, "sync_engine", engine),
    "dialect": lambda engine: engine.dialect,
    "dialect class": lambda engine: type(engine.dialect),
    "copy with options": lambda engine: getattr(engine, "sync_engine", engine).execution_options(
        isolation_level="AUTOCOMMIT"
    ),
}
FLAGS: list[dict[str, bool]] = [{}, {"insert": True}, {"propagate": True}, {"retval": True}]


@pytest.mark.parametrize("flags", FLAGS, ids=str)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("url", [URL, URL.replace("psycopg", "asyncpg")])
def test_a_later_listener_gives_the_password(
    url: str, way: str, place: str, flags: dict[str, bool]
) -> None:
    engine = made(way, url)
    where = PLACES[place](engine)
    event.listen(where, "do_connect", token, **flags)
    try:
        seen = given(engine)
    finally:
        event.remove(where, "do_connect", token)
    assert seen["password"] == TOKEN
    assert (seen.get("hostaddr") or seen["host"], int(seen["port"])) == (HOST, PORT)


@pytest.mark.parametrize("way", WAYS)
def test_an_earlier_listener_is_called_once_with_what_was_configured(way: str) -> None:
    seen: list[str] = []

    def earlier(*arguments: Any) -> None:
        seen.append(arguments[-1]["host"])
        token(*arguments)

    event.listen(Engine, "do_connect", earlier, insert=True)
    try:
        assert given(made(way))["password"] == TOKEN
    finally:
        event.remove(Engine, "do_connect", earlier)
    assert seen == ["localhost"]


@pytest.mark.parametrize("way", WAYS)
def test_a_listener_that_moves_the_host_is_looked_up_from_there(way: str, pretend: Pretend) -> None:
    pretend("bridge", policy=Policy(map="replica:7000=10.9.8.7:7001"))
    engine = made(way)

    def moved(*arguments: Any) -> None:
        arguments[-1].update(host="replica", port=7000)

    event.listen(engine, "do_connect", moved)
    assert (given(engine)["hostaddr"], given(engine)["port"]) == ("10.9.8.7", 7001)


@pytest.mark.parametrize("way", WAYS)
def test_a_listener_that_connects_by_itself_ends_it(way: str) -> None:
    """Its connection is taken, later listeners are not called, and the driver is not dialled."""
    engine, mine, called = made(way, _initialize=False), object(), []
    event.listen(engine, "do_connect", lambda *_: mine)
    event.listen(engine, "do_connect", lambda *_: called.append(1))
    stand_in(engine.dialect, lambda *_, **__: called.append(2))
    assert engine.raw_connection().dbapi_connection is mine
    assert called == []


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("place", ["class", "engine"])
def test_a_listener_that_connects_by_the_dialect_gets_the_address(way: str, place: str) -> None:
    engine = made(way)

    def own(dialect: Any, _: Any, cargs: Any, cparams: Any) -> Any:
        return dialect.connect(*cargs, **cparams, application_name="own")

    where = PLACES[place](engine)
    event.listen(where, "do_connect", own, insert=True)
    try:
        seen = given(engine)
    finally:
        event.remove(where, "do_connect", own)
    assert (seen["application_name"], seen["hostaddr"]) == ("own", HOST)


def _traced(own: Any, seen: list[str]) -> Any:
    def connect(*cargs: Any, **cparams: Any) -> Any:
        seen.append(cparams.get("hostaddr") or cparams["host"])
        return own(*cargs, **cparams)

    return connect


@pytest.mark.parametrize("again", [False, True])
def test_who_wraps_the_dialects_connect_too(again: bool) -> None:
    """Before ours it gets the address that is dialled, after ours the configured one."""
    seen: list[str] = []
    engine = create_engine(URL, poolclass=NullPool)
    engine.dialect.connect = _traced(engine.dialect.connect, seen)  # type: ignore[method-assign]
    HostshiftPlugin(engine.url, {}).engine_created(engine)
    engine.dialect.connect = _traced(engine.dialect.connect, seen)  # type: ignore[method-assign]
    if again:
        HostshiftPlugin(engine.url, {}).engine_created(engine)
        install()
    assert given(engine)["hostaddr"] == HOST
    assert seen == ["localhost", HOST]


@pytest.mark.parametrize("way", WAYS)
def test_who_replaces_the_classs_method_later_is_called(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    engine = made(way)
    own = DefaultDialect.connect

    @wraps(own)
    def traced(self: Any, *cargs: Any, **cparams: Any) -> Any:
        seen.append(cparams["host"])
        return own(self, *cargs, **cparams)

    monkeypatch.setattr(DefaultDialect, "connect", traced)
    assert given(engine)["hostaddr"] == HOST
    assert seen == ["localhost"]
    uninstall()
    assert DefaultDialect.connect is traced, "what others have put there stays"
    assert ("hostaddr" in given(engine)) == (way == "plugins")
    monkeypatch.undo()
    DefaultDialect.connect = getattr(own, "__wrapped__", own)  # type: ignore[method-assign]


def test_twice_and_both_ways_translate_once(pretend: Pretend) -> None:
    pretend("bridge", policy=Policy(map="a:1=b:2,b:2=c:3"))
    engine = made("plugins", "mysql+pymysql://a:1/x")
    install()
    install()
    HostshiftPlugin(engine.url, {}).engine_created(engine)
    assert (given(engine)["host"], given(engine)["port"]) == ("b", 2)


class OwnWay(PGDialect_psycopg):
    """A dialect that connects in a way of its own, as those of other packages do."""

    supports_statement_cache = True

    def connect(self, *cargs: Any, **cparams: Any) -> Any:
        return self.loaded_dbapi.connect(*cargs, **cparams, application_name="own")


class OnTop(PGDialect_psycopg):
    """The same, on top of SQLAlchemy's."""

    supports_statement_cache = True

    def connect(self, *cargs: Any, **cparams: Any) -> Any:
        return super().connect(*cargs, **cparams, application_name="own")


@pytest.mark.parametrize("kind", [OwnWay, OnTop])
@pytest.mark.parametrize("way", WAYS)
def test_a_dialect_with_a_connect_of_its_own(way: str, kind: Any, pretend: Pretend) -> None:
    pretend("bridge", policy=Policy(map="localhost:6432=10.0.0.1:1,10.0.0.1:1=10.0.0.2:2"))
    engine = made(way)
    engine.dialect.__class__ = kind
    seen = given(engine)
    assert (seen["application_name"], seen["hostaddr"], seen["port"]) == ("own", "10.0.0.1", 1)


def test_an_engine_is_left_alone_after_uninstall() -> None:
    engine = made("install")
    assert given(engine)["hostaddr"] == HOST
    uninstall()
    uninstall()
    assert "hostaddr" not in given(engine)


def test_the_pool_that_follows_a_dispose_is_looked_after() -> None:
    engine = made("plugins")
    engine.dispose()
    assert given(engine)["hostaddr"] == HOST


@pytest.mark.skipif(
    "async_creator" not in (create_async_engine.__doc__ or ""), reason="there from 2.0.16 on"
)
def test_an_async_creator_is_not_touched() -> None:
    async def creator() -> Any:
        raise Stop

    engine = made("plugins", URL.replace("psycopg", "asyncpg"), async_creator=creator)
    with pytest.raises(Stop):
        open_(engine)


def test_each_change_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "hostshift"):
        for _ in range(3):
            given(made("plugins"))
    lines = [one.getMessage() for one in caplog.records if " -> " in one.getMessage()]
    assert len(lines) == 1
    assert lines[0].startswith(f"localhost:{PORT} -> {HOST}:{PORT} for SQLAlchemy (")


REASON = "orders answers with an address of another project's container"


@pytest.mark.parametrize(
    "driver",
    [
        "postgresql+psycopg",
        "postgresql+psycopg2",
        "postgresql+pg8000",
        "mysql+pymysql",
        "mysql+mysqlconnector",
    ],
)
def test_what_leads_to_another_server_is_the_drivers_error(
    driver: str, misleading: Callable[..., None]
) -> None:
    """It is one that retries know, and the next connect asks again."""
    misleading(REASON)
    engine = made("plugins", f"{driver}://app:s3cret@orders:{PORT}/x")
    dialled: list[Any] = []
    stand_in(engine.dialect, lambda *_, **given: dialled.append(given))
    with pytest.raises(exc.OperationalError) as failed:
        engine.connect()
    error: Any = failed.value.orig
    _says_what_to_do(str(error))
    assert isinstance(error.__cause__, WrongServerError)
    assert dialled == []
    if driver.startswith("mysql"):
        number = getattr(error, "errno", error.args[0])
        assert number == 2003
    misleading("")
    assert given(engine)["host"] in ("orders", "10.1.2.3")


def test_what_leads_to_another_server_with_asyncpg(misleading: Callable[..., None]) -> None:
    """SQLAlchemy lets the system's own errors of asyncpg through: this one too."""
    misleading(REASON)
    engine = made("plugins", f"postgresql+asyncpg://app:s3cret@orders:{PORT}/x")
    stand_in(engine.dialect, lambda *_, **__: pytest.fail("dialled"))
    with pytest.raises(WrongServerError) as failed:
        open_(engine)
    _says_what_to_do(str(failed.value))
    misleading("")
    assert given(engine)["host"] == "10.1.2.3"


def test_a_pre_ping_that_has_to_connect_again(misleading: Callable[..., None]) -> None:
    """The error is the same where the pool makes the connection."""
    engine = made("plugins", pool_pre_ping=True)
    misleading(REASON)
    with pytest.raises(exc.OperationalError, match="another project"):
        engine.connect()


def _says_what_to_do(text: str) -> None:
    assert REASON in text
    assert f"HOSTSHIFT_MAP=orders:{PORT}=HOST:PORT" in text
    assert f"HOSTSHIFT_KEEP=orders:{PORT}" in text
    assert "s3cret" not in text


def test_it_is_psycopgs_own_class(misleading: Callable[..., None]) -> None:
    misleading(REASON)
    with pytest.raises(exc.OperationalError) as failed:
        made("plugins", URL).connect()
    assert isinstance(failed.value.orig, psycopg.OperationalError)

"""The SQLAlchemy integration: which parameters reach the driver."""

from __future__ import annotations

import asyncio
import functools
import sqlite3
import sys
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import create_async_engine

from hostshift import Policy, UndecidedError
from hostshift.drivers import libpq
from hostshift.drivers.databases import DatabaseDialer
from hostshift.errors import WrongServerError
from hostshift.resolution import resolver
from hostshift_sqlalchemy import install, uninstall
from hostshift_sqlalchemy._connect import connect
from tests.integrations.drivers import stand_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.ext.asyncio import AsyncEngine

    from hostshift.routing.model import Decision
    from hostshift_pytest import Pretend

PG = "postgresql+psycopg://app:s3cret@localhost/shop"
HOST = "172.17.0.1"


class Stop(Exception):  # noqa: N818 - ends a connect before the network
    """Raised in the driver's place, with what it was given."""


class Recorder:
    """Stands where an engine's driver connects: says what it would have got."""

    def __init__(self, url: str, **arguments: Any) -> None:
        self.engine = create_engine(url, **arguments)
        self.given: list[dict[str, Any]] = []
        stand_in(self.engine.dialect, self._connect)

    def _connect(self, *_: Any, **parameters: Any) -> Any:
        parameters.pop("context", None)  # psycopg's adapters, a new object each time
        self.given.append(parameters)
        raise Stop

    def connect(self) -> dict[str, Any]:
        """Connect and return the driver's parameters."""
        with pytest.raises(Stop):
            self.engine.connect()
        return self.given[-1]


def dialled(given: dict[str, Any]) -> Any:
    """Tell which host the driver would dial: libpq's ``hostaddr`` goes before ``host``."""
    return given.get("hostaddr") or given["host"]


@pytest.mark.parametrize(
    ("url", "port"),
    [
        (PG, 5432),
        (PG.replace("localhost", "localhost:6000"), 6000),
        ("postgresql+psycopg2://localhost/shop", 5432),
        ("mysql+pymysql://localhost/shop", 3306),
        ("mariadb+pymysql://localhost:3307/shop", 3307),
        ("postgresql+pg8000://localhost/shop", 5432),
        ("mysql+mysqlconnector://localhost/shop", 3306),  # TCP, not the socket
    ],
)
def test_host_and_port(url: str, port: int, pretend: Pretend) -> None:
    pretend("bridge", answers=[f"{HOST}:{port}"])
    given = Recorder(url, plugins=["hostshift"]).connect()
    assert (dialled(given), int(given["port"])) == (HOST, port)


def test_nothing_else_changes(pretend: Pretend) -> None:
    pretend("bridge", answers=[f"{HOST}:5432"])
    url = PG.replace("/shop", ":5432/localhost?application_name=localhost&options=-cx=localhost")
    with_plug = Recorder(url, plugins=["hostshift"])
    given, plain = with_plug.connect(), Recorder(url).connect()
    assert given == {**plain, "hostaddr": HOST}
    assert with_plug.engine.url.host == "localhost"


def test_as_it_was_where_nothing_changes(pretend: Pretend) -> None:
    pretend("host")
    url = "postgresql+psycopg://app@/shop?host=a:1&host=localhost:2"
    assert Recorder(url, plugins=["hostshift"]).connect() == Recorder(url).connect()


MISLED: dict[str, dict[str, Any]] = {
    "psycopg": {"host": "one,two", "port": "5432,5433"},
    "psycopg2": {"host": "one,two", "port": "5432,5433"},
    "asyncpg": {"host": ["one", "two"], "port": [5432, 5433]},
}


@pytest.mark.parametrize("driver", MISLED)
@pytest.mark.parametrize("wrong", ["one", "two"])
def test_of_several_hosts_one_that_leads_to_another_server_is_left_out(
    driver: str, wrong: str, pretend: Pretend, caplog: pytest.LogCaptureFixture
) -> None:
    """As one that is down; the driver's error comes only where none is left."""
    pretend("host", policy=Policy(map="one:5432=a.test:1,two:5433=b.test:2"))
    dialler = DatabaseDialer(driver, "postgresql", "a test", ConnectionError)
    allowed = dialler._decide

    def decide(host: str, port: int | None) -> Decision:
        if host in (wrong, refused):
            raise WrongServerError(f"{host}:{port} is not dialled")
        return allowed(host, port)

    refused = ""
    dialler._decide = decide  # type: ignore[method-assign]
    dialler.settled = lambda *_: None  # type: ignore[method-assign]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(libpq, "_numbers", lambda host, _: [f"at {host}"])
        found = dialler.dials(dict(MISLED[driver])).locate()
    host, there, port = ("two", "b.test", 2) if wrong == "one" else ("one", "a.test", 1)
    if driver == "asyncpg":
        assert found == {"host": [there], "port": [port]}
    else:
        expected = {"host": host, "hostaddr": f"at {there}"}
        assert {name: found[name] for name in expected} == expected
        assert str(found["port"]) == str(port)
    assert f"{wrong}:" in caplog.text
    refused = host
    with pytest.raises(ConnectionError, match="is not dialled"):
        dialler.dials(dict(MISLED[driver])).locate()


def test_several_hosts_one_by_one(pretend: Pretend) -> None:
    pretend("bridge", answers=[f"{HOST}:5433"])
    url = "postgresql+psycopg://app@/shop?host=db.example.com:5432&host=localhost:5433"
    given = Recorder(url, plugins=["hostshift"]).connect()
    assert given["host"] == "db.example.com,localhost"
    assert given["hostaddr"] == f",{HOST}"
    assert given["port"] == "5432,5433"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://app@/shop",
        "postgresql+psycopg://app@/shop?host=/var/run/postgresql",
        "postgresql+psycopg://app@localhost/shop?hostaddr=127.0.0.1",
        "postgresql+psycopg://app@localhost/shop?service=shop",
        "mysql+pymysql://app@localhost/shop?unix_socket=/run/mysqld/mysqld.sock",
        "sqlite://",
    ],
)
def test_what_has_no_host_is_not_touched(url: str, pretend: Pretend) -> None:
    pretend("bridge", answers=[f"{HOST}:5432", f"{HOST}:3306"])
    assert Recorder(url, plugins=["hostshift"]).connect() == Recorder(url).connect()


SOCKET = "/run/mysqld/mysqld.sock"


def _given(driver: str, name: str, **cparams: object) -> Any:
    """Return what a driver of MySQL gets from the dialect."""
    dialect: Any = type("Dialect", (), {"driver": driver, "name": name, "is_async": False})()
    own: Any = dict
    return connect(dialect, own, [], cparams)


@pytest.mark.parametrize("name", ["mysql", "mariadb"])
@pytest.mark.parametrize("driver", ["mysqldb", "mariadbconnector"])
def test_localhost_is_the_socket_for_mysqls_c_clients(
    driver: str, name: str, pretend: Pretend
) -> None:
    pretend("bridge", answers=[f"{HOST}:3306"], sockets=[SOCKET])
    assert _given(driver, name, host="localhost") == {"host": "localhost"}
    assert _given(driver, name, host="127.0.0.1")["host"] == HOST
    assert _given("pymysql", name, host="localhost")["host"] == HOST


@pytest.mark.parametrize("driver", ["mysqldb", "mariadbconnector"])
def test_without_a_socket_mysqls_c_clients_go_by_the_port(driver: str, pretend: Pretend) -> None:
    pretend("bridge", answers=[f"{HOST}:3306"])
    assert _given(driver, "mysql", host="localhost") == {"host": HOST, "port": 3306}
    options = {"host": "localhost", "read_default_file": "/etc/my.cnf"}
    assert _given(driver, "mysql", **options) == options


@pytest.mark.parametrize("driver", ["mysqldb", "mariadbconnector", "pymysql"])
def test_a_server_on_this_machine_gets_no_word_that_is_a_socket(
    driver: str, pretend: Pretend
) -> None:
    pretend("host", policy=Policy(map="db:3306=localhost:13306"))
    given = _given(driver, "mariadb", host="db")
    assert (given["host"], given["port"]) == ("127.0.0.1", 13306)


def test_the_parameter_in_the_url(pretend: Pretend) -> None:
    pretend("bridge", answers=[f"{HOST}:5432"])
    assert dialled(Recorder(PG + "?plugin=hostshift").connect()) == HOST


@pytest.fixture
def installed() -> Iterator[None]:
    """Install for every engine, twice, and take it away again."""
    install()
    install()
    yield
    uninstall()


@pytest.mark.usefixtures("installed")
def test_install(pretend: Pretend) -> None:
    pretend("bridge", answers=[f"{HOST}:5432"])
    assert dialled(Recorder(PG).connect()) == HOST


def test_each_connect_looks_again(pretend: Pretend) -> None:
    recorder = Recorder(PG, plugins=["hostshift"])
    pretend("bridge", answers=[f"{HOST}:5432"])
    assert dialled(recorder.connect()) == HOST
    pretend("host")
    assert dialled(recorder.connect()) == "localhost"


def test_a_pooled_checkout_decides_nothing(pretend: Pretend) -> None:
    pretend("bridge", answers=[f"{HOST}:5432"])
    asked = resolver.current()
    engine = create_engine(PG, plugins=["hostshift"], pool_size=1, _initialize=False)
    connection: Any = functools.partial(sqlite3.connect, ":memory:")
    stand_in(engine.dialect, lambda *_, **__: connection())
    with mock.patch.object(asked, "dial", wraps=asked.address) as decide:
        for _ in range(20):
            engine.raw_connection().close()
    assert decide.call_count == 1
    engine.dispose()


@pytest.mark.parametrize("way", ["plugins", "install"])
def test_a_broken_connection_makes_it_look_again(
    way: str, pretend: Pretend, request: pytest.FixtureRequest
) -> None:
    pretend("bridge", answers=[f"{HOST}:5432"])
    if way == "install":
        request.getfixturevalue("installed")
    plugins = ["hostshift"] if way == "plugins" else []
    engine = create_engine(PG, plugins=plugins, _initialize=False)
    connection: Any = functools.partial(sqlite3.connect, ":memory:")
    stand_in(engine.dialect, lambda *_, **__: connection())
    current = resolver.current()
    with mock.patch.object(current, "look_again", wraps=current.look_again) as again:
        engine.raw_connection().close()
        engine.dispose()  # the pool that replaces it listens as well
        broken = engine.raw_connection()
        assert again.call_count == 0
        broken.invalidate()
    assert again.call_count == 1
    engine.dispose()


def test_a_failed_connect_makes_it_look_again(pretend: Pretend) -> None:
    pretend("bridge", answers=[f"{HOST}:5432"])
    current = resolver.current()
    with mock.patch.object(current, "look_again", wraps=current.look_again) as again:
        Recorder(PG, plugins=["hostshift"]).connect()
    assert again.call_count == 1


@pytest.mark.parametrize(
    ("host", "looks"), [("localhost", 1), ("not-yet-there", 1), ("db.example.com", 0)]
)
def test_a_failed_connect_to_an_address_as_it_was(host: str, looks: int, pretend: Pretend) -> None:
    """What may be around by the next connect is looked for again, what is elsewhere is not."""
    pretend("bridge")
    current, recorder = resolver.current(), Recorder(PG.replace("localhost", host))
    plugged = Recorder(PG.replace("localhost", host), plugins=["hostshift"])
    with mock.patch.object(current, "look_again", wraps=current.look_again) as again:
        assert plugged.connect() == recorder.connect()
        assert again.call_count == looks
        plugged.connect()
        plugged.connect()
    assert again.call_count == 3 * looks


def test_a_failure_that_is_no_error_of_the_driver(pretend: Pretend) -> None:
    """Asyncpg raises the system's own: SQLAlchemy tells nobody of that."""
    pretend("bridge")
    engine = create_async_engine(PG.replace("psycopg", "asyncpg"), plugins=["hostshift"])

    def refuse(*_: Any, **__: Any) -> Any:
        raise ConnectionRefusedError

    stand_in(engine.dialect, refuse)
    current = resolver.current()
    with (
        mock.patch.object(current, "look_again", wraps=current.look_again) as again,
        pytest.raises(ConnectionRefusedError),
    ):
        asyncio.run(_connect(engine))
    assert again.call_count == 1


@pytest.mark.parametrize("variable", ["PGHOSTADDR", "PGSERVICE"])
def test_variables_that_say_the_address(
    variable: str, pretend: Pretend, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend("bridge", answers=[f"{HOST}:5432"])
    monkeypatch.setenv(variable, "127.0.0.1")
    assert Recorder(PG, plugins=["hostshift"]).connect() == Recorder(PG).connect()


@pytest.mark.parametrize("url", [PG, PG.replace("psycopg", "asyncpg")])
@pytest.mark.parametrize("way", ["plugins", "parameter", "install"])
def test_async_engines(
    url: str, way: str, pretend: Pretend, request: pytest.FixtureRequest
) -> None:
    pretend("bridge", answers=[f"{HOST}:5432"])
    if way == "install":
        request.getfixturevalue("installed")
    text = url + ("?plugin=hostshift" if way == "parameter" else "")
    engine = create_async_engine(text, plugins=["hostshift"] if way == "plugins" else [])
    given: list[dict[str, Any]] = []

    def stop(*_: Any, **parameters: Any) -> Any:
        given.append(parameters)
        raise Stop

    stand_in(engine.dialect, stop)
    with pytest.raises(Stop):
        asyncio.run(_connect(engine))
    assert (dialled(given[0]), int(given[0]["port"])) == (HOST, 5432)
    assert engine.url.host == "localhost"


async def _connect(engine: AsyncEngine) -> None:
    async with engine.connect():
        pass


def test_a_creator_of_its_own_is_not_touched(pretend: Pretend) -> None:
    pretend("bridge", answers=[f"{HOST}:5432"])

    def creator() -> Any:
        raise Stop

    with pytest.raises(Stop):
        create_engine(PG, plugins=["hostshift"], creator=creator).connect()


def test_strict(pretend: Pretend) -> None:
    pretend("bridge", policy=Policy(strict=True))
    with pytest.raises(UndecidedError, match="localhost:5432"):
        Recorder(PG, plugins=["hostshift"]).engine.connect()


def test_without_sqlalchemy_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "hostshift_sqlalchemy")
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(ImportError, match=r"hostshift\[sqlalchemy\]"):
        __import__("hostshift_sqlalchemy")

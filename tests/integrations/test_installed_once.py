"""Whatever interrupts an integration, and however many threads install it: it acts once."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

import httpx
import psycopg
import pymongo
import pytest
import redis
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ConnectionHandler
from flask import Flask
from pymongo import pool_shared
from redis import cluster, connection
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Engine
from sqlalchemy.engine.default import DefaultDialect

import hostshift_pymongo
import hostshift_redis
import hostshift_sqlalchemy
from hostshift import Policy
from hostshift.environment import find
from hostshift.environment.celery import CELERY, resolve_variables
from hostshift.resolution import resolver
from hostshift.testing import pretend
from hostshift_django import _connect as django_connect
from hostshift_django import _pool, _settings
from hostshift_flask import _config
from hostshift_httpx import _network_backend
from hostshift_redis import _connection as redis_connection
from hostshift_sqlalchemy import _connect
from tests.interrupts import interrupt, moments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


@pytest.fixture
def sqlalchemy() -> Iterator[None]:
    hostshift_sqlalchemy.uninstall()
    yield
    hostshift_sqlalchemy.uninstall()


# --- interrupts ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("sqlalchemy")
@pytest.mark.parametrize("call", [hostshift_sqlalchemy.install, hostshift_sqlalchemy.uninstall])
def test_an_interrupt_of_sqlalchemys_install_holds_up_no_other(call: Callable[[], None]) -> None:
    for moment in moments(call, "hostshift_sqlalchemy", "threading.py"):
        again = threading.Thread(target=hostshift_sqlalchemy.install, daemon=True)
        again.start()
        again.join(10)
        assert not again.is_alive(), moment
        assert _layers(DefaultDialect, "connect") == 1
        assert event.contains(Engine, "do_connect", _connect.cover_others)
        assert event.contains(Engine, "invalidate", _connect.lost)
        if call is hostshift_sqlalchemy.install:
            hostshift_sqlalchemy.uninstall()
            assert _layers(DefaultDialect, "connect") == 0


@pytest.mark.parametrize("thread", [False, True], ids=["interrupt", "thread"])
@pytest.mark.parametrize("wrapped", [False, True], ids=["bare", "wrapped"])
def test_no_connect_is_located_twice(*, wrapped: bool, thread: bool) -> None:
    """Whatever came while an engine was covered, the next time covers it."""

    def fresh() -> Any:
        dialect: Any = create_engine("sqlite://").dialect
        if wrapped:
            dialect.connect = dialect.connect
        return dialect

    def cover() -> None:
        _connect.cover(dialect)

    dialect = fresh()
    comes = cover if thread else interrupt
    for moment in moments(cover, "hostshift_sqlalchemy", comes=comes):
        cover()
        assert isinstance(dialect.connect, _connect.Connecting), moment
        assert not isinstance(dialect.connect.own, _connect.Connecting), moment
        dialect = fresh()


CHAIN = "a:1=b:1,b:1=x:1"
"""What is an answer here would be another's question."""
ELSEWHERE = "a:1=c:1,b:1=x:1,c:1=y:1"


def _resolve_celery(moved: str) -> None:
    with pretend(policy=Policy(map=moved)):
        resolve_variables(resolver.current())


def test_an_interrupt_leaves_no_answer_without_its_original_in_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(find.ORIGINALS, "")
    names = CELERY[:2]

    def begin(*places: str) -> None:
        monkeypatch.delenv(find.ORIGINALS, raising=False)
        for name in names:
            monkeypatch.setenv(name, "redis://a:1/0")
        for place in places:
            _resolve_celery(place)

    for places in ((), (CHAIN,)):
        begin(*places)
        for moment in moments(
            lambda: _resolve_celery(ELSEWHERE), "hostshift/environment/celery.py", "frozen os"
        ):
            _resolve_celery("")
            assert [os.environ[name] for name in names] == ["redis://a:1/0"] * 2, moment
            begin(*places)


def test_an_interrupt_leaves_no_answer_without_its_original_in_flask(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(find.ORIGINALS, "")
    names = ("REDIS_URL", "CELERY_BROKER_URL")
    app = Flask("shop")

    def begin(*places: str) -> None:
        app.config.clear()
        app.config.update(dict.fromkeys(names, "redis://a:1/0"))
        app.extensions["hostshift"] = _config.State()
        for place in places:
            resolve(place)

    def resolve(place: str) -> None:
        with pretend(policy=Policy(map=place)):
            _config.resolve(app, app.extensions["hostshift"])

    for places in ((), (CHAIN,)):
        begin(*places)
        for moment in moments(
            lambda: resolve(ELSEWHERE),
            "hostshift_flask",
            "drivers/flat_texts.py",
            "drivers/announce.py",
        ):
            resolve("")
            assert [app.config[name] for name in names] == ["redis://a:1/0"] * 2, moment
            begin(*places)


@pytest.mark.parametrize("places", [(), (CHAIN,)])
@pytest.mark.parametrize("written", range(4))
def test_an_interrupt_leaves_no_answer_without_its_original_in_django(
    places: tuple[str, ...], written: int
) -> None:
    names: dict[str, Any] = dict.fromkeys(("REDIS_URL", "CELERY_BROKER_URL"), "redis://a:1/0")
    first = dict(names)

    def answers(place: str) -> dict[str, Any]:
        with pretend(policy=Policy(map=place)):
            return _settings.resolved(names)

    for place in places:
        names.update(answers(place))
    names.update(list(answers(ELSEWHERE).items())[:written])
    names.update(answers(""))
    assert {name: names[name] for name in first} == first


# --- threads ------------------------------------------------------------------------------------


def _layers(kind: Any, name: str) -> int:
    """Count how often something is wrapped by hostshift."""
    own, layers = vars(kind)[name], 0
    while hasattr(own, "hostshift"):
        own, layers = own.__wrapped__, layers + 1
    return layers


class _Kind(BaseDatabaseWrapper):
    """A database's connections, of which only this test knows."""

    def get_connection_params(self) -> dict[str, Any]:
        return {}


HANDLER = ConnectionHandler({"default": {"ENGINE": "django.db.backends.dummy"}})

INSTALLED: dict[str, tuple[Callable[[], object], str, tuple[tuple[Any, str], ...]]] = {
    "sqlalchemy": (_connect.cover_class, "hostshift_sqlalchemy", ((DefaultDialect, "connect"),)),
    "django's classes": (
        lambda: django_connect.cover(_Kind),
        "hostshift_django",
        ((_Kind, "get_connection_params"),),
    ),
    "django's handler": (
        lambda: django_connect.install(HANDLER),
        "hostshift_django",
        ((HANDLER, "create_connection"),),
    ),
    "redis": (
        hostshift_redis.install,
        "hostshift_redis",
        (
            (redis.ConnectionPool, "__init__"),
            (redis.RedisCluster, "__init__"),
            (cluster.NodesManager, "create_redis_node"),
        ),
    ),
    "pymongo": (
        hostshift_pymongo.install,
        "hostshift_pymongo",
        (
            (pymongo.MongoClient, "__init__"),
            (pymongo.AsyncMongoClient, "__init__"),
            (pool_shared, "_create_connection"),
            (pool_shared, "_async_create_connection"),
        ),
    ),
}


@pytest.mark.parametrize("which", INSTALLED)
def test_two_threads_wrap_a_driver_once(which: str) -> None:
    """One installs, and another comes at any moment."""
    call, file, wrapped = INSTALLED[which]
    _take_off(wrapped)
    for moment in moments(call, file, "drivers/wrapping.py", comes=call):
        assert [_layers(*one) for one in wrapped] == [1] * len(wrapped), moment
        _take_off(wrapped)


def _take_off(wrapped: Iterable[tuple[Any, str]]) -> None:
    for module in (hostshift_redis, hostshift_pymongo, hostshift_sqlalchemy):
        module.uninstall()
    for kind, name in wrapped:
        while hasattr(vars(kind).get(name), "hostshift"):
            setattr(kind, name, vars(kind)[name].__wrapped__)


def test_two_threads_cover_a_transport_once() -> None:
    with httpx.HTTPTransport() as transport:
        pool: Any = transport._pool
        own = pool._network_backend

        def cover() -> None:
            _network_backend.cover(transport)

        for moment in moments(cover, "hostshift_httpx", comes=cover):
            assert pool._network_backend._own is own, moment
            pool._network_backend = own


@pytest.mark.parametrize(
    ("kind", "dialling"),
    [
        (psycopg.Connection, lambda kind: _pool.dialling(kind, "postgresql")),
        (connection.Connection, redis_connection.dialling),
    ],
    ids=["psycopg", "redis"],
)
def test_two_threads_make_one_class(kind: Any, dialling: Callable[[Any], type]) -> None:
    made: set[type] = set()

    def own() -> type:
        made.clear()
        return type("Own", (kind,), {})

    new = own()

    def make() -> None:
        made.add(dialling(new))

    for moment in moments(make, "hostshift_django", "hostshift_redis", comes=make):
        assert len(made) == 1, moment
        new = own()

"""The Flask integration: which addresses an application's extensions and engines get."""

from __future__ import annotations

import json
import logging
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from celery import Celery  # type: ignore[import-untyped,unused-ignore]
from flask import Flask
from flask_caching import Cache
from flask_pymongo import PyMongo
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import make_url

import hostshift
from hostshift import MissingExtraError, Policy, SettingError, UndecidedError
from hostshift.environment import find
from hostshift_flask import Hostshift
from tests.integrations.drivers import stand_in

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from hostshift_pytest import Pretend

HOST = "172.17.0.1"
PORTS = (80, 3306, 5432, 5433, 5672, 6379, 6380, 11211, 11212, 27017)
URI = "postgresql+psycopg://app:s3cret@localhost/shop"


class Stop(Exception):  # noqa: N818 - ends a connect before the network
    """Raised in the driver's place."""


@pytest.fixture(autouse=True)
def _on_the_bridge(pretend: Pretend) -> None:
    pretend("bridge", answers=[f"{HOST}:{port}" for port in PORTS])


def made(**config: Any) -> Flask:
    app = Flask("shop")
    app.config.from_mapping(config)
    return app


def dialled(engine: Engine) -> tuple[Any, Any]:
    """Connect, and return the host and port that the driver would have got."""
    given: dict[str, Any] = {}

    def connect(*_: Any, **parameters: Any) -> Any:
        given.update(parameters)
        raise Stop

    # The real dialect makes the parameters; only the socket is spared.
    stand_in(engine.dialect, connect)
    with pytest.raises(Stop):
        engine.connect()
    return given.get("hostaddr") or given["host"], given.get("port")


def engines(app: Flask, database: SQLAlchemy) -> dict[str | None, tuple[Any, Any]]:
    with app.app_context():
        return {name: dialled(engine) for name, engine in database.engines.items()}


BINDS: dict[str, Any] = {
    "text": "postgresql+psycopg://localhost:5433/a",
    "url": make_url("mysql+pymysql://u:s3cret@localhost/b"),
    "options": {"url": "postgresql+psycopg://localhost/c", "pool_size": 3},
    "elsewhere": "postgresql+psycopg://db.example.com/d",
}
DIALLED = {
    None: (HOST, 5432),
    "text": (HOST, 5433),
    "url": (HOST, 3306),
    "options": (HOST, 5432),
    "elsewhere": ("db.example.com", None),
}


def test_engines_look_up_when_they_connect() -> None:
    app = made(SQLALCHEMY_DATABASE_URI=URI, SQLALCHEMY_BINDS=BINDS)
    Hostshift(app)
    database = SQLAlchemy(app)
    assert engines(app, database) == DIALLED
    assert app.config["SQLALCHEMY_DATABASE_URI"] == URI
    with app.app_context():
        assert database.engine.url == make_url(URI)
        assert database.engines["options"].pool.size() == 3  # type: ignore[attr-defined]


def test_an_engine_finds_a_database_that_moved(pretend: Pretend) -> None:
    app = made(SQLALCHEMY_DATABASE_URI=URI)
    Hostshift(app)
    database = SQLAlchemy(app)
    assert engines(app, database) == {None: (HOST, 5432)}
    pretend("bridge", policy=Policy(map="localhost:5432=172.17.0.9:15432"))
    assert engines(app, database) == {None: ("172.17.0.9", 15432)}
    pretend("host")
    assert engines(app, database) == {None: ("localhost", None)}


def test_engines_that_were_made_before() -> None:
    app = made(SQLALCHEMY_DATABASE_URI=URI, SQLALCHEMY_BINDS=BINDS)
    database = SQLAlchemy(app)
    Hostshift(app)
    assert engines(app, database) == DIALLED


def test_the_url_in_the_options_and_plugins_of_ones_own() -> None:
    options = {"url": URI, "plugins": ["hostshift"], "connect_args": {"host": "localhost"}}
    app = made(SQLALCHEMY_ENGINE_OPTIONS=options)
    Hostshift(app).resolve()
    assert app.config["SQLALCHEMY_ENGINE_OPTIONS"] == options
    assert engines(app, SQLAlchemy(app)) == {None: (HOST, 5432)}


def test_an_application_without_sqlalchemy_gets_no_options() -> None:
    app = made(REDIS_URL="redis://localhost/0")
    Hostshift(app)
    assert [key for key in app.config if key.startswith("SQLALCHEMY")] == []


CONFIG: dict[str, Any] = {
    "MONGO_URI": "mongodb://u:s3cret@localhost:27017/shop",
    "REDIS_URL": "redis://:s3cret@localhost:6379/0",
    "CACHE_REDIS_URL": "redis://localhost:6380/1",
    "CACHE_MEMCACHED_SERVERS": ["localhost:11211", "localhost:11212", "cache.example.com:11211"],
    "CACHE_REDIS_SENTINELS": [("localhost", 6379), ("cache.example.com", 26379)],
    "CACHE_REDIS_CLUSTER": "localhost:6379,localhost:6380",
    "RATELIMIT_STORAGE_URI": "memcached://localhost:11211,localhost:11212",
    "CELERY_BROKER_URL": "amqp://u:s3cret@localhost//",
    "CELERY_RESULT_BACKEND": "db+postgresql://localhost/results",
    "CELERY": {
        "broker_url": ["amqp://localhost//", "amqp://mq.example.com//"],
        "result_backend": "redis://localhost/2",
        "task_ignore_result": True,
        "task_routes": {"a": {"queue": "localhost:6379"}},
    },
    "SESSION_REDIS": object(),
    "DB_HOST": "localhost",
    "DB_PORT": 5432,
}
RESOLVED: dict[str, Any] = {
    **CONFIG,
    "MONGO_URI": f"mongodb://u:s3cret@{HOST}:27017/shop",
    "REDIS_URL": f"redis://:s3cret@{HOST}:6379/0",
    "CACHE_REDIS_URL": f"redis://{HOST}:6380/1",
    "CACHE_MEMCACHED_SERVERS": [f"{HOST}:11211", f"{HOST}:11212", "cache.example.com:11211"],
    "CACHE_REDIS_SENTINELS": [(HOST, 6379), ("cache.example.com", 26379)],
    "CACHE_REDIS_CLUSTER": f"{HOST}:6379,{HOST}:6380",
    "RATELIMIT_STORAGE_URI": f"memcached://{HOST}:11211,{HOST}:11212",
    "CELERY_BROKER_URL": f"amqp://u:s3cret@{HOST}//",
    "CELERY_RESULT_BACKEND": f"db+postgresql://{HOST}/results",
    "CELERY": {
        **CONFIG["CELERY"],
        "broker_url": [f"amqp://{HOST}//", "amqp://mq.example.com//"],
        "result_backend": f"redis://{HOST}/2",
    },
    "DB_HOST": HOST,
}
STAYS: dict[str, Any] = {
    "SERVER_NAME": "localhost:5432",
    "PREFERRED_URL_SCHEME": "http",
    "PUBLIC_URL": "http://localhost:80/",
    "OAUTH_REDIRECT": "https://localhost:5432/callback",
    "GRPC_BIND": "redis://localhost:6379",
    "PLAIN": "localhost:6379",
    "SECRET_KEY": "localhost",
    "ALLOWED": ("http://localhost:80", "localhost:80"),
}


def test_keys_of_data_services() -> None:
    app = made(**CONFIG, **STAYS)
    before = json.dumps(CONFIG, default=str)
    Hostshift(app)
    assert {key: app.config[key] for key in CONFIG} == RESOLVED
    assert {key: app.config[key] for key in STAYS} == STAYS
    assert json.dumps(CONFIG, default=str) == before
    assert type(app.config["DB_PORT"]) is int


def test_keys_of_well_known_clients_are_chosen_as_variables_are() -> None:
    app = made(
        OPENAI_BASE_URL="http://localhost:6379/v1",
        ELASTICSEARCH={"hosts": ["localhost:6379"]},
        MAIL_SERVER="localhost",
        MAIL_PORT=6379,
        S3_PUBLIC_ENDPOINT="http://localhost:6379",
    )
    Hostshift(app)
    assert app.config["OPENAI_BASE_URL"] == f"http://{HOST}:6379/v1"
    assert app.config["ELASTICSEARCH"] == {"hosts": [f"{HOST}:6379"]}
    assert (app.config["MAIL_SERVER"], app.config["MAIL_PORT"]) == (HOST, 6379)
    assert app.config["S3_PUBLIC_ENDPOINT"] == "http://localhost:6379"


def test_extensions_get_them() -> None:
    app = made(
        MONGO_URI=CONFIG["MONGO_URI"],
        CACHE_TYPE="RedisCache",
        CACHE_REDIS_HOST="localhost",
    )
    Hostshift(app)
    mongo, cache = PyMongo(app), Cache(app)
    assert mongo.cx is not None
    with mongo.cx:
        assert mongo.cx._topology_settings.seeds == {(HOST, 27017)}
    backend: Any = app.extensions["cache"][cache]
    arguments = backend._write_client.connection_pool.connection_kwargs
    assert (arguments["host"], arguments["port"]) == (HOST, 6379)


@pytest.mark.parametrize("where", ["argument", "config", "variable"])
def test_keys_that_are_named(where: str) -> None:
    named = ["PLAIN", "*_URL", "SQLALCHEMY_DATABASE_URI", "NODES"]
    nodes = {"first": "localhost:6379", "more": ("localhost:6380",)}
    app = made(PLAIN="localhost:6379", PUBLIC_URL="http://localhost/", NODES=nodes)
    app.config["SQLALCHEMY_DATABASE_URI"] = URI
    if where == "config":
        app.config["HOSTSHIFT_KEYS"] = named
    if where == "variable":  # as app.config.from_prefixed_env() gives it
        app.config["HOSTSHIFT_KEYS"] = ", ".join(named)
    Hostshift(app, keys=named if where == "argument" else ())
    assert app.config["PLAIN"] == f"{HOST}:6379"
    assert app.config["PUBLIC_URL"] == f"http://{HOST}/"
    assert app.config["NODES"] == {"first": f"{HOST}:6379", "more": (f"{HOST}:6380",)}
    assert app.config["SQLALCHEMY_DATABASE_URI"] == URI.replace("localhost", HOST)


def test_names_that_are_none() -> None:
    with pytest.raises(SettingError, match="HOSTSHIFT_KEYS: 'x x' is no name"):
        Hostshift(made(HOSTSHIFT_KEYS="A B"))


def test_a_port_that_differs_for_a_host_that_is_kept_apart(pretend: Pretend) -> None:
    policy = Policy(map="localhost:6379=localhost:16379")
    pretend("bridge", policy=policy)
    app = made(CACHE_REDIS_HOST="localhost")
    integration = Hostshift(app)
    for _ in range(2):
        found = app.config["CACHE_REDIS_HOST"], app.config["CACHE_REDIS_PORT"]
        assert found == ("localhost", 16379)
        integration.resolve()


def test_twice_is_as_good_as_once() -> None:
    app = made(**CONFIG)
    Hostshift(app)
    Hostshift(app, keys="PLAIN").resolve()
    assert {key: app.config[key] for key in CONFIG} == RESOLVED
    said = app.test_cli_runner().invoke(args=["hostshift"]).output
    assert "given      redis://localhost:6380/1" in said


def test_a_sentinel_by_its_number() -> None:
    sentinels = (["::1", 6379], ("db", 1))
    app = made(CACHE_REDIS_SENTINELS=sentinels, OTHER=("localhost", 6379))
    Hostshift(app)
    assert app.config["CACHE_REDIS_SENTINELS"] == ([HOST, 6379], ("db", 1))
    assert app.config["OTHER"] == ("localhost", 6379)


def test_a_factory_and_several_applications() -> None:
    integration, database = Hostshift(), SQLAlchemy()

    def create_app(name: str) -> Flask:
        app = made(SQLALCHEMY_DATABASE_URI=f"postgresql+psycopg://{name}/d", SQLALCHEMY_BINDS=BINDS)
        app.config["REDIS_URL"] = f"redis://{name}:6379"
        integration.init_app(app)
        database.init_app(app)
        return app

    here, there = create_app("localhost"), create_app("db.example.com")
    assert here.config["REDIS_URL"] == f"redis://{HOST}:6379"
    assert there.config["REDIS_URL"] == "redis://db.example.com:6379"
    assert engines(here, database) == DIALLED
    assert engines(there, database) == {**DIALLED, None: ("db.example.com", None)}


def test_a_configuration_that_holds_itself() -> None:
    inner: dict[str, Any] = {"url": "redis://localhost:6379"}
    inner["again"] = inner
    app = made(REDIS_URL="redis://localhost:6379", NESTED=inner, HOSTSHIFT_KEYS="NESTED")
    Hostshift(app)
    assert app.config["REDIS_URL"] == f"redis://{HOST}:6379"
    assert app.config["NESTED"]["again"]["url"] == f"redis://{HOST}:6379"


def test_an_application_beside_it_is_not_touched() -> None:
    class Config:
        SQLALCHEMY_DATABASE_URI = URI
        SQLALCHEMY_BINDS = BINDS
        SQLALCHEMY_ENGINE_OPTIONS: dict[str, Any] = {}
        CELERY = CONFIG["CELERY"]

    with_it, without = Flask("with"), Flask("without")
    with_it.config.from_object(Config)
    without.config.from_object(Config)
    Hostshift(with_it)
    assert without.config["CELERY"] == CONFIG["CELERY"]
    found = engines(without, SQLAlchemy(without))
    assert {host for host, _ in found.values()} == {"localhost", "db.example.com"}


def test_configuration_that_comes_late(caplog: pytest.LogCaptureFixture) -> None:
    app = made(REDIS_URL="redis://localhost:6379")
    integration = Hostshift(app)
    app.config.from_mapping(MONGO_URI="mongodb://localhost/", SQLALCHEMY_DATABASE_URI=URI)
    integration.resolve()
    integration.resolve(app)
    assert app.config["REDIS_URL"] == f"redis://{HOST}:6379"
    assert app.config["MONGO_URI"] == f"mongodb://{HOST}/"
    assert engines(app, SQLAlchemy(app)) == {None: (HOST, 5432)}
    assert "has read it before" not in caplog.text


def test_one_plug_resolves_the_current_application() -> None:
    integration, app = Hostshift(), made()
    integration.init_app(app)
    app.config["REDIS_URL"] = "redis://localhost:6379"
    with app.app_context():
        integration.resolve()
    assert app.config["REDIS_URL"] == f"redis://{HOST}:6379"


def test_an_extension_that_came_first(caplog: pytest.LogCaptureFixture) -> None:
    app = made(CACHE_TYPE="RedisCache", CACHE_REDIS_URL="redis://:s3cret@localhost:6379/0")
    Cache(app)
    with caplog.at_level(logging.WARNING, "hostshift"):
        Hostshift(app)
    (said,) = [one.getMessage() for one in caplog.records if "before" in one.getMessage()]
    assert said.startswith("CACHE_REDIS_URL ")
    assert "initialise Hostshift first" in said
    assert "s3cret" not in caplog.text


def test_mode_off(pretend: Pretend) -> None:
    pretend("bridge", answers=[f"{HOST}:5432", f"{HOST}:6379"], policy=Policy(mode="off"))
    app = made(**CONFIG, SQLALCHEMY_DATABASE_URI=URI)
    Hostshift(app)
    assert {key: app.config[key] for key in CONFIG} == CONFIG
    assert engines(app, SQLAlchemy(app)) == {None: ("localhost", None)}


def test_strict(pretend: Pretend) -> None:
    pretend("bridge", policy=Policy(strict=True))
    with pytest.raises(UndecidedError, match="REDIS_URL") as error:
        Hostshift(made(REDIS_URL="redis://:s3cret@localhost:6379"))
    assert "s3cret" not in str(error.value)
    app = made(SQLALCHEMY_DATABASE_URI=URI)
    Hostshift(app)
    database = SQLAlchemy(app)
    with app.app_context(), pytest.raises(UndecidedError) as at_connect:
        database.engine.connect()
    assert "s3cret" not in str(at_connect.value)


def test_on_the_host_nothing_changes(pretend: Pretend) -> None:
    pretend("host")
    app = made(**CONFIG)
    Hostshift(app)
    assert {key: app.config[key] for key in CONFIG} == CONFIG


def _explained(*arguments: str, late: bool = False) -> str:
    app = made(**CONFIG, **STAYS, SQLALCHEMY_DATABASE_URI=URI, SQLALCHEMY_BINDS=BINDS)
    Hostshift(app)
    if late:
        app.config["LATE_URL"] = "redis://localhost:6379/7"
    result = app.test_cli_runner().invoke(args=["hostshift", *arguments])
    assert result.exit_code == 0, result.output
    assert "s3cret" not in result.output
    return result.output


def test_the_command() -> None:
    blocks = _explained(late=True).split("\n\n")
    (broker,) = (one for one in blocks if one.startswith("CELERY_BROKER_URL\n"))
    assert "given      amqp://u:***@localhost//" in broker
    assert f"used       amqp://u:***@{HOST}//" in broker
    assert "looked up  at start" in broker
    (engine,) = (one for one in blocks if one.startswith("SQLALCHEMY_DATABASE_URI\n"))
    assert "looked up  at each connection" in engine
    (late,) = (one for one in blocks if one.startswith("LATE_URL\n"))
    assert "looked up  not: configured since" in late
    assert not [one for one in blocks if one.startswith(tuple(STAYS))]
    assert blocks[-1].startswith("seen from  isolation docker")


def test_the_command_for_programs() -> None:
    said = json.loads(_explained("--json"))
    found = said["keys"]
    assert found["DB_HOST"]["after"] == HOST
    assert found["CELERY.result_backend"]["after"] == f"redis://{HOST}/2"
    assert found["SQLALCHEMY_BINDS.url"]["looked_up"] == "at each connection"
    assert found["SQLALCHEMY_BINDS.url"]["after"] == f"mysql+pymysql://u:***@{HOST}/b"
    assert said["vantage"]["isolation"] == "docker"
    assert hostshift.vantage().isolation == "docker"


def test_the_command_takes_a_json_list_apart() -> None:
    app = made(NODES='["redis://:s3cret@localhost:6379", "http://localhost:5432"]')
    Hostshift(app)
    assert app.config["NODES"] == f'["redis://:s3cret@{HOST}:6379", "http://localhost:5432"]'
    said = app.test_cli_runner().invoke(args=["hostshift", "--json"]).output
    assert list(json.loads(said)["keys"]) == ["NODES[0]"]
    assert "s3cret" not in said


def test_without_flask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "flask", None)
    monkeypatch.delitem(sys.modules, "hostshift_flask")
    with pytest.raises(MissingExtraError, match=r"pip install 'hostshift\[flask\]'"):
        import_module("hostshift_flask")


def test_what_celery_reads_itself(pretend: Pretend, monkeypatch: pytest.MonkeyPatch) -> None:
    """Celery prefers these variables to its configuration."""
    monkeypatch.setenv(find.ORIGINALS, "")
    monkeypatch.setenv("CELERY_BROKER_URL", "redis://localhost:6379/0")
    monkeypatch.setenv("CELERY_RESULT_BACKEND", "redis://cache.example.com/1")
    hostshift_here = Hostshift(made(CELERY={"broker_url": os.environ["CELERY_BROKER_URL"]}))
    celery = Celery("shop", set_as_current=False)
    assert celery.conf.broker_url == f"redis://{HOST}:6379/0"
    assert celery.conf.result_backend == "redis://cache.example.com/1"
    pretend("bridge", policy=Policy(map=f"localhost:6379=a:1,{HOST}:6379=b:1"))
    hostshift_here.resolve()
    assert celery.conf.broker_url == "redis://a:1/0"


def test_two_applications_and_a_reset(pretend: Pretend, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is an answer in one is what somebody configured in another; a reset changes neither."""
    monkeypatch.setenv(find.ORIGINALS, "")
    monkeypatch.setenv("CELERY_BROKER_URL", "redis://a:1/0")
    chain = Policy(map="a:1=b:1,b:1=c:1")
    pretend("bridge", policy=chain)
    here = Hostshift()
    apps = []
    for url in ("redis://a:1/1", "redis://b:1/1"):
        # The second reads what was written for the first.
        broker = os.environ["CELERY_BROKER_URL"]
        app = made(CACHE_REDIS_URL=url, CELERY_BROKER_URL=broker, CELERY={"broker_url": broker})
        here.init_app(app)
        apps.append(app)

    def seen() -> list[list[str]]:
        for app in apps:
            here.resolve(app)
        there = [
            [app.config["CELERY_BROKER_URL"], app.config["CELERY"]["broker_url"]] for app in apps
        ]
        assert there == [[os.environ["CELERY_BROKER_URL"]] * 2] * 2
        return [[app.config["CACHE_REDIS_URL"] for app in apps], *there]

    chained = [["redis://b:1/1", "redis://c:1/1"], *[["redis://b:1/0"] * 2] * 2]
    assert seen() == chained
    hostshift.reset()
    pretend("bridge", policy=chain)
    assert seen() == chained
    hostshift.reset()
    pretend("bridge", policy=Policy(map="a:1=d:1"))
    assert seen() == [["redis://d:1/1", "redis://b:1/1"], *[["redis://d:1/0"] * 2] * 2]
    late = made(CELERY_BROKER_URL=os.environ["CELERY_BROKER_URL"])  # before it moves again
    pretend("bridge", policy=Policy(map="a:1=e:1,d:1=f:1"))
    here.init_app(late)
    assert late.config["CELERY_BROKER_URL"] == "redis://e:1/0"
    pretend("bridge", policy=Policy(mode="off"))
    assert seen() == [["redis://a:1/1", "redis://b:1/1"], *[["redis://a:1/0"] * 2] * 2]
    assert find.ORIGINALS not in os.environ


FIRST: dict[str, Any] = {
    "MONGO_URI": PyMongo,
    "CACHE_REDIS_URL": Cache,
    "REDIS_URL": lambda app: app.extensions.setdefault("redis", object()),
    "MONGODB_SETTINGS": lambda app: app.extensions.setdefault("mongoengine", object()),
}
"""Extensions by the key that they read, as they are put before hostshift."""


@pytest.mark.parametrize("key", FIRST)
def test_whatever_came_first_is_warned_of(key: str, caplog: pytest.LogCaptureFixture) -> None:
    """And the command does not say that it has the address from here."""
    scheme = "mongodb" if key.startswith("MONGO") else "redis"
    text = f"{scheme}://u:s3cret@localhost:{27017 if scheme == 'mongodb' else 6379}/shop"
    app = made(**{key: {"host": text} if key == "MONGODB_SETTINGS" else text})
    if key == "CACHE_REDIS_URL":
        app.config["CACHE_TYPE"] = "RedisCache"
    mongo = FIRST[key](app)
    with caplog.at_level(logging.WARNING, "hostshift"):
        Hostshift(app).resolve()
    said = [one.getMessage() for one in caplog.records if "read it before" in one.getMessage()]
    assert len(said) == 1
    assert said[0].startswith(f"{key} ")
    shown = app.test_cli_runner().invoke(args=["hostshift"]).output
    assert "looked up  too late: the extension " in shown
    assert "looked up  at start" not in shown
    assert "s3cret" not in caplog.text + shown
    if isinstance(mongo, PyMongo) and mongo.cx is not None:
        mongo.cx.close()


def test_nothing_is_said_where_hostshift_came_first(caplog: pytest.LogCaptureFixture) -> None:
    app = made(MONGO_URI="mongodb://localhost:27017/shop")
    integration = Hostshift(app)
    mongo = PyMongo(app)
    integration.resolve()
    assert "read it before" not in caplog.text
    assert "looked up  at start" in app.test_cli_runner().invoke(args=["hostshift"]).output
    assert mongo.cx is not None
    mongo.cx.close()


def test_each_change_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "hostshift"):
        for _ in range(2):
            Hostshift(made(**CONFIG)).resolve()
    said = [one.getMessage() for one in caplog.records if " -> " in one.getMessage()]
    assert len(said) == len(set(said))
    starts = {one.partition(" (")[0] for one in said}
    assert f"localhost:6379 -> {HOST}:6379 for Flask's REDIS_URL" in starts
    assert f"localhost:5432 -> {HOST}:5432 for Flask's DB_HOST" in starts
    assert f"localhost:6379 -> {HOST}:6379 for Flask's CELERY.result_backend" in starts
    assert "s3cret" not in caplog.text

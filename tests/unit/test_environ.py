"""Which variables are touched, and which never: 40 and more of each, as data."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

import hostshift
from hostshift import Policy, SettingError, UndecidedError
from hostshift.config.readers import parse_names
from hostshift.environment import find, resolve
from hostshift.environment.celery import original, resolve_variables
from hostshift.resolution import resolver

if TYPE_CHECKING:
    from hostshift_pytest import Pretend

HOST = "172.17.0.1"
VECTORS: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "environment" / "variables.json").read_text(
        encoding="utf-8"
    )
)
PORTS = (
    *(1433, 1521, 3306, 4222, 5432, 5671, 5672, 5673, 6379, 7687, 9000, 9092, 11211, 26379),
    *(27017, 27018, 2181, 2182, 6380, 8483, 8888, 11212),
    # What must not be touched answers as well: it is not for want of an answer that it stays.
    *(25, 80, 443, 3000, 3001, 3128, 8000, 8080, 8443, 11434),
)
ANSWERS = [f"{HOST}:{port}" for port in PORTS]


def test_there_are_forty_of_each() -> None:
    assert len(VECTORS["touched"]) >= 40
    assert len(VECTORS["untouched"]) >= 40


@pytest.mark.parametrize("row", VECTORS["touched"], ids=lambda row: row["id"])
def test_what_is_touched(row: dict[str, Any], pretend: Pretend) -> None:
    pretend("bridge", answers=ANSWERS)
    given = {**row["env"], "OTHER": "localhost"}
    assert hostshift.resolve_environ(given) == {**given, **row["after"]}
    assert given == {**row["env"], "OTHER": "localhost"}


@pytest.mark.parametrize("row", VECTORS["untouched"], ids=lambda row: row["id"])
def test_what_is_not(row: dict[str, Any], pretend: Pretend) -> None:
    pretend("bridge", answers=ANSWERS)
    assert hostshift.resolve_environ(row["env"]) == row["env"]


@pytest.mark.parametrize("value", ["unix:/run/m.sock", "/run/m.sock", "unix:/run/a;unix:/run/b"])
def test_sockets_of_memcached_pass_strict(value: str, pretend: Pretend) -> None:
    pretend("bridge", answers=ANSWERS, policy=Policy(strict=True))
    given = {"MEMCACHED_SERVERS": value}
    assert hostshift.resolve_environ(given) == given


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ORACLE_IMAGE", "localhost:1521/XEPDB1"),
        ("REDIS_NODES", "localhost:6379 6380"),
        ("KAFKA_BROKERS", "localhost:9092/topic"),
    ],
)
def test_what_only_looks_like_a_list_stays(name: str, value: str, pretend: Pretend) -> None:
    pretend("bridge", answers=ANSWERS)
    assert hostshift.resolve_environ({name: value}) == {name: value}


def test_what_is_listed_is_touched_whatever_it_holds(pretend: Pretend) -> None:
    listed = Policy(env="S3_ENDPOINT, KAFKA_*, REDIS_BIND")
    pretend("bridge", answers=ANSWERS, policy=listed)
    given = {
        "S3_ENDPOINT": "http://localhost:9000",
        "KAFKA_BOOTSTRAP_SERVERS": "localhost:9092",
        "REDIS_BIND": "redis://localhost:6379",
        "KAFKA_LIST": '["localhost:9092", "ü"]',
        "PUBLIC_URL": "http://localhost:8000",
    }
    assert hostshift.resolve_environ(given) == {
        "S3_ENDPOINT": f"http://{HOST}:9000",
        "KAFKA_BOOTSTRAP_SERVERS": f"{HOST}:9092",
        "REDIS_BIND": f"redis://{HOST}:6379",
        "KAFKA_LIST": f'["{HOST}:9092", "ü"]',
        "PUBLIC_URL": "http://localhost:8000",
    }


@pytest.mark.parametrize(
    "value",
    [
        "[" * 100_000,
        '["redis://localhost:6379", ["redis://localhost:6379"]]',
        '{"a": "redis://localhost:6379"',
        '{"a": {"host": "localhost", "port": 5432}}',
        "[::1]:6379",
        '["redis://localhost:6379"] and more',
    ],
)
def test_lists_that_are_none(value: str, pretend: Pretend) -> None:
    pretend("bridge", answers=ANSWERS)
    assert hostshift.resolve_environ({"CACHES": value}) == {"CACHES": value}


@pytest.mark.parametrize(
    ("name", "value", "after"),
    [
        (
            "AIRFLOW_CONN_SHOP",
            '{"conn_type": "postgres", "host": "localhost", "port": 5432, "extra": {"a": 1}}',
            f'{{"conn_type": "postgres", "host": "{HOST}", "port": 5432, "extra": {{"a": 1}}}}',
        ),
        (
            "AIRFLOW_CONN_CACHE",
            '{ "conn_type":"redis",\t"host":"localhost" }',
            f'{{ "conn_type":"redis",\t"host":"{HOST}" }}',
        ),
        (
            "SERVICES",
            '[{"name": "localhost", "uri": "redis:\\/\\/localhost:6379\\/0"}, {"n": 1}]',
            f'[{{"name": "localhost", "uri": "redis:\\/\\/{HOST}:6379\\/0"}}, {{"n": 1}}]',
        ),
        (
            "APP_CONFIG",
            '{"elasticsearch": {"url": "http://localhost:9000"}, "publicUrl": "http://localhost"}',
            f'{{"elasticsearch": {{"url": "http://{HOST}:9000"}}, "publicUrl": "http://localhost"}}',
        ),
    ],
    ids=lambda value: value if str(value).isidentifier() else "",
)
def test_of_json_only_the_fields_that_are_addresses_change(
    name: str, value: str, after: str, pretend: Pretend
) -> None:
    pretend("bridge", answers=ANSWERS)
    assert hostshift.resolve_environ({name: value}) == {name: after}


def test_a_pair_without_a_port_says_what_is_missing(
    pretend: Pretend, caplog: pytest.LogCaptureFixture
) -> None:
    pretend("bridge", answers=ANSWERS)
    caplog.set_level("INFO", "hostshift")
    assert hostshift.resolve_environ({"DB_HOST": "localhost"}) == {"DB_HOST": "localhost"}
    assert "DB_HOST stays as it is: its port is not known; set DB_PORT" in caplog.text


def test_the_list_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOSTSHIFT_ENV", "ONE,TWO_*")
    hostshift.reset()
    try:
        assert resolver.current().policy.env == ("ONE", "TWO_*")
        monkeypatch.setenv("HOSTSHIFT_ENV", "A=B")
        hostshift.reset()
        with pytest.raises(SettingError, match="HOSTSHIFT_ENV"):
            hostshift.resolve_environ({})
    finally:
        hostshift.reset()


@pytest.mark.parametrize("text", ["A=B", "A B"])
def test_no_name(text: str) -> None:
    with pytest.raises(ValueError, match="no name of a variable"):
        parse_names(text)


def test_apply_writes_it_back(pretend: Pretend, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend("bridge", answers=ANSWERS)
    monkeypatch.setenv("DATABASE_URL", "postgresql://localhost:5432/shop")
    view = hostshift.resolve_environ()
    assert view["DATABASE_URL"] == f"postgresql://{HOST}:5432/shop"
    assert os.environ["DATABASE_URL"] == "postgresql://localhost:5432/shop"
    hostshift.resolve_environ(apply=True)
    assert os.environ["DATABASE_URL"] == view["DATABASE_URL"]
    assert hostshift.resolve_environ() == dict(os.environ)


def test_another_port_needs_a_variable_to_be_said_in(pretend: Pretend) -> None:
    """Whoever reads no port would dial its default on the new host: another server."""
    moved = Policy(map="localhost:5432=db:15432,localhost:6379=cache:16379")
    pretend("bridge", policy=moved)
    assert hostshift.resolve_environ({"PGHOST": "localhost"}) == {
        "PGHOST": "db",
        "PGPORT": "15432",
    }
    alone = {"REDIS_HOST": "localhost"}
    assert hostshift.resolve_environ(alone) == alone
    assert hostshift.resolve_environ({**alone, "REDIS_PORT": "6379"}) == {
        "REDIS_HOST": "cache",
        "REDIS_PORT": "16379",
    }


def test_lists_in_libpqs_variables(pretend: Pretend) -> None:
    pretend("bridge", policy=Policy(map="localhost:5432=a:1,localhost:5433=b:2"))
    given = {"PGHOST": "localhost,localhost", "PGPORT": "5432,5433"}
    assert hostshift.resolve_environ(given) == {"PGHOST": "a,b", "PGPORT": "1,2"}
    odd = {"PGHOST": "localhost,localhost", "PGPORT": "5432,5433,5434"}
    assert hostshift.resolve_environ(odd) == odd


@pytest.mark.parametrize(("name", "value"), [("PGHOSTADDR", "127.0.0.1"), ("PGSERVICE", "shop")])
def test_another_variable_says_where_libpq_connects(
    name: str, value: str, pretend: Pretend, caplog: pytest.LogCaptureFixture
) -> None:
    """It dials that address at PGPORT, so a port that changes would lead to another server."""
    pretend("bridge", policy=Policy(map="localhost:21577=db:5432"))
    given = {"PGHOST": "localhost", name: value, "PGPORT": "21577"}
    assert hostshift.resolve_environ(given) == given
    assert f"PGHOST stays as it is: {name} also sets where to connect" in caplog.text
    assert f"Next: unset {name}" in caplog.text
    unset = {**given, name: ""}
    assert hostshift.resolve_environ(unset) == {**unset, "PGHOST": "db", "PGPORT": "5432"}
    pretend("bridge", policy=Policy(map="localhost:21577=db:5432", env="PGHOST", strict=True))
    with pytest.raises(UndecidedError, match=f"PGHOST.*unset {name}"):
        hostshift.resolve_environ(given)


def test_strict_names_the_variable_and_no_secret(pretend: Pretend) -> None:
    pretend("bridge", policy=Policy(strict=True))
    with pytest.raises(UndecidedError) as error:
        hostshift.resolve_environ({"SHOP_URL": "postgresql://app:s3cret@localhost:5432/shop"})
    assert str(error.value).startswith("SHOP_URL: ")
    assert "s3cret" not in str(error.value)


@pytest.mark.parametrize("mode", ["off", "report"])
def test_other_modes_change_nothing(pretend: Pretend, mode: str) -> None:
    pretend("bridge", answers=ANSWERS, policy=Policy(mode=mode))
    given = {"DATABASE_URL": "postgresql://localhost/shop", "PGHOST": "localhost"}
    assert hostshift.resolve_environ(given) == given


def test_what_celery_reads_is_resolved_from_what_stood_there_first(
    pretend: Pretend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a reset too, and in a child that inherits the environment."""
    monkeypatch.setenv(find.ORIGINALS, "")
    monkeypatch.setenv("CELERY_BROKER_URL", "redis://a:1/0")
    for moved, seen in (("a:1=b:1,b:1=c:1", "b:1"), ("a:1=d:1,b:1=c:1", "d:1"), ("", "a:1")):
        for _ in range(2):
            hostshift.reset()
            pretend(policy=Policy(map=moved))
            resolve_variables(resolver.current())
            assert os.environ["CELERY_BROKER_URL"] == f"redis://{seen}/0"
    assert find.ORIGINALS not in os.environ


def test_what_somebody_else_writes_there_is_what_is_resolved(
    pretend: Pretend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(find.ORIGINALS, "")
    monkeypatch.setenv("CELERY_BROKER_URL", "redis://a:1/0")
    pretend(policy=Policy(map="a:1=b:1,b:2=c:2"))
    resolve_variables(resolver.current())
    monkeypatch.setenv("CELERY_BROKER_URL", "redis://b:2/0")
    resolve_variables(resolver.current())
    assert os.environ["CELERY_BROKER_URL"] == "redis://c:2/0"
    assert original("CELERY_BROKER_URL", "redis://b:1/0") == "redis://b:1/0"


@pytest.mark.parametrize("text", ["", "[", "[]", '{"CELERY_BROKER_URL": 1}', "null", "{}"])
def test_a_memory_that_is_none_is_passed_over(
    text: str, pretend: Pretend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CELERY_BROKER_URL", "redis://a:1/0")
    monkeypatch.setenv(find.ORIGINALS, text)
    pretend(policy=Policy(map="a:1=b:1"))
    resolve_variables(resolver.current())
    assert os.environ["CELERY_BROKER_URL"] == "redis://b:1/0"
    assert list(find.touched({find.ORIGINALS: "redis://a:1/0"}, ("*",))) == []


def test_more_than_is_read_of_a_text_is_no_list(pretend: Pretend) -> None:
    pretend("host", policy=Policy(map="localhost=db:1"))
    one = "redis://localhost:6390/0"
    few = json.dumps([one] * 1000)
    assert hostshift.resolve_environ({"NODES": few})["NODES"].count("redis://db:1/0") == 1000
    for many in (json.dumps([one] * 1001), json.dumps([one + "x" * 131_072])):
        assert hostshift.resolve_environ({"NODES": many})["NODES"] == many


@pytest.mark.parametrize("strict", [False, True])
def test_an_environment_takes_no_longer_than_a_start_may(
    pretend: Pretend,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    strict: bool,
) -> None:
    """Each variable may meet a silence of its own: what is left after the limit stays."""
    pretend("host", policy=Policy(map="localhost=db:1", strict=strict))
    now = iter(range(0, 1000, 4))
    monkeypatch.setattr(resolve, "time", SimpleNamespace(monotonic=lambda: float(next(now))))
    given = {f"A{at}_URL": "redis://localhost:6390/0" for at in range(4)}
    if strict:
        with pytest.raises(UndecidedError, match=r"A2_URL.*: .* 10 seconds were over"):
            hostshift.resolve_environ(given)
        return
    given |= {f"B{at}_URL": "redis://localhost:6390/0" for at in range(7)}
    found = hostshift.resolve_environ(given)
    assert [found[name] != given[name] for name in given] == [True] * 2 + [False] * 9
    (line,) = (one for one in caplog.messages if "10 seconds were over" in one)
    assert line.startswith("the value of A2_URL, A3_URL, B0_URL and 6 more stays as it is: ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "sqlite:///./app.db"),
        ("DATABASE_URL", "sqlite+aiosqlite:///./app.db"),
        ("MAILER_DSN", "null://localhost"),
        ("CACHE_URL", "dbcache://a_table"),
        ("REDIS_URL", "unix:///run/redis.sock"),
        ("SPRING_DATASOURCE_URL", "jdbc:h2:mem:testdb"),
        ("SPRING_DATASOURCE_URL", "jdbc:sqlite:app.db"),
        ("DATABASE_URL", "postgresql:///shop?host=/var/run/postgresql"),
        ("DATABASE_URL", "postgresql://u:p@%2Fvar%2Frun/shop"),
        ("DATABASE_URL", "postgresql+psycopg:///d?host=/tmp"),
        ("DATABASE_URL", "host=/tmp dbname=shop"),
        ("DATABASE_URL", "user=u host = '/tmp' dbname=shop"),
        ("DATABASE_URL", "mysql+pymysql://u:p@/shop?charset=utf8&unix_socket=/run/m.sock"),
        ("DATABASE_URL", "mysql+pymysql://u:p@localhost/shop?unix_socket=/run/m.sock"),
        ("DATABASE_URL", "u:p@unix(/run/m.sock)/shop"),
        ("DATABASE_URL", "mysql:unix_socket=/run/m.sock;dbname=shop"),
        ("DATABASE_URL", "Server=/run/m.sock;Protocol=unix;Database=shop"),
        ("DATABASE_URL", "mongodb+srv://u:p@shop.example.net/d"),
    ],
)
def test_a_file_or_a_socket_is_no_doubt_for_strict(name: str, value: str, pretend: Pretend) -> None:
    pretend("bridge", answers=ANSWERS, policy=Policy(strict=True))
    assert hostshift.resolve_environ({name: value}) == {name: value}


@pytest.mark.parametrize(
    "value",
    [
        *("postgresql:///shop", "amqp://", "jdbc:h2:tcp://${H}/d"),
        *("mysql://u:sock=%2Fp@/shop", "mysql+pymysql://u:host=@/shop"),
        "mysql+pymysql://u:p@db/shop?unix_socket=/run/m.sock",
    ],
)
def test_strict_refuses_what_may_lead_to_a_server(value: str, pretend: Pretend) -> None:
    pretend("bridge", answers=ANSWERS, policy=Policy(strict=True))
    with pytest.raises(UndecidedError, match="DATABASE_URL"):
        hostshift.resolve_environ({"DATABASE_URL": value})


@pytest.mark.parametrize(
    "text",
    [
        "mysql+mysqldb://u:p@/shop?unix_socket=/run/m.sock&host=db",
        "Server=/run/m.sock;FailoverPartner=db;Protocol=unix",
    ],
)
def test_strict_refuses_a_socket_beside_another_address(text: str, pretend: Pretend) -> None:
    pretend("bridge", answers=ANSWERS, policy=Policy(strict=True))
    with pytest.raises(UndecidedError):
        hostshift.resolve(text)

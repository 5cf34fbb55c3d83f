"""A default port counts only if every client that may read a text takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import hostshift
from hostshift import dsn
from hostshift.drivers.databases import DatabaseDialer

if TYPE_CHECKING:
    from hostshift_pytest import Pretend

HOST = "172.17.0.1"
USUAL = [
    *(21, 25, 443, 465, 587, 990, 3306, 4000, 5432, 5433, 5439, 5672, 8080, 8093, 8123, 8812, 9000),
    *(9440, 11210, 26257),
]
"""Ports of which one client or another takes one for a text below."""
UNCLEAR = [
    "host=localhost",
    "Host=localhost",
    "host=localhost;username=guest;password=guest;timeout=60",
    "Host=localhost;Username=default;Password=p;Timeout=30",
    "host=localhost;db=app;user=u;password=p",
    "clickhouse://default:p@localhost/db",
    "clickhouse://localhost?secure=true",
    "clickhouse+http://localhost/db",
    "jdbc:clickhouse://localhost/db",
    "cockroachdb://root@localhost/db",
    "cockroach://root@localhost/db",
    "redshift://u:p@localhost/db",
    "yugabytedb+psycopg2://localhost/db",
    "tidb://localhost/db",
    "couchbase://localhost/db",
    "smtp://localhost",
    "smtps://localhost",
    "smtp+tls://localhost",
    "ftps://u:p@localhost/x",
    "questdb://admin:quest@localhost/main",
    "trino://u:p@localhost/c",
    "presto://localhost/c",
]


@pytest.mark.parametrize("text", UNCLEAR)
def test_no_client_is_led_to_the_port_of_another(text: str, pretend: Pretend) -> None:
    pretend("bridge", answers=[f"{HOST}:{port}" for port in USUAL])
    assert hostshift.resolve(text) == text
    (end,) = dsn.read(text).endpoints
    assert end.effective_port is None


@pytest.mark.parametrize(
    ("text", "dialect", "port"),
    [
        ("clickhouse://localhost/db", "clickhouse", 9000),
        ("clickhouse://localhost/db", "sqlalchemy", 8123),
        ("redshift://localhost/db", "sqlalchemy", 5432),
        ("cockroachdb+asyncpg://localhost/db", None, 5432),
        ("redshift+redshift_connector://localhost/db", None, 5439),
        ("db+redshift://localhost/db", None, 5432),
        ("host=localhost", "libpq", 5432),
        ("smtp+ssl://localhost", None, 465),
        ("submission://localhost", None, 587),
    ],
)
def test_a_client_that_is_known_takes_its_own(
    text: str, dialect: str | None, port: int, pretend: Pretend
) -> None:
    pretend("bridge", answers=[f"{HOST}:{port}"])
    assert hostshift.resolve(text, dialect=dialect) == text.replace("localhost", HOST)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("PGPORT", "postgresql://u:p@localhost/d"),
        ("PGPORT", "host=localhost dbname=d user=u"),
        ("PGPORT", "postgresql+psycopg://u:p@localhost/d"),
        ("PGPORT", "cockroachdb+psycopg2://u:p@localhost/d"),
        ("MYSQL_TCP_PORT", "mysql://u:p@localhost/d"),
    ],
)
def test_a_variable_that_sets_another_port_speaks_against_the_usual_one(
    name: str, text: str, pretend: Pretend, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend("bridge", answers=[f"{HOST}:{port}" for port in USUAL])
    moved = text.replace("localhost", HOST)
    assert hostshift.resolve(text) == moved
    assert hostshift.resolve_environ({"DATABASE_URL": text, name: "5555"})["DATABASE_URL"] == text
    monkeypatch.setenv(name, "5555")
    assert hostshift.resolve(text) == text
    assert hostshift.resolve_environ({"DATABASE_URL": text})["DATABASE_URL"] == moved
    monkeypatch.setenv(name, "5432" if name == "PGPORT" else "3306")
    assert hostshift.resolve(text) == moved


@pytest.mark.parametrize(
    "text",
    [
        "jdbc:postgresql://localhost/d",
        "postgresql+pg8000://u:p@localhost/d",
        "mysql+pymysql://u:p@localhost/d",
        "u:p@tcp(localhost)/d",
    ],
)
def test_drivers_that_do_not_know_the_variable(
    text: str, pretend: Pretend, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend("bridge", answers=[f"{HOST}:5432", f"{HOST}:3306"])
    monkeypatch.setenv("PGPORT", "5555")
    monkeypatch.setenv("MYSQL_TCP_PORT", "5555")
    assert hostshift.resolve(text) == text.replace("localhost", HOST)


def test_a_port_that_the_caller_knows_counts() -> None:
    for dialect in (None, "sqlalchemy"):
        (end,) = dsn.read("redshift://h/db", dialect, default_port=5555).endpoints
        assert end.effective_port == 5555


def test_a_protocol_that_the_caller_knows_tells_who_reads_a_host_alone() -> None:
    (end,) = dsn.read("host=h", protocol="postgresql").endpoints
    assert end.effective_port == 5432


@pytest.mark.parametrize(
    ("driver", "protocol", "port"),
    [
        ("psycopg2", "redshift", 5432),
        ("redshift_connector", "redshift", 5439),
        ("asyncpg", "cockroachdb", 5432),
        ("psycopg", "postgresql", 5432),
        ("pymysql", "mysql", 3306),
    ],
)
def test_a_driver_without_a_port_dials_its_own(driver: str, protocol: str, port: int) -> None:
    dialer = DatabaseDialer(driver, protocol, "a client", RuntimeError)
    assert dialer.configured({"host": "h"}) == [("h", port)]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_credentials_without_a_scheme_move_to_an_address_in_numbers(
    host: str, pretend: Pretend
) -> None:
    pretend("bridge", answers=[f"{HOST}:5672"])
    assert hostshift.resolve(f"u:p@{host}:5672/vhost") == f"u:p@{HOST}:5672/vhost"

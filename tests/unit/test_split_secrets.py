"""A raw separator in a password, and names that no driver knows: nothing of a secret shows."""

from __future__ import annotations

import pytest

import hostshift
from hostshift import Policy, dsn
from hostshift.testing import pretend as pretending

SECRET = "hunter2xyz"
WORDS = [
    "Server=localhost,1433;Database=db;User Id=sa;Password=ab;{};Encrypt=true",
    "Server=localhost;Database=db;Uid=root;Pwd=ab;{};SslMode=None",
    "Data Source=localhost;User Id=u;Password=ab;{};Pooling=true",
    "Data Source=localhost;User Id=u;Password=ab;Server={};Encrypt=true",
    "Server=localhost;User Id=u;Password=ab;{}=1;Encrypt=true",
    "DRIVER={{PostgreSQL}};Server=localhost;UID=u;PWD=ab;{};SSLmode=require",
    "jdbc:sqlserver://localhost:1433;user=sa;password=ab;{};encrypt=true",
    "jdbc:db2://localhost:50000/db:user=u;password=ab;{};sslConnection=true;",
    "jdbc:derby://localhost:1527/db;user=u;password=ab;{}",
    "jdbc:hsqldb:hsql://localhost:9001/xdb;user=sa;password=ab;{}",
    "jdbc:h2:tcp://localhost/db;USER=sa;PASSWORD=ab;{}",
    "jdbc:jtds:sqlserver://localhost/db;user=sa;password=ab;{};ssl=off",
    "jdbc:postgresql://localhost/db?user=u&password=ab&{}&ssl=true",
    "jdbc:mysql://localhost/db?user=u&password=ab&{}&useSSL=true",
    "jdbc:trino://localhost:8080/db?accessToken=ab&{}&SSL=true",
    "postgresql://localhost/db?user=u&password=ab&{}&sslmode=require",
    "postgresql+psycopg://localhost/db?password=ab&{}",
    "mysql://localhost/db?user=u&password=ab&{}&ssl=true",
    "mongodb://localhost/db?password=ab&{}&ssl=true",
    "clickhouse://localhost/db?user=u&password=ab&{}&secure=true",
    "redis://localhost/0?username=u&password=ab&{}&ssl=true",
    "amqp://localhost//?password=ab&{}&ssl=true",
    "nats://localhost?token=ab&{}",
    "sqlserver://localhost?password=ab&{}&encrypt=true",
    "u:p@tcp(localhost:3306)/db?password=ab&{}&tls=true",
    "pgsql:host=localhost;user=u;password=ab;{};dbname=x",
    "host=localhost password=ab {} dbname=x",
    "host=localhost password=ab host={} dbname=x",
    "localhost:6379,password=ab,{},ssl=true",
]
"""A word behind a password that may be the rest of it."""

NAMES = [
    "DRIVER={{ODBC Driver 18 for SQL Server}};Server=localhost;PWD=ab;{}=x;Encrypt=yes",
    "jdbc:sqlserver://localhost:1433;user=sa;password=ab;{}=1;encrypt=true",
    "jdbc:db2://localhost:50000/db:user=u;password=ab;{}=1;sslConnection=true;",
    "jdbc:postgresql://localhost/db?user=u&password=ab&{}=1&ssl=true",
    "postgresql://localhost/db?user=u&password=ab&{}=1",
    "redis://localhost/0?password=ab&x=1&{}=1",
    "host=localhost password=ab {}=1 dbname=x",
    "host=localhost password=ab x=1 {}=1 dbname=x",
    "pgsql:host=localhost;user=u;password=ab;{}=1;dbname=x",
    "jdbc:as400://localhost:8471;user=u;pa{{sword={}",
    "Driver={{InterSystems ODBC}};Server=localhost;Port=1972;UID=u;,WD={}",
    "jdbc:sqlserver://localhost;user=u;pasword={}",
    "jdbc:h2:tcp://localhost/db;PASWORD={}",
    "mysql:host=localhost;pasword={}",
    "mongodb://localhost/db?pasword={}",
    "http://localhost:9200/?pasword={}",
]
"""A keyword that no driver knows, or the value of one."""


def _shown(text: str) -> str:
    with pretending("host", policy=Policy(map="localhost=db.test:15999")):
        found = hostshift.explain(text)
    return f"{found!r} {found} {found.as_dict()} {dsn.mask(text, dsn.read(text))}"


@pytest.mark.parametrize("form", WORDS)
def test_what_may_be_the_rest_of_a_password_leaves_a_text_alone(form: str) -> None:
    text = form.format(SECRET)
    assert SECRET not in _shown(text)
    reading = dsn.read(text)
    assert reading.endpoints == ()
    assert "password" in reading.trouble
    with pretending("host", policy=Policy(map="localhost=db.test:15999")):
        assert hostshift.resolve(text) == text


@pytest.mark.parametrize("form", NAMES)
def test_a_keyword_that_no_driver_knows_is_hidden(form: str) -> None:
    text = form.format(SECRET)
    assert SECRET not in _shown(text)
    assert [end.host for end in dsn.read(text).endpoints] == ["localhost"]


@pytest.mark.parametrize(
    ("text", "way"),
    [
        ("Server=localhost;User Id=u;Password=ab;rest;Encrypt=true", "in double quotes"),
        ("Server=localhost;User Id=u;Password=ab;Server=rest", "in double quotes"),
        ("jdbc:sqlserver://localhost;password=ab;rest", "in braces"),
        ("DRIVER={PostgreSQL};Server=localhost;PWD=ab;rest", "in braces"),
        ("jdbc:derby://localhost/db;password=ab;rest", "an argument of its own"),
        ("jdbc:mysql://localhost/db?password=ab&rest", "write it as %26"),
        ("host=localhost password=ab host=rest", "in single quotes"),
    ],
)
def test_the_reason_says_how_to_write_the_password(text: str, way: str) -> None:
    assert way in dsn.read(text).trouble


@pytest.mark.parametrize(
    "text",
    [
        'Server=localhost;User Id=u;Password="ab;Server=rest";Encrypt=true',
        "DRIVER={PostgreSQL};Server=localhost;UID=u;PWD={ab;rest};SSLmode=require",
        "jdbc:sqlserver://localhost;user=u;password={ab;rest};encrypt=true",
        "postgresql://localhost/db?password=ab%26rest&sslmode=require",
        "host=localhost password='ab host=rest' dbname=x",
        "jdbc:h2:tcp://localhost/db;PASSWORD=ab;;MODE=MySQL",
        "redis://localhost/0?password=ab&ssl",
    ],
)
def test_a_password_in_quotes_is_whole(text: str) -> None:
    reading = dsn.read(text)
    assert [end.host for end in reading.endpoints] == ["localhost"]
    assert "rest" not in dsn.mask(text, reading)


@pytest.mark.parametrize(
    "text",
    [
        "http://hunter2xyz/@localhost:9000/sentry/3",
        "http://hunter2xyz/@sentry/3",
        "https://hunter2xyz/@sentry.example.com/3",
        "http://hunter2xyz:80/@localhost/3",
        "http://hunter2.xyz/@10.0.0.1/3",
        "http://hunter2xyz/@a/@localhost:9000/3",
    ],
)
def test_a_token_that_ends_with_a_slash_is_no_host(text: str) -> None:
    assert "hunter2" not in _shown(text)
    assert "may be a part of a password" in dsn.read(text).trouble


@pytest.mark.parametrize(
    "text", ["http://npm:4873/@scope/package", "https://registry.npmjs.org/@scope/package"]
)
def test_a_scope_in_a_path_is_no_address(text: str) -> None:
    assert len(dsn.read(text).endpoints) == 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("jdbc:hive2://a:b:c/", "jdbc:hive2:***"),
        ("jdbc:nobody://localhost", "jdbc:***"),
        ("jdbc:h2:tcp://a:b", "jdbc:h2:tcp://***"),
        ("jdbc:h2:ftp://a:b", "jdbc:h2:***"),
        ("jdbc:hunter2xyz", "jdbc:***"),
    ],
)
def test_the_name_of_a_driver_shows(text: str, shown: str) -> None:
    assert dsn.mask(text, dsn.read(text)) == shown

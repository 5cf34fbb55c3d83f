"""Secrets in values that hold a text of another grammar, and in texts of another dialect."""

from __future__ import annotations

import pytest

import hostshift
from hostshift import dsn
from hostshift.testing import pretend as pretending

SECRET = "hunter2xyz"
TEXTS = [
    ("odbc", "mssql+pyodbc://sa:{}@localhost/db?driver=x"),
    ("adonet", "oracle+oracledb://scott:{}@localhost:1521/?service_name=x"),
    ("odbc", "jdbc:postgresql://localhost/db?user=u&password={}"),
    ("uri", "AccountEndpoint=https://localhost:8081/;AccountKey={}"),
    ("none", "DefaultEndpointsProtocol=http;AccountKey={};BlobEndpoint=http://localhost"),
    ("kafka", "redis://:{}@localhost:6379"),
    (None, "host=localhost dbname='host=x password={}'"),
    (None, "host=localhost dbname='postgresql://o/db?user=u&password={}'"),
    (None, "redis://localhost/0?proxy_url=http%3A%2F%2Fu%3A{}%40p"),
    (None, "foo://h/?url=redis://x/?password={}"),
    (None, "redis://localhost/?x=redis://:{}@h"),
    (None, "jdbc:clickhouse://localhost/d?custom_http_headers=Authorization%3DBearer%20{}"),
    (None, "mysql://u@localhost/db?init_command=SET%20PASSWORD%3D%27{}%27"),
    (None, "postgresql://localhost/d?options=-c%20app.token%3D{}"),
    (None, "jdbc:h2:tcp://localhost/d;INIT=CREATE USER a PASSWORD '{}'"),
    (None, "DRIVER={{PostgreSQL Unicode}};Server=localhost;ConnSettings={{SET PASSWORD '{}'}}"),
    (None, "jdbc:mysql://localhost/d?connectionAttributes=pw:{}"),
    (None, "redis://localhost/0?pw={}"),
    (None, "redis+sentinel://localhost/m?sentinel_pw={}"),
    (None, "ldap://localhost/?bindpw={}"),
    (None, "nats://localhost?jwt={}"),
    (None, "redis://localhost?bearer={}"),
    (None, "redis://localhost?sas={}"),
    (None, "redis://localhost?cookie={}"),
    (None, "(DESCRIPTION=(ADDRESS=(HOST=localhost)(PORT=1))(SECURITY=(PW={})))"),
    (None, "mongodb://localhost/?authMechanismProperties=AWS_SESSION_TOKEN:{}"),
    (None, "host=localhost acme={}"),
    (None, "'redis://:{}@localhost'\n"),
]


@pytest.mark.parametrize(("dialect", "form"), TEXTS)
def test_an_inner_secret_never_shows(dialect: str | None, form: str) -> None:
    text = form.format(SECRET)
    reading = dsn.read(text, dialect)
    assert SECRET not in dsn.mask(text, reading)
    with pretending("bridge"):
        found = hostshift.explain(text, dialect=dialect)
    assert SECRET not in f"{found!r} {found} {found.as_dict()}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("redis://auth:6379/0", "redis://auth:6379/0"),
        ("http://token-service:80", "http://token-service:80"),
        (
            "postgresql://localhost/d?application_name=x",
            "postgresql://localhost/d?application_name=x",
        ),
        ("http://a:1,http://b:2", "http://a:1,http://b:2"),
        ("Host=a;Target Session Attributes=any", "Host=a;Target Session Attributes=any"),
        ("mongodb://secret.example.com/", "mongodb://secret.example.com/"),
        ("redis://:p:q", "redis://***"),
        ("acme5://:p:q", "***"),
    ],
)
def test_what_is_no_secret_shows(text: str, shown: str) -> None:
    assert dsn.mask(text, dsn.read(text)) == shown

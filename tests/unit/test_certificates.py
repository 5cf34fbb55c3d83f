"""What another host means for certificates is said, and nothing changes because of it."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import pytest

import hostshift
from hostshift import Policy
from hostshift.dsn import known_names
from hostshift.resolution import tls_notes

if TYPE_CHECKING:
    from hostshift_pytest import Pretend

MAP = Policy(map="localhost=db.internal")

ASKS = [
    "postgresql://app:s3cret@localhost/shop?sslmode=verify-full",
    "postgresql://localhost/shop?sslrootcert=system",
    "host=localhost sslmode='verify-full' password=s3cret",
    "postgresql+asyncpg://localhost/shop?ssl=verify-full",
    "jdbc:postgresql://localhost/shop?sslmode=verify-full",
    "jdbc:postgresql://localhost/shop?ssl=true",
    "jdbc:postgresql://localhost/shop?user=app&password=s3cret&ssl=TRUE",
    "jdbc:postgresql://localhost/shop?ssl",
    "jdbc:postgresql://localhost/shop?ssl=&user=app",
    "jdbc:postgresql://localhost/shop?ssl=true&sslmode=verify-full",
    "jdbc:postgresql://localhost/?ssl=true&sslfactory=org.postgresql.ssl.NonValidatingFactory",
    "jdbc:mysql://localhost/shop?sslMode=VERIFY_IDENTITY",
    "mysql+pymysql://localhost/shop?ssl_verify_identity=true",
    "app:s3cret@tcp(localhost:3306)/shop?tls=true",
    "Host=localhost;Password=s3cret;SSL Mode=VerifyFull",
    "jdbc:sqlserver://localhost;encrypt=true",
    "mongodb://localhost/?tls=true",
    "mongodb://localhost/?ssl=true",
    "rediss://:s3cret@localhost/0",
    "localhost:6380,ssl=true,password=s3cret",
    "amqps://localhost//",
    "https://localhost/",
    "wss://localhost/",
    "neo4j+s://localhost",
    "clickhouses://localhost/shop",
]
DOES_NOT = [
    "postgresql://localhost/shop",
    "postgresql://localhost/shop?sslmode=require",
    "host=localhost sslmode=prefer password='x sslmode=verify-full'",
    "postgresql://app:sslmode=verify-full@localhost/shop",
    "jdbc:postgresql://localhost/shop?ssl=false",
    "jdbc:postgresql://localhost/shop?sslmode=prefer&sslcert=ssl",
    "jdbc:postgresql://localhost/ssl?user=ssl",
    "jdbc:postgresql://localhost/shop?ssl=true&sslmode=require",
    "jdbc:postgresql://localhost/shop?ssl=true&sslmode=verify-ca",
    "jdbc:postgresql://localhost/shop?ssl=true&sslhostnameverifier=com.example.Own",
    # libpq takes this one for sslmode=require (conninfo_uri_parse_params).
    "postgresql://localhost/shop?ssl=true",
    "mongodb://localhost/?tls=true&tlsAllowInvalidHostnames=true",
    "mongodb://localhost/",
    "redis://localhost",
    "rediss://localhost?ssl_cert_reqs=none",
    "localhost:6380,ssl=true,sslHost=localhost",
    "jdbc:sqlserver://localhost;encrypt=true;hostNameInCertificate=localhost",
    "jdbc:sqlserver://localhost;encrypt=true;trustServerCertificate=true",
    "http://localhost/",
    "amqp://localhost//",
]


def test_no_option_that_decides_is_hidden() -> None:
    """The notes read the masked text, which hides the values of names that no driver knows."""
    rules = (*tls_notes.BY_BOTH.values(), *tls_notes.BY_DIALECT.values())
    for rule in (*rules, *tls_notes.BY_PROTOCOL.values()):
        assert all(map(known_names.is_known, (*rule.options, *rule.unless)))


@pytest.mark.parametrize("text", ASKS)
def test_it_is_said_which_name_the_certificate_needs(text: str, pretend: Pretend) -> None:
    pretend("bridge", policy=MAP)
    found = hostshift.explain(text)
    assert found.changed
    (note,) = found.notes
    start = "with this change, the driver checks the certificate for localhost against db.internal"
    assert note.startswith(f"{start}, so the certificate has to name that as well")
    assert f"note   {note}" in str(found)
    assert found.as_dict()["notes"] == [note]
    assert "s3cret" not in str(found) + json.dumps(found.as_dict())


@pytest.mark.parametrize("text", DOES_NOT)
def test_where_no_name_is_checked_nothing_is_said(text: str, pretend: Pretend) -> None:
    pretend("bridge", policy=MAP)
    found = hostshift.explain(text)
    assert found.changed
    assert found.notes == ()


@pytest.mark.parametrize("text", ASKS)
def test_what_stays_needs_no_other_certificate(text: str, pretend: Pretend) -> None:
    pretend("host")
    assert hostshift.explain(text).notes == ()


@pytest.mark.parametrize(
    ("text", "checked"),
    [
        ("SSL://localhost:9093", ["localhost"]),
        ("sasl_ssl://localhost", ["localhost"]),
        ("SASL_SSL://a:9093, SASL_SSL://b:9094", ["a", "b"]),
        ("PLAINTEXT://a:9092,SSL://b:9093,SASL_PLAINTEXT://c,SASL_SSL://[::1]:1", ["b", "::1"]),
        ("SSL://a:9093,b:9092", ["a"]),
        ("PLAINTEXT://localhost:9092", []),
        ("SASL_PLAINTEXT://localhost:9092", []),
        ("localhost:9092", []),
    ],
)
def test_each_of_kafkas_brokers_has_its_protocol(
    text: str, checked: list[str], pretend: Pretend
) -> None:
    pretend(policy=Policy(map="localhost=broker,a=broker,b=broker,c=broker,[::1]=broker"))
    found = hostshift.explain(text, dialect="kafka")
    assert found.changed
    assert [note.split()[9] for note in found.notes] == checked


def test_a_port_is_no_name(pretend: Pretend) -> None:
    pretend("host", policy=Policy(map="localhost:443=localhost:8443"))
    found = hostshift.explain("https://localhost/")
    assert found.changed
    assert found.notes == ()


def test_it_is_logged_once_by_the_short_way_too(
    pretend: Pretend, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "hostshift")
    pretend("bridge", policy=MAP)
    plain = "postgresql://app:s3cret@localhost:5432/shop"
    hostshift.resolve(plain)
    assert not caplog.messages
    for _ in range(3):
        hostshift.resolve(f"{plain}?sslmode=verify-full")
        hostshift.resolve(f"{plain}2?sslmode=verify-full")
    (message,) = caplog.messages
    assert "hostaddr=" in message
    assert "s3cret" not in message


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("BlobEndpoint=http://127.0.0.1:10000/a;AccountName=a;AccountKey=s3cret", "url_prepend="),
        ("QueueEndpoint=http://localhost:10001/a;AccountKey=s3cret", "retry_to_secondary=True"),
        ("TableEndpoint=http://localhost:8902/;AccountKey=s3cret", "azure-data-tables"),
        ("AccountEndpoint=https://localhost:8081/;AccountKey=s3cret", "connection_verify=False"),
        ('"BlobEndpoint=http://localhost:1/a;AccountKey=s3cret"', "url_prepend="),
    ],
)
def test_azure_s_libraries_know_an_emulator_by_its_name(
    text: str, part: str, pretend: Pretend
) -> None:
    pretend("bridge", policy=Policy(map="localhost=azurite,127.0.0.1=azurite"))
    found = hostshift.explain(text)
    assert found.changed
    assert any(part in note for note in found.notes)
    assert "s3cret" not in f"{found.notes} {found}"


def test_azure_s_libraries_take_any_other_name_for_the_cloud(pretend: Pretend) -> None:
    pretend("bridge", policy=Policy(map="azurite=elsewhere"))
    found = hostshift.explain("BlobEndpoint=http://azurite:10000/a;AccountKey=s3cret")
    assert found.changed
    assert found.notes == ()

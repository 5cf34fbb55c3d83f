"""What another host means for certificates is said, and nothing changes because of it."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import pytest

import hostshift
from hostshift import Policy

if TYPE_CHECKING:
    from hostshift_pytest import Pretend

MAP = Policy(map="localhost=db.internal")

ASKS = [
    "postgresql://app:s3cret@localhost/shop?sslmode=verify-full",
    "postgresql://localhost/shop?sslrootcert=system",
    "host=localhost sslmode='verify-full' password=s3cret",
    "postgresql+asyncpg://localhost/shop?ssl=verify-full",
    "jdbc:postgresql://localhost/shop?sslmode=verify-full",
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


@pytest.mark.parametrize("text", ASKS)
def test_it_is_said_which_name_the_certificate_needs(text: str, pretend: Pretend) -> None:
    pretend("bridge", policy=MAP)
    found = hostshift.explain(text)
    assert found.changed
    (note,) = found.notes
    said = "with this change, a certificate for localhost is checked against db.internal, "
    assert note.startswith(said)
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

"""What is said where a certificate will be checked against another name."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import pytest

import hostshift
from hostshift import Policy
from hostshift.certificates import CHECKING_OPTIONS, CHECKING_SCHEMES

if TYPE_CHECKING:
    from hostshift_pytest import Pretend

HOST = "172.17.0.1"
NOTE = f"the certificate of localhost is checked against {HOST}: it has to name {HOST} as well"
ANSWERS = [f"{HOST}:{port}" for port in (443, 1433, 3306, 5432, 5671, 6379, 27017)]

SAID = {
    "postgresql://u:s3cret@localhost/d?sslmode=verify-full": NOTE + ", or hostaddr= keeps the name",
    "host=localhost dbname=d password=s3cret sslmode = verify-full": NOTE
    + ", or hostaddr= keeps the name",
    "postgresql+psycopg://u:s3cret@localhost/d?sslrootcert=system": NOTE
    + ", or plugins=['hostshift'] keeps the name",
    "mongodb://u:s3cret@localhost/?tls=true": NOTE + ", or hostshift_pymongo keeps the name",
    "rediss://:s3cret@localhost:6379/0": NOTE + ", or hostshift_redis keeps the name",
    "https://localhost/": NOTE,
    "amqps://u:s3cret@localhost": NOTE,
    "jdbc:postgresql://localhost/d?user=u&sslmode=verify-full": NOTE,
    "jdbc:mysql://localhost/d?sslMode=VERIFY_IDENTITY": NOTE,
    "Host=localhost;Port=5432;Database=d;Username=u;Password=s3cret;SSL Mode=VerifyFull": NOTE,
}
SILENT = [
    "postgresql://u:s3cret@localhost/d",
    "postgresql://u:s3cret@localhost/d?sslmode=require",  # checks no name
    "redis://localhost:6379/0",
    "http://localhost:443/",
    "postgresql://u:s3cret@db.example.com/d?sslmode=verify-full",
    "https://api.example.com/",
]


@pytest.mark.parametrize("text", SAID)
def test_it_names_the_certificate_that_would_help(text: str, pretend: Pretend) -> None:
    pretend("bridge", answers=ANSWERS)
    found = hostshift.explain(text)
    assert found.notes == (SAID[text],)
    assert f"note   {SAID[text]}" in str(found).splitlines()
    assert found.as_dict()["notes"] == [SAID[text]]
    assert "s3cret" not in json.dumps(found.as_dict()) + str(found)


@pytest.mark.parametrize("text", SILENT)
def test_nothing_is_said_where_no_name_is_checked(text: str, pretend: Pretend) -> None:
    pretend("bridge", answers=ANSWERS)
    assert hostshift.explain(text).notes == ()


def test_nothing_is_said_where_only_the_port_changes(pretend: Pretend) -> None:
    pretend("host", policy=Policy(map="localhost:443=localhost:8443"))
    found = hostshift.explain("https://localhost/")
    assert found.changed
    assert found.notes == ()


def test_nothing_is_said_where_nothing_is_changed(pretend: Pretend) -> None:
    pretend("bridge", answers=ANSWERS, policy=Policy(mode="report"))
    assert hostshift.explain("https://localhost/").notes == ()


def test_it_is_logged_once(pretend: Pretend, caplog: pytest.LogCaptureFixture) -> None:
    pretend("bridge", answers=ANSWERS)
    with caplog.at_level(logging.WARNING, "hostshift"):
        for _ in range(3):
            hostshift.resolve("https://localhost/one")
            hostshift.resolve("https://localhost/two")
    assert caplog.text.count("has to name") == 1


def test_options_are_written_as_they_are_compared() -> None:
    for option in (*CHECKING_SCHEMES, *CHECKING_OPTIONS):
        assert option == option.lower()

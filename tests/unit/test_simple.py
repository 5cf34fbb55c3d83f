"""The short way gives what the long way gives, and is worth having."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

import hostshift
from hostshift import Policy, dsn
from hostshift.dsn.fast_path import ADDRESSING, address_span
from hostshift.dsn.schemes import SIMPLE, find
from hostshift.dsn.second_addresses import NAMES
from hostshift.resolution import resolver
from hostshift.testing import pretend as pretending
from tests import tables
from tests.unit.timing import TRIES, assert_ratio

if TYPE_CHECKING:
    from hostshift_pytest import Pretend

ODD = st.text(st.sampled_from("ab1:/@?&=%#;,[].-_ h"), max_size=12)
HOST = st.sampled_from(("localhost", "127.0.0.1", "db", "lo cal", "[::1]", "a,b", "", "10.1"))
PORT = st.sampled_from(("", ":5432", ":0", ":x", ":"))
QUERY = st.sampled_from(
    (
        "",
        "/db",
        "?a=b",
        "/db?ssl=1&a=localhost",
        "/?hostaddr=1",
        "/?%68ost=x",
        "?backup=b",
        "?x=localhost:1",
        "//x",
    )
)


@given(st.sampled_from(sorted(SIMPLE)), ODD | ODD.map(lambda user: f"{user}@"), HOST, PORT, QUERY)
def test_a_simple_text_reads_as_its_address_alone(
    scheme: str, user: str, host: str, port: str, query: str
) -> None:
    text = f"{scheme}://{user}{host}{port}{query}"
    span = address_span(text)
    if span is None:
        return
    name, start, end = span
    plain = f"{name}://{text[start:end]}/"
    reading, alone = dsn.read(text), dsn.read(plain)
    # A reason may go on with what a raw character in the password does.
    assert reading.trouble.partition("; if a raw")[0] == alone.trouble.partition("; if a raw")[0]
    assert len(reading.endpoints) == len(alone.endpoints)
    for one, other in zip(reading.endpoints, alone.endpoints, strict=True):
        assert (one.host, one.port, one.default_port) == (
            other.host,
            other.port,
            other.default_port,
        )
        assert start <= one.host_at.start <= one.port_at.end <= end


@given(st.sampled_from(sorted(SIMPLE)), ODD, HOST, PORT, QUERY)
def test_both_ways_give_the_same(scheme: str, user: str, host: str, port: str, query: str) -> None:
    policy = Policy(map="localhost=db:7,127.0.0.1:5432=[::2]:5432,db=localhost")
    texts = [f"{scheme}://{who}{host}{port}{query}" for who in (f"{user}:pw@", "", f"{user}@")]
    with pretending("host", policy=policy):
        for text in texts:
            assert hostshift.resolve(text) == hostshift.explain(text).after


def test_names_of_second_addresses_take_the_long_way() -> None:
    assert [name for name in NAMES if not any(part in name for part in ADDRESSING)] == []


def test_every_simple_scheme_is_a_scheme() -> None:
    assert [name for name in SIMPLE if find(name) is None] == []


@pytest.mark.parametrize("mapped", ["", "localhost:5432=db:15432"])
def test_speed(pretend: Pretend, mapped: str) -> None:
    """Against urllib's split, replace and unsplit in the same run: a ratio, not a time."""
    size = 2000
    pretend("host", policy=Policy(map=mapped))
    hostshift.resolve("postgresql://a@localhost:5432/x")
    turns = [
        [f"postgresql://user{turn}x{n}:pw@localhost:5432/db" for n in range(size)]
        for turn in range(TRIES * 8)
    ]
    for_urllib, for_us = iter(turns), iter(turns)  # urlsplit keeps what it was asked

    def urllib() -> None:
        for text in next(for_urllib):
            parts = urlsplit(text)
            urlunsplit(parts._replace(netloc=parts.netloc.replace("localhost", "db")))

    def uncached() -> None:
        settled = resolver.current()._settled
        if settled is not None:
            settled.texts.clear()
        for text in next(for_us):
            hostshift.resolve(text)

    def cached() -> None:
        for _ in range(size):
            hostshift.resolve(turns[0][0])

    assert_ratio(uncached, urllib, 0.8)
    for_urllib = iter(turns)
    assert_ratio(cached, urllib, 0.1)


PASSWORD = st.text(st.sampled_from("ab1=;& '\"{}\\%:/"), max_size=6)
KEYS = st.sampled_from(("Password", "pwd", "user id", "Database", "Encrypt", "port", "x y"))
FORMS = (
    "Server={0};{1}={2};{3}={4}",
    "Host={0};{1}={2};{3}={4}",
    "{1}={2};Data Source={0},1433;{3}={4}",
    "host={0} {1}={2} {3}={4}",
    "jdbc:postgresql://{0}/db?{1}={2}&{3}={4}",
    "jdbc:sqlserver://{0};{1}={2};{3}={4}",
)


@given(st.sampled_from(FORMS), HOST, KEYS, PASSWORD, KEYS, PASSWORD)
def test_what_a_text_of_keywords_depends_on(
    form: str, host: str, one: str, first: str, other: str, second: str
) -> None:
    """Of two texts with one outline, one answer gives the other."""
    policy = Policy(map="localhost=db:7,127.0.0.1=[::2]:5432,db=localhost")
    with pretending("host", policy=policy):
        for value in (first, "plain", second, "other"):
            text = form.format(host, one, value, other, second)
            assert hostshift.resolve(text) == hostshift.explain(text).after


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("host=localhost user=app password=x", "host=localhost;user=app;password=y"),
        ("Port=5432 Server=localhost", "Port=5432;Server=localhost"),
        ("user=app host=localhost", "user=app;host=localhost"),
        ("mysql://u:tcp(x@localhost/a", "mysql://u:p@localhost/a"),
        ("mysql://tcp(localhost)/a", "mysql://u@tcp(localhost)/b"),
        ("mysql://u:p@localhost/a?odbc_connect=x", "mysql://u:p@localhost/b"),
    ],
)
def test_an_answer_does_not_depend_on_what_was_asked_before(first: str, second: str) -> None:
    """What parts the keywords decides who reads a text, and so its default port.

    So do the parentheses of Go's driver, and an ODBC string in a parameter.
    """
    policy = Policy(map="localhost:5432=pg:5432,localhost:3306=maria:3306")
    for texts in ((first, second), (second, first)):
        with pretending("bridge", policy=policy):
            for text in texts:
                assert hostshift.resolve(text) == hostshift.explain(text).after


FORMS_OF_RATIOS = {
    "one host": ("postgresql://user{}:pw@localhost:5432/db", 0.6),
    "three hosts": (
        "mongodb://user{}:pw@a.example.com:1,b.example.com,localhost/db?replicaSet=r",
        5,
    ),
    "ADO.NET": ("Server=localhost,1433;Database=app;User Id=user{};Password=pw", 8),
    "JDBC": ("jdbc:postgresql://localhost:5432/app?user=user{}&password=pw", 8),
    "JDBC, SQL Server": ("jdbc:sqlserver://localhost:1433;user=user{};password=pw", 8),
    "libpq's pairs": ("host=localhost port=5432 user=user{} password=pw", 8),
}


@pytest.mark.parametrize("form", FORMS_OF_RATIOS)
def test_speed_of_each_form(pretend: Pretend, form: str, pytestconfig: pytest.Config) -> None:
    """A text that was not resolved before, against urllib's split and unsplit in the same run."""
    size, (pattern, most) = 1000, FORMS_OF_RATIOS[form]
    pretend("host", policy=Policy(map="localhost=db"))
    hostshift.resolve(pattern.format("a"))
    numbers = iter(range(10**9))

    def texts() -> list[str]:
        return [pattern.format(next(numbers)) for _ in range(size)]

    prepared = [texts() for _ in range(2 * 8 * TRIES)]

    def urllib() -> None:
        for text in prepared.pop():
            parts = urlsplit(text)
            urlunsplit(parts._replace(netloc=parts.netloc.replace("localhost", "db")))

    def uncached() -> None:
        for text in prepared.pop():
            hostshift.resolve(text)

    ratio = assert_ratio(uncached, urllib, most)
    line = f"{form:<20}{ratio:6.2f} times urllib's split and unsplit, {most} at most"
    tables.add(pytestconfig, "a text that was not resolved before", [line])

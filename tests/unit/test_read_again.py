"""What hostshift writes is read again by every plausible consumer before it is returned."""

from __future__ import annotations

import pytest

import hostshift
from hostshift import Policy
from hostshift.testing import pretend as pretending

MAP = Policy(map="localhost=db:15432")


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://localhost/db?application_name=me@example.com",
        "postgresql://localhost/db?options=a:b@example.com",
        "mysql://localhost/db?x=me@example.com",
    ],
)
def test_a_port_that_would_make_the_host_a_user_is_not_written(text: str) -> None:
    """To SQLAlchemy, what stands before a later ``@`` is a user then."""
    with pretending("host", policy=MAP):
        found = hostshift.explain(text)
    assert found.after == text
    assert "read" in found.reason or "user name" in found.reason


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("postgresql://localhost:1/db?application_name=me@x", None),
        ("http://localhost:1/,http://b/", "http://db:15432/,http://b/"),
        ("mongodb://localhost:1/,mongodb://b/", "mongodb://db:15432/,mongodb://b/"),
        ("amqp://localhost:1,amqp://localhost:2", "amqp://db:15432,amqp://db:15432"),
        ('"redis://localhost:1/0"\n', '"redis://db:15432/0"\n'),
        ("http://localhost:1/,http://b:port/", "http://localhost:1/,http://b:port/"),
        ("jdbc:p6spy:mysql://localhost/x", "jdbc:p6spy:mysql://db:15432/x"),
        ("mysql:host=localhost;dbname=x", "mysql:host=db;port=15432;dbname=x"),
    ],
)
def test_all_addresses_or_none(text: str, after: str | None) -> None:
    with pretending("host", policy=MAP):
        found = hostshift.resolve(text)
    assert found in (
        (after,) if after is not None else (text, text.replace("localhost:1", "db:15432"))
    )


@pytest.mark.parametrize(
    "text",
    ["host=localhost password='a b'", "redis://localhost/0?x='y'", "Server=localhost;Pwd='x'"],
)
def test_quotes_of_the_text_itself_are_no_wrapping(text: str) -> None:
    with pretending("host", policy=MAP):
        assert not any("around it" in note for note in hostshift.explain(text).notes)


def test_a_wrapping_is_told_to_the_user() -> None:
    with pretending("host", policy=MAP):
        found = hostshift.explain('"redis://localhost:6379"')
    assert "quotes around it" in found.notes[0]

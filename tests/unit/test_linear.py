"""Time is linear in the text, whatever the text: ratios within one run, not seconds."""

from __future__ import annotations

from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING

import pytest

import hostshift
from hostshift import Policy, dsn
from tests.unit.timing import TIMES, assert_linear, assert_ratio

if TYPE_CHECKING:
    from collections.abc import Callable

    from hostshift_pytest import Pretend

SHAPES: dict[str, Callable[[int], str]] = {
    "a long path": lambda n: "postgresql://u:p@localhost:5432/" + "x" * n,
    "a long password": lambda n: "postgresql://u:" + "x" * n + "@localhost/db",
    "many hosts": lambda n: "mongodb://" + ",".join(["localhost"] * (n // 10)) + "/db",
    "many different hosts": lambda n: "mongodb://" + ",".join(f"h{i}" for i in range(n // 8)) + "/",
    "many parameters": lambda n: "postgresql://localhost/db?" + "a=b&" * (n // 4),
    "many further addresses": lambda n: "redis://localhost?" + "addr=localhost:1&" * (n // 17),
    "many values": lambda n: "myapp://localhost:1?" + "x=a:b;" * (n // 6),
    "a list in a value": lambda n: "myapp://localhost:1?x=" + "a:1," * (n // 4) + "b",
    "hosts behind semicolons": lambda n: "jdbc:sap://" + "localhost:1;" * (n // 12) + "b/",
    "many users": lambda n: "redis://" + "u:p@h:1," * (n // 8) + "localhost",
    "many secrets": lambda n: "redis://localhost/?" + "password=b&" * (n // 11),
    "many at signs": lambda n: "redis://" + "@" * n + "localhost",
    "many colons": lambda n: "redis://" + ":" * n,
    "many slashes": lambda n: "mongodb://" + "/" * n,
    "many brackets": lambda n: "http://" + "[" * n,
    "many commas": lambda n: "mongodb://" + "," * n,
    "many percents": lambda n: "postgresql://" + "%41" * (n // 3) + "/db",
    "many schemes": lambda n: "a://" * (n // 4),
    "a long word": lambda n: "x" * n,
    "host and port list": lambda n: ",".join(["localhost:1"] * (n // 12)),
    "spaces": lambda n: "host=localhost " + " " * n,
    "key and value": lambda n: "host=localhost " + "a=b " * (n // 4),
    "semicolons": lambda n: "Server=localhost;" + "a=b;" * (n // 4),
    "open quotes": lambda n: "host=localhost password='" + "x" * n,
    "nested brackets": lambda n: "(DESCRIPTION=" * (n // 13),
    "jdbc": lambda n: "jdbc:mysql://" + "(host=localhost)," * (n // 17),
    "escaped URLs": lambda n: "http://" + "%3a%2f%2f" * (n // 9) + "@localhost:5432/x",
    "escaped URLs and at signs": lambda n: "http://" + "%3a%2f%2f@" * (n // 10) + "localhost/x",
    "escaped at signs": lambda n: "postgresql://localhost/db?" + "%40&" * (n // 4),
    "escaped at signs without an end": lambda n: "postgresql://localhost/db?" + "%40" * (n // 3),
    "letters of other scripts": lambda n: "redis://u:" + "ü" * n + "@localhost/0",
}


def _work(text: str, dialect: str | None) -> None:
    """Read, splice and mask once."""
    reading = dsn.read(text, dialect)
    with suppress(dsn.Unwritable):
        dsn.splice(text, reading.endpoints, [("db.test", 15999)] * len(reading.endpoints))
    dsn.mask(text, reading)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dialect", [None, *dsn.DIALECTS])
def test_reading_is_linear_in_the_text(shape: str, dialect: str | None) -> None:
    def prepare(size: int) -> Callable[[], object]:
        text = SHAPES[shape](size)
        return lambda: _work(text, dialect)

    assert_linear(prepare, 2_000)


@pytest.mark.parametrize(("shape", "most"), [("a long path", 120_000), ("many hosts", 10_000)])
def test_resolving_is_linear_up_to_the_longest_text(
    shape: str, most: int, pretend: Pretend
) -> None:
    pretend("host", policy=Policy(map="localhost=db:1"))
    unseen = count()

    def prepare(size: int) -> Callable[[], object]:
        text = SHAPES[shape](size)
        return lambda: hostshift.resolve(text + str(next(unseen)))

    assert hostshift.resolve(SHAPES[shape](most)) != SHAPES[shape](most)
    assert_linear(prepare, most // TIMES)


def test_deep_nesting_needs_no_deep_stack() -> None:
    for text in ("(" * 100_000, "(HOST=" * 20_000, "[" * 100_000, "{" * 100_000, "a://" * 999):
        for dialect in (None, *dsn.DIALECTS):
            assert dsn.mask(text, dsn.read(text, dialect))


# --- what is too much to be read ----------------------------------------------------------------

LISTS: dict[str, Callable[[int], str]] = {
    "mongodb": lambda n: "mongodb://u:p@" + ",".join(f"h{i}" for i in range(n)) + "/d",
    "libpq": lambda n: "host=" + ",".join(f"h{i}" for i in range(n)) + " port=5433",
    "hostport": lambda n: ",".join(f"h{i}:9093" for i in range(n)),
    "nats": lambda n: ",".join(f"nats://h{i}:4223" for i in range(n)),
    "amqp": lambda n: ";".join(f"amqp://u:p@h{i}:5673" for i in range(n)),
    "clickhouse": lambda n: "clickhouse://h/d?alt_hosts=" + ",".join(["i:1"] * (n - 1)),
    "jdbc": lambda n: "jdbc:mysql://" + ",".join(f"address=(host=h{i})(port=1)" for i in range(n)),
    "oracle": lambda n: (
        "(DESCRIPTION="
        + "".join(f"(ADDRESS=(PROTOCOL=TCP)(HOST=h{i})(PORT=1))" for i in range(n))
        + "(CONNECT_DATA=(SID=x)))"
    ),
    "stackexchange": lambda n: ",".join(f"h{i}:6380" for i in range(n)) + ",ssl=true",
    "adonet": lambda n: "Host=" + ",".join(f"h{i}" for i in range(n)) + ";Username=u;Database=d",
    "sqlalchemy": lambda n: "postgresql+psycopg://u@/d?" + "&".join(["host=h:1"] * n),
}


@pytest.mark.parametrize("dialect", LISTS)
def test_a_thousand_addresses_are_read_and_one_more_is_not(dialect: str) -> None:
    most = dsn.MOST_ADDRESSES
    found = dsn.read(LISTS[dialect](most), dialect)
    assert (len(found.endpoints), found.trouble) == (most, "")
    more = dsn.read(LISTS[dialect](most + 1), dialect)
    assert (more.endpoints, more.dialect) == ((), "")
    assert "more than 1,000 addresses" in more.trouble


def test_the_longest_text_is_read_and_one_character_more_is_not(pretend: Pretend) -> None:
    pretend("host", policy=Policy(map="localhost:6390=cache:1"))
    start = "redis://localhost:6390/0?x="
    longest = start + "x" * (dsn.MOST_CHARACTERS - len(start))
    for text in (longest + "x", longest + "x" * 8_000_000):
        assert hostshift.resolve(text) == text
        assert "longer than 131,072 characters" in hostshift.explain(text).reason
    # What was too long has not been remembered for its address.
    assert hostshift.resolve(longest).startswith("redis://cache:1/0")


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("shape", LISTS)
def test_a_hundred_thousand_hosts_cost_less_than_two_thousand(shape: str, named: bool) -> None:
    """They are refused by their number: reading them took seconds."""
    dialect = shape if named else None
    most, few = LISTS[shape](100_000), LISTS[shape](2_000)
    assert_ratio(lambda: _work(most, dialect), lambda: _work(few, None), 3, floor=0.003, rounds=3)

"""Time is linear in the text, whatever the text: ratios within one run, not seconds."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

import hostshift
from hostshift import Policy, strings

if TYPE_CHECKING:
    from collections.abc import Callable

    from hostshift_pytest import Pretend

SHAPES: dict[str, Callable[[int], str]] = {
    "a long path": lambda n: "postgresql://u:p@localhost:5432/" + "x" * n,
    "a long password": lambda n: "postgresql://u:" + "x" * n + "@localhost/db",
    "many hosts": lambda n: "mongodb://" + ",".join(["localhost"] * (n // 10)) + "/db",
    "many different hosts": lambda n: "mongodb://" + ",".join(f"h{i}" for i in range(n // 8)) + "/",
    "many parameters": lambda n: "postgresql://localhost/db?" + "a=b&" * (n // 4),
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
    "letters of other scripts": lambda n: "redis://u:" + "ü" * n + "@localhost/0",
}


def _work(text: str, dialect: str | None) -> float:
    """Read, splice and mask once; return the best time of a few."""
    best = float("inf")
    for _ in range(5):
        started = time.process_time()
        reading = strings.read(text, dialect)
        with suppress(strings.Unwritable):
            strings.splice(text, reading.endpoints, [("db.test", 15999)] * len(reading.endpoints))
        strings.mask(text, reading)
        best = min(best, time.process_time() - started)
    return best


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dialect", [None, *strings.DIALECTS])
def test_doubling_the_text_at_most_doubles_the_time(shape: str, dialect: str | None) -> None:
    """Eight times the text: a quadratic reader would take 64 times the time."""
    make = SHAPES[shape]
    small, large = 2_000, 16_000
    ratio = min(_work(make(large), dialect) / _work(make(small), dialect) for _ in range(3))
    assert ratio < 8 * 2.3


@pytest.mark.parametrize(("shape", "size"), [("a long path", 60_000), ("many hosts", 5_000)])
def test_as_much_as_is_read(shape: str, size: int, pretend: Pretend) -> None:
    """Half of what is read at most, and all of it: doubled, at most 2.3 times the time."""
    pretend("host", policy=Policy(map="localhost=db:1"))
    # The best of a few: what else this machine does makes a single ratio swing.
    assert min(_doubled(SHAPES[shape], size) for _ in range(4)) <= 2.3


def _doubled(make: Callable[[int], str], size: int) -> float:
    """Return how much longer a resolve takes when the text is twice as long."""
    times = []
    for text in (make(size), make(2 * size)):
        best = float("inf")
        for turn in range(7):
            unseen = text + str(turn)
            started = time.process_time()
            assert hostshift.resolve(unseen) != unseen
            best = min(best, time.process_time() - started)
        times.append(best)
    return times[1] / times[0]


def test_deep_nesting_needs_no_deep_stack() -> None:
    for text in ("(" * 100_000, "(HOST=" * 20_000, "[" * 100_000, "{" * 100_000, "a://" * 999):
        for dialect in (None, *strings.DIALECTS):
            assert strings.mask(text, strings.read(text, dialect))


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
    most = strings.MOST_ADDRESSES
    found = strings.read(LISTS[dialect](most), dialect)
    assert (len(found.endpoints), found.trouble) == (most, "")
    more = strings.read(LISTS[dialect](most + 1), dialect)
    assert (more.endpoints, more.dialect) == ((), "")
    assert "more than 1,000 addresses" in more.trouble


def test_the_longest_text_is_read_and_one_character_more_is_not(pretend: Pretend) -> None:
    pretend("host", policy=Policy(map="localhost:6390=cache:1"))
    start = "redis://localhost:6390/0?x="
    longest = start + "x" * (strings.MOST_CHARACTERS - len(start))
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
    assert _work(LISTS[shape](100_000), dialect) < 3 * _work(LISTS[shape](2_000), None) + 0.01

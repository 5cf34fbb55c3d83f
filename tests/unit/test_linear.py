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


@pytest.mark.parametrize(("shape", "size"), [("a long path", 1_000_000), ("many hosts", 100_000)])
def test_a_megabyte(shape: str, size: int, pretend: Pretend) -> None:
    """A string of 1 MB and one of 10,000 hosts: doubled, at most 2.3 times the time."""
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
    for text in ("(" * 100_000, "(HOST=" * 50_000, "[" * 100_000, "{" * 100_000, "a://" * 50_000):
        for dialect in (None, *strings.DIALECTS):
            assert strings.mask(text, strings.read(text, dialect))

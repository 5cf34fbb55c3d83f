"""Threads that want the same at once share a look, and none is given an answer of before."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, Thread

import pytest

from hostshift._flights import Flights

THREADS = 16
LONG = 30.0


class Looking:
    """A look that takes a while; its answer is when it began."""

    def __init__(self, seconds: float = 0.1) -> None:
        self.began: list[float] = []
        self._seconds = seconds

    def __call__(self) -> float:
        began = time.monotonic()
        self.began.append(began)
        time.sleep(self._seconds)
        return began


def test_all_who_ask_at_once_share_one_look() -> None:
    flights, look, ready = Flights(), Looking(), Barrier(THREADS)

    def ask(_: int) -> float:
        ready.wait(10)
        answer: float = flights.share("it", 0.0, time.monotonic() + LONG, look)[1]
        return answer

    with ThreadPoolExecutor(THREADS) as pool:
        answers = set(pool.map(ask, range(THREADS)))
    assert answers == set(look.began)
    assert len(look.began) <= 2  # a late thread may find the first look over


def test_a_burst_of_failures_costs_two_looks_and_no_answer_is_older() -> None:
    flights, look = Flights(), Looking(0.2)

    def fail(at: int) -> tuple[float, float]:
        time.sleep(at * 0.005)
        since = time.monotonic()
        return since, flights.share("it", since, time.monotonic() + LONG, look)[1]

    with ThreadPoolExecutor(THREADS) as pool:
        said = list(pool.map(fail, range(THREADS)))
    assert all(answer >= since for since, answer in said)
    assert len(look.began) <= 3, look.began


def test_who_waits_too_long_looks_alone() -> None:
    flights, held, started = Flights(), Event(), Event()

    def stuck() -> str:
        started.set()
        held.wait(LONG)
        return "late"

    thread = Thread(target=flights.share, args=("it", 0.0, time.monotonic() + LONG, stuck))
    thread.start()
    assert started.wait(5)
    began = time.monotonic()
    assert flights.share("it", 0.0, began + 0.1, lambda: "own")[1] == "own"
    assert time.monotonic() - began < 5
    held.set()
    thread.join()


def test_a_look_that_fails_is_not_waited_for_again() -> None:
    flights = Flights()
    with pytest.raises(ZeroDivisionError):
        flights.share("it", 0.0, time.monotonic() + LONG, lambda: 1 // 0)
    assert flights.share("it", 0.0, time.monotonic() + LONG, lambda: "well")[1] == "well"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_another_thread_was_looking_for_at_a_fork_is_looked_for_anew() -> None:
    flights, held, started = Flights(), Event(), Event()

    def stuck() -> str:
        started.set()
        held.wait(LONG)
        return "parent's"

    thread = Thread(target=flights.share, args=("it", 0.0, time.monotonic() + LONG, stuck))
    thread.start()
    assert started.wait(5)
    child = os.fork()
    if child == 0:
        began = time.monotonic()
        answer = flights.share("it", 0.0, began + 5, lambda: "own")[1]
        os._exit(0 if answer == "own" and time.monotonic() - began < 2 else 1)
    assert os.waitpid(child, 0)[1] == 0
    held.set()
    thread.join()

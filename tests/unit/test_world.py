"""What the world holds on to, and for how long."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from hostshift import Policy, questions
from hostshift.topology import Neighbourhood
from hostshift.world import World


def test_many_that_ask_at_once_look_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """And one that had to wait for nothing looks by itself."""
    looks: list[questions.Question] = []

    def answer(_: World, question: questions.Question, *__: object) -> object:
        looks.append(question)
        time.sleep(0.2)
        return Neighbourhood(engine="/run/engine.sock")

    monkeypatch.setattr(World, "_ask", answer)
    world = World()

    def ask(_: int) -> object:
        return world.answer(questions.Around(), Policy(), time.monotonic() + 1)

    with ThreadPoolExecutor(12) as pool:
        found = list(pool.map(ask, range(12)))
    assert found == [Neighbourhood(engine="/run/engine.sock")] * 12
    assert len(looks) == 1
    world._last.clear()
    world._looking[questions.Around(), *Policy().looking()] = threading.Event()
    since = time.monotonic()
    for _ in range(2):
        world.answer(questions.Around(), Policy(), time.monotonic() + 0.3)
    assert 0.5 < time.monotonic() - since < 0.9
    assert len(looks) == 2


@pytest.mark.parametrize(("seconds", "looks"), [(0.0, 2), (1.0, 1)])
def test_a_look_that_there_was_no_time_for_is_not_kept(
    monkeypatch: pytest.MonkeyPatch, seconds: float, looks: int
) -> None:
    asked: list[questions.Question] = []

    def answer(_: World, question: questions.Question, *__: object) -> object:
        asked.append(question)
        return Neighbourhood()

    monkeypatch.setattr(World, "_ask", answer)
    world = World()
    for _ in range(2):
        world.answer(questions.Around(), Policy(), time.monotonic() + seconds)
    assert len(asked) == looks


def test_an_engine_that_is_late_is_believed_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is gone is not."""
    here = Neighbourhood(engine="/run/engine.sock")
    late, gone, now = Neighbourhood(late=True), Neighbourhood(), 1000.0
    said = [late, here, late, gone, late, late]
    monkeypatch.setattr(World, "_ask", lambda *_: said.pop(0))
    monkeypatch.setattr("hostshift.world.time.monotonic", lambda: now)
    world, found = World(), []
    for seconds in (0, 6, 6, 6, 6, 30):
        now += seconds
        found.append(world.answer(questions.Around(), Policy(), now + 1))
    assert found == [late, here, here, gone, here, late]


def test_a_server_that_stays_down_is_looked_for_once_a_pause(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Twenty dials in ten seconds, as by a monitor of pymongo."""
    looks: list[float] = []
    now = 1000.0

    def answer(*_: object) -> object:
        looks.append(now)
        return Neighbourhood(engine="/run/engine.sock")

    monkeypatch.setattr(World, "_ask", answer)
    monkeypatch.setattr("hostshift.world.time.monotonic", lambda: now)
    world = World()
    for _ in range(20):
        world.answer(questions.Around(), Policy(), now + 1)
        world.look_again()
        now += 0.5
    assert looks == [1000.0, 1000.5, 1005.5]


def test_looking_again_forgets_services_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[questions.Question] = []

    def answer(_: World, question: questions.Question, *__: object) -> object:
        asked.append(question)
        return Neighbourhood() if isinstance(question, questions.Around) else (True,)

    monkeypatch.setattr(World, "_ask", answer)
    world = World()
    both = (questions.Around(), questions.Greets(addresses=(("127.0.0.1", 1),), protocol="redis"))
    for look in range(3):
        if look == 2:
            world.look_again()
        for question in both:
            world.answer(question, Policy(), time.monotonic() + 1)
    assert asked == [*both, questions.Around()]

"""What the world holds on to, for how long, and who looks where many ask."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Thread

import pytest

from hostshift import Policy, questions
from hostshift.topology import Neighbourhood
from hostshift.world import World

THREADS = 50
AROUND = questions.Around()
REACH = questions.Reach(addresses=(("127.0.0.1", 1),))


class Looks:
    """Stands where the world sends packets: counts looks, and the most at one time."""

    def __init__(self) -> None:
        self.world, self.seconds = World(), 0.05
        self.asked: list[questions.Question] = []
        self.most = 0
        self._now: list[None] = []

    def look(self, question: questions.Question) -> object:
        self.asked.append(question)
        self._now.append(None)
        self.most = max(self.most, len(self._now))
        time.sleep(self.seconds)
        self._now.pop()
        if isinstance(question, questions.Around):
            return Neighbourhood()
        return ("refused",) if isinstance(question, questions.Reach) else (True,)

    def ask(self, question: questions.Question = AROUND, seconds: float = 5) -> object:
        return self.world.answer(question, Policy(), time.monotonic() + seconds)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Looks:
    made = Looks()
    monkeypatch.setattr(World, "_ask", lambda _, question, *__: made.look(question))
    return made


def test_looking_again_forgets_services_and_nothing_else(looks: Looks) -> None:
    both = (AROUND, questions.Greets(addresses=(("127.0.0.1", 1),), protocol="redis"))
    for look in range(3):
        if look == 2:
            looks.world.look_again()
        for question in both:
            looks.ask(question)
    assert looks.asked == [*both, AROUND]


def test_what_was_seen_after_the_dial_began_stands(looks: Looks) -> None:
    looks.ask()
    began = time.monotonic()
    looks.world.look_again(began)
    looks.ask()
    looks.world.look_again(began)
    looks.ask()
    assert len(looks.asked) == 2


def _at_once(looks: Looks, *, since: bool) -> None:
    """Dial, fail and ask again in many threads together."""
    together = Barrier(THREADS)

    def fail() -> object:
        looks.ask()
        together.wait()
        began = time.monotonic()
        together.wait()
        looks.world.look_again(began if since else None)
        return looks.ask()

    with ThreadPoolExecutor(THREADS) as pool:
        answers = [pool.submit(fail) for _ in range(THREADS)]
        assert {one.result() for one in answers} == {Neighbourhood()}
    assert looks.most == 1


def test_many_dials_that_fail_together_make_for_one_look(looks: Looks) -> None:
    _at_once(looks, since=True)
    assert len(looks.asked) == 2  # with the one before they failed


def test_a_look_that_began_too_early_is_followed_by_one_for_all(looks: Looks) -> None:
    """By default what failed failed now: later than a look that is under way."""
    looks.seconds = 0.5
    _at_once(looks, since=False)
    assert 2 <= len(looks.asked) <= 3


def test_a_look_under_way_when_the_dial_failed_is_not_taken(looks: Looks) -> None:
    first = Thread(target=looks.ask)
    first.start()
    while not looks.asked:
        time.sleep(0.001)
    looks.world.look_again()
    looks.ask()
    first.join()
    assert (len(looks.asked), looks.most) == (2, 1)


def test_one_probe_for_all_who_ask_at_once(looks: Looks) -> None:
    together = Barrier(THREADS)

    def ask() -> object:
        together.wait()
        return looks.ask(REACH)

    looks.seconds = 0.5
    with ThreadPoolExecutor(THREADS) as pool:
        answers = [pool.submit(ask) for _ in range(THREADS)]
        assert {one.result() for one in answers} == {("refused",)}
    assert len(looks.asked) == 1
    looks.ask(REACH)
    assert len(looks.asked) == 2  # a refusal is asked again at once


def test_who_waits_does_so_within_the_own_budget(looks: Looks) -> None:
    looks.seconds = 2
    slow = Thread(target=looks.ask)
    slow.start()
    while not looks.asked:
        time.sleep(0.001)
    looks.seconds, began = 0.01, time.monotonic()
    looks.ask(seconds=0.2)
    assert 0.2 <= time.monotonic() - began < 1
    slow.join()


def test_who_waits_for_one_that_fails_looks(looks: Looks, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> object:
        time.sleep(0.1)
        monkeypatch.setattr(World, "_ask", lambda _, question, *__: looks.look(question))
        raise RuntimeError

    monkeypatch.setattr(World, "_ask", fails)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(looks.ask)
        time.sleep(0.02)
        assert pool.submit(looks.ask).result() == Neighbourhood()
        with pytest.raises(RuntimeError):
            first.result()
    assert len(looks.asked) == 1


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_fork_does_not_wait_for_its_parents_thread(looks: Looks) -> None:
    looks.seconds = 1
    slow = Thread(target=looks.ask)
    slow.start()
    while not looks.asked:
        time.sleep(0.001)
    child = os.fork()
    if child == 0:
        looks.seconds, began = 0, time.monotonic()
        looks.ask(seconds=30)
        os._exit(0 if time.monotonic() - began < 0.5 else 1)
    slow.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


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

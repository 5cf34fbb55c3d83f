"""What a look with little time found is no answer to those who have more."""

from __future__ import annotations

import time
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from hostshift import Policy, discovery
from hostshift.base.deadline import Deadline
from hostshift.discovery import Gap, Topology
from hostshift.machine import probe
from hostshift.machine.answers import Machine
from hostshift.machine.freshness import SHORT_PAUSE

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

PORT = (("127.0.0.1", 1),)
LATE = Topology(gaps=(Gap(source="engine", where="/run/engine.sock", what="is silent"),))


def _comes_after(seconds: float) -> Callable[[float], bool]:
    ends = time.monotonic() + seconds

    def answered(most: float) -> bool:
        time.sleep(most)
        return time.monotonic() >= ends

    return answered


def test_an_answer_of_a_short_look_is_none_for_who_has_more_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The engine takes 0.2 seconds; one who asks has less silence, the next has more."""
    asked: list[float] = []

    def discover(_: object, __: object, deadline: Deadline, *___: object, **____: object) -> Any:
        asked.append(deadline.silence)
        came = deadline.wait(_comes_after(0.2))
        return Topology(engine="/run/engine.sock") if came else LATE

    monkeypatch.setattr(discovery, "discover", discover)
    world = Machine()
    for _ in range(2):
        assert world.look(Policy(), Deadline(0.05)).around() == LATE
    assert len(asked) == 1, "those who have as little share it"
    for _ in range(2):
        assert world.look(Policy(), Deadline(1)).around().engine
    assert len(asked) == 2
    assert world.look(Policy(), Deadline(0.05)).around().engine


def test_who_joins_a_short_look_has_one_more_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = Event()

    def greets(_: object, __: object, deadline: Deadline) -> tuple[bool | None]:
        begun.set()
        return (True if deadline.wait(_comes_after(0.3)) else None,)

    monkeypatch.setattr(probe, "greets", greets)
    world = Machine()
    short = Thread(target=world.look(Policy(), Deadline(0.1)).greets, args=(PORT, "redis"))
    short.start()
    assert begun.wait(5)
    assert world.look(Policy(), Deadline(2)).greets(PORT, "redis") == (True,)
    short.join()


def test_a_server_that_was_silent_is_soon_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([(None,), (True,)])
    monkeypatch.setattr(probe, "greets", lambda *_: next(answers))
    world = Machine()
    for _ in range(2):
        assert world.look(Policy(), Deadline(1)).greets(PORT, "redis") == (None,)
    time.sleep(SHORT_PAUSE + 0.1)
    assert world.look(Policy(), Deadline(1)).greets(PORT, "redis") == (True,)


def test_an_answer_that_came_while_this_process_did_not_run_is_not_late() -> None:
    """It stands still after a look, until all of its time is over."""
    looks: list[float] = []

    def answered(most: float) -> bool:
        looks.append(most)
        if len(looks) == 1:
            time.sleep(0.3)
        return len(looks) > 1

    assert Deadline(0.2, 0.2).wait(answered)
    assert looks[1:] == [0.0]

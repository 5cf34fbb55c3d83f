"""What the world holds on to, and for how long."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from hostshift import Policy, questions
from hostshift.topology import Neighbourhood
from hostshift.world import World

if TYPE_CHECKING:
    import pytest


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

"""hostshift for pytest: the fixture ``pretend``; loaded by itself once hostshift is installed.

::

    def test_on_the_bridge(pretend):
        pretend("bridge", answers=["172.17.0.1:5432"])
        assert hostshift.resolve("localhost:5432") == "172.17.0.1:5432"

It takes what :func:`hostshift.testing.pretend` takes, and lasts until the test ends.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hostshift import Vantage

__all__ = ["Pretend", "pretend"]


class Pretend(Protocol):
    """The type of the fixture."""

    def __call__(self, place: str | Vantage = "host", **said: Any) -> Vantage:
        """Stand somewhere else until the test ends."""
        ...


@pytest.fixture(name="pretend")
def pretend() -> Iterator[Pretend]:
    """Stand somewhere else until the test ends; takes what hostshift.testing.pretend takes."""
    from hostshift import testing

    with ExitStack() as until_the_end:

        def stand(place: str | Vantage = "host", **said: Any) -> Vantage:
            return until_the_end.enter_context(testing.pretend(place, **said))

        yield stand

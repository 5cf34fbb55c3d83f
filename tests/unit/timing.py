"""Checks of cost that hold on a busy machine: ratios within one run, tried more than once.

Another process, or a neighbour of the virtual machine, slows one try or two. What is too slow
in itself is so in every try. So the first good try settles it, and only many bad ones fail.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

TIMES = 8
"""How many times the size of the small input the large one has."""
MOST = 22
"""Linear work takes 8 times as long, quadratic work 64 times. This is as far from both."""
TRIES = 8
_FLOOR = 1e-4
"""Seconds below which the time is that of the call, and not of the work."""


def assert_linear(prepare: Callable[[int], Callable[[], object]], size: int) -> None:
    """Fail if the work on an input grows faster than the input.

    Args:
        prepare: Makes an input of about the size given, and returns the work on it.
        size: The size of the small input.

    """
    assert_ratio(prepare(TIMES * size), prepare(size), MOST, floor=_FLOOR, rounds=3)


def assert_ratio(
    work: Callable[[], object],
    other: Callable[[], object],
    most: float,
    *,
    floor: float = 0.0,
    rounds: int = 8,
) -> float:
    """Fail if work takes more than `most` times as long as other work, try after try.

    Args:
        work: What is measured.
        other: What it is held against.
        most: The largest ratio of their processor times that is right.
        floor: Seconds that each of them is taken to need at least.
        rounds: How often a try runs both in turn; the best time of each counts.

    Returns:
        The ratio.

    """
    ratios: list[float] = []
    for _ in range(TRIES):
        pairs = [(seconds(work), seconds(other)) for _ in range(rounds)]
        ours, theirs = (max(min(times), floor) for times in zip(*pairs, strict=True))
        ratios.append(ours / theirs)
        if ratios[-1] <= most:
            return ratios[-1]
    best = f"{min(ratios):.2f} times as long, the best of {TRIES} tries"
    pytest.fail(f"{best}; at most {most} is right")


def seconds(work: Callable[[], object]) -> float:
    """Return the processor time of this process for one call."""
    began = time.process_time()
    work()
    return time.process_time() - began

"""What all tests share."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

import hostshift

if TYPE_CHECKING:
    from collections.abc import Iterator

# Timings of this machine say nothing about the code: laws are checked, not speed.
settings.register_profile(
    "hostshift",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
    max_examples=int(os.environ.get("HYPOTHESIS_EXAMPLES", "100")),
)
settings.load_profile("hostshift")


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    """Leave nothing decided behind, nor find anything."""
    hostshift.reset()
    yield
    hostshift.reset()

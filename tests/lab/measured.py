"""What tests of this run have measured, for its summary."""

from __future__ import annotations

import pytest

COSTS = pytest.StashKey[list[str]]()
"""Lines on what hostshift costs."""

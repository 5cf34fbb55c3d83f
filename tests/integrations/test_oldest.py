"""Each integration with the oldest release of its framework: all its tests once more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integrations.oldest import OLDEST, pass_with

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", OLDEST)
def test_all_of_it(name: str, tmp_path: Path) -> None:
    pass_with(name, tmp_path)

"""The Django plug with the oldest Django that it supports: all its tests once more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.integrations.oldest import pass_with

if TYPE_CHECKING:
    from pathlib import Path


def test_all_of_it(tmp_path: Path) -> None:
    pass_with("django", tmp_path, "test_django.py")

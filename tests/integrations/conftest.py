"""Fixtures of the plugs' tests: the lab's engine, for servers that no package brings."""

from __future__ import annotations

from tests.lab.conftest import engine, lab_image

__all__ = ["engine", "lab_image"]

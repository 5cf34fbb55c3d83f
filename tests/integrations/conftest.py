"""Fixtures of the plugs' tests."""

from __future__ import annotations

from tests.integrations.django_project import project
from tests.lab.conftest import engine, lab_image

__all__ = ["engine", "lab_image", "project"]
"""Of the lab: its engine, for servers that no package brings."""

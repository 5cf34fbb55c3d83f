"""Each plug where its framework is missing, too old, or not what it was."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hostshift import _extras

ROOT = Path(__file__).parents[2]
PLUGS = {
    "hostshift_sqlalchemy": "import sqlalchemy.engine; del sqlalchemy.engine.CreateEnginePlugin",
    "hostshift_pymongo": "import pymongo.pool_options as it; del it.PoolOptions",
    "hostshift_redis": "import redis.asyncio as it; del it.Connection",
    "hostshift_httpx": "import httpx; sys.modules['httpcore'] = None",
    "hostshift_django": "",  # nothing of it is imported with the package
    "hostshift_flask": "import flask; del flask.current_app",
    "hostshift_pydantic": "import pydantic_settings; del pydantic_settings.BaseSettings",
}
"""Each plug, and what takes something away that its framework has."""


def imported(plug: str, before: str) -> str:
    """Import a plug after something else, and return what Python said of it."""
    path = [str(ROOT), str(ROOT / "integrations"), *sys.path]
    code = f"import sys; sys.path[:] = {path!r}\n{before}\nimport {plug}"
    ran = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False
    )
    return ran.stderr.strip().rpartition("\n")[2]


def test_every_plug_is_there() -> None:
    assert PLUGS.keys() == _extras.FRAMEWORKS.keys()


@pytest.mark.parametrize("plug", PLUGS)
def test_a_framework_that_is_missing(plug: str) -> None:
    one = _extras.FRAMEWORKS[plug][-1]
    said = imported(plug, f"sys.modules[{one.module!r}] = None")
    assert said == (
        f"hostshift.errors.MissingExtraError: {plug} needs {one.name}: pip install '{one.extra}'"
    )


@pytest.mark.parametrize("plug", sorted(PLUGS.keys() - {"hostshift_django"}))
def test_a_framework_that_lacks_something_is_not_called_missing(plug: str) -> None:
    one = _extras.FRAMEWORKS[plug][-1]
    said = imported(plug, PLUGS[plug])
    assert said.startswith(f"hostshift.errors.IncompatibleError: {plug} works with ")
    assert f"{one.name} {_extras._installed(one)} is installed, and cannot be used: " in said
    assert "pip install" not in said


@pytest.mark.parametrize("plug", PLUGS)
def test_a_framework_that_is_too_old(plug: str) -> None:
    one = _extras.FRAMEWORKS[plug][-1]
    said = imported(plug, f"import {one.module}; {one.module}.__version__ = '0.9.9'")
    assert said.startswith("hostshift.errors.IncompatibleError: ")
    assert f"{one.name} {one.oldest} and newer" in said
    assert f"{one.name} 0.9.9 is installed, and cannot be used: 0.9.9 is older" in said


@pytest.mark.parametrize(
    ("version", "numbers"),
    [("2.0.0b1", (2, 0, 0)), ("4.12", (4, 12)), ("0.25.dev1", (0, 25)), ("", ()), ("x", ())],
)
def test_versions_are_read_up_to_what_is_no_number(version: str, numbers: tuple[int, ...]) -> None:
    assert _extras._numbers(version) == numbers


def test_the_oldest_are_those_of_the_metadata() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    for frameworks in _extras.FRAMEWORKS.values():
        for one in frameworks:
            if one.distribution != "pydantic":  # which pydantic-settings brings
                assert f'"{one.distribution}>={one.oldest}"' in text

"""Each integration where its framework is missing, too old, or not what it was."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hostshift.drivers import frameworks

ROOT = Path(__file__).parents[2]
INTEGRATIONS = {
    "hostshift_sqlalchemy": "import sqlalchemy.engine; del sqlalchemy.engine.CreateEnginePlugin",
    "hostshift_pymongo": "import pymongo.pool_options as it; del it.PoolOptions",
    "hostshift_redis": "import redis.asyncio as it; del it.Connection",
    "hostshift_httpx": "import httpx; sys.modules['httpcore'] = None",
    "hostshift_django": "",  # nothing of it is imported with the package
    "hostshift_flask": "import flask; del flask.current_app",
    "hostshift_pydantic": "import pydantic_settings; del pydantic_settings.BaseSettings",
}
"""Each integration, and what takes something away that its framework has."""


def imported(integration: str, before: str) -> str:
    """Import an integration after something else, and return the last line of Python's errors."""
    path = [str(ROOT), str(ROOT / "integrations"), *sys.path]
    code = f"import sys; sys.path[:] = {path!r}\n{before}\nimport {integration}"
    ran = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False
    )
    return ran.stderr.strip().rpartition("\n")[2]


def test_every_plug_is_there() -> None:
    assert INTEGRATIONS.keys() == frameworks.FRAMEWORKS.keys()


@pytest.mark.parametrize("integration", INTEGRATIONS)
def test_a_framework_that_is_missing(integration: str) -> None:
    framework = frameworks.FRAMEWORKS[integration][-1]
    output = imported(integration, f"sys.modules[{framework.module!r}] = None")
    assert output == (
        f"hostshift.errors.MissingExtraError: {integration} needs {framework.name}:"
        f" pip install '{framework.extra}'"
    )


@pytest.mark.parametrize("integration", sorted(INTEGRATIONS.keys() - {"hostshift_django"}))
def test_a_framework_that_lacks_something_is_not_called_missing(integration: str) -> None:
    framework = frameworks.FRAMEWORKS[integration][-1]
    output = imported(integration, INTEGRATIONS[integration])
    assert output.startswith(f"hostshift.errors.IncompatibleError: {integration} works with ")
    assert (
        f"{framework.name} {frameworks._installed(framework)} is installed, and cannot be used: "
        in output
    )
    assert "pip install" not in output


@pytest.mark.parametrize("integration", INTEGRATIONS)
def test_a_framework_that_is_too_old(integration: str) -> None:
    framework = frameworks.FRAMEWORKS[integration][-1]
    output = imported(
        integration, f"import {framework.module}; {framework.module}.__version__ = '0.9.9'"
    )
    assert output.startswith("hostshift.errors.IncompatibleError: ")
    assert f"{framework.name} {framework.oldest} and newer" in output
    assert f"{framework.name} 0.9.9 is installed, and cannot be used: 0.9.9 is older" in output


@pytest.mark.parametrize(
    ("version", "numbers"),
    [("2.0.0b1", (2, 0, 0)), ("4.12", (4, 12)), ("0.25.dev1", (0, 25)), ("", ()), ("x", ())],
)
def test_versions_are_read_up_to_what_is_no_number(version: str, numbers: tuple[int, ...]) -> None:
    assert frameworks._numbers(version) == numbers


def test_the_oldest_are_those_of_the_metadata() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    for needed in frameworks.FRAMEWORKS.values():
        for framework in needed:
            if framework.distribution != "pydantic":  # which pydantic-settings brings
                assert f'"{framework.distribution}>={framework.oldest}"' in text

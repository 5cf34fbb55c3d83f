"""The oldest release of each framework that its integration supports: here, and nowhere else.

The tests of an integration run with the newest, which is installed; ``pass_with`` runs them once
more with the oldest.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

OLDEST: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "django": (
        ("django==4.2",),
        (
            *("test_django_commands.py", "test_django_connect.py", "test_django_settings.py"),
            "test_django_texts.py",
        ),
    ),
    "flask": (
        ("flask==2.3.0", "werkzeug==2.3.0", "flask-sqlalchemy==3.0.0"),
        ("test_flask.py",),
    ),
    "httpx": (
        ("httpx==0.25.0", "httpcore==0.18.0", "h11==0.14.0", "sniffio"),
        ("test_httpx.py",),
    ),
    "pydantic-settings": (
        ("pydantic-settings==2.3.0", "pydantic==2.7.4", "pydantic-core==2.18.4"),
        ("test_pydantic.py",),
    ),
    "pymongo": (("pymongo==4.12.0",), ("test_pymongo.py", "test_pymongo_dial.py")),
    "redis": (
        ("redis==5.0.0",),
        ("test_redis.py", "test_redis_cluster.py", "test_redis_identity.py"),
    ),
    "sqlalchemy": (
        ("sqlalchemy==2.0.0",),
        (
            *("test_sqlalchemy.py", "test_sqlalchemy_identity.py"),
            *("test_sqlalchemy_listeners.py", "test_sqlalchemy_token.py"),
        ),
    ),
}
"""What pip is asked for: the framework itself, then what else has to be as old; and the tests."""

ROOT = Path(__file__).parents[2]


def pass_with(name: str, there: Path) -> None:
    """Run a framework's tests with its oldest release, and expect them to pass.

    Args:
        name: the framework.
        there: an empty directory: it is installed there, and comes first on the path.

    """
    (requirement, *more), tests = OLDEST[name]
    _install([requirement, *more], there)
    python, version = [sys.executable, "-P"], requirement.partition("==")[2]
    environment = {**os.environ, "PYTHONPATH": str(there)}
    show = f"from importlib.metadata import version; print(version({name!r}))"
    shown = _run([*python, "-c", show], environment)
    assert shown.stdout.strip() == version
    files = [str(Path(__file__).with_name(test)) for test in tests]
    ran = _run([*python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files], environment)
    assert ran.returncode == 0, ran.stdout


def _install(requirement: list[str], there: Path) -> None:
    words = ["install", "--quiet", "--no-deps", "--only-binary=:all:", "--target", str(there)]
    ran = _run([sys.executable, "-m", "pip", *words, *requirement], dict(os.environ))
    if ran.returncode != 0:
        pytest.skip(f"{requirement[0]} cannot be installed here: {ran.stderr.strip()[-200:]}")


def _run(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )

"""The oldest release of each framework that its plug supports: here, and nowhere else.

The tests of a plug run with the newest, which is installed; ``pass_with`` runs them once
more with the oldest.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

OLDEST: dict[str, tuple[str, ...]] = {
    "django": ("django==4.2",),
    "httpx": ("httpx==0.25.0", "httpcore==0.18.0", "h11==0.14.0", "sniffio"),
    "pymongo": ("pymongo==4.12.0",),
    "redis": ("redis==5.0.0",),
}
"""What pip is asked for: the framework itself, then what else has to be as old."""

ROOT = Path(__file__).parents[2]


def pass_with(name: str, there: Path, *tests: str) -> None:
    """Run tests of this directory with the oldest release, and expect them to pass.

    Args:
        name: the framework.
        there: an empty directory: it is installed there, and comes first on the path.
        tests: files in this directory.

    """
    _install(name, there)
    python, version = [sys.executable, "-P"], OLDEST[name][0].partition("==")[2]
    environment = {**os.environ, "PYTHONPATH": str(there)}
    show = f"from importlib.metadata import version; print(version({name!r}))"
    shown = _run([*python, "-c", show], environment)
    assert shown.stdout.strip() == version
    files = [str(Path(__file__).with_name(test)) for test in tests]
    ran = _run([*python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files], environment)
    assert ran.returncode == 0, ran.stdout


def _install(name: str, there: Path) -> None:
    words = ["install", "--quiet", "--no-deps", "--only-binary=:all:", "--target", str(there)]
    ran = _run([sys.executable, "-m", "pip", *words, *OLDEST[name]], dict(os.environ))
    if ran.returncode != 0:
        pytest.skip(f"{OLDEST[name][0]} cannot be installed here: {ran.stderr.strip()[-200:]}")


def _run(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )

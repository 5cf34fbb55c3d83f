"""The httpx plug with the oldest httpx that it supports: all its tests once more."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

OLDEST = "0.25.0"
HERE = Path(__file__).parent
TESTS = [str(HERE / "test_httpx.py")]


@pytest.fixture(scope="module")
def oldest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install it into a directory of its own, which comes first on the path."""
    there = tmp_path_factory.mktemp("oldest")
    words = ["install", "--quiet", "--no-deps", "--only-binary=:all:", "--target", str(there)]
    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            *words,
            f"httpx=={OLDEST}",
            "httpcore==0.18.0",
            "h11==0.14.0",
            "sniffio",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode != 0:
        pytest.skip(f"httpx {OLDEST} cannot be installed here: {ran.stderr.strip()[-200:]}")
    return there


def test_all_of_it(oldest: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(oldest)}
    show = [sys.executable, "-P", "-c", "import httpx; print(httpx.__version__)"]
    shown = subprocess.run(show, env=environment, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == OLDEST
    ran = subprocess.run(
        [sys.executable, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider", *TESTS],
        cwd=HERE.parents[1],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout

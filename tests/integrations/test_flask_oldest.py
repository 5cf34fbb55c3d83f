"""The Flask plug with the oldest Flask and extensions that it supports: its tests once more."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

OLDEST = {"flask": "2.3.0", "werkzeug": "2.3.0", "flask-sqlalchemy": "3.0.0"}
HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def oldest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install them into a directory of their own, which comes first on the path."""
    there = tmp_path_factory.mktemp("oldest")
    words = ["install", "--quiet", "--no-deps", "--only-binary=:all:", "--target", str(there)]
    wanted = [f"{name}=={version}" for name, version in OLDEST.items()]
    ran = subprocess.run(
        [sys.executable, "-m", "pip", *words, *wanted],
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode != 0:
        pytest.skip(
            f"Flask {OLDEST['flask']} cannot be installed here: {ran.stderr.strip()[-200:]}"
        )
    return there


def test_all_of_it(oldest: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(oldest)}
    show = "import importlib.metadata as m, sys; print([m.version(one) for one in sys.argv[1:]])"
    shown = subprocess.run(
        [sys.executable, "-P", "-c", show, *OLDEST],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.strip() == str(list(OLDEST.values()))
    ran = subprocess.run(
        [
            *(sys.executable, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            str(HERE / "test_flask.py"),
        ],
        cwd=HERE.parents[1],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout

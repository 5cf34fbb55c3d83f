"""`make demo`, as the README promises it: with an engine, and without any."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def _demo(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "demo"],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.usefixtures("app_image")
def test_every_cell_of_hostshift_is_a_round_trip() -> None:
    done = _demo()
    assert done.returncode == 0, done.stderr
    assert "hostshift: 12 of 12 round trips. A plain client failed in 7." in done.stdout
    assert "s3cret" not in done.stdout + done.stderr


def test_without_an_engine_one_row_is_real_and_the_others_are_said_to_be_pretended() -> None:
    done = _demo(LAB_ENGINE="off")
    assert done.returncode == 0, done.stderr
    assert "no containers: LAB_ENGINE=off" in done.stderr
    assert "hostshift: 1 of 1 round trips" in done.stdout
    assert "11 more were pretended" in done.stdout

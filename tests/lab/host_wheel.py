"""The wheel under test for processes on the host, as containers have it in their image.

Where no wheel is named, the host runs the working copy that this file is part of.
"""

from __future__ import annotations

import compileall
import hashlib
import os
import tempfile
import zipfile
from pathlib import Path

from tests.lab.state import locked, state_dir


def environment(wheel: Path | None = None) -> dict[str, str]:
    """Return variables for a process on the host that is to import a wheel's hostshift.

    Args:
        wheel: the wheel; by default the one that `LAB_WHEEL` names, if it names one.

    """
    if wheel is None:
        named = os.environ.get("LAB_WHEEL")
        wheel = Path(named) if named else None
    return {} if wheel is None else {"PYTHONPATH": str(_unpacked(wheel))}


def _unpacked(wheel: Path) -> Path:
    """Return a directory with the wheel's packages, made once for each wheel."""
    key = hashlib.sha256(wheel.read_bytes()).hexdigest()[:12]
    made = state_dir() / "host-wheels" / key
    with locked("host-wheels"):
        if not made.is_dir():
            made.parent.mkdir(exist_ok=True)
            with tempfile.TemporaryDirectory(dir=made.parent) as name:
                filling = Path(name, "wheel")
                with zipfile.ZipFile(wheel) as archive:
                    archive.extractall(filling)
                # As pip does: without, every process would compile it all.
                compileall.compile_dir(filling, quiet=1)
                filling.rename(made)
    return made

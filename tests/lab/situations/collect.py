"""Capture every situation as test data: `python -m tests.lab.situations --capture tests/machines`.

Each is captured by the installed command itself, as its user would.
"""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING

from tests.lab.errors import LabError
from tests.lab.situations import Situation, run_everywhere

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.lab.situations.grounds import Grounds

# Runs inside. The capture goes where even a read-only root can be written, and out as JSON.
_CAPTURE = """
import json, pathlib, subprocess, tempfile
places = [at for at in ("/dev/shm", "/tmp", "/var/tmp") if pathlib.Path(at).is_dir()]
for at in places:
    try:
        directory = tempfile.TemporaryDirectory(dir=at)
        break
    except OSError:
        continue
with directory as made:
    root = pathlib.Path(made, "root")
    subprocess.run(["hostshift", "vantage", "--capture", str(root)], check=True, stdout=2)
    files = [path for path in sorted(root.rglob("*")) if path.is_file()]
    print(json.dumps({str(path.relative_to(root)): path.read_text() for path in files}))
"""


def collect(ground: Grounds, situations: Sequence[Situation], directory: Path) -> int:
    """Write a directory for each situation, in place of what an earlier run wrote there."""
    count = 0
    command = ["python", "-c", _CAPTURE]
    for situation, user, outcome in run_everywhere(ground, command, situations=situations):
        if user != "root":
            continue
        if outcome.code != 0:
            raise LabError(f"{situation.name}: {outcome.stderr}")
        machine = directory / _slug(situation.name)
        shutil.rmtree(machine, ignore_errors=True)
        for name, text in json.loads(outcome.stdout.splitlines()[-1]).items():
            path = machine / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        count += 1
    return count


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")

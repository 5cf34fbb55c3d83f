"""Programs that tests start in processes of their own."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


def answered(words: Sequence[str], **more: Any) -> Any:
    """Run a program that must not fail, and return the JSON that it prints."""
    done = subprocess.run(
        words, capture_output=True, text=True, check=False, **{"timeout": 60, **more}
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)

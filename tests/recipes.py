"""The recipes of docs/tls.md as code, so that what is tested is what the page says."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "tls.md"


def recipe(title: str) -> str:
    """Return the one block of Python below a heading of the page."""
    _, _, below = PAGE.read_text(encoding="utf-8").partition(f"\n## {title}\n")
    (code,) = re.findall(r"```python\n(.*?)```", below.partition("\n## ")[0], re.DOTALL)
    return str(code)


def titles() -> list[str]:
    """Return the headings that have a recipe."""
    return re.findall(r"^## (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)

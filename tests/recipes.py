"""The recipes of the documentation as code, so that what is tested is what the page says."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"


def recipe(title: str, page: str = "tls.md", language: str = "python") -> str:
    """Return the one block in a language below a heading of a page."""
    (code,) = [code for found, code in blocks(title, page) if found == language]
    return code


def blocks(title: str, page: str) -> list[tuple[str, str]]:
    """Return the blocks below a heading of a page, each with its language."""
    _, _, below = (DOCS / page).read_text(encoding="utf-8").partition(f"\n## {title}\n")
    return re.findall(r"```(\w+)\n(.*?)```", below.partition("\n## ")[0], re.DOTALL)


def titles(page: str = "tls.md") -> list[str]:
    """Return the headings that have a recipe."""
    return re.findall(r"^## (.+)$", (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE)

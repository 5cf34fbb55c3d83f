"""The project keeps to the field's words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
AVOIDED = re.compile(
    r"\bTell whether\b|\banew\b|\bmend(s|ed|ing)?\b|\brims?\b|\bsaid\b|\bwanted\b", re.IGNORECASE
)
"""Words that once stood for: return True if, again, fix, the I/O layer, answered, requested."""


@pytest.mark.parametrize("tree", ["hostshift", "integrations", "docs"])
def test_no_file_has_a_word_that_a_reader_has_to_learn(tree: str) -> None:
    files = [path for path in (ROOT / tree).rglob("*") if path.suffix in (".py", ".md", ".toml")]
    assert len(files) > 15
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in files
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if AVOIDED.search(line)
    ]
    assert not found

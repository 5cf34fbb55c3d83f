"""Find the strings of a JSON list in its text."""

from __future__ import annotations

import json

from hostshift.dsn import MOST_ADDRESSES, MOST_CHARACTERS


def texts(value: str) -> tuple[tuple[tuple[int, int], ...], tuple[str, ...]] | None:
    """Find the strings of a JSON list, the form in which pydantic-settings reads lists.

    Returns:
        The spans of the strings without escapes, and the texts of the others. None if the
        value is no such list, or exceeds what hostshift reads of any text.

    """
    if len(value) > MOST_CHARACTERS:
        return None
    try:
        items = json.loads(value)
    except (ValueError, RecursionError):
        return None
    if len(items) > MOST_ADDRESSES or any(isinstance(item, (list, dict)) for item in items):
        return None
    spans: list[tuple[int, int]] = []
    escaped: list[str] = []
    end = 0
    for item in items:
        if not isinstance(item, str):
            continue
        written = json.dumps(item, ensure_ascii=False)
        start = value.find(written, end)
        if start < 0 or "\\" in written:
            escaped.append(item)
            continue
        end = start + len(written)
        spans.append((start + 1, end - 1))
    return tuple(spans), tuple(escaped)

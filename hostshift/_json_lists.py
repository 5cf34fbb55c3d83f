"""The strings of a JSON list, where they stand in its text."""

from __future__ import annotations

import json

from hostshift.strings import MOST_ADDRESSES, MOST_CHARACTERS


def texts(value: str) -> tuple[tuple[tuple[int, int], ...], tuple[str, ...]] | None:
    """Find the strings of a JSON list, as pydantic-settings wants lists; None if it is none.

    Returns:
        Where those stand that are written as they are, and the texts of the others.
        None also for more than is read of any text.

    """
    if len(value) > MOST_CHARACTERS:
        return None
    try:
        listed = json.loads(value)
    except (ValueError, RecursionError):
        return None
    if len(listed) > MOST_ADDRESSES or any(isinstance(one, (list, dict)) for one in listed):
        return None
    found: list[tuple[int, int]] = []
    escaped: list[str] = []
    end = 0
    for one in listed:
        if not isinstance(one, str):
            continue
        written = json.dumps(one, ensure_ascii=False)
        start = value.find(written, end)
        if start < 0 or "\\" in written:
            escaped.append(one)
            continue
        end = start + len(written)
        found.append((start + 1, end - 1))
    return tuple(found), tuple(escaped)

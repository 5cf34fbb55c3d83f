"""A refused value, as messages show it: never a secret."""

from __future__ import annotations

from hostshift.base.redaction import shape

MOST_DIGITS, MOST_ENTRIES = 20, 5


def shown(value: object) -> str:
    """Return a value as messages show it, without what may be a secret.

    A text shows as its shape: a string with a password may stand where a word belongs.
    """
    if isinstance(value, (bool, float)) or value is None:
        return repr(value)
    if isinstance(value, int):
        return repr(value) if abs(value) < 10**MOST_DIGITS else "a number of many digits"
    if isinstance(value, (tuple, list)) and len(value) <= MOST_ENTRIES:
        # No deeper: a file may nest lists as deep as it likes.
        entries = (
            f"a {type(entry).__name__}" if isinstance(entry, (tuple, list)) else shown(entry)
            for entry in value
        )
        return f"({', '.join(entries)})"
    if not isinstance(value, str):
        return f"a {type(value).__name__}"
    return shape(value)

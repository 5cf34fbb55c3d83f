"""The message about a wrong setting: its value (never a secret), and what is expected.

Loaded only if a setting is wrong.
"""

from __future__ import annotations

from hostshift.base.redaction import MOST_SHOWN
from hostshift.config.shown import shown
from hostshift.config.table import SETTINGS
from hostshift.errors import SettingError


def wrong(where: str, name: str, value: object) -> str:
    """Return where a wrong setting is, its value (masked), what is expected, and a hint."""
    from difflib import get_close_matches

    word = value[:MOST_SHOWN].lower() if isinstance(value, str) else ""
    setting = SETTINGS[name]
    near = get_close_matches(word, setting.choices, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"{where} = {shown(value)} is not allowed: expected {setting.expected}{hint}"


def refuse(name: str, value: object) -> SettingError:
    """Return the error for an argument of Policy."""
    return SettingError(wrong(f"Policy: {name}", name, value))

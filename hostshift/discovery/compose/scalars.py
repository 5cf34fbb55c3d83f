"""Plain YAML scalars, as compose reads them. Pure.

We keep everything as text. The usual resolvers would turn ``22:22`` into 1342
and ``5432:54`` into 325974 (YAML 1.1 counts in sixties). Only two kinds matter that
compose's own YAML reader (go-yaml v3, resolve.go) does not take for text: null, and
numbers in another notation than decimal.
"""

from __future__ import annotations

import re

_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_TRUTHS = frozenset(("true", "True", "TRUE", "false", "False", "FALSE"))
FIRST = frozenset(("", *"0123456789+-.~nNtTfF"))
"""The first characters of plain scalars that are not text."""

_INTEGER = re.compile(r"[-+]?(?:0b[01]+|0x[0-9a-f]+|0o?[0-7]+|[1-9][0-9]*)\Z", re.IGNORECASE)
_FLOAT = re.compile(
    r"[-+]?(?:(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:e[-+]?[0-9]+)?|\.inf)\Z|\.nan\Z", re.IGNORECASE
)
_LONGEST = 64
"""A longer scalar is no useful number."""


def plain(text: str) -> str | None:
    """Return a plain scalar's text: None for null, and numbers in decimal digits."""
    if not text or text[0] in "~nN":
        return None if text in _NULLS else text
    if text.isdecimal() and text[0] != "0":
        return text
    if text[0] not in "0123456789+-" or len(text) > _LONGEST:
        return text
    number = text.replace("_", "")
    if _INTEGER.match(number):
        return _decimal(number)
    # 08 is not octal: a number with a point, which no port is.
    return f"{number}.0" if number.isdecimal() and number != "0" else text


def is_text(text: str) -> bool:
    """Return True if a plain scalar is text: keys have to be."""
    if text in _NULLS or text in _TRUTHS:
        return False
    number = text.replace("_", "")
    return not (_INTEGER.match(number) or _FLOAT.match(number) or number == "0")


def _decimal(number: str) -> str:
    """Write an integer in decimal; a leading 0 alone means octal, as it did in YAML 1.1."""
    sign, digits = ("-", number[1:]) if number[0] == "-" else ("", number.removeprefix("+"))
    lower = digits.lower()
    if lower[0] == "0" and lower[1:2] not in ("b", "x", "o", ""):
        lower = f"0o{lower[1:]}"
    return f"{sign}{int(lower, 0)}"


def truth(text: str) -> bool | None:
    """Read compose's booleans (loader/interpolate.go, toBoolean); None for any other text."""
    lower = text.lower()
    if lower in ("true", "y", "yes", "on"):
        return True
    return False if lower in ("false", "n", "no", "off") else None

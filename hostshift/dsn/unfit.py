"""Texts that hostshift does not read at all: too long, with too many addresses, or no text."""

from __future__ import annotations

from hostshift.dsn.model import MOST_ADDRESSES, MOST_CHARACTERS, TOO_MANY

_TOO_LONG = f"the text is longer than {MOST_CHARACTERS:,} characters, the most that hostshift reads"


def too_much(text: str) -> str:
    """Return why a text is too much to read, else an empty text. Quick: it only counts."""
    if len(text) > MOST_CHARACTERS:
        return _TOO_LONG
    if len(text) <= MOST_ADDRESSES:
        return ""
    start = text.find("://") + 3
    end = text.find("/", start) if start > 2 else len(text)
    commas = text.count(",", 0, end if end >= 0 else len(text))
    # Commas may separate options as well. The reading counts the endpoints of what passes here.
    many = text.count("://") > MOST_ADDRESSES or commas > 2 * MOST_ADDRESSES
    return TOO_MANY if many else ""


def no_string(text: str) -> str:
    """Return why a text cannot be a connection string at all, empty if it may be one."""
    if not text:
        return "the text is empty"
    if text.isascii() and text.isprintable():
        return ""
    if any(character < " " or character == "\x7f" for character in text):
        inside = text.translate(LINES) if text[:1] == "(" or "://" not in text else text
        if any(character < " " or character == "\x7f" for character in inside):
            return "the text holds control characters"
    return ""


LINES = dict.fromkeys(map(ord, "\t\r\n"))
"""Oracle's descriptors and libpq's pairs may stand on several lines."""

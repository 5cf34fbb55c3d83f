"""Values as files and orchestrators deliver them: in quotes, with blanks or a line end around.

The address inside is resolved, and what stands around it is kept byte for byte, because
the program that reads the value may see it too.
"""

from __future__ import annotations

from hostshift.dsn.dialects._nested import moved_reading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.dsn.model import Reading

_BLANKS = " \t\r\n"
_QUOTES = ("'", '"')


def inside(text: str) -> tuple[int, int]:
    """Return the span of a text without the blanks, line ends and quotes around it."""
    start, end = _trimmed(text, 0, len(text))
    quote = text[start : start + 1]
    if quote in _QUOTES and end - start > 2 and text.find(quote, start + 1) == end - 1:
        return _trimmed(text, start + 1, end - 1)
    return start, end


def wrapped(text: str, start: int, reading: Reading) -> Reading:
    """Return the reading of what stands inside, for the whole text.

    Args:
        text: the whole text.
        start: the offset where the inside begins.
        reading: that of the inside.

    """
    around = "quotes" if text.strip(_BLANKS)[:1] in _QUOTES else "blanks or a line end"
    note = f"the value has {around} around it, which the program that reads it may take for a part"
    notes = f"{note}; {reading.note}" if reading.note else note
    return moved_reading(reading, start).replace(note=notes)


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start] in _BLANKS:
        start += 1
    while start < end and text[end - 1] in _BLANKS:
        end -= 1
    return start, end

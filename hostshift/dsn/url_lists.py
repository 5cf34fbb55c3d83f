"""Texts that hold several URLs with ``,``, ``;`` or blanks between them.

Node lists, brokers and seeds are written so. All addresses of a list move, or none does.
"""

from __future__ import annotations

from hostshift.dsn import sockets
from hostshift.dsn.authority import refuse_user_alone
from hostshift.dsn.dialects._nested import joined, moved_reading
from hostshift.dsn.model import Reading, Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_MARKS = ",; "
_UNCLEAR = "several URLs stand in it, and whether they are a list depends on who reads it"


def starts(text: str) -> list[int]:
    """Return the offsets at which the URLs of a list begin; one or none if it is no list."""
    found = [0]
    at = text.find("://", text.find("://") + 3)
    while at >= 0:
        begin = at
        while begin > 0 and (text[begin - 1].isalnum() or text[begin - 1] in "+-._"):
            begin -= 1
        if begin < at and text[begin - 1] in _MARKS:
            found.append(begin)
        at = text.find("://", at + 3)
    return found


def read(text: str, read_one: Callable[[str], Reading], *, sure: bool) -> Reading | None:
    """Read a list of URLs; if one of them cannot be read, none is. None for any other text.

    Args:
        text: the connection string.
        read_one: reads one URL.
        sure: the consumer takes a list for certain. Else a URL in the query of another one
            may be a part of that.

    """
    begins = starts(text)
    if len(begins) < 2:
        return None
    try:
        return _each(text, begins, read_one, sure=sure)
    except Unreadable as error:
        return Reading(dialect="", trouble=error.reason)


def _each(
    text: str, begins: list[int], read_one: Callable[[str], Reading], *, sure: bool
) -> Reading:
    """Read each URL by its own scheme.

    Raises:
        Unreadable: one of them cannot be read, or may be a part of the one before.

    """
    readings = []
    for begin, after in zip(begins, [*begins[1:], len(text)], strict=True):
        end = len(text[:after].rstrip(_MARKS))
        if not sure and after < len(text) and ("?" in text[begin:end] or "#" in text[begin:end]):
            raise Unreadable(_UNCLEAR)
        reading = read_one(text[begin:end])
        if reading.trouble and reading.dialect != "none":
            raise Unreadable(reading.trouble)
        if reading.dialect != "none" and not sockets.names_one(text[begin:end]):
            refuse_user_alone(reading, text.find("@", begin, end))
        readings.append(moved_reading(reading, begin))
    if all(reading.dialect == "none" for reading in readings):
        return joined(readings[0], readings)
    return joined(Reading(dialect="uris", protocol=readings[0].protocol), readings)

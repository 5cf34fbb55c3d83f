"""Tables that do not grow without end. Pure."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    Key = TypeVar("Key")
    Value = TypeVar("Value")


def put(table: dict[Key, Value], key: Key, value: Value, most: int) -> None:
    """Put an entry into a table; where that is full, the oldest one leaves.

    Args:
        table: a dict; its order tells which entry is the oldest.
        key: of the entry.
        value: of the entry.
        most: entries that the table may have.

    """
    table[key] = value
    while len(table) > most:
        try:
            del table[next(iter(table))]
        except (RuntimeError, StopIteration, KeyError):  # another thread did the same
            continue

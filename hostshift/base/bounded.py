"""Tables with a limit to their size. Pure."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    Key = TypeVar("Key")
    Value = TypeVar("Value")


def put(table: dict[Key, Value], key: Key, value: Value, most: int) -> None:
    """Put an entry into a table, and drop the oldest ones while it is too long.

    Args:
        table: a dict; its first entry is the oldest.
        key: the entry's key.
        value: the entry's value.
        most: how many entries the table may have.

    """
    table[key] = value
    while len(table) > most:
        try:
            del table[next(iter(table))]
        except (RuntimeError, StopIteration, KeyError):  # another thread did the same
            continue


def halve(table: dict[Key, Value]) -> None:
    """Drop the older half of a table of answers that can be found again.

    To drop one at each new entry takes long: a dict looks for its first entry from its beginning,
    past all that were dropped.
    """
    for key in list(table)[: len(table) // 2]:
        table.pop(key, None)

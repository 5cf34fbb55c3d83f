"""One document of a file, and the places in it where variables may be. Pure."""

from __future__ import annotations

from hostshift.discovery.compose.problems import Missing, Problem
from hostshift.discovery.compose.values import Unset

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from hostshift.discovery.compose.values import Value


class Entry:
    """The place of a value with a ``$`` in it, in a mapping."""

    __slots__ = ("key", "line", "mapping")

    def __init__(self, mapping: dict[str, Value], key: str, line: int | None) -> None:
        self.mapping, self.key, self.line = mapping, key, line


class Item:
    """The place of a value with a ``$`` in it, in a list."""

    __slots__ = ("index", "items", "line")

    def __init__(self, items: list[Value], index: int, line: int | None) -> None:
        self.items, self.index, self.line = items, index, line


class Document:
    """One YAML document of a file."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.tree: Value = None
        self.slots: list[Entry | Item] = []
        self.beyond = ""
        """A feature that we leave to compose itself; "" if the document has none."""
        self.missing: Missing | None = None
        """The first required variable that is not set; None if all are."""

    def interpolate(self, replace: Callable[[str], str]) -> None:
        """Replace the variables in all values, in place.

        A value that needs a variable that is not set becomes an :class:`.Unset`: it
        matters only if something reads it.

        Raises:
            Problem: a value breaks the grammar; it has the line.

        """
        for slot in self.slots:
            if isinstance(slot, Entry):
                raw = slot.mapping[slot.key]
                slot.mapping[slot.key] = self._replaced(raw, slot.line, replace)
            else:
                raw = slot.items[slot.index]
                slot.items[slot.index] = self._replaced(raw, slot.line, replace)

    def _replaced(self, raw: Value, line: int | None, replace: Callable[[str], str]) -> Value:
        if not isinstance(raw, str):
            return raw
        try:
            return replace(raw)
        except Missing as missing:
            located = Missing(missing.name, self.path, line)
            self.missing = self.missing or located
            return Unset(raw, located)
        except Problem as problem:
            problem.where, problem.line = self.path, line
            raise

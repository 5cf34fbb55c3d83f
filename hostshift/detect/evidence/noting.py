"""Noting which unread sources a sign looks at. Pure.

Signs return what they see. They do not return what they looked at in vain, and that counts
if a file could not be read. So they get facts that take note.
"""

from __future__ import annotations

from hostshift.detect.rootfs import NAMESPACE_FILES
from hostshift.detect.sources import SOURCES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import cast

    from hostshift.detect.facts import Facts

    Entry = str | int
    """The text of a file, or the inode number of a namespace."""
else:

    def cast(_: object, value: object) -> object:
        """Stand in for :func:`typing.cast` at run time."""
        return value


class Noting:
    """Replaces the facts for a sign, and notes the unread sources that the sign looks at."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._unread = frozenset(facts.unread)
        self.missed: list[str] = []

    @property
    def as_facts(self) -> Facts:
        """This object, as the facts that a sign takes."""
        return cast("Facts", self)

    def note(self, names: tuple[str, ...]) -> None:
        """Note those of the sources that could not be read."""
        self.missed += [name for name in names if name in self._unread]

    def __getattr__(self, name: str) -> object:
        """Return an attribute of the facts."""
        self.note(SOURCES.get(name, ()))
        value = getattr(self._facts, name)
        if name == "texts":
            return _Entries(self, value, {})
        if name == "namespaces":
            return _Entries(self, value, NAMESPACE_FILES)
        return value


class _Entries:
    """A mapping with a source for each entry."""

    def __init__(
        self, noting: Noting, entries: Mapping[str, Entry], sources: Mapping[str, str]
    ) -> None:
        self._noting, self._entries, self._sources = noting, entries, sources

    def get(self, key: str, default: Entry | None = None) -> Entry | None:
        """Return an entry, and note it if it could not be read."""
        self._noting.note((self._sources.get(key, key),))
        return self._entries.get(key, default)

    def __contains__(self, key: str) -> bool:
        self._noting.note((self._sources.get(key, key),))
        return key in self._entries

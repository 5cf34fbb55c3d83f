"""Watching which unread sources a sign looks at. Pure.

Signs say what they see. They do not say what they looked at and did not see, and that is
what counts where a file could not be read. So they are given surroundings that take note.
"""

from __future__ import annotations

from hostshift.root import NAMESPACE_FILES
from hostshift.surroundings import SOURCES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, cast

    from hostshift.surroundings import Surroundings
else:

    def cast(_: object, value: object) -> object:
        """Stand in for :func:`typing.cast` at run time."""
        return value


class Noting:
    """Stands in for surroundings, and notes the unread sources that are looked at."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._unread = frozenset(around.unread)
        self.missed: list[str] = []

    @property
    def surroundings(self) -> Surroundings:
        """What a sign is given."""
        return cast("Surroundings", self)

    def note(self, names: tuple[str, ...]) -> None:
        """Note those of the sources that were not read."""
        self.missed += [name for name in names if name in self._unread]

    def __getattr__(self, name: str) -> Any:
        """Hand on an attribute of the surroundings."""
        self.note(SOURCES.get(name, ()))
        found = getattr(self._around, name)
        if name == "texts":
            return _Entries(self, found, {})
        if name == "namespaces":
            return _Entries(self, found, NAMESPACE_FILES)
        return found


class _Entries:
    """A mapping whose entries are read from a source each."""

    def __init__(
        self, noting: Noting, found: Mapping[str, Any], sources: Mapping[str, str]
    ) -> None:
        self._noting, self._found, self._sources = noting, found, sources

    def get(self, key: str, default: Any = None) -> Any:
        """Return an entry, and note it if it was not read."""
        self._noting.note((self._sources.get(key, key),))
        return self._found.get(key, default)

    def __contains__(self, key: str) -> bool:
        self._noting.note((self._sources.get(key, key),))
        return key in self._found

"""What was configured, of the settings that hold answers: kept among the settings themselves.

So each settings object has its own, and one that is made of another's (``from .base import
*``, ``override_settings()``) has that one's. It outlives ``hostshift.reset()``, as the answers do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

ORIGINALS = "HOSTSHIFT_GIVEN"
"""The setting. Upper case: Django takes no other from a module."""


class Originals:
    """The settings that have answers, as they were configured and as hostshift wrote them.

    No dictionary: Django's error page would show what is in it.
    """

    def __init__(self, kept: Mapping[str, tuple[Any, ...]]) -> None:
        """Keep, by the setting's name, what was configured and the answers for it."""
        self._kept = dict(kept)

    @property
    def names(self) -> frozenset[str]:
        """The names of these settings."""
        return frozenset(self._kept)

    def first(self, name: str, value: Any) -> Any:
        """Return what was configured in the place of an answer; any other value as it is."""
        if name not in self._kept:
            return value
        configured, *answers = self._kept[name]
        return configured if value in answers else value

    def __repr__(self) -> str:
        """Show names only: the values hold passwords."""
        return f"<Originals {', '.join(sorted(self._kept))}>"


def of(names: Mapping[str, Any]) -> Originals:
    """Return what the settings of one object or module keep; nothing is kept at first."""
    kept = names.get(ORIGINALS)
    return kept if isinstance(kept, Originals) else Originals({})

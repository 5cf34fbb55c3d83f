"""What was configured, where answers stand now: kept among the settings themselves.

So each settings object has its own, and one that is made of another's (``from .base import
*``, ``override_settings()``) has that one's. It outlives ``hostshift.reset()``, as the answers do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

GIVEN = "HOSTSHIFT_GIVEN"
"""The setting. Upper case: Django takes no other from a module."""


class Given:
    """The settings that have answers, as they were and as they were written.

    No dictionary: Django's error page would show what is in it.
    """

    def __init__(self, kept: Mapping[str, tuple[Any, ...]]) -> None:
        """Keep, by the setting's name, what was configured and the answers for it."""
        self._kept = dict(kept)

    @property
    def names(self) -> frozenset[str]:
        """The settings in question."""
        return frozenset(self._kept)

    def first(self, name: str, value: Any) -> Any:
        """Return what was configured in the place of a value; one that was not written stays."""
        if name not in self._kept:
            return value
        configured, *answers = self._kept[name]
        return configured if value in answers else value

    def __repr__(self) -> str:
        """Show names only: the values hold passwords."""
        return f"<Given {', '.join(sorted(self._kept))}>"

"""Which variables are settings."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

PREFIX = "HOSTSHIFT_"


def is_variable(name: str) -> bool:
    """Return True if a variable's name begins like a setting's, in any case."""
    return name[: len(PREFIX)].upper() == PREFIX


def is_ours(name: str) -> bool:
    """Return True for the variable of a setting, and for one that hostshift writes for itself."""
    return is_variable(name.removeprefix("_"))


def has_variables(names: Iterable[str]) -> bool:
    """Return True if one of the names may be a setting's. It is quick, for each start calls it."""
    return PREFIX in "\n".join(names).upper()

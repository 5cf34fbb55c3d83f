"""The type of a value from JSON or YAML. For type checkers only: nothing imports it at run time."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    Tree: TypeAlias = "dict[str, Tree] | list[Tree] | str | int | float | bool | None"

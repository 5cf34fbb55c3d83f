"""Wraps a function of a framework in its place, once, and takes the wrapper off again.

No lock: a function is read once and then replaced, so that two threads at once wrap it once.
An interrupt leaves it wrapped or not.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MARK = "hostshift"
"""The attribute of a wrapper that holds what it wraps. A copy on somebody's wrapper of ours,
by :func:`functools.wraps`, does as well: what is wrapped below that is not wrapped again."""


def wrap(owner: object, name: str, wrapper: Callable[[Any], Any]) -> None:
    """Put a wrapper in the place of a function; again changes nothing.

    Args:
        owner: the class, module or object that has the function.
        name: its name there.
        wrapper: returns the wrapper of a function.

    """
    own = getattr(owner, name)
    if not hasattr(own, MARK):
        wrapped = wraps(own)(wrapper(own))
        setattr(wrapped, MARK, own)
        setattr(owner, name, wrapped)


def unwrap(owner: object, name: str) -> None:
    """Take a wrapper off. One that somebody has put on top of it stays."""
    there = getattr(owner, name)
    own = getattr(there, MARK, None)
    if own is not None and there.__wrapped__ is own:
        setattr(owner, name, own)


def original(function: Any) -> Any:
    """Return a function without our wrappers."""
    while hasattr(function, MARK):
        function = getattr(function, MARK)
    return function


def missing(seams: Mapping[str, tuple[object, str]]) -> list[str]:
    """Name the functions that a framework lacks.

    Args:
        seams: for each, by its name for people, who has it and its name there.

    """
    return [label for label, (owner, name) in seams.items() if not hasattr(owner, name)]

"""Values of a tree as the kind that they have to be. Pure.

A tree out of YAML holds only mappings, lists, texts and None. What the real
compose prints as JSON holds numbers and truth values as well.
"""

from __future__ import annotations

from typing import Any

from hostshift.topology.compose import scalars
from hostshift.topology.compose.problems import Missing, Problem


class Unset:
    """A value that is not known, because a variable in it has to be set and is not.

    Compose would refuse the whole file. But what runs was started where the variable was
    set, so only a value that decides about names, networks or ports makes it unreadable.
    """

    __slots__ = ("problem", "text")

    def __init__(self, text: str, problem: Missing) -> None:
        """Take the text as it is written, and the variable, with the file and the line."""
        self.text, self.problem = text, problem


def _wrong(value: Any, what: str) -> Problem:
    """Return why a value is not of the kind that it has to be."""
    return value.problem if type(value) is Unset else Problem(what)


def mapping(value: Any, where: str) -> dict[str, Any]:
    """Return a mapping.

    Raises:
        Problem: it is none, or is not known.

    """
    if type(value) is not dict:
        raise _wrong(value, f"{where}: not a mapping")
    return value


def items(value: Any, where: str) -> list[Any]:
    """Return a list.

    Raises:
        Problem: it is none, or is not known.

    """
    if type(value) is not list:
        raise _wrong(value, f"{where}: not a list")
    return value


def text(value: Any, where: str) -> str:
    """Return a text; a number is its digits.

    Raises:
        Problem: it is a mapping, a list or nothing, or is not known.

    """
    if type(value) is str:
        return value
    if type(value) is int:
        return str(value)
    raise _wrong(value, f"{where}: not a text or a number")


def texts(value: Any, where: str) -> tuple[str, ...]:
    """Return a list of texts, each once.

    Raises:
        Problem: it is none, or is not known.

    """
    return tuple(dict.fromkeys(text(entry, where) for entry in items(value, where)))


def truth(value: Any, where: str) -> bool:
    """Return a truth value.

    Raises:
        Problem: it is none, or is not known.

    """
    found = value if type(value) is bool else scalars.truth(text(value, where))
    if found is None:
        raise Problem(f"{where}: neither true nor false")
    return found


def number(value: Any, where: str) -> int:
    """Return a whole number, 0 or more.

    Raises:
        Problem: it is none, or is not known.

    """
    digits = text(value, where)
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 10):
        raise Problem(f"{where}: not a whole number from 0 on")
    return int(digits)

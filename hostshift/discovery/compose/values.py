"""Check that the values of a tree are of the right kind. Pure.

A tree out of YAML holds only mappings, lists, texts and None. The JSON of the real
compose holds numbers and truth values as well.
"""

from __future__ import annotations

from hostshift.discovery.compose import scalars
from hostshift.discovery.compose.problems import Missing, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    Value: TypeAlias = "dict[str, Value] | list[Value] | str | int | float | bool | Unset | None"
    """A tree of a compose file: that of JSON, and the unknown values in it."""


class Unset:
    """A value that is unknown, because a required variable in it is not set.

    Compose would refuse the whole file. But somebody started what runs with the variable
    set, so only an unknown value for names, networks or ports makes the file unreadable.
    """

    __slots__ = ("problem", "text")

    def __init__(self, text: str, problem: Missing) -> None:
        """Take the text as it is written, and the problem with its file and line."""
        self.text, self.problem = text, problem


def _wrong(value: Value, what: str) -> Problem:
    """Return the problem of a value of the wrong kind."""
    return value.problem if type(value) is Unset else Problem(what)


def mapping(value: Value, where: str) -> dict[str, Value]:
    """Return a mapping.

    Raises:
        Problem: it is none, or is unknown.

    """
    if type(value) is not dict:
        raise _wrong(value, f"{where}: not a mapping")
    return value


def items(value: Value, where: str) -> list[Value]:
    """Return a list.

    Raises:
        Problem: it is none, or is unknown.

    """
    if type(value) is not list:
        raise _wrong(value, f"{where}: not a list")
    return value


def text(value: Value, where: str) -> str:
    """Return a text; a number is its digits.

    Raises:
        Problem: it is a mapping, a list or null, or is unknown.

    """
    if type(value) is str:
        return value
    if type(value) is int:
        return str(value)
    raise _wrong(value, f"{where}: not a text or a number")


def texts(value: Value, where: str) -> tuple[str, ...]:
    """Return a list of texts, each once.

    Raises:
        Problem: it is none, or is unknown.

    """
    return tuple(dict.fromkeys(text(entry, where) for entry in items(value, where)))


def truth(value: Value, where: str) -> bool:
    """Return a truth value.

    Raises:
        Problem: it is none, or is unknown.

    """
    result = value if type(value) is bool else scalars.truth(text(value, where))
    if result is None:
        raise Problem(f"{where}: neither true nor false")
    return result


def number(value: Value, where: str) -> int:
    """Return a whole number, 0 or more.

    Raises:
        Problem: it is none, or is unknown.

    """
    digits = text(value, where)
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 10):
        raise Problem(f"{where}: not a whole number from 0 on")
    return int(digits)

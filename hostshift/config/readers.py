"""Readers of the values of settings. Pure.

A reader takes a value of any type, because a file or a caller may pass any. It raises a
ValueError that holds nothing of the value, which may be a secret in the wrong place.
"""

from __future__ import annotations

from hostshift.config.choices import PROTOCOLS
from hostshift.config.shown import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

MOST_BUDGET = 60
"""Seconds."""

_FLAGS = {
    **dict.fromkeys(("1", "true", "t", "yes", "y", "on"), True),
    **dict.fromkeys(("0", "false", "f", "no", "n", "off"), False),
}
"""A flag as text, as pydantic reads it."""


def one_of(value: object, allowed: tuple[str, ...]) -> str:
    """Return the value in lower case if it is allowed.

    Raises:
        ValueError: it is not.

    """
    word = text_of(value).lower()
    if word not in allowed:
        raise ValueError(f"it is not one of {', '.join(allowed)}")
    return word


def parse_flag(value: object) -> bool:
    """Read a flag: a bool, or the texts and numbers that pydantic reads as one.

    Raises:
        ValueError: it is no flag.

    """
    flag = _FLAGS.get(str(value).lower()) if isinstance(value, (str, bool, int)) else None
    if flag is None:
        raise ValueError("it is neither true nor false")
    return flag


def parse_budget(value: object) -> float:
    """Read a budget, in seconds.

    Raises:
        ValueError: it is not a number above 0 and up to 60.

    """
    is_number = not isinstance(value, bool) and isinstance(value, (str, int, float))
    seconds = float(value) if is_number and len(str(value)) < 40 else 0.0  # type: ignore[arg-type]
    if not 0 < seconds <= MOST_BUDGET:
        raise ValueError("it is not a number of seconds above 0 and up to 60")
    return seconds


def parse_names(value: object) -> tuple[str, ...]:
    """Read a comma list, or a tuple, of names of variables.

    ``*`` and ``?`` mean what they do in shells.

    Raises:
        ValueError: an entry holds a character that no name of a variable has.

    """
    names = tuple(text_of(entry).strip() for entry in entries(value))
    for name in names:
        if any(letter in "=@/\0" or letter.isspace() for letter in name):
            raise ValueError(f"{shown(name)} is no name of a variable")
    return names


def parse_listed(value: object) -> tuple[str, ...]:
    """Read a comma list, or a tuple, of entries that name variables.

    An entry is ``NAME``, a pattern, ``HOST:PORT`` for two variables, each of them with
    ``=protocol`` behind it, or ``-NAME`` for one that stays.

    Raises:
        ValueError: an entry is nothing of these.

    """
    listed = tuple(text_of(entry).strip() for entry in entries(value))
    for entry in listed:
        names, equals, protocol = entry.partition("=")
        if equals and protocol not in PROTOCOLS:
            known = ", ".join(PROTOCOLS)
            raise ValueError(f"{shown(entry)} has no protocol behind =; known are {known}")
        host, *ports = names.removeprefix("-").split(":")
        excludes = entry.startswith("-")
        parse_names((host, *ports))
        if not all((host, *ports)) or len(ports) > 1 or (excludes and (ports or equals)):
            raise ValueError(f"{shown(entry)} is no name of a variable")
    return listed


def parse_path(value: object) -> str:
    """Read the path of a file.

    Raises:
        ValueError: it is no path: of another type, or it holds a NUL.

    """
    fspath = getattr(type(value), "__fspath__", None)
    path = text_of(value if fspath is None else fspath(value))
    if "\0" in path:
        raise ValueError("it holds a NUL")
    return path


def entries(value: object) -> list[object]:
    """Split a comma list, or return the entries of a tuple or a list."""
    if isinstance(value, (tuple, list)):
        return list(value)
    return [entry.strip() for entry in text_of(value).split(",") if entry.strip()]


def text_of(value: object) -> str:
    """Return a value that is a text.

    Raises:
        ValueError: it is no text.

    """
    if not isinstance(value, str):
        raise ValueError("it is no text")  # noqa: TRY004 - the value of a setting is wrong
    return value


def choice(*allowed: str) -> Callable[[object], str]:
    """Return a reader of one of these words."""
    return lambda value: one_of(value, allowed)


def choices(*allowed: str) -> Callable[[object], tuple[str, ...]]:
    """Return a reader of a comma list, or a tuple, of these words."""
    return lambda value: tuple(one_of(entry, allowed) for entry in entries(value))


def or_none(read: Callable[[object], str]) -> Callable[[object], str | None]:
    """Return a reader for which None and an empty text mean that the setting is not set."""
    return lambda value: (
        None if value is None or (isinstance(value, str) and not value) else read(value)
    )

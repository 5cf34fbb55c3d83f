"""What settings may be, and how the plain ones are read. Pure.

A reader takes a value of any type, for a file, a variable and a caller may give any. What it
raises is a ValueError that holds nothing of the value: that may be a secret in the wrong place.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

MOST_BUDGET = 60
"""Seconds."""

_FLAGS = {
    **dict.fromkeys(("1", "true", "t", "yes", "y", "on"), True),
    **dict.fromkeys(("0", "false", "f", "no", "n", "off"), False),
}
"""What a flag may be as text, as pydantic reads one."""


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
    """Read a flag: a bool, or the texts and numbers that pydantic takes for one.

    Raises:
        ValueError: it is none.

    """
    found = _FLAGS.get(str(value).lower()) if isinstance(value, (str, bool, int)) else None
    if found is None:
        raise ValueError("it is neither true nor false")
    return found


def parse_budget(value: object) -> float:
    """Read a number of seconds that a budget can be.

    Raises:
        ValueError: it is not a number above 0 and up to 60.

    """
    number = not isinstance(value, bool) and isinstance(value, (str, int, float))
    seconds = float(value) if number and len(str(value)) < 40 else 0.0  # type: ignore[arg-type]
    if not 0 < seconds <= MOST_BUDGET:
        raise ValueError("it is not a number of seconds above 0 and up to 60")
    return seconds


def parse_path(value: object) -> str:
    """Read the path of a file.

    Raises:
        ValueError: it is none: of another type, or it holds a NUL.

    """
    as_text = getattr(type(value), "__fspath__", None)
    path = text_of(as_text(value) if as_text is not None else value)
    if "\0" in path:
        raise ValueError("it holds a NUL")
    return path


def entries(value: object) -> list[object]:
    """Part a comma list, or take the entries of a tuple or a list."""
    if isinstance(value, (tuple, list)):
        return list(value)
    return [entry.strip() for entry in text_of(value).split(",") if entry.strip()]


def text_of(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("it is no text")  # noqa: TRY004 - what is wrong is a setting's value
    return value


def choice(*allowed: str) -> Callable[[object], str]:
    return lambda value: one_of(value, allowed)


def or_none(read: Callable[[object], str]) -> Callable[[object], str | None]:
    """Take None and an empty text for a setting that is not set."""
    return lambda value: (
        None if value is None or (isinstance(value, str) and not value) else read(value)
    )

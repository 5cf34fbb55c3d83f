"""The ``hostshift`` logger, which loads with the first message. No secret passes here."""

from __future__ import annotations

import sys

from hostshift.base.interrupts import reraise_interrupt
from hostshift.base.redaction import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_sink: Callable[[str, str], None] | None = None
"""Takes the messages in place of :mod:`logging` in a command that becomes another program."""


def to(sink: Callable[[str, str], None] | None) -> Callable[[str, str], None] | None:
    """Pass messages to a function and not to :mod:`logging`, which slows a command's start.

    Args:
        sink: takes the level (``debug``, ``info`` or ``warning``) and the message; None for
            :mod:`logging`.

    Returns:
        What took the messages before.

    """
    global _sink
    before, _sink = _sink, sink
    return before


def debug(message: str, *values: object) -> None:
    """Log what only matters to a reader who looks for it.

    A program that has not loaded :mod:`logging` cannot have turned it on.
    """
    _log("debug", message, values)


def info(message: str, *values: object) -> None:
    """Log what hostshift changed."""
    _log("info", message, values)


def _log(level: str, message: str, values: tuple[object, ...]) -> None:
    if _sink is not None:
        _sink(level, message % _printable(values))
    elif "logging" in sys.modules:
        import logging  # another thread may be in the middle of it: this waits until it is done

        getattr(logging.getLogger("hostshift"), level)(message, *_printable(values))


def _printable(values: tuple[object, ...]) -> tuple[str, ...]:
    """Return values as texts of one line each: a message is one line."""
    return tuple(printable(str(value)) for value in values)


def warning(message: str, *values: object) -> bool:
    """Log what the user should know and can pin.

    Returns:
        False if it was not logged, because no descriptor was free to load :mod:`logging`.

    """
    if _sink is None:
        try:
            import logging  # noqa: F401 - its own last resort prints warnings
        except (OSError, MemoryError, ImportError) as error:
            reraise_interrupt(error)
            return False
    _log("warning", message, values)
    return True

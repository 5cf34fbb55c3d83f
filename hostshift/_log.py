"""The ``hostshift`` logger, loaded when there is something to say. No secret passes here."""

from __future__ import annotations

import sys

from hostshift._outside import pass_on

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_sink: Callable[[str, str], None] | None = None
"""Takes messages in place of :mod:`logging`, in a command of ours that becomes another."""


def to(sink: Callable[[str, str], None] | None) -> None:
    """Hand messages to a function and not to :mod:`logging`, which costs a command's start.

    Args:
        sink: takes the level (``debug``, ``info`` or ``warning``) and the message; None for
            :mod:`logging`.

    """
    global _sink  # noqa: PLW0603 - a command sets it once
    _sink = sink


def debug(message: str, *values: object) -> None:
    """Log what only matters to someone who looks for it.

    While nobody has loaded :mod:`logging`, nobody can have asked to see it.
    """
    _log("debug", message, values)


def info(message: str, *values: object) -> None:
    """Log what was changed."""
    _log("info", message, values)


def _log(level: str, message: str, values: tuple[object, ...]) -> None:
    logging = sys.modules.get("logging")
    if _sink is not None:
        _sink(level, message % values)
    elif logging is not None:
        getattr(logging.getLogger("hostshift"), level)(message, *values)


def warning(message: str, *values: object) -> bool:
    """Log what the user should know and can pin.

    Returns:
        False where it could not be said: no descriptor is free to load :mod:`logging` with.

    """
    if _sink is None:
        try:
            import logging  # noqa: F401 - its own last resort prints warnings
        except (OSError, MemoryError, ImportError) as error:
            pass_on(error)
            return False
    _log("warning", message, values)
    return True

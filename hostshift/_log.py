"""The ``hostshift`` logger, loaded when there is something to say. No secret passes here."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_write: Callable[[str], None] | None = None
"""Takes messages in place of :mod:`logging`, in a command of ours that becomes another."""
_all = False


def to(write: Callable[[str], None] | None, *, everything: bool = False) -> None:
    """Hand messages to a function and not to :mod:`logging`, which costs a command's start.

    Args:
        write: takes a line without its end; None for :mod:`logging`.
        everything: hand over what is not a warning as well.

    """
    global _write, _all
    _write, _all = write, everything


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
    if _write is not None:
        if _all:
            _write(message % values)
    elif logging is not None:
        getattr(logging.getLogger("hostshift"), level)(message, *values)


def warning(message: str, *values: object) -> None:
    """Log what the user should know and can pin."""
    if _write is not None:
        _write("warning: " + message % values)
        return
    import logging

    logging.getLogger("hostshift").warning(message, *values)

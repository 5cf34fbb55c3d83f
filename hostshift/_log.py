"""The ``hostshift`` logger, loaded when there is something to say. No secret passes here."""

from __future__ import annotations

import sys


def debug(message: str, *values: object) -> None:
    """Log what only matters to someone who looks for it.

    While nobody has loaded :mod:`logging`, nobody can have asked to see it.
    """
    logging = sys.modules.get("logging")
    if logging is not None:
        logging.getLogger("hostshift").debug(message, *values)


def info(message: str, *values: object) -> None:
    """Log what was changed."""
    logging = sys.modules.get("logging")
    if logging is not None:
        logging.getLogger("hostshift").info(message, *values)


def warning(message: str, *values: object) -> None:
    """Log what the user should know and can pin."""
    import logging

    logging.getLogger("hostshift").warning(message, *values)

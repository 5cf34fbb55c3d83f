"""What a forwarder logs while it holds the lock that forks wait for: logged once that is free.

A handler of the log may block, or wait for a thread that forks.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Messages:
    """Keeps messages for a moment."""

    def __init__(self) -> None:
        """Have none yet."""
        self.kept: list[tuple[Callable[..., object], str, tuple[object, ...]]] = []

    def keep(self, log: Callable[..., object], message: str, *values: object) -> None:
        """Keep a message.

        Args:
            log: a function of :mod:`hostshift.base.log`.
            message: what it takes.
            *values: what the message shows.

        """
        self.kept.append((log, message, values))

    def log(self) -> None:
        """Log what was kept."""
        kept, self.kept = self.kept, []
        for log, message, values in kept:
            log(message, *values)

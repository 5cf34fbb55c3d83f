"""Stands in for a database driver: the real dialect makes its parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.engine import Dialect


class Driver:
    """A driver's module with another ``connect``."""

    def __init__(self, own: Any, connect: Callable[..., Any]) -> None:
        self._own, self.connect = own, connect

    def __getattr__(self, name: str) -> Any:
        return getattr(self._own, name)


def stand_in(dialect: Dialect, connect: Callable[..., Any]) -> None:
    """Let a dialect's driver connect by a function."""
    vars(dialect).pop("loaded_dbapi", None)  # which remembers the driver
    made: Any = Driver(dialect.dbapi, connect)
    dialect.dbapi = made

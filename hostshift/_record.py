"""Frozen values with named fields, cheap to import.

The standard ``dataclasses`` pulls in ``inspect``, ``ast``, ``re`` and ``enum``
and alone costs more than starting the interpreter does. Everything on
hostshift's default path stays clear of it, so that ``import hostshift`` and the
``hostshift`` command start at once.
"""

from __future__ import annotations

# Type checkers take any name spelled TYPE_CHECKING as true: no ``typing`` import.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import KeysView
    from typing import Any, NoReturn, Self, dataclass_transform
else:

    def dataclass_transform(**_: object):  # noqa: ANN202 - the checkers read the real one
        """Stand in for :func:`typing.dataclass_transform` at run time."""
        return lambda cls: cls


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Record:
    """Base of frozen values: fields are annotations, defaults are class attributes.

    All fields are given by keyword. Two records are equal when they are of one
    class and all their fields are equal.
    """

    _fields: tuple[str, ...] = ()
    _known: frozenset[str] = frozenset()
    _required: frozenset[str] = frozenset()

    def __init_subclass__(cls) -> None:
        """Collect the fields of the class and of the records it extends."""
        own = tuple(name for name in cls.__annotations__ if name[0] != "_")
        cls._fields = (*cls._fields, *(name for name in own if name not in cls._fields))
        cls._known = frozenset(cls._fields)
        cls._required = frozenset(name for name in cls._fields if not hasattr(cls, name))

    def __init__(self, **fields: Any) -> None:
        """Take every field by its name; those with a default may be left out."""
        if fields.keys() != self._known:
            self._check(fields.keys())
        self.__dict__.update(fields)

    @classmethod
    def _check(cls, given: KeysView[str]) -> None:
        """Raise TypeError where a field lacks or is unknown, as any call does."""
        if missing := cls._required - given:
            raise TypeError(f"{cls.__name__} lacks {', '.join(sorted(missing))}")
        if unknown := given - cls._known:
            raise TypeError(f"{cls.__name__} has no field {', '.join(sorted(unknown))}")

    def replace(self, **changes: Any) -> Self:
        """Return a copy in which the given fields are changed."""
        return type(self)(**{**self.__dict__, **changes})

    def __setattr__(self, name: str, value: object) -> NoReturn:
        """Refuse: records do not change."""
        raise AttributeError(f"{type(self).__name__} is frozen: cannot set {name}")

    def __delattr__(self, name: str) -> NoReturn:
        """Refuse: records do not change."""
        raise AttributeError(f"{type(self).__name__} is frozen: cannot delete {name}")

    def __eq__(self, other: object) -> bool:
        """Compare class and fields."""
        if type(self) is not type(other):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self._fields)

    def __hash__(self) -> int:
        """Hash the fields, so that a record may be a key."""
        return hash((type(self), *(getattr(self, name) for name in self._fields)))

    def __repr__(self) -> str:
        """Show every field but those that the class hides."""
        shown = ", ".join(
            f"{name}={getattr(self, name)!r}" for name in self._fields if name not in self._hidden()
        )
        return f"{type(self).__name__}({shown})"

    @classmethod
    def _hidden(cls) -> frozenset[str]:
        """Name the fields that may hold a secret and so never show in ``repr``."""
        return frozenset()

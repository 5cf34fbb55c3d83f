"""Frozen values with named fields, cheap to import.

The standard ``dataclasses`` loads ``inspect``, ``ast``, ``re`` and ``enum``, and that takes
longer than starting the interpreter does. Nothing on hostshift's default path imports it, so
``import hostshift`` and the ``hostshift`` command start at once.
"""

from __future__ import annotations

# Type checkers take any name spelled TYPE_CHECKING as true: no ``typing`` import.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import KeysView
    from typing import Generic, NoReturn, Self, dataclass_transform
else:

    def dataclass_transform(**_: object):  # noqa: ANN202 - the checkers read the real one
        """Stand in for :func:`typing.dataclass_transform` at run time."""
        return lambda cls: cls

    class Generic:
        """Stand in for :class:`typing.Generic` at run time: a subscript changes nothing."""

        def __class_getitem__(cls, _: object) -> type:
            """Return the class itself."""
            return cls


__all__ = ["FrozenDict", "Generic", "Record"]


class FrozenDict(dict[object, object]):
    """A dict that does not change. A record holds one in place of each dict that it gets."""

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        """Raise TypeError, as every method does that would change a dict."""
        raise TypeError("a mapping in a record is frozen: it cannot be changed")

    if not TYPE_CHECKING:
        __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refuse

    def __hash__(self) -> int:  # type: ignore[override]
        """Hash the entries in any order, as dicts compare."""
        return hash(frozenset(self.items()))

    def __reduce__(self) -> tuple[type, tuple[dict[object, object]]]:
        """Pickle and copy by a plain dict: the default way sets the entries one by one."""
        return type(self), (dict(self),)


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Record:
    """Base of frozen values: annotations are the fields, class attributes their defaults.

    Callers pass all fields by keyword. Two records are equal if they are of one class and all
    their fields are equal. Where a field is a ``Mapping``, a dict in it becomes a
    :class:`FrozenDict`.
    """

    _fields: tuple[str, ...] = ()
    _known: frozenset[str] = frozenset()
    _required: frozenset[str] = frozenset()
    _mappings: tuple[str, ...] = ()

    def __init_subclass__(cls) -> None:
        """Collect the fields of the class and of the records that it extends."""
        kinds = cls.__annotations__
        declared = tuple(name for name in kinds if name[0] != "_")
        mappings = tuple(name for name in declared if "Mapping[" in str(kinds[name]))
        for name in mappings:
            if type(default := cls.__dict__.get(name)) is dict:
                setattr(cls, name, FrozenDict(default))
        new = tuple(name for name in declared if name not in cls._fields)
        cls._mappings += mappings
        cls._fields += new
        cls._known = frozenset(cls._fields)
        # Not by ``hasattr``: a name that is missing takes it longer than all the rest of this.
        cls._required = frozenset((*cls._required, *new)).difference(cls.__dict__)

    def __init__(self, **fields: object) -> None:
        """Take every field by its name; those with a default may be left out."""
        if fields.keys() != self._known:
            self._check(fields.keys())
        for name in self._mappings:
            if type(value := fields.get(name)) is dict:
                fields[name] = FrozenDict(value)
        self.__dict__.update(fields)

    @classmethod
    def _check(cls, names: KeysView[str]) -> None:
        """Raise TypeError if a field is missing or unknown, as any call does."""
        if missing := cls._required - names:
            raise TypeError(f"{cls.__name__} lacks {', '.join(sorted(missing))}")
        if unknown := names - cls._known:
            from hostshift.base import redaction  # a name may be a string that holds a secret

            shown = ", ".join(sorted(map(redaction.name, unknown)))
            raise TypeError(f"{cls.__name__} has no field {shown}")

    def replace(self, **changes: object) -> Self:
        """Return a copy with other values in these fields; it has no cached attribute yet."""
        try:
            return type(self)(**({name: getattr(self, name) for name in self._fields} | changes))
        finally:
            changes.clear()  # the frame of an error must not hold what may be a secret

    def __setattr__(self, name: str, value: object) -> NoReturn:
        """Refuse: records do not change."""
        raise AttributeError(f"{type(self).__name__} is frozen: cannot set {name}")

    def __delattr__(self, name: str) -> NoReturn:
        """Refuse: records do not change."""
        raise AttributeError(f"{type(self).__name__} is frozen: cannot delete {name}")

    def __eq__(self, other: object) -> bool:
        """Compare class and fields."""
        if self is other:
            return True
        if type(self) is not type(other):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self._fields)

    def __hash__(self) -> int:
        """Hash the fields, so that a record may be a key.

        Raises:
            TypeError: a field holds a value that has no hash; names the field.

        """
        try:
            return hash((type(self), *(getattr(self, name) for name in self._fields)))
        except TypeError:
            self._name_unhashable()
            raise

    def _name_unhashable(self) -> None:
        """Raise TypeError that names the field whose value has no hash."""
        for name in self._fields:
            try:
                hash(getattr(self, name))
            except TypeError as error:
                wrong = f"{type(self).__name__} cannot be hashed: its field {name}: {error}"
                raise TypeError(wrong) from None

    def __repr__(self) -> str:
        """Show every field but those that the class hides.

        The frame of an error may hold a record that has no fields yet.
        """
        names = (name for name in self._fields if name not in self._hidden())
        shown = ", ".join(f"{name}={self._shown(name)}" for name in names if hasattr(self, name))
        return f"{type(self).__name__}({shown})"

    def _shown(self, name: str) -> str:
        """Return the value of a field as ``repr`` shows it."""
        return repr(getattr(self, name))

    @classmethod
    def _hidden(cls) -> frozenset[str]:
        """Name the fields that may hold a secret and so never show in ``repr``."""
        return frozenset()

"""Functions that are wrapped in their place, and containers that are copied to change items."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from functools import wraps
from typing import Any, NamedTuple

import pytest

from hostshift.drivers import wrapping
from hostshift.drivers.containers import with_items


class Owner:
    """Has a function."""

    def name(self) -> str:
        return "own"


@pytest.fixture
def owner() -> Any:
    return type("Owner", (), {"name": Owner.name})


def _shout(own: Any) -> Any:
    return lambda self: own(self).upper()


def test_it_is_wrapped_once_and_taken_off(owner: Any) -> None:
    own = owner.name
    for _ in range(2):
        wrapping.wrap(owner, "name", _shout)
        assert owner().name() == "OWN"
    assert owner.name.__wrapped__ is own is wrapping.original(owner.name)
    for _ in range(2):
        wrapping.unwrap(owner, "name")
        assert owner.name is own is wrapping.original(own)


def test_a_wrapper_of_other_code_stays(owner: Any) -> None:
    wrapping.wrap(owner, "name", _shout)
    own = owner.name

    @wraps(own)
    def traced(self: Any) -> str:
        return f"<{own(self)}>"

    owner.name = traced
    wrapping.wrap(owner, "name", _shout)
    assert owner().name() == "<OWN>"
    wrapping.unwrap(owner, "name")
    assert owner.name is traced


def test_a_method_of_one_object() -> None:
    one = Owner()
    wrapping.wrap(one, "name", lambda own: lambda: own() + "!")
    assert (one.name(), Owner().name()) == ("own!", "own")


def test_what_is_missing_is_named(owner: Any) -> None:
    seams: dict[str, tuple[object, str]] = {"Owner.name": (owner, "name"), "Owner.x": (owner, "x")}
    assert wrapping.missing(seams) == ["Owner.x"]


class Point(NamedTuple):
    """A tuple with names."""

    x: int
    y: int


class Odd(list[int]):
    """A list that takes more to be made."""

    def __init__(self, items: list[int], more: str) -> None:
        super().__init__(items)
        self.more = more


@pytest.mark.parametrize(
    ("value", "after"),
    [
        ({"a": 1, "b": 2}, {"a": 1, "b": 20}),
        (OrderedDict(a=2), OrderedDict(a=20)),
        (defaultdict(int, a=2), defaultdict(int, a=20)),
        ([1, 2], [1, 20]),
        ((2, 1), (20, 1)),
        ({1, 2}, {1, 20}),
        (frozenset((2,)), frozenset((20,))),
        (Point(1, 2), Point(1, 20)),
        (Odd([1, 2], "x"), [1, 20]),
    ],
    ids=repr,
)
def test_a_container_is_copied_where_an_item_changes(value: Any, after: Any) -> None:
    before = repr(value)
    changed = with_items(value, lambda _, item: 20 if item == 2 else item)
    assert changed == after
    assert type(changed) is type(after)
    assert repr(value) == before
    assert with_items(value, lambda _, item: item) is value


def test_keys_and_numbers_are_passed_on() -> None:
    seen: list[Any] = []

    def change(key: Any, item: Any) -> Any:
        seen.append(key)
        return item

    with_items({"a": 1}, change)
    with_items((5, 6), change)
    assert seen == ["a", 0, 1]

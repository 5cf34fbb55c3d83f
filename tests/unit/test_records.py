"""Records: what a copy, a key, a pickle and a mapping in one do, and what none of them may do."""

from __future__ import annotations

import copy
import pickle
import pkgutil
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

import hostshift
from hostshift import Policy, SettingError, detect
from hostshift.base.record import FrozenDict, Record
from hostshift.config.settings_file import SettingsFile
from hostshift.detect import facts
from hostshift.detect.facts import Facts

if TYPE_CHECKING:
    from collections.abc import Callable

    from hostshift.detect.vantage import Vantage

MACHINE = "tests/machines/docker-default-bridge-host-gateway"


class Plain(Record):
    """One field of each kind."""

    name: str
    ports: Mapping[str, int] = {"http": 80}
    entries: object = ()


@pytest.fixture
def read() -> Facts:
    return facts.read(MACHINE)


@pytest.fixture
def vantage() -> Vantage:
    found = detect.detect(MACHINE)
    assert found.host_names
    return found


# --- replace ------------------------------------------------------------------------------------


def test_a_copy_can_be_made_after_a_cached_attribute_was_read(read: Facts) -> None:
    before = read.hosts
    assert before.names
    assert "hosts" in vars(read)
    emptied = read.replace(texts={})
    assert type(emptied) is Facts
    assert "hosts" not in vars(emptied)
    assert not emptied.hosts.names
    assert read.hosts is before
    assert emptied.replace(texts=read.texts) == read


def test_a_copy_keeps_defaults_and_refuses_what_is_no_field() -> None:
    assert Plain(name="a").replace(name="b") == Plain(name="b")
    with pytest.raises(TypeError, match=r"^Plain has no field nmae$"):
        Plain(name="a").replace(nmae="b")
    with pytest.raises(TypeError, match=r"^Plain lacks name$"):
        Plain(ports={})  # type: ignore[call-arg]


def test_a_copy_of_a_policy_is_checked_as_the_policy_was() -> None:
    with pytest.raises(SettingError, match=r"^Policy: mode = 5 is not allowed"):
        Policy().replace(mode=5)
    with pytest.raises(TypeError, match="modes"):
        Policy().replace(modes="on")


# --- hash ---------------------------------------------------------------------------------------


def test_records_with_mappings_are_keys(read: Facts, vantage: Vantage) -> None:
    assert {vantage: 1}[detect.detect(MACHINE)] == 1
    assert hash(read) == hash(facts.read(MACHINE))
    one, other = Plain(name="a", ports={"a": 1, "b": 2}), Plain(name="a", ports={"b": 2, "a": 1})
    assert one == other
    assert hash(one) == hash(other)


def test_what_has_no_hash_names_the_field() -> None:
    with pytest.raises(TypeError, match=r"^Plain cannot be hashed: its field entries: .*'list'"):
        hash(Plain(name="a", entries=[1]))
    file = SettingsFile(path="hostshift.toml", table={"keep": ["a"]})
    with pytest.raises(TypeError, match=r"^SettingsFile cannot be hashed: its field table: "):
        hash(file)


# --- mappings -----------------------------------------------------------------------------------

CHANGES: dict[str, Callable[[Any], object]] = {
    "an entry set": lambda ports: ports.__setitem__("http", 1),
    "an entry deleted": lambda ports: ports.__delitem__("http"),
    "update": lambda ports: ports.update(http=1),
    "merged in place": lambda ports: ports.__ior__({"http": 1}),
    "setdefault": lambda ports: ports.setdefault("https", 1),
    "pop": lambda ports: ports.pop("http"),
    "popitem": lambda ports: ports.popitem(),
    "clear": lambda ports: ports.clear(),
}


@pytest.mark.parametrize("plain", [Plain(name="a"), Plain(name="a", ports={"http": 80})])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_mapping_in_a_record_does_not_change(
    change: Callable[[Any], object], plain: Plain
) -> None:
    with pytest.raises(TypeError, match="frozen"):
        change(plain.ports)
    assert plain == Plain(name="a")
    assert Plain(name="b").ports == {"http": 80}


def test_the_callers_own_dict_is_another_one() -> None:
    ports = {"http": 80}
    plain = Plain(name="a", ports=ports)
    ports["http"] = 1
    assert plain.ports == {"http": 80}
    assert {**plain.ports, "b": 1} == {"http": 80, "b": 1}


def test_a_mapping_in_a_record_prints_as_a_dict(vantage: Vantage) -> None:
    assert repr(Plain(name="a")) == "Plain(name='a', ports={'http': 80}, entries=())"
    assert f"host_names={dict(vantage.host_names)!r}" in repr(vantage)


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))]
)
def test_records_can_be_pickled_and_copied(
    copied: Callable[[Vantage], Vantage], vantage: Vantage
) -> None:
    found = copied(vantage)
    assert found == vantage
    with pytest.raises(TypeError, match="frozen"):
        found.host_names.clear()  # type: ignore[attr-defined]


def _records(cls: type[Record]) -> list[type[Record]]:
    return [cls, *(inner for known in cls.__subclasses__() for inner in _records(known))]


def test_no_record_has_a_field_that_its_users_could_change() -> None:
    """A dict that is annotated as one would stay one."""
    for found in pkgutil.walk_packages(hostshift.__path__, "hostshift."):
        if not found.name.endswith("__main__"):
            import_module(found.name)
    classes = [cls for cls in _records(Record) if cls.__module__.startswith("hostshift.")]
    assert len(classes) > 40
    changeable = [
        f"{cls.__name__}.{name}"
        for cls in classes
        for name, kind in cls.__annotations__.items()
        if name[0] != "_" and str(kind).startswith(("dict[", "list[", "set["))
    ]
    assert changeable == []


def test_a_class_may_have_real_annotations() -> None:
    kinds = {"host": str, "ports": Mapping[str, int]}
    made = type("Made", (Record,), {"__annotations__": kinds, "host": "h"})
    assert made(ports={"a": 1}) == made(host="h", ports=FrozenDict({"a": 1}))
    with pytest.raises(TypeError, match="lacks ports"):
        made()

"""Arguments of a wrong type: the error names the argument, whatever was passed."""

from __future__ import annotations

import asyncio
import traceback
from typing import TYPE_CHECKING, Any

import pytest

import hostshift
from hostshift import InvalidAddressError, Policy, UnknownDialectError, testing

if TYPE_CHECKING:
    from collections.abc import Callable

    from hostshift_pytest import Pretend

TEXT = "postgresql://app:s3cret@localhost:5432/shop"
WRONG: list[Any] = [0, 1, 2.5, True, b"libpq", [], ["libpq"], {}, {"mode": "off"}, set(), object()]
"""No dialects and no policies; some cannot be keys, some are false."""


def _ids(value: object) -> str:
    return type(value).__name__ + ("" if value else " that is false")


def _pretend(policy: Any) -> None:
    with testing.pretend("host", policy=policy):
        pass


WITH_DIALECT: dict[str, Callable[[Any], object]] = {
    "resolve": lambda wrong: hostshift.resolve(TEXT, dialect=wrong),
    "resolve no text": lambda wrong: hostshift.resolve([TEXT], dialect=wrong),  # type: ignore[arg-type]
    "aresolve": lambda wrong: asyncio.run(hostshift.aresolve(TEXT, dialect=wrong)),
    "explain": lambda wrong: hostshift.explain(TEXT, dialect=wrong),
    "from_env": lambda wrong: hostshift.from_env("NO_SUCH_VARIABLE", TEXT, dialect=wrong),
}
WITH_POLICY: dict[str, Callable[[Any], object]] = {
    "resolve": lambda wrong: hostshift.resolve(TEXT, policy=wrong),
    "resolve no text": lambda wrong: hostshift.resolve([TEXT], policy=wrong),  # type: ignore[arg-type]
    "aresolve": lambda wrong: asyncio.run(hostshift.aresolve(TEXT, policy=wrong)),
    "explain": lambda wrong: hostshift.explain(TEXT, policy=wrong),
    "resolve_environ": lambda wrong: hostshift.resolve_environ({"A_URL": TEXT}, policy=wrong),
    "resolve_environ, empty": lambda wrong: hostshift.resolve_environ({}, policy=wrong),
    "pretend": _pretend,
}


@pytest.mark.parametrize("wrong", WRONG, ids=_ids)
@pytest.mark.parametrize("call", WITH_DIALECT)
def test_a_dialect_that_is_no_text(call: str, wrong: Any, pretend: Pretend) -> None:
    pretend("host")
    with pytest.raises(UnknownDialectError, match=r"^dialect = ") as caught:
        WITH_DIALECT[call](wrong)
    assert "libpq'" in str(caught.value).rpartition("expected the name of a dialect")[2]


@pytest.mark.parametrize("wrong", [*WRONG, "off", TEXT, Policy], ids=_ids)
@pytest.mark.parametrize("call", WITH_POLICY)
def test_a_policy_that_is_none(call: str, wrong: Any, pretend: Pretend) -> None:
    pretend("host")
    with pytest.raises(TypeError, match=r"^policy = .*: expected a hostshift\.Policy") as caught:
        WITH_POLICY[call](wrong)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("wrong", [*WRONG, None], ids=_ids)
def test_a_host_that_is_no_text(wrong: Any, pretend: Pretend) -> None:
    pretend("host")
    with pytest.raises(InvalidAddressError, match=r"^host = "):
        hostshift.resolve_address(wrong, 5432)


@pytest.mark.parametrize(
    "wrong", [0, -1, 65536, 2.5, True, b"5432", "5432", None, [], {}, set(), object()], ids=_ids
)
def test_a_port_that_is_no_port(wrong: Any, pretend: Pretend) -> None:
    pretend("host")
    with pytest.raises(InvalidAddressError, match=r"^port = "):
        hostshift.resolve_address("localhost", wrong)


@pytest.mark.parametrize("wrong", [*WRONG, None, Policy()], ids=_ids)
def test_a_place_that_is_none(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"^place = a "), testing.pretend(wrong):
        pass


def test_a_place_that_does_not_exist() -> None:
    with (
        pytest.raises(ValueError, match=r"^place = brige .*: expected one of .*bridge"),
        testing.pretend("brige"),
    ):
        pass


def test_right_types_pass(pretend: Pretend) -> None:
    """Else a check that refuses everything would pass the tests above."""
    pretend("bridge", policy=Policy(map="localhost=db:1"))
    off = Policy(mode="off")
    assert hostshift.resolve(TEXT, dialect="libpq", policy=off) == TEXT
    after = TEXT.replace("localhost:5432", "db:1")
    assert hostshift.resolve(TEXT, dialect=None, policy=None) == after
    assert hostshift.explain(TEXT, dialect="libpq", policy=off).mode == "off"
    assert hostshift.resolve_environ({"A_URL": TEXT}, policy=off) == {"A_URL": TEXT}
    assert hostshift.from_env("NO_SUCH_VARIABLE", TEXT, dialect="libpq") == after
    assert hostshift.resolve_address("localhost", 5432) == ("db", 1)


@pytest.mark.parametrize("name", [TEXT, "host=db password=hunter2", "u:hunter2@db", "mod e"])
def test_an_argument_of_a_record_that_holds_a_string(name: str) -> None:
    """Python's own error would show it."""
    calls: list[Callable[[], object]] = [
        lambda: Policy(**{name: 1}),  # type: ignore[arg-type]
        lambda: Policy().replace(**{name: 1}),
        lambda: hostshift.vantage().replace(**{name: 1}),
    ]
    for call in calls:
        with pytest.raises(TypeError) as caught:
            call()
        shown = "".join(traceback.format_exception(caught.value))
        assert "hunter2" not in shown
        assert "s3cret" not in shown
        frames = [frame for frame, _ in traceback.walk_tb(caught.value.__traceback__)]
        ours = [frame.f_locals for frame in frames if frame.f_code.co_name == "__new__"]
        assert [held for held in ours if name in repr(held)] == []


def test_an_argument_that_is_misspelt_shows_what_is_expected() -> None:
    with pytest.raises(TypeError, match=r"argument 'mod': expected mode, strict, map, "):
        Policy(mod="on")  # type: ignore[call-arg]

"""One client's names: seeds, members, and members whose machine nobody knows."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from unittest import mock

import pytest

from hostshift import Policy, UndecidedError
from hostshift.drivers.members import MemberDialer
from hostshift.errors import UnknownMemberError
from hostshift.resolution import resolver
from hostshift.routing.model import Address

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hostshift_pytest import Pretend

GATEWAY = "172.17.0.1"


def _address(text: str) -> Address:
    host, _, port = text.rpartition(":")
    return Address(host=host, port=int(port))


def _at(dials: MemberDialer, name: str) -> str:
    address = _address(name)
    assert address.port is not None
    host, port = dials.locate(address.host, address.port)
    return f"{host}:{port}"


def _heard(dials: MemberDialer, announcer: str, members: Sequence[str], me: str = "") -> None:
    said = _address(me) if me else None
    dials.on_announcement(_address(announcer), map(_address, members), said)


def test_a_seed_is_looked_up_and_a_member_is_read_from_its_announcer(pretend: Pretend) -> None:
    pretend("bridge", answers=[f"{GATEWAY}:27018"])
    dials = MemberDialer("mongodb", "pymongo")
    assert _at(dials, "localhost:27018") == f"{GATEWAY}:27018"
    _heard(dials, "localhost:27018", ["localhost:27017"])
    assert _at(dials, "localhost:27017") == f"{GATEWAY}:27018"
    assert _at(dials, "localhost:27018") == f"{GATEWAY}:27018"
    assert dials.where(_address("localhost:27017")) == _address(f"{GATEWAY}:27018")
    assert dials.where(_address("localhost:1")) is None


def test_loopback_of_a_machine_that_is_not_known_is_not_dialled(pretend: Pretend) -> None:
    """The port of the same number here is another server's."""
    pretend("bridge", answers=[f"{GATEWAY}:27018", f"{GATEWAY}:27019"])
    dials = MemberDialer("mongodb", "pymongo")
    _at(dials, "localhost:27018")
    _heard(dials, "localhost:27018", ["localhost:27017", "localhost:27019"], "localhost:27017")
    assert _at(dials, "localhost:27017") == f"{GATEWAY}:27018"
    with pytest.raises(UnknownMemberError) as error:
        _at(dials, "localhost:27019")
    assert isinstance(error.value, ConnectionError)
    assert str(error.value) == (
        "localhost:27019, announced by localhost:27018, is not dialled: it is loopback on the"
        " announcer's machine, which is not known."
        " Say where it is with HOSTSHIFT_MAP=localhost:27019=HOST:PORT"
    )


def test_what_is_declared_is_dialled(pretend: Pretend) -> None:
    declared = Policy(map="localhost:27019=db:27019")
    pretend("bridge", answers=[f"{GATEWAY}:27018"], policy=declared)
    dials = MemberDialer("mongodb", "pymongo")
    _at(dials, "localhost:27018")
    _heard(dials, "localhost:27018", ["localhost:27017", "localhost:27019"], "localhost:27017")
    assert _at(dials, "localhost:27019") == "db:27019"


@pytest.mark.parametrize("seed", ["localhost:27018", "db.example.com:27018"])
@pytest.mark.parametrize("mode", ["report", "off"])
def test_other_modes_dial_as_announced(pretend: Pretend, mode: str, seed: str) -> None:
    pretend("bridge", answers=[f"{GATEWAY}:27018"], policy=Policy(mode=mode))
    dials = MemberDialer("mongodb", "pymongo")
    assert _at(dials, seed) == seed
    _heard(dials, seed, ["localhost:27017", "localhost:27019"])
    assert _at(dials, "localhost:27019") == "localhost:27019"


def test_what_worked_before_works(pretend: Pretend) -> None:
    """Set and client in one network namespace; a set elsewhere; a set that is kept."""
    members = ["localhost:27018", "localhost:27019"]
    for seed, policy in (
        ("localhost:27018", Policy()),
        ("db.example.com:27018", Policy()),
        ("127.0.0.1:27018", Policy(keep="127.0.0.1")),
    ):
        pretend("bridge", listening=[27018], policy=policy)
        dials = MemberDialer("mongodb", "pymongo")
        assert _at(dials, seed) == seed
        _heard(dials, seed, members, members[0])
        assert [_at(dials, member) for member in members] == members


def test_a_direct_client_keeps_to_its_seed(pretend: Pretend) -> None:
    pretend("host")
    dials = MemberDialer("mongodb", "pymongo")
    dials.direct = True
    _at(dials, "localhost:27018")
    _heard(dials, "localhost:27018", ["localhost:27017"])
    assert _at(dials, "localhost:27017") == "localhost:27017"


def test_who_tells_of_others_is_none_of_them(pretend: Pretend) -> None:
    """A sentinel's one master is not the sentinel."""
    pretend("bridge", answers=[f"{GATEWAY}:26379"])
    dials = MemberDialer("redis", "redis-py")
    dials.about_itself = False
    _at(dials, "localhost:26379")
    _heard(dials, "localhost:26379", ["127.0.0.1:6379"])
    with pytest.raises(UnknownMemberError):
        _at(dials, "127.0.0.1:6379")


def test_nothing_is_heard_of_a_server_that_was_not_dialled(pretend: Pretend) -> None:
    pretend("host")
    dials = MemberDialer("mongodb", "pymongo")
    _heard(dials, "localhost:27018", ["localhost:27017"])
    assert _at(dials, "localhost:27017") == "localhost:27017"


def test_strict_refuses_a_seed(pretend: Pretend) -> None:
    pretend("bridge", policy=Policy(strict=True))
    with pytest.raises(UndecidedError):
        _at(MemberDialer("mongodb", "pymongo"), "localhost:27017")


@pytest.mark.parametrize(
    ("seed", "looks"),
    [("localhost:27017", 1), ("not-yet-there:27017", 1), ("db.example.com:27017", 0)],
)
def test_a_failed_dial_looks_again(pretend: Pretend, seed: str, looks: int) -> None:
    """Not for what is elsewhere: nothing around has to do with it."""
    pretend("bridge", answers=[f"{GATEWAY}:27017"])
    dials = MemberDialer("mongodb", "pymongo")
    _at(dials, seed)
    with mock.patch.object(resolver.current(), "look_again") as look:
        dials.on_failure(seed.rpartition(":")[0], 27017)
        dials.on_failure("never.dialled", 1)
    assert look.call_count == looks


def test_a_member_that_is_not_dialled_is_looked_for_again(pretend: Pretend) -> None:
    """What was known of services may be some seconds old."""
    pretend("bridge", answers=[f"{GATEWAY}:27018"])
    dials = MemberDialer("mongodb", "pymongo")
    _at(dials, "localhost:27018")
    _heard(dials, "localhost:27018", ["localhost:27017", "localhost:27019"], "localhost:27017")
    began = time.monotonic()
    with mock.patch.object(resolver.current(), "look_again") as look:
        with pytest.raises(UnknownMemberError):
            _at(dials, "localhost:27019")
        ((since,),) = (call.args for call in look.call_args_list)
    assert began <= since <= time.monotonic()


def test_a_member_on_the_host_is_a_guess(pretend: Pretend) -> None:
    """Nobody shows that it is there: who answers may be another."""
    pretend("host", policy=Policy(map="localhost:27020=db:1"))
    dials, members = (
        MemberDialer("mongodb", "pymongo"),
        [f"localhost:{port}" for port in (27018, 27019, 27020)],
    )
    _at(dials, "localhost:27018")
    assert not dials.is_guess(_address("localhost:27018"))
    _heard(dials, "localhost:27018", [*members, "db.example.com:1"], members[0])
    for name in (*members, "db.example.com:1"):
        _at(dials, name)
        assert dials.is_guess(_address(name)) == (name == "localhost:27019")
    assert not dials.is_guess(_address("localhost:27021"))
    with mock.patch.object(resolver.current(), "look_again") as looked:
        error = dials.wrong_server(_address("localhost:27019"))
    assert looked.called
    assert isinstance(error, UnknownMemberError)
    assert str(error) == (
        "localhost:27019, announced by localhost:27018, is not used: another server answers at"
        " localhost:27019. Say where it is with HOSTSHIFT_MAP=localhost:27019=HOST:PORT"
    )


@pytest.mark.parametrize("mode", ["on", "report", "off"])
def test_whose_announcements_are_read(pretend: Pretend, mode: str) -> None:
    pretend("host", policy=Policy(mode=mode, keep="kept"))
    dials = MemberDialer("redis", "redis-py")
    for name in ("localhost:7000", "kept:7000"):
        _at(dials, name)
    assert dials.is_read(_address("localhost:7000")) == (mode == "on")
    assert not dials.is_read(_address("kept:7000"))
    assert not dials.is_read(_address("localhost:7001"))

"""Who is late gets all the time of a dial, before what is written is dialled as it is written."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

import hostshift
from hostshift import Policy
from hostshift.base.deadline import DIAL_LIMIT, Deadline
from hostshift.machine import name_lookup
from hostshift.resolution import patience, resolver
from hostshift.routing import numeric
from hostshift.routing.cluster import Announcement
from hostshift.routing.model import Address, Decision, RouteRequest, Target
from hostshift.routing.outcomes import undecided
from hostshift.testing import PLACES
from tests.unit.fake_engine import Call, fake_engine, hangs, truthful

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("no_usual_engine")
NAME = ("shop-db-1", 5432, "postgresql")


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path / 'docker.sock'}")
    monkeypatch.setenv("HOSTSHIFT_BUDGET", "0.3")
    return tmp_path / "docker.sock"


def _after(seconds: float) -> Callable[[Call], None]:
    """Answer as an engine does that is too busy for a while to say a word."""

    def handle(call: Call) -> None:
        if not call.ended.wait(seconds):
            truthful(call)

    return handle


def test_a_busy_engine_is_waited_for_before_a_dial(engine: Path) -> None:
    """It says nothing for longer than the budget, and then whose the name is."""
    with fake_engine(engine, _after(0.8)):
        assert hostshift.explain("postgresql://shop-db-1:5432/").decisions[0].late
        hostshift.reset()
        found = resolver.current().dial(*NAME)
    assert (str(found.after), found.late) == ("localhost:15432", False)


def test_who_is_silent_for_a_whole_dial_is_not_waited_for_again(engine: Path) -> None:
    with fake_engine(engine, hangs):
        took = []
        for _ in range(3):
            began = time.monotonic()
            assert resolver.current().dial(*NAME).late
            took.append(time.monotonic() - began)
    assert DIAL_LIMIT - 1 < took[0] < DIAL_LIMIT + 3  # generous: the machine may be busy
    assert max(took[1:]) < DIAL_LIMIT - 1


def test_after_a_while_it_is(engine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with fake_engine(engine, hangs):
        assert resolver.current().dial(*NAME).late
    engine.unlink()
    monkeypatch.setattr(patience, "PAUSE", 0.0)
    with fake_engine(engine, _after(0.8)):
        assert resolver.current().dial(*NAME).after.port == 15432


@pytest.mark.parametrize("host", ["localhost", "db.example.com", "203.0.113.7"])
def test_what_names_no_service_is_not_waited_for(engine: Path, host: str) -> None:
    with fake_engine(engine, hangs):
        began = time.monotonic()
        resolver.current().dial(host, 5432, "postgresql")
        assert time.monotonic() - began < DIAL_LIMIT - 1


def test_an_engine_that_is_always_slow_answers_each_dial(
    engine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dial looks again for a service that was seen before, and the engine is late for that."""
    monkeypatch.setattr(numeric, "FRESH", 0.0)
    with fake_engine(engine, _after(0.5)):
        found = [resolver.current().dial(*NAME) for _ in range(4)]
    assert [str(each.after) for each in found] == ["localhost:15432"] * 4


@pytest.fixture
def announced() -> Announcement:
    """What a server says that this process reached by a port of its host."""
    seed = Address(host="localhost", port=15432)
    target = Target(kind="host", port=15432)
    located = Decision(before=seed, after=seed, target=target, certainty="known", reason="seed")
    members = [("shop-db-1", 5432), ("shop-gone-1", 5432)]
    return Announcement(
        located=located, members=tuple(Address(host=host, port=port) for host, port in members)
    )


@pytest.mark.parametrize("host", ["shop-db-1", "127.0.0.1"])
def test_a_busy_engine_is_waited_for_before_a_member_is_dialled(
    engine: Path, announced: Announcement, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numeric, "FRESH", 0.0)
    name = Address(host=host, port=5432)
    announced = announced.replace(members=(name, announced.members[1]))
    with fake_engine(engine, _after(0.8)):
        found = [resolver.current().member(announced, name, "mongodb") for _ in range(2)]
    assert [str(each and each.after) for each in found] == ["localhost:15432"] * 2


def test_a_member_that_was_seen_a_moment_ago_counts_while_an_engine_is_late(
    engine: Path, announced: Announcement, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numeric, "FRESH", 0.0)
    name = announced.members[0]
    with fake_engine(engine):
        assert resolver.current().member(announced, name, "mongodb")
    engine.unlink()
    with fake_engine(engine, hangs):
        found = resolver.current().member(announced, name, "mongodb")
        assert str(found and found.after) == "localhost:15432"
        elsewhere = announced.replace(
            located=announced.located.replace(after=Address(host="localhost", port=15499))
        )
        other = resolver.current().member(elsewhere, name, "mongodb")
        assert other is not None
        assert not other.changed  # what another server announced is another name


def test_what_is_unknown_of_one_member_says_nothing_about_the_next(
    engine: Path, announced: Announcement, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name server is silent about the member that is gone."""
    lookup = name_lookup.lookup

    def silent(name: str) -> tuple[str, ...] | None:
        if name == "shop-gone-1":
            time.sleep(DIAL_LIMIT)
        return lookup(name)

    monkeypatch.setattr(name_lookup, "lookup", silent)
    began = time.monotonic()
    with fake_engine(engine):
        found = resolver.current().member(announced, announced.members[0], "mongodb")
    assert found is not None
    assert (str(found.after), found.late) == ("localhost:15432", False)
    assert time.monotonic() - began < DIAL_LIMIT - 1


def test_what_was_seen_a_moment_ago_counts_while_an_engine_is_late(
    engine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it is written, the name may be another project's."""
    monkeypatch.setattr(numeric, "FRESH", 0.0)
    with fake_engine(engine):
        assert resolver.current().dial(*NAME).after.port == 15432
    engine.unlink()
    with fake_engine(engine, hangs):
        for _ in range(2):  # the first took 5 s, so the second is more than 5 s later
            assert resolver.current().dial(*NAME).after.port == 15432
        monkeypatch.setattr(patience, "LATE", 0.0)
        assert not resolver.current().dial(*NAME).changed  # by then, it was long ago


def test_a_name_that_leads_to_my_service_is_looked_at_again() -> None:
    """It is called known, and its address may be another's a second later."""
    request = RouteRequest(
        host="db", port=5432, protocol="postgresql", vantage=PLACES["user-network"], policy=Policy()
    )
    mine = Target(kind="service", name="db", port=5432)
    at = request.before
    known = Decision(before=at, after=at, target=mine, certainty="known", reason="", settled=False)
    answers = [known, undecided(request, "it is another's", misleads=True)]
    outdated: list[float] = []
    began = time.monotonic()
    found = patience.Patience().decide(
        request, lambda _: answers.pop(0), Deadline(1, 5), outdated.append
    )
    assert found.misleads
    assert began - 2 < outdated[0] < time.monotonic()

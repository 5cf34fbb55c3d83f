"""Situations in which a string once led to another server, or was called known and was not."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest

import hostshift
from hostshift import Policy, UndecidedError, routing
from hostshift.discovery import Container, Gap, Membership, Publication, Service, Topology
from hostshift.errors import WrongServerError
from hostshift.resolution import resolver
from hostshift.routing.model import RouteRequest, Target
from hostshift.routing.numeric import pin_to_ip
from hostshift.routing.outcomes import goes
from hostshift.routing.remembered import Choices
from hostshift.testing import PLACES, pretend
from tests.unit.look import FakeLook

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hostshift.routing.model import Decision
    from hostshift_pytest import Pretend

ENGINE = "/run/engine.sock"
LATE = Gap(source="engine", where=ENGINE, what="does not answer in time", fix="ask it again")
DENIED = Gap(source="engine", where=ENGINE, what="is not for this user", passing=False)
MINE, THEIRS = "172.18.0.31", "172.18.0.32"


def _service(project: str | None, name: str, *containers: Container, **more: Any) -> Service:
    given = {"certainty": "known", "source": "engine", **more}
    return Service(service=name, project=project, containers=containers, **given)


def _on(network: str, *names: str, at: str = "") -> Membership:
    return Membership(network=network, names=names, addresses=(at,) if at else ())


def _store(project: str, at: str, network: str = "plaza", **more: Any) -> Service:
    """Give a project's ``store``, which has that name on a network."""
    name = f"{project}-store-1"
    container = Container(name=name, memberships=(_on(network, name, "store", at=at),), **more)
    return _service(project, "store", container)


ME = Container(name="red-app-1", memberships=(_on("plaza", "red-app-1", "app", at="172.18.0.2"),))


def _around(*services: Service, **more: Any) -> Topology:
    return Topology(**{"services": services, "project": "red", "engine": ENGINE, "me": ME, **more})


def _decide(
    look: FakeLook, host: str, port: int, place: str = "user-network", **more: Any
) -> Decision:
    asked = RouteRequest(
        host=host,
        port=port,
        vantage=PLACES[place],
        **{"protocol": "redis", "policy": Policy(), **more},
    )
    return routing.decide(asked, look)


def _strict(around: Topology, text: str, names: dict[str, str]) -> str:
    with pretend("user-network", around=around, names=names):
        return hostshift.resolve(text, policy=Policy(strict=True))


class TestTwoProjectsWithTheSameNames:
    """`store` of red, which is mine, and `store` of blue on one network."""

    def _look(self, names: Sequence[str], *, running: bool = True, **more: Any) -> FakeLook:
        around = _around(_store("red", MINE, running=running), _store("blue", THEIRS), **more)
        known = {"store": tuple(names), "red-store-1": (MINE,) if running else ()}
        return FakeLook(known=around, names=known, near=True)

    @pytest.mark.parametrize("names", [(MINE, THEIRS), (THEIRS, MINE), (THEIRS,)])
    def test_both_up_the_own_one_by_a_name_that_is_only_its_own(self, names: Sequence[str]) -> None:
        decision = _decide(self._look(names), "store", 6379)
        assert str(decision.after) == "red-store-1:6379"
        assert decision.numbers == (MINE,)

    def test_the_name_that_only_mine_answers_to_stays(self) -> None:
        decision = _decide(self._look((MINE,)), "store", 6379)
        assert not decision.changed
        assert (decision.target.kind, decision.certainty) == ("service", "known")

    def test_mine_is_down_and_the_name_leads_to_the_other(self) -> None:
        decision = _decide(self._look((THEIRS,), running=False), "store", 6379)
        assert decision.undecided
        assert decision.misleads
        assert "store of red does not run" in decision.reason
        assert "store of blue" in decision.reason

    def test_an_integration_does_not_dial_the_other(self, pretend: Pretend) -> None:
        around = _around(_store("red", MINE, running=False), _store("blue", THEIRS))
        pretend("user-network", around=around, names={"store": THEIRS})
        assert hostshift.resolve("redis://store:6379/0") == "redis://store:6379/0"
        with pytest.raises(WrongServerError, match="HOSTSHIFT_KEEP=store:6379"):
            resolver.current().dial("store", 6379, "redis")
        with pytest.raises(UndecidedError):
            hostshift.resolve("redis://store:6379/0", policy=Policy(strict=True))

    @pytest.mark.parametrize("running", [True, False])
    def test_mine_is_on_no_network_of_mine_and_the_name_leads_to_the_other(
        self, running: bool
    ) -> None:
        """As written it may always have meant the other one, so it stays, and nobody knows."""
        around = _around(
            _store("red", MINE, network="cellar", running=running), _store("blue", THEIRS)
        )
        look = FakeLook(known=around, names={"store": (THEIRS,)}, near=True)
        decision = _decide(look, "store", 6379)
        assert (decision.undecided, decision.changed, decision.misleads) == (True, False, False)
        assert "store of blue" in decision.reason
        with pytest.raises(UndecidedError):
            _strict(around, "redis://store:6379/0", {"store": THEIRS})

    @pytest.mark.parametrize("running", [True, False])
    def test_mine_has_left_my_network(self, running: bool) -> None:
        """This process has dialled it here: the name does not mean the other one now."""
        before = _decide(self._look((MINE,)), "store", 6379)
        around = _around(
            _store("red", MINE, network="cellar", running=running), _store("blue", THEIRS)
        )
        look = FakeLook(known=around, names={"store": (THEIRS,)}, near=True)
        decision = _decide(look, "store", 6379, chosen=before)
        assert (decision.undecided, decision.misleads) == (True, True)

    @pytest.mark.parametrize("numbers", [(THEIRS,), (MINE, THEIRS)])
    @pytest.mark.parametrize("gap", [LATE, DENIED])
    def test_a_source_that_could_not_say_makes_nothing_more_certain(
        self, numbers: Sequence[str], gap: Gap
    ) -> None:
        """The name resolves and stays. Whose it is, only that source knows."""
        around = Topology(gaps=(gap,))
        for place in ("user-network", "bridge", "host"):
            look = FakeLook(known=around, names={"store": tuple(numbers)}, near=True)
            decision = _decide(look, "store", 6379, place=place)
            assert (decision.undecided, decision.changed) == (True, False), place
            assert ENGINE in decision.reason, place
        with pytest.raises(UndecidedError, match=ENGINE):
            _strict(around, "redis://store:6379/0", {"store": numbers[0]})

    def test_a_published_port_of_mine_is_never_written_as_a_shared_name(self) -> None:
        out = (Publication(port=6379, published=26379),)
        around = _around(_store("red", MINE, publications=out), _store("blue", THEIRS))
        for names in ((THEIRS,), (MINE, THEIRS)):
            look = FakeLook(known=around, names={"*": names}, near=True)
            decision = _decide(look, "localhost", 26379)
            assert str(decision.after) == f"{MINE}:6379", names

    def test_a_name_of_mine_on_no_network_in_common_means_the_other_as_it_always_did(self) -> None:
        around = _around(_store("red", MINE, network="red_back"), _store("blue", THEIRS))
        look = FakeLook(known=around, names={"store": (THEIRS,)}, near=True)
        decision = _decide(look, "store", 6379)
        assert not decision.changed
        assert not decision.misleads


class TestAnotherProjectsServiceNeedsProof:
    """Nobody has my `ledger`, and another project runs and publishes one."""

    def _ask(self, place: str = "host", host: str = "ledger", **more: Any) -> Decision:
        container = Container(
            name="blue-ledger-1",
            memberships=(_on("blue_default", "blue-ledger-1", "ledger", at="172.19.0.5"),),
            publications=(Publication(port=6379, published=36379),),
        )
        around = _around(_service("blue", "ledger", container), **{"me": None, **more})
        return _decide(FakeLook(known=around, outcome="open", speaks=True), host, 6379, place)

    @pytest.mark.parametrize("gap", [LATE, DENIED.replace(source="compose", where="compose.yaml")])
    @pytest.mark.parametrize("project", ["red", None])
    def test_a_source_that_could_not_say_is_no_proof(self, gap: Gap, project: str | None) -> None:
        decision = self._ask(gaps=(gap,), project=project)
        assert decision.undecided
        assert gap.where in decision.reason
        assert "ledger of blue" in decision.reason

    def test_an_engine_alone_does_not_prove_that_my_project_has_none(self) -> None:
        """Mine may be about to be created."""
        for place, me in (("host", None), ("bridge", ME)):
            assert self._ask(place, me=me).undecided, place

    def test_a_file_that_lists_my_services_proves_it(self) -> None:
        decision = self._ask(listed=True)
        assert str(decision.after) == "localhost:36379"
        assert decision.certainty == "known"

    def test_no_project_at_all_proves_it(self) -> None:
        assert str(self._ask(project=None).after) == "localhost:36379"

    def test_a_containers_own_name_is_no_word_of_mine(self) -> None:
        assert str(self._ask(host="blue-ledger-1").after) == "localhost:36379"


class TestPortsOfMyOwnNamespace:
    """What shares my loopback and is not there yet is still what is meant."""

    def _ask(self, mate: Container, port: int = 7070, me: Container = ME) -> Decision:
        around = _around(_service("red", "app", me), _service("red", "mate", mate), me=me)
        return _decide(FakeLook(known=around, outcome="open", speaks=True), "localhost", port)

    @pytest.mark.parametrize("running", [True, False])
    def test_a_mate_that_declares_the_port(self, running: bool) -> None:
        mate = Container(
            name="red-mate-1", network_mode="container:red-app-1", exposed=(7070,), running=running
        )
        decision = self._ask(mate)
        assert (decision.changed, decision.target.kind) == (False, "here")

    def test_a_mate_that_is_down_and_declares_nothing(self) -> None:
        mate = Container(name="red-mate-1", network_mode="container:red-app-1", running=False)
        decision = self._ask(mate)
        assert (decision.changed, decision.target.kind) == (False, "here")
        assert decision.certainty == "assumed"

    @pytest.mark.parametrize(
        "me",
        [
            ME.replace(exposed=(7070,)),
            ME.replace(publications=(Publication(port=7070, published=17070),)),
        ],
        ids=["expose", "ports"],
    )
    def test_my_own_service_declares_the_port(self, me: Container) -> None:
        stranger = Container(name="red-mate-1")
        assert not self._ask(stranger, me=me).changed

    def test_i_live_in_anothers_namespace_whose_server_restarts(self) -> None:
        holder = Container(
            name="red-mate-1", memberships=ME.memberships, exposed=(7070,), running=False
        )
        me = Container(name="red-app-1", network_mode="container:red-mate-1")
        around = _around(_service("red", "app", me), _service("red", "mate", holder), me=holder)
        look = FakeLook(known=around, outcome="open", speaks=True)
        assert not _decide(look, "localhost", 7070).changed

    def test_a_file_and_my_own_name_tell_it_as_well(self) -> None:
        me = Container(name="red-app-1", publications=(Publication(port=7070, published=17070),))
        written = _service("red", "app", me, certainty="intended", source="compose")
        known = Topology(services=(written,), project="red", listed=True)
        seen = known.replace(observed_project="red", observed_service="app")
        look = FakeLook(known=known, seen=seen, outcome="open", speaks=True)
        assert not _decide(look, "localhost", 7070).changed
        other = seen.replace(observed_service="worker")
        look = FakeLook(known=known, seen=other, outcome="open", speaks=True)
        assert _decide(look, "localhost", 7070).target.kind == "host"

    def test_other_ports_are_the_hosts(self) -> None:
        mate = Container(
            name="red-mate-1", network_mode="container:red-app-1", exposed=(7070,), running=True
        )
        assert self._ask(mate, port=7071).target.kind == "host"


class TestChoicesAreKeptByAllThatDecidedThem:
    """A target that was chosen by what answered is the target of that string, and of no other."""

    @pytest.fixture
    def chosen(self, pretend: Pretend) -> str:
        answers = ["10.9.8.7:9100"]  # an address of the host that only one call knows
        pretend("user-network", siblings={"postgres": [9100]}, answers=answers)
        text = "postgresql://localhost:9100/x"
        assert hostshift.resolve(text) == "postgresql://postgres:9100/x"
        return text

    @pytest.mark.parametrize(
        "other", ["http://localhost:9100/", "amqp://localhost:9100/", "localhost:9100"]
    )
    def test_not_of_another_protocol(self, chosen: str, other: str) -> None:
        assert hostshift.resolve(other) == other
        assert hostshift.resolve(chosen) != chosen

    def test_not_of_another_spelling_that_was_never_asked(self, pretend: Pretend) -> None:
        pretend("user-network", siblings={"postgres": [9100]})
        resolver.current().address("localhost", 9100, "postgresql")
        current = resolver.current()
        kept = {
            host: current._choices.get(host, 9100, "postgresql", current.policy)
            for host in ("localhost", "127.0.0.1", "::1")
        }
        assert [host for host, choice in kept.items() if choice] == ["localhost"]

    def test_a_call_with_settings_of_its_own_leaves_nothing_behind(self, pretend: Pretend) -> None:
        pretend("user-network", siblings={"redis": [9100]}, answers=["172.18.0.1:9100"])
        text = "redis://localhost:9100/0"
        sibling = hostshift.resolve(text, policy=Policy(prefer="sibling"))
        assert sibling == "redis://redis:9100/0"
        assert hostshift.resolve(text) == "redis://172.18.0.1:9100/0"

    def test_a_call_with_settings_of_its_own_reads_nothing(self, chosen: str) -> None:
        own = Policy(host_address="10.9.8.7", sources=())
        found = hostshift.explain(chosen, policy=own)
        assert found.after == "postgresql://10.9.8.7:9100/x"


@pytest.mark.parametrize(
    ("found", "expected"),
    [(None, "172.18.0.31:7878"), ((), "172.18.0.31:7878"), ((MINE,), "store:7878")],
    ids=["the name server fails", "no such name", "its own"],
)
def test_a_name_server_that_fails_is_no_reason_to_write_a_name(
    found: tuple[str, ...] | None, expected: str
) -> None:
    out = (Publication(port=7878, published=31878),)
    look = FakeLook(
        known=_around(_store("red", MINE, publications=out)), names={"*": found}, near=True
    )
    decision = _decide(look, "localhost", 31878, protocol="http")
    assert str(decision.after) == expected
    assert (decision.certainty == "known") is (found is not None)


def test_a_number_that_is_not_connected_is_not_written_either() -> None:
    out = (Publication(port=7878, published=31878),)
    around = _around(_store("red", MINE, publications=out))
    look = FakeLook(known=around, names={"*": None}, near=None)
    assert str(_decide(look, "localhost", 31878).after) == "172.18.0.1:31878"


class TestTheEphemeralRange:
    """Some tools choose such a port for good; most ports of it are a test server's."""

    @pytest.mark.parametrize(
        ("speaks", "protocol", "changed"),
        [
            (True, "postgresql", True),
            (False, "postgresql", False),
            (None, "postgresql", False),
            (True, "http", False),
        ],
    )
    def test_the_host_is_only_taken_if_it_greets(
        self, speaks: bool | None, protocol: str, changed: bool
    ) -> None:
        look = FakeLook(outcome="open", speaks=speaks)
        decision = _decide(look, "127.0.0.1", 51515, protocol=protocol)
        assert decision.changed is changed
        assert decision.certainty == ("observed" if changed else "assumed")


class TestDockerInDocker:
    """``DOCKER_HOST=tcp://builder:2375``: what containers publish is at that host."""

    OUT = (Publication(port=5432, published=21999),)

    def test_the_engine_answers(self) -> None:
        around = _around(_store("red", MINE, publications=self.OUT), me=None, engine_host="builder")
        decision = _decide(FakeLook(known=around), "localhost", 21999)
        assert str(decision.after) == "builder:21999"
        assert decision.certainty == "known"

    @pytest.mark.parametrize(("outcome", "after"), [("open", "builder:21999"), ("refused", None)])
    def test_the_engine_cannot_be_asked(self, outcome: str, after: str | None) -> None:
        """The host of this container is no stand-in."""
        around = Topology(engine_host="builder", gaps=(DENIED,))
        look = FakeLook(known=around, outcome=outcome, speaks=True)
        decision = _decide(look, "localhost", 21999)
        assert decision.undecided is (after is None)
        assert str(decision.after) == (after or "localhost:21999")


class TestALateSource:
    """An engine that is too busy is no engine that shows nothing."""

    @pytest.mark.parametrize(
        ("place", "host", "port"),
        [
            ("host", "store", 6379),
            ("host", "172.19.0.99", 6379),
            ("bridge", "localhost", 6379),
            ("user-network", "localhost", 26379),
            ("user-network", "store", 6379),
            ("bridge", "host.docker.internal", 26379),
        ],
    )
    def test_nothing_is_decided_and_the_source_is_named(
        self, place: str, host: str, port: int
    ) -> None:
        look = FakeLook(known=Topology(gaps=(LATE,)), outcome="open", speaks=True)
        decision = _decide(look, host, port, place)
        assert decision.undecided
        assert not decision.changed
        assert ENGINE in decision.reason
        assert decision.fix == "ask it again"

    def test_it_is_a_warning_once_with_the_next_step(
        self, pretend: Pretend, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO, "hostshift")
        pretend("bridge", around=Topology(gaps=(LATE,)))
        for _ in range(3):
            hostshift.resolve("redis://store:6379/0")
        (record,) = caplog.records
        assert record.levelname == "WARNING"
        assert "Next: ask it again" in record.getMessage()

    def test_it_is_neither_cached_nor_fixed(self, pretend: Pretend) -> None:
        pretend("bridge", around=Topology(gaps=(LATE,)), answers=["172.17.0.1:6379"])
        text = "redis://localhost:6379/0"
        assert hostshift.resolve(text) == text
        resolver.current()._machine._topology = Topology()  # type: ignore[attr-defined]
        assert hostshift.resolve(text) == "redis://172.17.0.1:6379/0"

    def test_a_file_does_not_speak_for_a_late_engine_of_what_is_published(self) -> None:
        out = (Publication(port=80, published=8080),)
        container = Container(name="red-web-1", publications=out)
        web = _service("red", "web", container, certainty="intended", source="compose")
        around = Topology(services=(web,), project="red", listed=True, gaps=(LATE,))
        look = FakeLook(known=around, seen=around, names={"*": (MINE,)}, near=True)
        decision = _decide(look, "localhost", 8080, protocol="http")
        assert decision.undecided
        assert ENGINE in decision.reason

    def test_what_may_be_the_host_may_be_a_container(self) -> None:
        stands = PLACES["user-network"].replace(host_address=(), maybe_host=("172.18.0.1",))
        gap = Gap(source="dns", where="127.0.0.11", what="is silent")
        for gaps in ((), (gap,)):
            look = FakeLook(seen=Topology(gaps=gaps), outcome="open", speaks=True)
            decision = routing.decide(
                RouteRequest(
                    host="localhost", port=6379, protocol="redis", vantage=stands, policy=Policy()
                ),
                look,
            )
            assert decision.undecided == bool(gaps)

    @pytest.mark.parametrize("subnets", [("172.18.0.0/16",), ("172.18.0.0/16", "172.19.0.0/16")])
    def test_a_name_server_that_could_not_say(self, subnets: tuple[str, ...]) -> None:
        stands = PLACES["user-network"].replace(subnets=subnets)
        asked = RouteRequest(
            host="store", port=6379, protocol="redis", vantage=stands, policy=Policy()
        )
        decision = routing.decide(asked, FakeLook(names={"*": None}))
        assert decision.undecided
        assert "the name server could not say" in decision.reason


class TestAChosenSiblingThatLeft:
    """`localhost:6379` was taken for my `store`, the only one that answers there."""

    def _asked(self, chosen: Decision | None = None) -> RouteRequest:
        return RouteRequest(
            host="localhost",
            port=6379,
            protocol="redis",
            vantage=PLACES["user-network"],
            policy=Policy(),
            chosen=chosen,
        )

    def _decide(self, look: FakeLook, chosen: Decision | None = None) -> Decision:
        asked = self._asked(chosen)
        return pin_to_ip(asked, look, routing.decide(asked, look))

    def _look(self, *services: Service, **more: Any) -> FakeLook:
        given = {"project": "red", "observed_project": "red", "observed_service": "app", **more}
        seen = Topology(services=services, **given)
        return FakeLook(seen=seen, speaks=True, near=True)

    @pytest.fixture
    def chosen(self) -> Decision:
        container = Container(name="red-redis-1", memberships=(_on("plaza", "redis", at=MINE),))
        look = self._look(_service("red", "redis", container, certainty="observed", source="dns"))
        look.names = {"redis": (MINE,)}
        decision = self._decide(look)
        assert (decision.target.name, decision.after.host) == ("redis", MINE)
        return decision

    @pytest.mark.parametrize("gaps", [(), (Gap(source="dns", where="x", what="is silent"),)])
    @pytest.mark.parametrize("found", [(THEIRS,), None])
    def test_whoever_has_its_name_now_is_not_dialled(
        self, chosen: Decision, found: tuple[str, ...] | None, gaps: tuple[Gap, ...]
    ) -> None:
        look = self._look(gaps=gaps)
        look.names = {"redis": found}
        decision = self._decide(look, chosen)
        assert decision.undecided
        assert not decision.changed

    def test_a_file_that_knows_it_has_no_address_for_it_either(self, chosen: Decision) -> None:
        container = Container(name="red-redis-1")
        look = self._look(_service("red", "redis", container, certainty="intended"))
        look.names = {"redis": (THEIRS,)}
        assert self._decide(look, chosen).undecided

    def test_a_name_that_nobody_has_waits_for_it(self, chosen: Decision) -> None:
        look = self._look()
        asked = self._asked(chosen)
        assert str(routing.decide(asked, look).after) == "redis:6379"


class TestTheHostIsSilentAtOneOfItsAddresses:
    """Only a refusal says that a port is not the host's: behind a firewall it may be."""

    @pytest.mark.parametrize(
        ("first", "second", "taken"),
        [
            ("refused", "refused", True),
            ("unreachable", "refused", True),
            ("silent", "refused", False),
            ("refused", "failed", False),
            ("closed", "refused", False),
            ("unreachable", "unreachable", False),
        ],
    )
    def test_a_sibling_is_only_taken_where_the_host_refuses(
        self, first: str, second: str, taken: bool
    ) -> None:
        container = Container(name="red-redis-1", memberships=(_on("plaza", "redis", at=MINE),))
        redis = _service("red", "redis", container, certainty="observed", source="dns")
        seen = Topology(services=(redis,), project="red", observed_project="red")
        outcomes = {"172.18.0.1": first, "fd00::1": second}
        stands = PLACES["user-network"].replace(host_address=("172.18.0.1", "fd00::1"))
        look = FakeLook(seen=seen, speaks=True, near=True, names={"*": (MINE,)}, outcomes=outcomes)
        asked = RouteRequest(
            host="localhost", port=6379, protocol="redis", vantage=stands, policy=Policy()
        )
        assert (routing.decide(asked, look).target.kind == "service") == taken


class TestAStoppedReplica:
    """The first of two has stopped; whoever publishes its port now is somebody else."""

    @pytest.mark.parametrize("place", ["host", "bridge"])
    def test_its_port_is_not_used(self, place: str) -> None:
        replicas = tuple(
            Container(
                name=f"red-store-{number}",
                running=running,
                publications=(Publication(port=6379, published=port),),
            )
            for number, port, running in ((1, 21432, False), (2, 21433, True))
        )
        look = FakeLook(known=_around(_service("red", "store", *replicas), me=None))
        decision = _decide(look, "store", 6379, place)
        assert decision.after.port == 21433
        assert decision.certainty == "known"

    @pytest.mark.parametrize("network_mode", ["host", ""])
    def test_nor_its_network(self, network_mode: str) -> None:
        stopped = Container(name="red-store-1", running=False, network_mode=network_mode)
        live = Container(name="red-store-2", memberships=(_on("plaza", "store", at=MINE),))
        around = _around(_service("red", "store", stopped, live))
        decision = _decide(FakeLook(known=around, near=True), "store", 6379)
        assert decision.after.host == MINE


class TestAPortOfTheHostWhoseContainerStopped:
    """A plain container publishes 21577; the sibling `redis` listens there as well."""

    def _look(self, *, running: bool, engine: str = ENGINE) -> FakeLook:
        out = (Publication(port=6379, published=21577),)
        plain = Container(name="plain", publications=out, running=running)
        at = (_on("plaza", "red-redis-1", "redis", at=MINE),)
        redis = _service("red", "redis", Container(name="red-redis-1", memberships=at))
        services = (redis, _service(None, "plain", plain)) if engine else ()
        seen = redis.replace(certainty="observed", source="dns")
        known = _around(*services, engine=engine) if engine else Topology()
        return FakeLook(
            known=known,
            seen=known if engine else Topology(services=(seen,), project="red"),
            names={"redis": (MINE,)},
            near=True,
            speaks=True,
        )

    @pytest.mark.parametrize("prefer", ["host", "sibling"])
    def test_it_is_not_the_siblings(self, prefer: Any) -> None:
        policy = Policy(prefer=prefer)
        first = _decide(self._look(running=True), "localhost", 21577, policy=policy)
        assert (first.target.name, first.certainty) == ("plain", "known")
        later = _decide(self._look(running=False), "localhost", 21577, policy=policy)
        assert later.undecided
        assert "plain has this port of the host, and nothing shows that it runs" in later.reason

    def test_nor_where_the_engine_has_gone(self) -> None:
        known = _decide(self._look(running=True), "localhost", 21577)
        gone = self._look(running=False, engine="")
        assert _decide(gone, "localhost", 21577).target.name == "redis"
        later = _decide(gone, "localhost", 21577, chosen=known)
        assert later.undecided
        assert "it was plain before" in later.reason

    def test_what_was_known_is_kept_until_another_is_known(self) -> None:
        choices, policy = Choices(), Policy()
        asked = RouteRequest(
            host="localhost", port=21577, protocol="redis", vantage=PLACES["bridge"], policy=policy
        )

        def keep(name: str, certainty: Any) -> str:
            target = Target(kind="service", name=name, port=6379)
            choices.keep(asked, goes(asked, name, target, certainty, "as it is"))
            kept = choices.get("localhost", 21577, "redis", policy)
            return kept.target.name if kept else ""

        assert keep("plain", "intended") == ""
        assert keep("plain", "known") == "plain"
        assert keep("other", "known") == "other"
        assert keep("redis", "observed") == "redis"
        assert keep("plain", "known") == "redis"


class TestNamesOfOthers:
    """What another project's container is called proves nothing of my own."""

    def _other(self, name: str = "store", *, at: str = THEIRS, project: str = "blue") -> Service:
        out = (Publication(port=6379, published=21432),)
        on = (_on("plaza", name, at=at),)
        container = Container(name=name, id="ab" * 32, memberships=on, publications=out)
        return _service(project, "database", container)

    @pytest.mark.parametrize("place", ["host", "bridge"])
    def test_a_container_name_without_its_project(self, place: str) -> None:
        decision = _decide(FakeLook(known=_around(self._other())), "store", 6379, place)
        assert decision.undecided
        assert "may have one of its own" in decision.reason

    @pytest.mark.parametrize("host", ["blue-store-1", "blue_store_1", "ab" * 6])
    def test_one_with_its_project_or_its_id_can_be_nobody_else(self, host: str) -> None:
        look = FakeLook(known=_around(self._other("blue-store-1" if "_" not in host else host)))
        assert _decide(look, host, 6379, "host").after.port == 21432

    def test_a_name_that_resolves_to_another_while_mine_may_come_back(self) -> None:
        look = FakeLook(known=_around(self._other()), names={"store": (THEIRS,)}, near=True)
        decision = _decide(look, "store", 6379)
        assert decision.undecided
        assert not decision.changed
        assert not decision.misleads

    @pytest.mark.parametrize("project", [None, "green"])
    @pytest.mark.parametrize("place", ["host", "user-network"])
    @pytest.mark.parametrize("running", [True, False])
    def test_two_of_others_with_one_name_whichever_runs(
        self, project: str | None, place: str, running: bool
    ) -> None:
        out = (Publication(port=6379, published=23432),)
        around = _around(
            _store("red", MINE, running=running),
            _store("blue", THEIRS, network="far", publications=out),
            project=project,
            listed=True,
        )
        decision = _decide(FakeLook(known=around), "store", 6379, place)
        assert decision.undecided
        assert not decision.changed

    def test_what_links_call_a_service_of_mine_is_mine(self) -> None:
        mine = _service("red", "data", Container(name="red-data-1", running=False))
        around = _around(mine.replace(linked=("store",)), self._other(), listed=True)
        decision = _decide(FakeLook(known=around), "store", 6379, "host")
        assert decision.undecided
        assert "data of red does not run" in decision.reason

    def test_what_links_call_a_service_of_others_is_only_theirs(self) -> None:
        other = self._other("blue-data-1").replace(linked=("store",))
        decision = _decide(FakeLook(known=_around(other, listed=True)), "store", 6379, "host")
        assert decision.target.kind == "elsewhere"

    @pytest.mark.parametrize(
        ("names", "undecided"),
        [((MINE, "172.18.0.33"), False), ((MINE,), False), ((MINE, THEIRS), True)],
    )
    def test_a_name_that_two_services_of_mine_have(
        self, names: tuple[str, ...], undecided: bool
    ) -> None:
        def one(name: str, at: str) -> Service:
            on = (_on("plaza", f"red-{name}-1", name, "data", at=at),)
            return _service("red", name, Container(name=f"red-{name}-1", memberships=on))

        around = _around(one("primary", MINE), one("replica", "172.18.0.33"))
        decision = _decide(FakeLook(known=around, names={"data": names}, near=True), "data", 6379)
        assert not decision.changed
        assert decision.certainty != "known"
        assert decision.undecided == undecided


class TestMyOwnServiceIsDown:
    """The engine shows that `store` of red does not run."""

    GATEWAY = "172.18.0.1"

    @pytest.mark.parametrize(
        ("at", "near", "misleads"),
        [("203.0.113.7", False, True), (GATEWAY, True, True), ("172.18.0.77", True, False)],
    )
    def test_a_name_server_upstream_has_an_answer_for_everything(
        self, at: str, near: bool, misleads: bool
    ) -> None:
        around = _around(_store("red", MINE, running=False))
        decision = _decide(FakeLook(known=around, names={"store": (at,)}, near=near), "store", 6379)
        assert not decision.changed
        assert decision.misleads == misleads

    @pytest.mark.parametrize("theirs", [True, False])
    def test_the_hosts_name_with_its_port(self, theirs: bool) -> None:
        out = (Publication(port=6379, published=26379),)
        services = [_store("red", MINE, running=False, publications=out)]
        if theirs:
            services.append(_store("blue", THEIRS, network="other", publications=out))
        look = FakeLook(known=_around(*services))
        stands = PLACES["user-network"]
        asked = RouteRequest(
            host="host.docker.internal",
            port=26379,
            protocol="redis",
            vantage=stands.replace(host_names={"host.docker.internal": (self.GATEWAY,)}),
            policy=Policy(),
        )
        decision = routing.decide(asked, look)
        assert decision.undecided
        assert decision.misleads == theirs

    def test_a_hosts_file_of_this_container_is_a_word_of_its_own(self) -> None:
        around = _around(_store("red", MINE))
        look = FakeLook(known=around, names={"store": ("10.9.9.9",)}, near=False)
        stands = PLACES["user-network"].replace(host_entries=frozenset(("store",)))
        for host in ("store", "STORE", "store."):
            asked = RouteRequest(
                host=host, port=6379, protocol="redis", vantage=stands, policy=Policy()
            )
            assert not routing.decide(asked, look).changed


class TestAFileAlone:
    """No engine may be asked, and a file says that `store` is published."""

    def _ask(self, protocol: str = "redis", **answers: Any) -> Decision:
        container = Container(
            name="red-store-1",
            memberships=(_on("red_default", "red-store-1", "store"),),
            publications=(Publication(port=6379, published=46379),),
        )
        service = _service("red", "store", container, certainty="intended", source="compose")
        around = Topology(services=(service,), project="red", listed=True)
        look = FakeLook(known=around, **{"outcome": "open", "speaks": True, **answers})
        return _decide(look, "store", 6379, "host", protocol=protocol)

    def test_a_server_that_proves_its_protocol_is_taken(self) -> None:
        decision = self._ask()
        assert str(decision.after) == "localhost:46379"
        assert decision.certainty == "intended"

    @pytest.mark.parametrize("protocol", ["mssql", "http", "kafka", ""])
    def test_a_protocol_that_cannot_be_told_is_never_taken(self, protocol: str) -> None:
        decision = self._ask(protocol)
        assert decision.undecided
        assert "cannot check that a server there speaks" in decision.reason

    @pytest.mark.parametrize("foreign", [True, None])
    def test_another_users_listener_is_never_taken(self, foreign: bool | None) -> None:
        assert self._ask(foreign=foreign).undecided

    @pytest.mark.parametrize("speaks", [False, None])
    def test_nothing_else_is_taken(self, speaks: bool | None) -> None:
        assert self._ask(speaks=speaks).undecided


class TestWhatAFileSaysAndANameServerAnswers:
    """An unpublished `cache`: more knowledge is no less help."""

    @pytest.mark.parametrize("name", ["red-cache-1", "mycache"])
    def test_it_is_one_service(self, name: str) -> None:
        from hostshift.discovery import merged

        on = _on("red_default", name, "cache")
        written = _service(
            "red",
            "cache",
            Container(name=name, memberships=(on,)),
            certainty="intended",
            source="compose",
        )
        seen = _service(
            "red",
            "cache",
            Container(name=name, memberships=(on.replace(addresses=(MINE,)),)),
            certainty="observed",
            source="dns",
        )
        file = Topology(services=(written,), project="red", listed=True)
        dns = Topology(services=(seen,), project="red", observed_project="red")
        look = FakeLook(
            known=file,
            seen=merged([file, dns]),
            names={"cache": (MINE,)},
            outcome="refused",
            speaks=True,
        )
        decision = _decide(look, "localhost", 6379)
        assert str(decision.after) == "cache:6379"
        assert decision.certainty == "observed"


class TestAFileAndANameThatLeadsElsewhere:
    """A file has `store` of red, whose container's name does not answer; `store` leads to blue."""

    SIBLINGS = ("store", "app", "mail")

    def _look(self, names: dict[str, Any], services: Sequence[str] = SIBLINGS) -> FakeLook:
        out = (Publication(port=6379, published=26379),)
        found = [
            _service(
                "red",
                name,
                Container(name=f"red-{name}-1", publications=out if name == "store" else ()),
                certainty="intended",
                source="compose",
            )
            for name in services
        ]
        around = Topology(services=tuple(found), project="red", listed=True)
        names = {"store": (THEIRS,), **names}
        return FakeLook(known=around, seen=around, names=names, near=True)

    def test_my_own_container_is_the_files_so_the_other_is_not_dialled(self) -> None:
        look = self._look({"red-app-1": ("172.18.0.2",)})
        decision = _decide(look, "store", 6379)
        assert (decision.undecided, decision.misleads) == (True, True)
        decision = _decide(look, "localhost", 26379)
        assert decision.after.host != "store"

    @pytest.mark.parametrize("gap", [{"red-app-1": None}, {"*": None}, {"red-mail-1": None}])
    def test_whose_container_this_is_could_not_be_said(self, gap: dict[str, Any]) -> None:
        for host, port in (("store", 6379), ("localhost", 26379)):
            decision = _decide(self._look(gap), host, port)
            assert decision.undecided, host
            assert not decision.changed, host
            assert "no source shows where store of red is" in decision.reason

    def test_a_container_that_does_not_know_its_own_address(self) -> None:
        stands = PLACES["user-network"].replace(own_addresses=frozenset())
        for host, port in (("store", 6379), ("localhost", 26379)):
            look = self._look({"red-app-1": ("172.18.0.2",)})
            asked = RouteRequest(
                host=host, port=port, protocol="redis", vantage=stands, policy=Policy()
            )
            decision = routing.decide(asked, look)
            assert decision.undecided, host
            assert not decision.changed, host

    def test_more_services_than_are_asked_for_prove_nothing(self) -> None:
        look = self._look({}, ["store", *(f"part{number}" for number in range(30))])
        assert _decide(look, "store", 6379).undecided

    @pytest.mark.parametrize(("project", "misleads"), [("red", True), ("green", False)])
    def test_a_name_server_tells_whose_container_this_is(
        self, project: str, misleads: bool
    ) -> None:
        look = self._look({"*": None})
        look.seen = look.known.replace(observed_project=project)
        assert _decide(look, "store", 6379).misleads == misleads

    def test_a_project_that_runs_under_another_name_is_left_alone(self) -> None:
        decision = _decide(self._look({}), "store", 6379)
        assert not decision.changed
        assert not decision.undecided


class TestPretending:
    """What a test pretends ends with it, and not before."""

    def test_reset_goes_on_pretending(self) -> None:
        with pretend("bridge", answers=["172.17.0.1:6379"]):
            hostshift.reset()
            assert hostshift.vantage() == PLACES["bridge"]
            assert hostshift.resolve("redis://localhost:6379/0") == "redis://172.17.0.1:6379/0"

    def test_two_that_overlap_leave_nothing_behind(self) -> None:
        before = resolver.current()
        first, second = pretend("bridge"), pretend("pod")
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        assert hostshift.vantage() == PLACES["pod"]
        second.__exit__(None, None, None)
        assert resolver.current() is before

    def test_many_threads_leave_nothing_behind(self) -> None:
        before, together = resolver.current(), Barrier(16)

        def stand() -> None:
            together.wait()
            for _ in range(50):
                with pretend("bridge"):
                    hostshift.reset()

        with ThreadPoolExecutor(16) as pool:
            for one in [pool.submit(stand) for _ in range(16)]:
                one.result()
        assert resolver.current() is before

"""What proves whose a name or a port is, and what does not: the sources disagree or are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import hostshift
from hostshift import Policy, UndecidedError, routing
from hostshift.discovery import Container, Gap, Membership, Publication, Service, Topology
from hostshift.discovery.merge import merged
from hostshift.errors import WrongServerError
from hostshift.resolution import resolver
from hostshift.routing import matching, neighbours
from hostshift.routing.model import Address, Decision, RouteRequest, Target
from hostshift.routing.numeric import may_be_anothers
from hostshift.testing import PLACES
from tests.unit import compose_cases
from tests.unit.look import FakeLook

if TYPE_CHECKING:
    from pathlib import Path

    from hostshift_pytest import Pretend

OWN, THEIRS = "172.18.0.41", "172.19.0.42"


def _service(project: str | None, name: str, container: str = "", **more: Any) -> Service:
    """Give a service with one container, published as the test wants it."""
    network, at = more.pop("network", f"{project}_default"), more.pop("at", THEIRS)
    called, running = container or f"{project}-{name}-1", more.pop("running", True)
    names = (called, name, *more.pop("aliases", ()))
    on = Membership(network=network, names=names, addresses=(at,) if running else ())
    out = tuple(Publication(port=6379, published=port) for port in more.pop("published", ()))
    held = Container(name=called, memberships=(on,), publications=out, running=running)
    given = {"certainty": "known", "source": "engine", **more}
    return Service(service=name, project=project, containers=(held,), **given)


WEB = _service("ink", "web", at="172.18.0.2")


def _around(*services: Service, **more: Any) -> Topology:
    given = {"project": "ink", "engine": "/run/engine.sock", "me": WEB.containers[0], **more}
    return Topology(services=(*services, WEB), **given)


def _decide(look: FakeLook, host: str, port: int, place: str = "bridge", **more: Any) -> Decision:
    given = {"protocol": "redis", "policy": Policy(), **more}
    return routing.decide(RouteRequest(host=host, port=port, vantage=PLACES[place], **given), look)


class TestASecondCheckout:
    """I am `ink-2`; the first checkout, `ink`, has services that begin with its name."""

    @pytest.mark.parametrize("place", ["host", "bridge"])
    @pytest.mark.parametrize(
        ("asked", "service"),
        [
            ("ink-db", _service("ink", "ink-db", published=(21411,))),
            ("ink-store", _service("ink", "db", aliases=("ink-store",), published=(21411,))),
            ("ink_kv", _service("ink", "db", "ink_kv", published=(21411,))),
        ],
    )
    def test_a_name_that_could_be_mine_is_not_explicit(
        self, asked: str, service: Service, place: str
    ) -> None:
        look = FakeLook(known=_around(service, project="ink-2", me=None))
        decision = _decide(look, asked, 6379, place)
        assert decision.undecided
        assert not decision.changed

    @pytest.mark.parametrize("container", ["ink-db-1", "ink_db_2", "ink-db-run-4f6a"])
    def test_a_name_that_was_made_for_a_container_is(self, container: str) -> None:
        service = _service("ink", "db", container, published=(21411,))
        look = FakeLook(known=_around(service, project="ink-2", me=None))
        assert _decide(look, container, 6379, "host").after.port == 21411


class TestAServiceThatWasKnown:
    """`localhost:21412` was `db of ink`, and then it is not there any more."""

    def _known(self, *services: Service) -> Decision:
        found = _decide(FakeLook(known=_around(*services), near=True), "localhost", 21412)
        assert found.certainty == "known"
        return found

    def test_the_host_does_not_inherit_its_string(self) -> None:
        known = self._known(_service("ink", "db", published=(21412,)))
        look = FakeLook(known=_around(), outcome="open", speaks=True)
        assert _decide(look, "localhost", 21412).target.kind == "host"
        later = _decide(look, "localhost", 21412, chosen=known)
        assert later.undecided
        assert "it was db of ink before" in later.reason

    @pytest.mark.parametrize("project", ["pad", None])
    def test_nor_does_anothers_service_of_that_name_or_any(self, project: str | None) -> None:
        known = self._known(_service("ink", "db", published=(21412,)))
        for name in ("db", "kv"):
            other = _service(project, name, published=(21412,))
            look = FakeLook(known=_around(other), outcome="open", speaks=True)
            assert _decide(look, "localhost", 21412, chosen=known).undecided

    def test_its_own_project_may_give_the_port_to_another(self) -> None:
        known = self._known(_service("ink", "db", published=(21412,)))
        look = FakeLook(known=_around(_service("ink", "kv", published=(21412,))))
        assert _decide(look, "localhost", 21412, chosen=known).target.name == "kv"

    def test_a_plain_container_is_only_followed_by_its_name(self) -> None:
        known = self._known(_service(None, "plain", "plain", published=(21412,)))
        for name, undecided in (("plain", False), ("other", True)):
            look = FakeLook(known=_around(_service(None, name, name, published=(21412,))))
            assert _decide(look, "localhost", 21412, chosen=known).undecided == undecided

    def test_for_the_life_of_the_process(self, pretend: Pretend) -> None:
        db = _service("ink", "db", published=(21412,))
        pretend("bridge", around=_around(db), answers=["redis://172.17.0.1:21412"])
        text, mine = "redis://localhost:21412/0", resolver.current()
        first = hostshift.resolve(text)
        assert first != text
        world: Any = mine._machine
        world._topology = _around(_service("pad", "db", published=(21412,)))
        assert hostshift.resolve(text) == text
        world._topology = _around()
        assert hostshift.resolve(text) == text
        world._topology = _around(db)
        assert hostshift.resolve(text) == first


@pytest.mark.parametrize("place", ["bridge+host-gateway", "bridge"])
@pytest.mark.parametrize("theirs", [True, False])
def test_two_stopped_services_of_mine_with_one_port(place: str, theirs: bool) -> None:
    mine = [_service("ink", name, running=False, published=(21413,)) for name in ("a", "b")]
    other = [_service("pad", "kv", published=(21413,))] if theirs else []
    look = FakeLook(known=_around(*mine, *other), outcome="open", speaks=True)
    decision = _decide(look, "host.docker.internal", 21413, place)
    assert decision.undecided
    assert not decision.changed
    assert "a of ink and b of ink" in decision.reason
    assert decision.misleads == (theirs and "gateway" in place)


class TestAStoppedContainerOfAnotherProject:
    """It has published 21414; the host accepts there, and a sibling would greet."""

    def _look(self, outcome: Any) -> FakeLook:
        stopped = _service("pad", "kv", running=False, published=(21414,))
        return FakeLook(known=_around(stopped), outcome=outcome, speaks=outcome == "open")

    @pytest.mark.parametrize("prefer", ["host", "sibling"])
    def test_the_host_that_answers_is_taken(self, prefer: Any) -> None:
        found = _decide(self._look("open"), "localhost", 21414, policy=Policy(prefer=prefer))
        assert found.target.kind == "host"

    @pytest.mark.parametrize("prefer", ["host", "sibling"])
    def test_where_nobody_answers_it_is_nobodys(self, prefer: Any) -> None:
        found = _decide(self._look("refused"), "localhost", 21414, policy=Policy(prefer=prefer))
        assert found.undecided
        assert "nothing shows that it runs" in found.reason


class TestFilesThatListEverything:
    """The engine says by its labels with which files compose was started."""

    @pytest.mark.parametrize(
        ("started", "read", "listed"),
        [
            (("compose.yaml",), ("compose.yaml",), True),
            (("compose.yaml", "compose.yaml"), ("compose.yaml",), False),
            (("compose.yaml", "compose.yaml"), ("compose.yaml", "compose.yaml"), True),
            (("compose.yaml", "more.yaml"), ("compose.yaml",), False),
            (("compose.yaml", "more.yaml"), (), False),
            (("compose.yaml",), (), True),
        ],
    )
    def test_as_many_as_were_read(
        self, started: tuple[str, ...], read: tuple[str, ...], listed: bool
    ) -> None:
        engine = _around(config_files=started)
        files = Topology(project="ink", listed=True, config_files=read)
        assert merged([engine, files]).listed == listed


class TestNetworksThatCouldNotBeRead:
    """Which networks this container is on is not known, so nothing is "elsewhere", either."""

    def test_a_name_of_a_stopped_service_may_still_be_right(self) -> None:
        around = _around(_service("ink", "db", running=False))
        look = FakeLook(known=around, names={"db": ("172.18.0.77",)}, near=None)
        decision = _decide(look, "db", 6379)
        assert decision.undecided
        assert not decision.misleads
        assert _decide(
            FakeLook(known=around, names={"db": ("172.18.0.77",)}, near=False), "db", 6379
        ).misleads

    @pytest.mark.parametrize(("near", "found"), [(None, None), (False, set()), (True, {OWN})])
    def test_where_my_own_containers_are(self, near: bool | None, found: set[str] | None) -> None:
        look = FakeLook(names={"*": (OWN,)}, near=near)
        (match,) = matching.by_name(
            Topology(services=(_service("ink", "db"),), project="ink"), "db", 6379
        )
        assert neighbours.own_numbers(look, match) == found

    def test_a_port_of_a_file(self) -> None:
        file = _service("ink", "db", published=(21415,), certainty="intended", source="compose")
        around = Topology(services=(file,), project="ink", listed=True)
        look = FakeLook(known=around, seen=around, names={"db": (OWN,)}, near=None, outcome="open")
        decision = _decide(look, "localhost", 21415, "user-network")
        assert decision.undecided
        assert "could not be read" in decision.reason


@pytest.mark.parametrize(
    ("host", "numbers"),
    [
        ("myhost.lan", ()),
        ("172.18.0.9", ()),
        ("localhost", ()),
        ("db", ("172.18.0.9",)),
        ("db", ()),
        ("ink-db-1", ("172.18.0.9",)),
    ],
)
def test_a_service_is_looked_at_again_at_each_dial(host: str, numbers: tuple[str, ...]) -> None:
    """Its address may be another's by now, and so may its name's."""
    decision = Decision(
        before=Address(host="localhost", port=1),
        after=Address(host=host, port=15432),
        target=Target(kind="service", name="db", port=5432),
        certainty="known",
        reason="",
        numbers=numbers,
    )
    assert may_be_anothers(decision)
    assert not may_be_anothers(decision.replace(after=decision.before))
    assert not may_be_anothers(decision.replace(target=Target(kind="host")))


# --- what may be mine ---------------------------------------------------------------------------


class TestAPlainContainer:
    """It belongs to no project, and has the name of a service that mine may have."""

    def _ask(self, **more: Any) -> Decision:
        plain = _service(None, "store", "store", published=(21416,))
        return _decide(FakeLook(known=_around(plain, me=None, **more)), "store", 6379, "host")

    def test_it_does_not_inherit_the_name(self) -> None:
        assert self._ask().undecided

    @pytest.mark.parametrize("more", [{"listed": True}, {"project": None}])
    def test_where_nothing_of_mine_can_have_it_it_is_meant(self, more: dict[str, Any]) -> None:
        assert self._ask(**more).after.port == 21416


class TestNamesOfMyFiles:
    """Another project's `store` runs; my files say something else about that name."""

    @pytest.mark.parametrize(
        "said",
        [
            'hostname: "Store"',
            'extra_hosts: ["store:10.0.0.5"]',
            "extra_hosts: [store=10.0.0.5]",
            "extra_hosts: {store: 10.0.0.5}",
            'external_links: ["legacy:store"]',
            "external_links: [store]",
        ],
    )
    @pytest.mark.parametrize("spoils", [False, True])
    def test_it_is_not_taken(self, tmp_path: Path, said: str, spoils: bool) -> None:
        (tmp_path / "pyproject.toml").touch()
        said = said if not spoils else said.replace("tore", "torage")
        read = compose_cases.read(tmp_path, f"services: {{web: {{image: x, {said}}}}}")
        assert read.listed
        engine = _around(_service("pad", "store", published=(21417,)), me=None)
        around = merged([engine.replace(project=read.project), read])
        decision = _decide(FakeLook(known=around), "store", 6379, "host")
        assert decision.undecided is not spoils
        if not spoils:
            assert "its compose file has this name, too" in decision.reason


# --- a source that could not say, for good --------------------------------------------------------


BROKEN = Gap(source="compose", where="compose.yaml", what="is broken", fix="x", passing=False)
DENIED = Gap(source="engine", where="/e.sock", what="is not for this user", passing=False)


class TestASourceThatCouldNotSayForGood:
    """What has a port of `localhost` may be hidden in it: the host is no stand-in."""

    @pytest.mark.parametrize("gap", [BROKEN, DENIED])
    def test_localhost_is_undecided(self, gap: Gap) -> None:
        around = Topology(gaps=(gap,))
        look = FakeLook(known=around, seen=around, outcome="open", speaks=True)
        decision = _decide(look, "localhost", 5432)
        assert decision.undecided
        assert gap.where in decision.reason
        assert decision.fix == gap.fix

    @pytest.mark.parametrize("gap", [BROKEN, DENIED])
    def test_so_is_the_address_of_a_container_that_it_may_hide(self, gap: Gap) -> None:
        decision = _decide(FakeLook(known=Topology(gaps=(gap,))), "172.29.0.7", 5432)
        assert decision.undecided
        assert decision.fix == gap.fix
        seen = _decide(FakeLook(known=_around(gaps=(BROKEN,))), "172.29.0.7", 5432)
        assert (seen.undecided, seen.certainty) == (False, "intended")

    def test_an_engine_that_answers_needs_no_file(self) -> None:
        around = _around(gaps=(BROKEN,))
        look = FakeLook(known=around, seen=around, outcome="open", speaks=True)
        assert _decide(look, "localhost", 5432).target.kind == "host"

    def test_it_is_asked_again(self, pretend: Pretend) -> None:
        broken = Topology(gaps=(DENIED,))
        pretend("bridge", around=broken, answers=["redis://172.17.0.1:6379"])
        text = "redis://localhost:6379/0"
        assert hostshift.resolve(text) == text
        with pytest.raises(UndecidedError, match="not for this user"):
            hostshift.resolve(text, policy=Policy(strict=True))
        world: Any = resolver.current()._machine
        world._topology = Topology()
        assert hostshift.resolve(text) != text


def test_what_a_file_alone_declares_is_intended() -> None:
    mine = _service("ink", "web", certainty="intended", source="compose")
    (own,) = mine.containers
    mine = mine.replace(containers=(own.replace(exposed=(6379,)),))
    around = Topology(services=(mine,), project="ink", listed=True)
    seen = around.replace(observed_project="ink", observed_service="web")
    decision = _decide(FakeLook(known=around, seen=seen), "localhost", 6379, "user-network")
    assert (decision.target.kind, decision.certainty) == ("here", "intended")


# --- what was mine in this process ---------------------------------------------------------------


class TestANameThatWasMine:
    """`db` was a service of mine; then mine is removed, and the name leads to another's."""

    def test_the_other_is_not_dialled(self, pretend: Pretend) -> None:
        mine = _service("ink", "db", network="both", at=OWN)
        other = _service("pad", "db", network="both", at=THEIRS)
        me = _service("ink", "web", network="both", at="172.18.0.2").containers[0]
        pretend("user-network", around=_around(mine, other, me=me), names={"db": OWN})
        current = resolver.current()
        assert current.dial("db", 6379, "redis").mine
        world: Any = current._machine
        world._topology = _around(other, me=me)
        world._names["db"] = THEIRS
        with pytest.raises(WrongServerError):
            current.dial("db", 6379, "redis")
        world._topology = _around(mine, other, me=me)
        world._names["db"] = OWN
        assert not current.dial("db", 6379, "redis").undecided

    def test_one_that_never_was_stays_as_it_is(self, pretend: Pretend) -> None:
        other = _service("pad", "db", network="both", at=THEIRS)
        pretend("user-network", around=_around(other), names={"db": THEIRS})
        decision = resolver.current().dial("db", 6379, "redis")
        assert decision.undecided
        assert not decision.changed

    @pytest.mark.parametrize(("late", "raises"), [(True, True), (False, False)])
    def test_while_the_engine_is_late_it_is_nobodys(
        self, pretend: Pretend, late: bool, raises: bool
    ) -> None:
        """Only for a moment: where no engine is left, the name works as it is written."""
        mine = _service("ink", "db", network="both", at=OWN)
        me = _service("ink", "web", network="both", at="172.18.0.2").containers[0]
        pretend("user-network", around=_around(mine, me=me), names={"db": OWN})
        current = resolver.current()
        current.dial("db", 6379, "redis")
        gap = Gap(source="engine", where="/e.sock", what="does not answer in time")
        world: Any = current._machine
        world._topology = Topology(gaps=(gap,) if late else ())
        world._names["db"] = "172.18.0.43"
        if raises:
            with pytest.raises(WrongServerError):
                current.dial("db", 6379, "redis")
        else:
            assert not current.dial("db", 6379, "redis").changed


# --- reasons -------------------------------------------------------------------------------------


class TestWhatIsMissingIsNamed:
    """The reason and the next step are about the same source."""

    LATE = Gap(source="engine", where="/e.sock", what="is late", fix="see why", passing=True)
    ODD = Gap(source="engine", where="/e.sock", what="container pad-db-1: a port is left out")

    def test_a_source_that_another_reason_leaves_out(self) -> None:
        theirs = _service("ink", "db")
        around = _around(theirs, gaps=(self.LATE,), me=None)
        decision = _decide(FakeLook(known=around, seen=around), "db", 5432)
        assert decision.undecided
        assert "/e.sock is late" in decision.reason
        assert decision.fix == "see why"

    def test_a_step_is_not_taken_from_another_source(self) -> None:
        mine = _service("ink", "db", certainty="intended", source="compose", running=False)
        around = _around(mine, gaps=(BROKEN,))
        look = FakeLook(known=around, seen=around, names={"db": None}, near=True)
        decision = _decide(look, "db", 6379, "user-network")
        assert decision.undecided
        assert "the name server could not say where db is" in decision.reason
        assert decision.fix != BROKEN.fix

    def test_each_trouble_with_an_engine_has_a_step(self) -> None:
        from hostshift.discovery.engine import problems

        kinds = [problems.Late(), problems.Refused(), problems.HungUp(), problems.NoPlainHTTP()]
        errors = [PermissionError(13, "no"), ConnectionResetError(), OSError(24, "too many")]
        for problem in (*kinds, *map(problems.of_error, errors)):
            assert problems.gap("/e.sock", problem).fix


class TestOtherSpellingsOfAServicesAddress:
    """Who has `172.18.0.41` has it in any spelling."""

    @pytest.mark.parametrize("host", ["::ffff:172.18.0.41", "::FFFF:ac12:29"])
    def test_it_is_found(self, host: str) -> None:
        around = _around(_service("ink", "db", at=OWN, published=(21420,)))
        decision = _decide(FakeLook(known=around), host, 6379, "host")
        assert decision.after.port == 21420
        assert decision.certainty == "known"

    @pytest.mark.parametrize("host", ["::ffff:172.18.0.42", "fd00::42"])
    def test_another_is_not(self, host: str) -> None:
        around = _around(_service("ink", "db", at=OWN, published=(21420,)))
        assert not _decide(FakeLook(known=around), host, 6379, "host").changed


class TestAnotherProjectsServiceThatStops:
    """Liveness picks an address, never a target: that also holds for what is not mine."""

    @pytest.mark.parametrize("host", ["store", "pad-store-1", "STORE."])
    def test_its_name_means_it_still(self, host: str) -> None:
        runs = _service("pad", "store", published=(21411,))
        stopped = _service("pad", "store", published=(21411,), running=False)
        around = {"project": None, "me": None, "listed": True}
        decision = _decide(FakeLook(known=_around(runs, **around)), host, 6379, "host")
        assert str(decision.target) == "service store, port 6379"
        decision = _decide(FakeLook(known=_around(stopped, **around)), host, 6379, "host")
        assert (decision.undecided, decision.changed) == (True, False)
        assert decision.reason == "store of pad does not run"
        assert decision.fix

    def test_two_of_them(self) -> None:
        both = [_service(name, "store", running=False) for name in ("pad", "pen")]
        decision = _decide(FakeLook(known=_around(*both)), "store", 6379, "host")
        assert decision.undecided
        assert "pad" in decision.reason
        assert "pen" in decision.reason

    def test_a_name_that_resolves_stays(self) -> None:
        stopped = _service("pad", "store", running=False)
        look = FakeLook(known=_around(stopped), names={"store": ("192.0.2.7",)})
        decision = _decide(look, "store", 6379, "host")
        assert (decision.undecided, decision.changed) == (False, False)


@pytest.mark.parametrize("host", ["store", "172.20.8.3"])
@pytest.mark.parametrize(
    ("topology", "certainty"),
    [
        (Topology(), "assumed"),
        (Topology(engine="/run/engine.sock"), "known"),
        (Topology(project="ink", listed=True), "known"),
    ],
    ids=["nobody", "engine", "file"],
)
def test_that_there_is_none_is_known_only_from_a_source(
    host: str, topology: Topology, certainty: str
) -> None:
    decision = _decide(FakeLook(known=topology, near=False), host, 6379, "bridge")
    assert (decision.target.kind, decision.certainty) == ("elsewhere", certainty)

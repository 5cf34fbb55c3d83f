"""What is dialled this moment: a service by the number that was checked."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unittest import mock

import pytest

from hostshift import Policy, UndecidedError, testing
from hostshift.config.choices import MODES
from hostshift.discovery import Container, Membership, Publication, Service, Topology
from hostshift.resolution import resolver

if TYPE_CHECKING:
    from hostshift_pytest import Pretend

NET = "shop_default"
NEAR, ELSEWHERE = "172.18.0.3", "203.0.113.5"


def _container(name: str, address: str, *out: Publication) -> Container:
    on = Membership(network=NET, names=(name,), addresses=(address,))
    return Container(name=name, memberships=(on,), publications=out)


def _around(*, engine: bool = True) -> Topology:
    """Know that the database is published: from an engine, or from a file."""
    db = Service(
        service="db",
        project="shop",
        containers=(_container("db", NEAR, Publication(port=5432, published=15432)),),
        certainty="known" if engine else "intended",
        source="engine" if engine else "compose.yaml",
    )
    me = _container("me", "172.18.0.2") if engine else None
    return Topology(services=(db,), engine="docker" if engine else "", project="shop", me=me)


def _dialled(text: str, protocol: str = "postgresql") -> str:
    host, _, port = text.rpartition(":")
    return str(resolver.current().dial(host, int(port), protocol).after)


@pytest.mark.parametrize("engine", [True, False])
def test_a_service_is_dialled_by_its_number(pretend: Pretend, *, engine: bool) -> None:
    pretend("user-network", around=_around(engine=engine), names={"db": NEAR})
    assert str(resolver.current().address("localhost", 15432).after) == "db:5432"
    assert _dialled("localhost:15432") == f"{NEAR}:5432"


def test_so_is_a_sibling_that_was_found_by_its_name(pretend: Pretend) -> None:
    pretend("user-network", siblings={"db": [5432]})
    assert str(resolver.current().address("localhost", 5432, "postgresql").after) == "db:5432"
    assert _dialled("localhost:5432") == "172.18.0.10:5432"


@pytest.mark.parametrize("upstream", [{"db": ELSEWHERE}, {"db": "127.0.0.1"}])
def test_a_name_that_somebody_else_has_is_neither_written_nor_dialled(
    pretend: Pretend, upstream: dict[str, str]
) -> None:
    """All addresses of a name have to be the service's own: otherwise its number is taken."""
    pretend("user-network", siblings={"db": [5432]}, names=upstream)
    own = "172.18.0.10:5432"
    assert str(resolver.current().address("localhost", 5432, "postgresql").after) == own
    assert _dialled("localhost:5432") == own


def _change(names: dict[str, str], **more: object) -> None:
    """Let something happen to the siblings that are pretended."""
    world = resolver.current()._machine
    world._names = names  # type: ignore[attr-defined]
    for name, value in more.items():
        setattr(world, name, value)


@pytest.mark.parametrize("upstream", [{"db": ELSEWHERE}, {"db": "127.0.0.1"}, {}])
def test_a_sibling_that_has_stopped_is_not_dialled_by_its_name(
    pretend: Pretend, upstream: dict[str, str]
) -> None:
    """The name server no longer knows its container, and asks its own."""
    pretend("user-network", siblings={"db": [5432]})
    assert str(resolver.current().address("localhost", 5432, "postgresql").after) == "db:5432"
    _change(upstream, _siblings=())
    decision = resolver.current().dial("localhost", 5432, "postgresql")
    assert str(decision.after) == "localhost:5432"
    assert decision.undecided
    assert "db has no address that is known to be db's" in decision.reason


def test_it_comes_back(pretend: Pretend) -> None:
    """What was chosen is the service: the number is for one dial."""
    pretend("user-network", siblings={"db": [5432]})
    seen = [_dialled("localhost:5432")]
    world = resolver.current()._machine
    siblings = world._siblings  # type: ignore[attr-defined]
    _change({}, _siblings=())
    seen.append(_dialled("localhost:5432"))
    (db,) = siblings
    on = db.containers[0].memberships[0].replace(addresses=("172.18.0.77",))
    moved = db.replace(containers=(db.containers[0].replace(memberships=(on,)),))
    _change({"db": "172.18.0.77"}, _siblings=(moved,))
    seen.append(_dialled("localhost:5432"))
    assert seen == ["172.18.0.10:5432", "localhost:5432", "172.18.0.77:5432"]


def test_strict_refuses_it(pretend: Pretend) -> None:
    pretend("user-network", siblings={"db": [5432]}, policy=Policy(strict=True))
    _dialled("localhost:5432")
    _change({"db": ELSEWHERE}, _siblings=())
    with pytest.raises(UndecidedError, match="localhost:5432: db has no address"):
        _dialled("localhost:5432")


def test_a_name_server_that_is_silent_leaves_the_number_that_was_seen(pretend: Pretend) -> None:
    pretend("user-network", siblings={"db": [5432]})
    world = resolver.current()._machine
    with mock.patch.object(type(world), "resolves", return_value=None):
        assert _dialled("localhost:5432") == "172.18.0.10:5432"


@pytest.mark.parametrize(
    ("given", "policy"),
    [
        ("db:5432", Policy()),  # written: the driver looks it up as it always did
        ("api.example.com:443", Policy()),
        ("localhost:5432", Policy(map="localhost:5432=localhost:5432")),
    ],
)
def test_what_is_written_stays(pretend: Pretend, given: str, policy: Policy) -> None:
    pretend("user-network", around=_around(), names={"db": NEAR}, policy=policy)
    assert _dialled(given) == given


def test_what_is_declared_is_left_to_the_driver(pretend: Pretend) -> None:
    declared = Policy(map="localhost:5432=db.example.com:5433")
    pretend("user-network", around=_around(), policy=declared)
    assert _dialled("localhost:5432") == "db.example.com:5433"


def test_the_host_is_dialled_by_the_name_it_was_given(pretend: Pretend) -> None:
    pretend("bridge+host-gateway", answers=["host.docker.internal:5432"])
    assert _dialled("localhost:5432") == "host.docker.internal:5432"


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "on"])
def test_other_modes_change_nothing(pretend: Pretend, mode: str) -> None:
    pretend("user-network", siblings={"db": [5432]}, policy=Policy(mode=mode))
    assert _dialled("localhost:5432") == "localhost:5432"


@pytest.mark.parametrize(
    ("out", "dialled"),
    [
        ((Publication(port=5432, published=15432),), "localhost:15432"),
        ((), f"{NEAR}:5432"),
    ],
)
def test_where_a_service_was_is_of_no_earlier_look(
    out: tuple[Publication, ...], dialled: str, pretend: Pretend
) -> None:
    """The next container may have it by then, or the port that it published."""
    around = _around()
    (db,) = around.services
    db = db.replace(containers=(_container("db", NEAR, *out),))
    host = testing.PLACES["host"].replace(subnets=("172.18.0.0/16",))
    pretend(host, around=around.replace(services=(db,), me=None))
    current = resolver.current()
    with mock.patch.object(current, "look_again", wraps=current.look_again) as again:
        assert _dialled("db:5432") == dialled
    assert again.call_count == 1

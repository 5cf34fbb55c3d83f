"""One service, all its addresses, from every place: the rules on what an engine or a file says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import hostshift
from hostshift import Policy
from hostshift.discovery import Container, Membership, Publication, Service, Topology
from hostshift.discovery.merge import merged
from hostshift.discovery.model import Gap
from hostshift.testing import PLACES

if TYPE_CHECKING:
    from hostshift_pytest import Pretend

NET, ID = "shop_default", "2837bb78fbba" + "0" * 52
PLACE = {
    "host": PLACES["host"],
    "bridge": PLACES["bridge"],
    "bridge+alias": PLACES["bridge+host-gateway"],
    "member": PLACES["user-network"],
    "member+alias": PLACES["user-network+host-gateway"],
    "host network": PLACES["host-network"],
    "beside db": PLACES["user-network"],
}


def _on(network: str, *names: str, address: str) -> Membership:
    return Membership(network=network, names=names, addresses=(address,))


def _container(name: str, on: Membership, *out: Publication, **more: Any) -> Container:
    return Container(name=name, memberships=(on,), publications=out, **more)


def _service(name: str, *containers: Container, project: str | None = "shop") -> Service:
    return Service(
        service=name, project=project, containers=containers, certainty="known", source="engine"
    )


DB = _container(
    "shop-db-1",
    _on(NET, "shop-db-1", "db", address="172.18.0.3"),
    Publication(port=5432, published=15432),
    id=ID,
)
CACHE = _container("shop-cache-1", _on(NET, "shop-cache-1", "cache", address="172.18.0.4"))
SOLO = _container("solo", _on("bridge", address="172.17.0.9"))
ME = {
    "bridge": _container("me", _on("bridge", address="172.17.0.2")),
    "member": _container("me", _on(NET, "me", address="172.18.0.2")),
    "beside db": DB,
}
SERVICES = (_service("db", DB), _service("cache", CACHE), _service("solo", SOLO, project=None))


def _around(
    where: str = "host", services: tuple[Service, ...] = SERVICES, project: str | None = "shop"
) -> Topology:
    me = ME.get(where.partition("+")[0])
    return Topology(services=services, project=project, me=me, engine="/run/engine.sock")


# From here (columns) what is meant by a spelling (rows): where it is reached, None: not at all.
TABLE: dict[str, dict[str, str | None]] = {
    "localhost:15432": {
        "host": "localhost:15432",
        "bridge": "172.17.0.1:15432",
        "bridge+alias": "host.docker.internal:15432",
        "member": "db:5432",
        "member+alias": "db:5432",
        "host network": "localhost:15432",
        "beside db": "localhost:5432",
    },
    "host.docker.internal:15432": {
        "host": "localhost:15432",
        "bridge": "172.17.0.1:15432",
        "bridge+alias": "host.docker.internal:15432",
        "member": "db:5432",
        "member+alias": "host.docker.internal:15432",
        "host network": "localhost:15432",
        "beside db": "localhost:5432",
    },
    "db:5432": {
        "host": "localhost:15432",
        "bridge": "172.17.0.1:15432",
        "bridge+alias": "host.docker.internal:15432",
        "member": "db:5432",
        "member+alias": "db:5432",
        "host network": "localhost:15432",
        "beside db": "db:5432",
    },
    "shop-db-1:5432": {
        "host": "localhost:15432",
        "bridge": "172.17.0.1:15432",
        "bridge+alias": "host.docker.internal:15432",
        "member": "shop-db-1:5432",
        "member+alias": "shop-db-1:5432",
        "host network": "localhost:15432",
        "beside db": "shop-db-1:5432",
    },
    "172.18.0.3:5432": {
        "host": "172.18.0.3:5432",
        "bridge": "172.17.0.1:15432",
        "bridge+alias": "host.docker.internal:15432",
        "member": "172.18.0.3:5432",
        "member+alias": "172.18.0.3:5432",
        "host network": "172.18.0.3:5432",
        "beside db": "172.18.0.3:5432",
    },
    "cache:6379": {
        "host": "172.18.0.4:6379",
        "bridge": None,
        "bridge+alias": None,
        "member": "cache:6379",
        "member+alias": "cache:6379",
        "host network": "172.18.0.4:6379",
        "beside db": "cache:6379",
    },
    "172.17.0.9:7": {
        "host": "172.17.0.9:7",
        "bridge": "172.17.0.9:7",
        "bridge+alias": "172.17.0.9:7",
        "member": None,
        "member+alias": None,
        "host network": "172.17.0.9:7",
        "beside db": None,
    },
}
CELLS = [(spelling, where, TABLE[spelling][where]) for spelling in TABLE for where in PLACE]


def _stand(pretend: Pretend, where: str, around: Topology, **said: Any) -> None:
    """Stand somewhere in the scene: names answer on their network, bridges are on the host."""
    stands = PLACE[where].replace(own_ids=(ID,) if "host" not in where else ())
    if stands.network == "host":
        stands = stands.replace(subnets=("172.17.0.0/16", "172.18.0.0/16"))
    member = where.startswith(("member", "beside"))
    names = [name for one in around.services for name in one.names] if member else []
    pretend(stands, around=around, **{"names": names, **said})


@pytest.mark.parametrize(("spelling", "where", "expected"), CELLS)
def test_every_cell(spelling: str, where: str, expected: str | None, pretend: Pretend) -> None:
    _stand(pretend, where, _around(where))
    found = hostshift.explain(f"redis://{spelling}/0")
    assert found.after == f"redis://{expected or spelling}/0", found.decisions
    assert found.undecided is (expected is None)


def test_why_a_service_is_not_reached(pretend: Pretend) -> None:
    _stand(pretend, "bridge", _around("bridge"))
    (decision,) = hostshift.explain("redis://cache:6379/0").decisions
    assert decision.reason == (
        "cache of shop does not publish 6379, and shares no network with this container"
    )


def test_a_port_bound_to_loopback_is_not_reached_through_the_bridge(pretend: Pretend) -> None:
    bound = DB.replace(publications=(Publication(port=5432, published=15432, address="127.0.0.1"),))
    services = (_service("db", bound),)
    _stand(pretend, "bridge", _around("bridge", services))
    (decision,) = hostshift.explain("redis://localhost:15432/0").decisions
    assert decision.undecided
    assert "127.0.0.1 alone, which only its host reaches" in decision.reason
    _stand(pretend, "host", _around("host", services))
    assert hostshift.resolve("redis://db:5432/0") == "redis://localhost:15432/0"
    _stand(pretend, "member+alias", _around("member", services))
    assert hostshift.resolve("redis://host.docker.internal:15432/0") == "redis://db:5432/0"


@pytest.mark.parametrize(
    ("bound", "from_host", "from_bridge"),
    [
        ("0.0.0.0", "localhost", "172.17.0.1"),
        ("::", "[::1]", None),
        ("::1", "[::1]", None),
        ("172.17.0.1", "172.17.0.1", "172.17.0.1"),
    ],
)
def test_what_a_port_is_bound_to(
    bound: str, from_host: str, from_bridge: str | None, pretend: Pretend
) -> None:
    out = Publication(port=5432, published=15432, address=bound)
    services = (_service("db", DB.replace(publications=(out,))),)
    for where, host in (("host", from_host), ("bridge", from_bridge)):
        _stand(pretend, where, _around(where, services))
        expected = f"redis://{host}:15432/0" if host else "redis://db:5432/0"
        assert hostshift.resolve("redis://db:5432/0") == expected


TWICE = _container(
    "twice",
    _on("other_default", address="172.19.0.8"),
    Publication(port=5432, published=32911, address="::"),
    Publication(port=5432, published=32913, address="0.0.0.0"),
)
OTHER = _container(
    "other",
    _on("other_default", address="172.19.0.7"),
    Publication(port=5432, published=32913, address="::"),
    Publication(port=5432, published=32915, address="0.0.0.0"),
)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("127.0.0.1:32913", "172.17.0.1:32913"),
        ("[::ffff:127.0.0.1]:32913", "172.17.0.1:32913"),
        ("[::1]:32913", "172.17.0.1:32915"),
        ("[::1]:32911", "172.17.0.1:32913"),
        ("twice:5432", "172.17.0.1:32913"),
        # Drivers take one or the other: nobody can tell which is meant.
        ("localhost:32913", None),
    ],
)
def test_random_ports_of_ipv4_and_ipv6(given: str, expected: str | None, pretend: Pretend) -> None:
    """Docker may give one port to two containers, one for each family (moby 42442)."""
    services = (_service("twice", TWICE, project=None), _service("other", OTHER, project=None))
    pretend("bridge", around=_around("bridge", services, None))
    assert hostshift.resolve(given) == (expected or given)


def test_mine_goes_before_another_projects(pretend: Pretend) -> None:
    theirs = _container(
        "blog-db-1",
        _on("blog_default", "db", address="172.19.0.3"),
        Publication(port=5432, published=25432),
    )
    both = (_service("db", theirs, project="blog"), *SERVICES)
    _stand(pretend, "host", _around(services=both))
    assert hostshift.resolve("redis://db:5432/0") == "redis://localhost:15432/0"
    _stand(pretend, "host", _around(services=both, project=None))
    found = hostshift.explain("redis://db:5432/0")
    assert not found.changed
    assert "db of blog and db of shop could be meant" in found.decisions[0].reason


def test_mine_that_does_not_run_is_not_traded_for_anothers(pretend: Pretend) -> None:
    """The first law: that db is down does not turn its string into another server's."""
    down = DB.replace(running=False)
    theirs = _container("x", _on("x_default", "db", address="172.19.0.3"), *DB.publications)
    services = (_service("db", down), _service("db", theirs, project="x"))
    for text in ("redis://db:5432/0", "redis://shop-db-1:5432/0"):
        _stand(pretend, "host", _around(services=services), answers=["localhost:15432"])
        found = hostshift.explain(text)
        assert not found.changed
        assert found.decisions[0].reason == "db of shop does not run"


def test_a_published_port_whose_service_is_down_is_not_another_server(pretend: Pretend) -> None:
    services = (_service("db", DB.replace(running=False)),)
    _stand(pretend, "bridge", _around("bridge", services), answers=["172.17.0.1:15432"])
    found = hostshift.explain("redis://localhost:15432/0")
    assert not found.changed
    assert found.decisions[0].reason == "db of shop does not run"


def test_what_another_project_left_stopped_says_nothing(pretend: Pretend) -> None:
    old = (_service("db", DB.replace(running=False), project="old"),)
    _stand(pretend, "bridge", _around("bridge", old), answers=["172.17.0.1:15432"])
    assert hostshift.resolve("redis://localhost:15432/0") == "redis://172.17.0.1:15432/0"


def test_a_name_that_resolves_on_the_host_stays(pretend: Pretend) -> None:
    _stand(pretend, "host", _around(), names=["db"], answers=["db:5432"])
    assert hostshift.resolve("redis://db:5432/0") == "redis://db:5432/0"


def test_only_an_engine_overrules_a_name_that_resolves_and_does_not_answer(
    pretend: Pretend,
) -> None:
    _stand(pretend, "host", _around(), names={"db": "172.18.0.99"})
    assert hostshift.resolve("redis://db:5432/0") == "redis://localhost:15432/0"
    _stand(pretend, "host", _intended(), names=["db"], answers=["localhost:15432"])
    assert hostshift.resolve("redis://db:5432/0") == "redis://db:5432/0"


def test_a_name_that_does_not_answer_is_not_written(pretend: Pretend) -> None:
    """Docker forgets the names on its networks when it leaves a swarm; the address is there."""
    for names, host in (([], "172.18.0.3"), (["shop-db-1"], "shop-db-1")):
        _stand(pretend, "member", _around("member"), names=names)
        assert hostshift.resolve("redis://localhost:15432/0") == f"redis://{host}:5432/0"
        assert hostshift.resolve("redis://db:5432/0") == f"redis://{host}:5432/0"


def test_replicas_are_one(pretend: Pretend) -> None:
    two = DB.replace(
        name="shop-db-2", id="", memberships=(_on(NET, "shop-db-2", "db", address="172.18.0.5"),)
    )
    two = two.replace(publications=(Publication(port=5432, published=15433),))
    services = (_service("db", DB, two),)
    _stand(pretend, "member", _around("member", services))
    assert hostshift.resolve("redis://localhost:15433/0") == "redis://shop-db-2:5432/0"
    _stand(pretend, "host", _around("host", services))
    assert hostshift.resolve("redis://shop-db-2:5432/0") == "redis://localhost:15433/0"
    assert hostshift.resolve("redis://db:5432/0") == "redis://localhost:15432/0"


def test_an_alias_that_two_services_have_on_a_network_is_not_used(pretend: Pretend) -> None:
    other = _container("blog-db-1", _on(NET, "blog-db-1", "db", address="172.18.0.7"))
    services = (*SERVICES, _service("db", other, project="blog"))
    _stand(pretend, "member", _around("member", services))
    assert hostshift.resolve("redis://localhost:15432/0") == "redis://shop-db-1:5432/0"


def test_an_engine_that_does_not_list_this_container_has_it_for_its_host(pretend: Pretend) -> None:
    """Docker in docker: what it publishes is here. Unless it is an engine outside of here."""
    inside = PLACES["bridge"].replace(subnets=("172.17.0.0/16", "172.18.0.0/16"))
    pretend(inside, around=_around("host"))
    assert hostshift.resolve("redis://db:5432/0") == "redis://localhost:15432/0"
    pretend(PLACES["bridge"], around=_around("host"))
    assert hostshift.resolve("redis://db:5432/0") == "redis://172.17.0.1:15432/0"


def test_a_service_in_anothers_network_namespace(pretend: Pretend) -> None:
    """``network_mode: service:db``: its port is published by db, and it has no name of its own."""
    out = Publication(port=9187, published=19187)
    db = DB.replace(publications=(*DB.publications, out))
    exporter = Container(name="shop-exporter-1", network_mode="container:shop-db-1")
    services = (_service("db", db), _service("exporter", exporter))
    for where, expected in (("host", "localhost:19187"), ("member", "shop-db-1:9187")):
        _stand(pretend, where, _around(where, services))
        assert hostshift.resolve("http://exporter:9187/") == f"http://{expected}/"


@pytest.mark.parametrize("place", ["pod", "none"])
def test_a_pod_asks_nobody(place: str, pretend: Pretend) -> None:
    pretend(place, around=_around())
    assert hostshift.resolve("redis://db:5432/0") == "redis://db:5432/0"


@pytest.mark.parametrize("host", ["db.example.com", "8.8.8.8", "127.0.0.53", "2001:4860::1"])
def test_what_cannot_be_a_service_is_not_looked_for(host: str, pretend: Pretend) -> None:
    named = DB.replace(memberships=(_on(NET, host, address=host),))
    _stand(pretend, "bridge", _around("bridge", (_service("db", named),)))
    shown = f"[{host}]" if ":" in host else host
    assert hostshift.resolve(f"redis://{shown}:5432/0") == f"redis://{shown}:5432/0"


def test_a_service_on_the_hosts_network(pretend: Pretend) -> None:
    on_host = Container(name="shop-db-1", network_mode="host")
    services = (_service("db", on_host),)
    for where, expected in (("host", "localhost"), ("bridge", "172.17.0.1")):
        _stand(pretend, where, _around(where, services))
        assert hostshift.resolve("redis://db:5432/0") == f"redis://{expected}:5432/0"


# --- what only a file says ----------------------------------------------------------------------


def _intended(source: str = "compose") -> Topology:
    db = Container(
        name="shop-db-1",
        memberships=(Membership(network=NET, names=("shop-db-1", "db")),),
        publications=DB.publications,
    )
    service = Service(
        service="db", project="shop", containers=(db,), certainty="intended", source=source
    )
    return Topology(services=(service,), project="shop")


def test_a_file_is_believed_where_its_port_accepts_and_greets(pretend: Pretend) -> None:
    _stand(pretend, "host", _intended(), answers=["postgresql://localhost:15432"])
    (decision,) = hostshift.explain("postgresql://db:5432/x").decisions
    assert str(decision.after) == "localhost:15432"
    assert decision.certainty == "intended"
    assert "unconfirmed" in decision.reason
    _stand(pretend, "host", _intended(), answers=["localhost:15432"])
    assert not hostshift.explain("postgresql://db:5432/x").changed
    _stand(pretend, "host", _intended())
    assert not hostshift.explain("postgresql://db:5432/x").changed


@pytest.mark.parametrize("source", ["engine", "saved", "dns"])
@pytest.mark.parametrize("passing", [True, False])
def test_a_files_port_is_not_taken_while_a_source_could_not_say(
    pretend: Pretend, source: str, passing: bool
) -> None:
    """Another project may have the port: two that publish 5432 are the everyday case."""
    gap = Gap(source=source, where="DOCKER_HOST", what="names no engine", passing=passing)
    topology = _intended().replace(gaps=(gap,))
    _stand(pretend, "host", topology, answers=["postgresql://localhost:15432"])
    (decision,) = hostshift.explain("postgresql://db:5432/x").decisions
    assert (str(decision.after), decision.undecided) == ("db:5432", True)
    assert "names no engine" in decision.reason


def test_two_files_that_publish_other_ports(pretend: Pretend) -> None:
    saved, written = _intended("saved"), _intended()
    (service,) = saved.services
    stale = service.containers[0].replace(publications=(Publication(port=5432, published=1),))
    saved = saved.replace(services=(service.replace(containers=(stale,)),))
    answers = ["postgresql://localhost:15432", "postgresql://localhost:1"]
    for topologies in ([saved, written], [written, saved]):
        _stand(pretend, "host", merged(topologies), answers=answers)
        (decision,) = hostshift.explain("postgresql://db:5432/x").decisions
        assert decision.undecided
        assert "publish other ports of db" in decision.reason
        assert decision.fix == "hostshift topology --save updates the saved topology"
    assert merged([written, _intended("saved")]).gaps == ()
    assert merged([Topology(engine="/run/engine.sock"), saved, written]).gaps == ()


def test_a_files_service_by_its_name_where_that_answers_on_my_network(pretend: Pretend) -> None:
    _stand(pretend, "member", _intended())
    (decision,) = hostshift.explain("redis://localhost:15432/0").decisions
    assert str(decision.after) == "db:5432"
    assert decision.certainty == "intended"


def test_a_file_of_another_project_than_this_containers(pretend: Pretend) -> None:
    _stand(pretend, "member", _intended(), siblings={"web": []}, answers=["172.18.0.1:15432"])
    assert hostshift.resolve("redis://localhost:15432/0") == "redis://172.18.0.1:15432/0"


def test_a_file_says_a_port_that_the_host_serves(pretend: Pretend) -> None:
    _stand(pretend, "bridge", _intended(), answers=["172.17.0.1:15432"])
    assert hostshift.resolve("redis://localhost:15432/0") == "redis://172.17.0.1:15432/0"
    _stand(pretend, "bridge", _intended(), answers=["redis://172.17.0.1:15432"])
    assert hostshift.resolve("redis://db:5432/0") == "redis://172.17.0.1:15432/0"


def test_probing_can_be_forbidden(pretend: Pretend) -> None:
    never = Policy(probe="never")
    _stand(pretend, "host", _intended(), answers=["localhost:15432"], policy=never)
    assert hostshift.resolve("redis://db:5432/0") == "redis://db:5432/0"
    _stand(pretend, "host", _around(), policy=never)
    assert hostshift.resolve("redis://db:5432/0") == "redis://localhost:15432/0"


def test_a_sibling_that_is_down_could_be_meant_too(pretend: Pretend) -> None:
    """The first law for siblings: of db and postgres one is down, so neither is chosen."""
    down = _service("db", DB.replace(running=False, publications=()), project="pretended")
    _stand(
        pretend,
        "member",
        _around("member", (down,), project="pretended").replace(engine=""),
        siblings={"postgres": [5432]},
    )
    found = hostshift.explain("postgresql://localhost:5432/x")
    assert not found.changed

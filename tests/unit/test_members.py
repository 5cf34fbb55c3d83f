"""Members of a set, read from where their announcer stands: the rules as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hostshift import Policy
from hostshift.discovery import Container, Membership, Publication, Service, Topology
from hostshift.resolution import resolver
from hostshift.routing import cluster
from hostshift.routing.cluster import Announcement
from hostshift.routing.model import Address, Decision, RouteRequest, Target
from hostshift.routing.outcomes import stays
from hostshift.testing import PLACES
from tests.unit.look import FakeLook

if TYPE_CHECKING:
    from hostshift_pytest import Pretend

GATEWAY = "172.18.0.1"
NET = "shop_default"


def _service(name: str, address: str, *out: tuple[int, int], copies: int = 1) -> Service:
    containers = tuple(
        Container(
            name=f"shop-{name}-{at + 1}",
            id=f"{name}{at}".encode().hex().ljust(64, "0"),
            memberships=(
                Membership(
                    network=NET, names=(f"shop-{name}-{at + 1}", name), addresses=(address,)
                ),
            ),
            publications=tuple(Publication(port=port, published=as_) for port, as_ in out),
        )
        for at in range(copies)
    )
    return Service(
        service=name, project="shop", containers=containers, certainty="known", source="engine"
    )


MONGO = _service("mongo", "172.18.0.3", (27017, 27018), (27019, 27020))
AROUND = Topology(
    services=(MONGO, _service("other", "172.18.0.4", (27017, 27017)), _service("rs", "172.18.0.9")),
    project="shop",
    me=Container(name="me", memberships=(Membership(network=NET, names=("me",)),)),
    engine="/run/engine.sock",
)
ON_HOST = AROUND.replace(me=None)
REPLICAS = Topology(
    services=(_service("mongo", "172.18.0.3", (27017, 27018), copies=2),),
    project="shop",
    engine="/run/engine.sock",
)
NOBODY = Topology()
FROM_HOST: dict[str, Any] = {"place": "host", "around": NOBODY}
FROM_NET: dict[str, Any] = {"place": "user-network", "around": NOBODY}
KNOWN: dict[str, Any] = {"place": "user-network", "around": AROUND, "names": ["mongo"]}

# What it shows: where one stands, who announced (name, address dialled, what it is), the
# members, and where each is dialled. More: `me`, `by_seed`.
TABLE: dict[str, tuple[dict[str, Any], tuple[str, str, str], dict[str, str]]] = {
    "the trap, from the host: the only member is who announced it": (
        FROM_HOST,
        ("localhost:27018", "localhost:27018", "host"),
        {"localhost:27017": "localhost:27018"},
    ),
    "the trap, from a container": (
        FROM_NET,
        ("localhost:27018", f"{GATEWAY}:27018", "host"),
        {"localhost:27017": f"{GATEWAY}:27018"},
    ),
    "the trap, where an engine knows it": (
        KNOWN,
        ("localhost:27018", "mongo:27017", "service mongo"),
        {"127.0.0.1:27017": "172.18.0.3:27017"},
    ),
    "the only member, though nothing else is known": (
        FROM_NET,
        ("localhost:27018", "localhost:27018", "undecided"),
        {"0.0.0.0:27017": "localhost:27018"},
    ),
    "the only member under another port than the service's": (
        KNOWN,
        ("mongo:27099", "mongo:27099", "service mongo"),
        {"localhost:27017": "172.18.0.3:27099"},
    ),
    "ports of the announcer's container, from its network": (
        KNOWN,
        ("localhost:27018", "mongo:27017", "service mongo"),
        {"localhost:27017": "172.18.0.3:27017", "localhost:27019": "172.18.0.3:27019"},
    ),
    "ports of the announcer's container, from the host, by what it publishes": (
        {"place": "host", "around": ON_HOST},
        ("localhost:27018", "localhost:27018", "host"),
        {"localhost:27017": "localhost:27018", "localhost:27019": "localhost:27020"},
    ),
    "a port of the announcer's container that is not published stays": (
        {"place": "host", "around": ON_HOST},
        ("localhost:27018", "localhost:27018", "host"),
        {"localhost:27017": "localhost:27018", "localhost:27021": "localhost:27021"},
    ),
    "one of several replicas announced: which is not known": (
        {"place": "host", "around": REPLICAS},
        ("172.18.0.3:27017", "localhost:27018", "service mongo"),
        {"localhost:27017": "localhost:27017", "localhost:27019": "localhost:27019"},
    ),
    "processes of the host, from a container": (
        FROM_NET,
        ("localhost:27017", f"{GATEWAY}:27017", "host as localhost:27017"),
        {"localhost:27017": f"{GATEWAY}:27017", "localhost:27019": f"{GATEWAY}:27019"},
    ),
    "processes of the host, from the host: as they are": (
        FROM_HOST,
        ("localhost:27017", "localhost:27017", "host as localhost:27017"),
        {"localhost:27017": "localhost:27017", "localhost:27019": "localhost:27019"},
    ),
    "beside the announcer: as they are": (
        FROM_NET,
        ("localhost:27017", "localhost:27017", "here"),
        {"localhost:27017": "localhost:27017", "localhost:27019": "localhost:27019"},
    ),
    "loopback of a machine that is not known stays": (
        FROM_NET,
        ("mapped:27017", "mapped:27017", "declared"),
        {"localhost:27017": "localhost:27017", "localhost:27019": "localhost:27019"},
    ),
    "names and addresses are looked up like any": (
        {"place": "host", "around": ON_HOST},
        ("localhost:27018", "localhost:27018", "host"),
        {
            "shop-mongo-1:27017": "localhost:27018",
            "172.18.0.4:27017": "localhost:27017",
            "db.example.com:27017": "db.example.com:27017",
        },
    ),
    "a container's id": (
        {"place": "host", "around": ON_HOST},
        ("localhost:27018", "localhost:27018", "host"),
        {f"{MONGO.containers[0].id[:12]}:27017": "localhost:27018"},
    ),
    "the only member under a name that nobody knows here": (
        FROM_HOST,
        ("localhost:27018", "localhost:27018", "host"),
        {"3f2a9c1b7d5e:27017": "localhost:27018"},
    ),
    "the only member under a name that resolves": (
        {"place": "host", "around": NOBODY, "names": ["laptop"]},
        ("localhost:27018", "localhost:27018", "host"),
        {"laptop:27017": "laptop:27017"},
    ),
    "elsewhere: never, not even a service's name": (
        {"place": "host", "around": ON_HOST},
        ("db.example.com:27017", "db.example.com:27017", "elsewhere"),
        {"localhost:27017": "localhost:27017", "shop-mongo-1:27017": "shop-mongo-1:27017"},
    ),
    "elsewhere: the only member neither": (
        FROM_NET,
        ("db.example.com:27017", "db.example.com:27017", "elsewhere"),
        {"localhost:27017": "localhost:27017"},
    ),
    "elsewhere, by a plain name on a network of mine: it is near": (
        {"place": "user-network", "around": NOBODY, "names": {"mongo": "172.18.0.3"}},
        ("mongo:27017", "mongo:27017", "elsewhere"),
        {"localhost:27017": "mongo:27017"},
    ),
    "elsewhere, by a plain name that leads upstream": (
        {"place": "user-network", "around": NOBODY, "names": {"mongo": "203.0.113.5"}},
        ("mongo:27017", "mongo:27017", "elsewhere"),
        {"localhost:27017": "localhost:27017"},
    ),
    "kept: its members are as well": (
        {"place": "host", "around": ON_HOST},
        ("localhost:27018", "localhost:27018", "kept"),
        {"localhost:27017": "localhost:27017", "172.18.0.4:27017": "172.18.0.4:27017"},
    ),
    "two at one address: neither, the third all the same": (
        KNOWN,
        ("localhost:27018", "mongo:27017", "service mongo"),
        {
            "localhost:27017": "localhost:27017",
            "127.0.0.1:27017": "127.0.0.1:27017",
            "localhost:27019": "172.18.0.3:27019",
        },
    ),
    "at the address of one that stays: neither": (
        KNOWN,
        ("localhost:27018", "mongo:27017", "service mongo"),
        {"localhost:27017": "localhost:27017", "172.18.0.3:27017": "172.18.0.3:27017"},
    ),
    "what MAP says of a machine that is not known": (
        {**FROM_NET, "policy": Policy(map="localhost:27019=db:27019")},
        ("localhost:27017", "localhost:27017", "undecided"),
        {"localhost:27017": "localhost:27017", "localhost:27019": "db:27019"},
    ),
    "what MAP says of a port of the announcer's host": (
        {**FROM_HOST, "policy": Policy(map="localhost:27019=db:27019")},
        ("localhost:27017", "localhost:27017", "host as localhost:27017"),
        {"localhost:27017": "localhost:27017", "localhost:27019": "db:27019"},
    ),
    "what MAP says of a port that the announcer's container does not publish": (
        {"place": "host", "around": ON_HOST, "policy": Policy(map="localhost:27021=db:1")},
        ("localhost:27018", "localhost:27018", "host"),
        {"localhost:27017": "localhost:27018", "localhost:27021": "db:1"},
    ),
    "MAP is written from here: it says nothing of the announcer's loopback": (
        {**FROM_NET, "policy": Policy(map="localhost=172.18.0.1")},
        ("localhost:27018", f"{GATEWAY}:27018", "declared"),
        {"localhost:27017": f"{GATEWAY}:27018"},
    ),
    "KEEP holds for names": (
        {"place": "host", "around": ON_HOST, "policy": Policy(keep="shop-mongo-1")},
        ("localhost:27018", "localhost:27018", "host"),
        {"shop-mongo-1:27017": "shop-mongo-1:27017", "172.18.0.4:27017": "localhost:27017"},
    ),
}


def _address(text: str) -> Address:
    host, _, port = text.rpartition(":")
    return Address(host=host, port=int(port))


def _said(announcer: tuple[str, str, str], members: list[str], **more: Any) -> Announcement:
    before, after, what = announcer
    what, _, me = what.partition(" as ")
    more = {"me": _address(me), **more} if me else more
    kind: Any
    kind, _, name = what.partition(" ")
    located = Decision(
        before=_address(before),
        after=_address(after),
        target=Target(kind=kind, name=name, port=_address(after).port),
        certainty="known",
        reason="",
    )
    return Announcement(located=located, members=tuple(map(_address, members)), **more)


def _decisions(said: Announcement) -> dict[Address, Decision]:
    found = {each: resolver.current().member(said, each, "mongodb") for each in said.members}
    return {member: decision for member, decision in found.items() if decision is not None}


def _read(said: Announcement) -> dict[str, str]:
    found = _decisions(said)
    assert all(decision.reason for decision in found.values())
    return {str(member): str(decision.after) for member, decision in found.items()}


@pytest.mark.parametrize("case", TABLE)
def test_a_member_is_read_from_where_its_announcer_stands(case: str, pretend: Pretend) -> None:
    here, announcer, members = TABLE[case]
    pretend(**here)
    assert _read(_said(announcer, list(members))) == members


def test_members_in_their_own_containers_name_the_ports_of_their_host(pretend: Pretend) -> None:
    """They cannot meet at a loopback of theirs; so it is what their host publishes."""
    apart = tuple(_service(f"m{at}", f"172.18.0.{at + 3}", (27017, 30000 + at)) for at in range(3))
    same = tuple(_service(f"m{at}", f"172.18.0.{at + 3}", (at, at)) for at in (30000, 30001))
    members = ["127.0.0.1:30000", "127.0.0.1:30001"]
    announcer = ("localhost:30000", "localhost:30000", "host as 127.0.0.1:30000")
    wanted = dict(zip(members, ["localhost:30000", "localhost:30001"], strict=True))
    for services in (apart, same):
        pretend("host", around=ON_HOST.replace(services=services))
        assert _read(_said(announcer, members)) == wanted
    pretend("host", around=ON_HOST.replace(services=apart))
    outside = "127.0.0.1:30009"
    assert _read(_said(announcer, [*members, outside])) == {**wanted, outside: outside}
    pretend("host", around=ON_HOST.replace(services=apart), policy=Policy(map=f"{outside}=db:1"))
    assert _read(_said(announcer, [*members, outside])) == {**wanted, outside: "db:1"}
    # One of another project is another's: the announcer's own port is meant.
    other = (same[0], same[1].replace(project="another"))
    pretend("host", around=ON_HOST.replace(services=other))
    assert _read(_said(announcer, members))["127.0.0.1:30001"] != "localhost:30001"


def test_ports_of_the_host_from_a_network_in_common(pretend: Pretend) -> None:
    services = tuple(
        _service(f"m{at}", f"172.18.0.{at + 3}", (27017, 30000 + at)) for at in range(2)
    )
    pretend("user-network", around=AROUND.replace(services=services))
    members = [f"127.0.0.1:{30000 + at}" for at in range(2)] + ["127.0.0.1:30009"]
    announcer = ("localhost:30000", "172.18.0.3:27017", "service m0 as 127.0.0.1:30000")
    assert _read(_said(announcer, members)) == {
        "127.0.0.1:30000": "172.18.0.3:27017",
        "127.0.0.1:30001": "172.18.0.4:27017",
        "127.0.0.1:30009": f"{GATEWAY}:30009",
    }
    declared = Policy(map="127.0.0.1:30009=db:1")
    pretend("user-network", around=AROUND.replace(services=services), policy=declared)
    assert _read(_said(announcer, members))["127.0.0.1:30009"] == "db:1"


def test_an_own_address_is_this_namespace(pretend: Pretend) -> None:
    """A set on this machine that is reached by the machine's own address worked before."""
    pretend(**FROM_NET)
    own = min(resolver.current().vantage().own_addresses)
    announcer = (f"{own}:27017", f"{own}:27017", "here as localhost:27017")
    members = {"localhost:27017": f"{own}:27017", "localhost:27019": "localhost:27019"}
    assert _read(_said(announcer, list(members))) == members
    found = _decisions(_said(announcer, list(members)))
    assert not any(decision.undecided for decision in found.values())
    behind = (f"{own}:27018", f"{own}:27018", "here as localhost:27017")
    found = _decisions(_said(behind, list(members)))
    assert found[_address("localhost:27019")].undecided


def test_an_address_is_its_container_not_who_publishes_its_port(pretend: Pretend) -> None:
    pretend("host", around=ON_HOST)
    announcer = ("172.18.0.3:27017", "172.18.0.3:27017", "here as localhost:27017")
    assert _read(_said(announcer, ["localhost:27017", "localhost:27019"])) == {
        "localhost:27017": "172.18.0.3:27017",
        "localhost:27019": "localhost:27020",
    }


def test_who_is_known_by_another_port_is_behind_a_forward(pretend: Pretend) -> None:
    """Its other members are not ports of the host, whatever listens there."""
    announcer = ("localhost:27018", f"{GATEWAY}:27018", "host")
    members = ["localhost:27017", "localhost:27019"]
    pretend(**FROM_NET)
    assert _read(_said(announcer, members, me=_address("localhost:27017"))) == {
        "localhost:27017": f"{GATEWAY}:27018",
        "localhost:27019": "localhost:27019",
    }


def test_who_announced_is_a_member_already(pretend: Pretend) -> None:
    """By its name as a member, where it does not say who it is; a seed's name is no such word."""
    announcer = ("localhost:27017", f"{GATEWAY}:27018", "undecided")
    members = ["localhost:27017", "localhost:27019"]
    pretend(**FROM_NET)
    first = {"localhost:27017": f"{GATEWAY}:27018", "localhost:27019": "localhost:27019"}
    assert _read(_said(announcer, members, by_seed=False)) == first
    assert _read(_said(announcer, members)) == {one: one for one in members}


def test_a_service_that_moved_is_located_anew(pretend: Pretend) -> None:
    """As a member, the announcer has no seed's route to ask again, but its service."""
    pretend(**KNOWN)
    announcer = ("localhost:27017", "172.18.0.77:27017", "service mongo")
    assert _read(_said(announcer, ["localhost:27017"], by_seed=False)) == {
        "localhost:27017": "172.18.0.3:27017"
    }


@pytest.mark.parametrize("mode", ["report", "off"])
def test_only_mode_on_changes_anything(pretend: Pretend, mode: str) -> None:
    pretend("user-network", policy=Policy(mode=mode))
    assert _read(_said(("localhost:27018", "localhost:27018", "host"), ["localhost:27017"])) == {}


@pytest.mark.parametrize("found", [("172.18.0.7",), None])
def test_an_announcer_of_which_nobody_can_say_where_it_is(found: tuple[str, ...] | None) -> None:
    """Its loopback is not this machine's, whatever the name server says."""
    seed = _asked(Address(host="mongo", port=27017))
    said = Announcement(
        located=stays(seed, "elsewhere", "no service around has this name"),
        members=(Address(host="localhost", port=27018), Address(host="far.example", port=27017)),
        me=Address(host="mongo", port=27017),
    )
    read = cluster.read(said, _asked, FakeLook(names={"mongo": found}, near=True))
    loopback, far = (read[member] for member in said.members)
    assert loopback.undecided
    assert not far.changed
    assert found is not None or far.certainty != "known"


def _asked(address: Address) -> RouteRequest:
    return RouteRequest(
        host=address.host,
        port=address.port,
        protocol="mongodb",
        vantage=PLACES["user-network"],
        policy=Policy(),
    )

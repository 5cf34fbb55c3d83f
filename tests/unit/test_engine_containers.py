"""One container's odd value costs that value: not the container, and not the others."""

from __future__ import annotations

import copy
import functools
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.fake_engine import ID, INSPECTED, LISTED, Call, fake_engine, read_engine

if TYPE_CHECKING:
    from pathlib import Path

    from hostshift.discovery import Container, Topology

OTHER = "5" * 64
OWN = "9" * 64


pytestmark = pytest.mark.usefixtures("no_usual_engine")


def _container(identity: str, name: str, **changes: Any) -> dict[str, Any]:
    """Return what ``inspect`` says of a container; a path is written with two underscores."""
    made = copy.deepcopy(INSPECTED)
    made |= {"Id": identity, "Name": f"/{name}"}
    for path, value in changes.items():
        *above, last = path.split("__")
        at = made
        for key in above:
            at = at[key]
        at[last] = value
    return made


def _entry(said: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return what the list says of it."""
    return {**LISTED, "Id": said["Id"], "Names": [said["Name"]], **changes}


def _answers(call: Call, listed: list[Any], inspected: dict[str, Any], version: Any) -> None:
    if call.path == "/version":
        call.answer(version)
    elif call.path.startswith("/containers/json"):
        call.answer(listed)
    else:
        call.answer(inspected[call.path.split("/")[2]])


def _read(
    at: Path,
    *said: dict[str, Any],
    listed: list[Any] | None = None,
    own: tuple[str, ...] = (),
    engine: str = "Engine",
) -> Topology:
    """Read containers, one after the other, from an engine."""
    answers = functools.partial(
        _answers,
        listed=[_entry(one) for one in said] if listed is None else listed,
        inspected={one["Id"]: one for one in said},
        version={"Components": [{"Name": engine}]},
    )
    with fake_engine(at / "docker.sock", answers):
        return read_engine(at / "docker.sock", own=own)


def _one(found: Topology, name: str) -> Container:
    (one,) = [one for service in found.services for one in service.containers if one.name == name]
    return one


# --- ports that are exposed ---------------------------------------------------------------------

EXPOSED = [
    pytest.param({"6432": {}}, (6432,), id="without a protocol it is tcp"),
    pytest.param({"7000-7003/tcp": {}}, (7000, 7001, 7002, 7003), id="a range"),
    pytest.param({"7000-7001": {}}, (7000, 7001), id="a range without a protocol"),
    pytest.param({"81/TCP": {}}, (81,), id="in capitals"),
    pytest.param({"0081/tcp": {}}, (81,), id="with zeros before it"),
    pytest.param({"53/udp": {}, "81/tcp": {}, "54/sctp": {}}, (81,), id="other protocols"),
    pytest.param({"81-81/tcp": None}, (81,), id="a range of one"),
    pytest.param(None, (), id="none"),
]


@pytest.mark.parametrize(("exposed", "ports"), EXPOSED)
def test_whatever_way_a_port_is_exposed_it_is_read(
    exposed: Any, ports: tuple[int, ...], tmp_path: Path
) -> None:
    said = _container(
        ID,
        "shop-queue-1",
        Config__ExposedPorts=exposed,
        HostConfig__PortBindings=None,
        NetworkSettings__Ports={"0/tcp": None},
    )
    found = _read(tmp_path, said)
    assert _one(found, "shop-queue-1").exposed == ports
    assert (found.notes, found.gaps) == ((), ())


@pytest.mark.parametrize(
    "key",
    ["web/tcp", "/tcp", "", "70000/tcp", "0/tcp", "90-80/tcp", "1-70000/tcp", "٣/tcp", "80/"],
)
def test_what_is_no_port_is_left_out_and_told(key: str, tmp_path: Path) -> None:
    """Docker keeps any text of ``expose``. Nothing that could be a port is lost, so no gap."""
    odd = _container(ID, "shop-queue-1", Config__ExposedPorts={key: {}, "6432/tcp": {}})
    fine = _container(OTHER, "shop-store-1")
    found = _read(tmp_path, odd, fine)
    assert _one(found, "shop-queue-1").exposed == (5432, 6432)
    assert _one(found, "shop-store-1").publications
    (note,) = found.notes
    assert "shop-queue-1" in note.what
    assert "ExposedPorts" in note.what
    assert found.gaps == ()


def test_ranges_of_every_port_there_is_do_not_fill_the_memory(tmp_path: Path) -> None:
    """What is left out then could be the port that matters."""
    many = [
        _container(
            f"{at:064x}",
            f"shop-queue-{at}",
            Config__ExposedPorts={"1-65535": {}},
            HostConfig__PortBindings=None,
            NetworkSettings__Ports=None,
        )
        for at in range(40)
    ]
    found = _read(tmp_path, *many)
    sizes = [len(one.exposed) for service in found.services for one in service.containers]
    assert len(sizes) == 40
    assert sizes.count(65535) == 4
    assert sizes.count(0) == 36
    assert len(found.gaps) == 36


# --- everything else ----------------------------------------------------------------------------

ODD = [
    pytest.param({"Config__Labels": {"com.docker.compose.project": 7}}, False, id="a label"),
    pytest.param({"Config__Labels": ["x"]}, True, id="labels"),
    pytest.param({"Config": 7}, True, id="configuration"),
    pytest.param({"State__Health": {"Status": 7}}, False, id="health"),
    pytest.param({"State": 7}, True, id="state"),
    pytest.param({"State__Status": ["x"]}, True, id="status"),
    pytest.param({"Mounts": 7}, False, id="mounts"),
    pytest.param({"Mounts": [7, {"Type": "bind", "Source": 7}]}, False, id="a mount"),
    pytest.param({"HostConfig__NetworkMode": 7}, True, id="network mode"),
    pytest.param({"HostConfig": 7}, True, id="host configuration"),
    pytest.param({"NetworkSettings": 7}, True, id="network settings"),
    pytest.param({"NetworkSettings__Networks": ["x"]}, True, id="networks"),
    pytest.param({"NetworkSettings__Networks": {"net": 7}}, True, id="a network"),
    pytest.param(
        {"NetworkSettings__Networks": {"net": {"IPAddress": "10.0.0.300"}}}, True, id="an address"
    ),
    pytest.param(
        {"NetworkSettings__Networks": {"net": {"Aliases": "db"}}}, False, id="aliases as one text"
    ),
    pytest.param(
        {"NetworkSettings__Networks": {"net": {"Aliases": [None, 7]}}}, False, id="an alias"
    ),
    pytest.param(
        {"NetworkSettings__Networks": {"net": {"Gateway": "none"}}}, False, id="a gateway"
    ),
    pytest.param({"NetworkSettings__Ports": 7}, True, id="ports"),
    pytest.param({"NetworkSettings__Ports": {"81/tcp": 7}}, True, id="bindings"),
    pytest.param({"NetworkSettings__Ports": {"81/tcp": [7]}}, True, id="a binding"),
    pytest.param(
        {"NetworkSettings__Ports": {"81/tcp": [{"HostIp": "x", "HostPort": "8081"}]}},
        True,
        id="the address of a binding",
    ),
    pytest.param(
        {"NetworkSettings__Ports": {"81/tcp": [{"HostIp": "", "HostPort": "99999"}]}},
        True,
        id="the port of a binding",
    ),
    pytest.param(
        {"NetworkSettings__Ports": {"0/tcp": [{"HostIp": "", "HostPort": "8081"}]}},
        True,
        id="a binding of no port",
    ),
]


@pytest.mark.parametrize(("changes", "decides"), ODD)
def test_what_cannot_be_read_costs_itself_alone(
    changes: dict[str, Any], decides: bool, tmp_path: Path
) -> None:
    """A gap besides where an answer could hang on it: a port that leads here, an address."""
    found = _read(
        tmp_path,
        _container(ID, "shop-queue-1", **changes),
        _container(OTHER, "shop-store-1"),
        own=(OTHER,),
    )
    assert _one(found, "shop-queue-1").id == ID
    store = _one(found, "shop-store-1")
    assert store.publications[0].published == 15432
    assert found.me == store
    assert found.notes
    assert all("shop-queue-1" in note.what for note in found.notes)
    assert bool(found.gaps) == decides
    assert not any(gap.passing for gap in found.gaps)


FINE = [
    pytest.param({"State__Health": None}, id="no health check"),
    pytest.param({"Mounts": None}, id="no mounts"),
    pytest.param({"Config__Labels": None}, id="no labels"),
    pytest.param({"NetworkSettings__Networks": None}, id="no networks"),
    pytest.param({"NetworkSettings__Networks": {"net": None}}, id="a network without settings"),
    pytest.param({"NetworkSettings__Ports": None}, id="no ports"),
    pytest.param({"NetworkSettings__Ports": {"0/0": None, "80/0": []}}, id="ports of no meaning"),
    pytest.param({"HostConfig__PortBindings": None}, id="no bindings"),
    pytest.param(
        {"NetworkSettings__Ports": {"81/tcp": [{"HostIp": "fe80::1%eth0", "HostPort": "8081"}]}},
        id="an address with a zone",
    ),
    pytest.param({"NetworkSettings__Networks": {"net": {"DNSNames": None}}}, id="no names"),
]


@pytest.mark.parametrize("changes", FINE)
def test_what_an_engine_may_leave_empty_is_no_trouble(
    changes: dict[str, Any], tmp_path: Path
) -> None:
    found = _read(tmp_path, _container(ID, "shop-queue-1", **changes))
    assert _one(found, "shop-queue-1").id == ID
    assert (found.notes, found.gaps) == ((), ())


def test_a_range_of_the_hosts_ports_is_any_port(tmp_path: Path) -> None:
    changes = {
        "State__Status": "exited",
        "HostConfig__PortBindings": {"81/tcp": [{"HostIp": "", "HostPort": "8100-8110"}]},
    }
    found = _read(tmp_path, _container(ID, "shop-queue-1", **changes))
    (out,) = _one(found, "shop-queue-1").publications
    assert (out.port, out.published) == (81, None)
    assert found.gaps == ()


def test_a_description_of_another_container_is_not_taken(tmp_path: Path) -> None:
    """A proxy in front of an engine mixes up two answers: the list's word counts."""
    asked, other = _container(ID, "shop-queue-1"), _container(OTHER, "shop-store-1")
    answers = functools.partial(
        _answers,
        listed=[_entry(asked)],
        inspected={ID: other},
        version={"Components": [{"Name": "Engine"}]},
    )
    with fake_engine(tmp_path / "docker.sock", answers):
        found = read_engine(tmp_path / "docker.sock")
    assert _one(found, "shop-queue-1").id == ID
    (gap,) = found.gaps
    assert "describes another container" in gap.what
    assert gap.fix == "see what is odd about it: docker inspect shop-queue-1"


WITHOUT = [
    pytest.param({"Id": 7}, id="no id in the list"),
    pytest.param({"Id": "../../version"}, id="a path for an id"),
    pytest.param({"Names": None, "Id": None}, id="neither"),
]


@pytest.mark.parametrize("changes", WITHOUT)
def test_a_container_that_cannot_be_named_is_missing_and_the_engine_knows_not_all(
    changes: dict[str, Any], tmp_path: Path
) -> None:
    fine = _container(OTHER, "shop-store-1")
    odd = _entry(_container(ID, "shop-queue-1"), **changes)
    found = _read(tmp_path, fine, listed=[odd, _entry(fine)])
    assert [one.name for service in found.services for one in service.containers] == [
        "shop-store-1"
    ]
    assert found.engine
    assert found.notes
    assert found.gaps
    assert not any(gap.passing for gap in found.gaps)


@pytest.mark.parametrize("entry", [7, None, "x", []])
def test_an_entry_of_the_list_that_is_no_container(entry: Any, tmp_path: Path) -> None:
    fine = _container(OTHER, "shop-store-1")
    found = _read(tmp_path, fine, listed=[entry, _entry(fine)])
    assert _one(found, "shop-store-1")
    (gap,) = found.gaps
    assert not gap.passing


def test_no_value_is_told(tmp_path: Path) -> None:
    """An environment or a label may hold a secret."""
    found = _read(
        tmp_path,
        _container(ID, "shop-queue-1", Config__Labels="pw=s3cret", Mounts="s3cret", State="s3cret"),
    )
    assert found.gaps
    assert "s3cret" not in f"{found.notes}{found.gaps}"


# --- namespaces ---------------------------------------------------------------------------------


def test_ports_of_a_container_in_anothers_namespace_are_known(tmp_path: Path) -> None:
    """The list does not tell them: such a container has no ports of its own there."""
    holder = _container(ID, "shop-app-1")
    mate = _container(
        OTHER,
        "shop-proxy-1",
        Config__ExposedPorts={"8443/tcp": {}, "8080": {}},
        HostConfig__NetworkMode=f"container:{ID}",
        HostConfig__PortBindings=None,
        NetworkSettings__Networks={},
        NetworkSettings__Ports={},
    )
    modes = {"HostConfig": mate["HostConfig"], "NetworkSettings": mate["NetworkSettings"]}
    listed = [_entry(holder), _entry(mate, Ports=[], **modes)]
    one = _one(_read(tmp_path, holder, mate, listed=listed), "shop-proxy-1")
    assert (one.network_mode, one.exposed) == ("container:shop-app-1", (8080, 8443))


def _on_the_default_bridge(ports: list[dict[str, Any]]) -> tuple[dict[str, Any], dict[str, Any]]:
    on = {"IPAddress": "172.17.0.9", "Gateway": "172.17.0.1"}
    said = _container(
        ID,
        "alone",
        Config__ExposedPorts={"9000-9001": {}},
        HostConfig__NetworkMode="bridge",
        NetworkSettings__Networks={"bridge": on},
        NetworkSettings__Ports={},
        HostConfig__PortBindings=None,
    )
    modes = {"HostConfig": {"NetworkMode": "default"}}
    return said, _entry(said, Ports=ports, NetworkSettings={"Networks": {"bridge": on}}, **modes)


def test_the_list_is_enough_only_where_it_tells_every_port(tmp_path: Path) -> None:
    """Docker lists a port that it could not read as 0."""
    said, entry = _on_the_default_bridge([{"PrivatePort": 0, "Type": "tcp"}])
    assert _one(_read(tmp_path, said, listed=[entry]), "alone").exposed == (9000, 9001)


def test_where_the_list_is_enough_its_ports_are_known(tmp_path: Path) -> None:
    rows = [
        {"PrivatePort": 9000, "Type": "tcp"},
        {"IP": "127.0.0.1", "PrivatePort": 9001, "PublicPort": 19001, "Type": "tcp"},
    ]
    _, entry = _on_the_default_bridge(rows)
    one = _one(_read(tmp_path, listed=[entry]), "alone")  # inspecting it would be an error
    assert one.exposed == (9000, 9001)
    assert [(out.port, out.published) for out in one.publications] == [(9001, 19001)]


def test_podmans_word_in_the_list_on_the_network_mode_is_not_taken(tmp_path: Path) -> None:
    """Newer ones list every container as on the host's network."""
    said = _container(ID, "shop-queue-1")
    entry = _entry(said, HostConfig={"NetworkMode": "host"}, NetworkSettings={"Networks": {}})
    found = _read(tmp_path, said, listed=[entry], engine="Podman Engine")
    assert _one(found, "shop-queue-1").network_mode == ""


# --- bridges and swarms -------------------------------------------------------------------------


def test_the_gateways_of_running_containers_are_the_engines_bridges(tmp_path: Path) -> None:
    def on(gateway: str, v6: str = "") -> dict[str, Any]:
        return {"net": {"IPAddress": "10.9.0.7", "Gateway": gateway, "IPv6Gateway": v6}}

    runs = _container(ID, "a", NetworkSettings__Networks=on("10.9.0.1", "fd00:9::1"))
    same = _container(OTHER, "b", NetworkSettings__Networks=on("10.9.0.1"))
    off = _container(OWN, "c", NetworkSettings__Networks=on("10.8.0.1"), State__Status="exited")
    assert _read(tmp_path, runs, same, off).bridges == ("10.9.0.1", "fd00:9::1")


NETWORK = "lu3xtedijzy2y7w8o5yxqgd1q"


def _task() -> dict[str, Any]:
    labels = {
        "com.docker.swarm.service.name": "depot_store",
        "com.docker.stack.namespace": "depot",
    }
    on = {"IPAddress": "10.0.3.7", "NetworkID": NETWORK}
    return _container(
        ID,
        "depot_store.1.x",
        Config__Labels=labels,
        NetworkSettings__Networks={"depot_default": on},
    )


def _swarm(tmp_path: Path, verbose: Any, status: str = "200 OK") -> Topology:
    said = _task()

    def handler(call: Call) -> None:
        if call.path.startswith("/networks/"):
            assert call.path == f"/networks/{NETWORK}?verbose=true"
            call.answer(verbose, status)
        else:
            _answers(call, [_entry(said)], {ID: said}, {"Components": []})

    with fake_engine(tmp_path / "docker.sock", handler):
        return read_engine(tmp_path / "docker.sock")


def test_a_swarm_services_own_address_counts_as_its(tmp_path: Path) -> None:
    services = {"": {"VIP": ""}, "depot_store": {"VIP": "10.0.3.2"}, "odd": {"VIP": "x"}}
    found = _swarm(tmp_path, {"Services": services})
    (service,) = found.services
    assert service.addresses == ("10.0.3.7", "10.0.3.2")
    assert (found.notes, found.gaps) == ((), ())


@pytest.mark.parametrize(
    ("status", "gap"),
    [("403 Forbidden", False), ("404 Not Found", False), ("500 Internal Server Error", True)],
)
def test_a_swarm_that_does_not_tell_its_addresses(status: str, gap: bool, tmp_path: Path) -> None:
    """A proxy may allow containers alone; that stays so, and is told."""
    found = _swarm(tmp_path, {}, status)
    (service,) = found.services
    assert service.addresses == ("10.0.3.7",)
    assert found.notes
    assert bool(found.gaps) == gap

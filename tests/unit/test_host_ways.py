"""How the host is reached: only what can be the host, and what this namespace has a way to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hostshift.detect import facts, vantage
from hostshift.detect.interface import Interface
from tests.unit.test_vantages import BRIDGE, HOST, ID, PODMAN, ROUTES, USER

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hostshift import Vantage

ZERO = "0" * 32
ONLY_CONNECTED = "header\neth0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n"
"""172.17.0.0/16 and no default route."""
CONNECTED6 = f"fd07{'0' * 28} 40 {ZERO} 00 {ZERO} 00000100 1 0 00000001 eth0\n"
DEFAULT6 = f"{ZERO} 00 {ZERO} 00 fd07{'0' * 27}1 00000400 1 0 00000003 eth0\n"
LINK_LOCAL_DEFAULT6 = DEFAULT6.replace("fd07", "fe80")
VETH = Interface(
    name="eth0",
    kind="veth",
    addresses=("172.17.0.2", "fd07::2"),
    networks=("172.17.0.0/16", "fd07::/64"),
)
REMAPPED = {"proc/self/uid_map": "         0     231072      65536\n"}
ROOTLESS = {"proc/self/uid_map": "0 1000 1\n1 165536 65536\n"}


def _aliased(address: str, name: str = "host.docker.internal") -> dict[str, str]:
    return {"etc/hosts": f"127.0.0.1 localhost\n{address} {name}\n"}


def _stands(root: Path, files: Mapping[str, str], device: Interface | None = VETH) -> Vantage:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    around = facts.read_network(facts.read(str(root)))
    lo = Interface(name="lo", kind="", addresses=("127.0.0.1", "::1"))
    return vantage.judge(around.replace(interfaces=(lo, device) if device else None))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("127.0.0.1 crate\n::1 crate\n", {"crate"}),
        ("0.0.0.0 crate\n", {"crate"}),
        ("127.0.0.1 Api.LocalHost\n", {"api.localhost"}),
        ("127.0.0.1 prod-store.example.com\n", set()),
        ("0.0.0.0 metrics.example.net\n", set()),
        ("127.0.0.1 localhost.localdomain\n", set()),
        ("127.0.0.1 crate\n10.1.2.3 crate\n", set()),
        ("127.0.0.1 crate\n127.0.1.1 crate\n", set()),
        ("127.0.0.1 host.docker.internal docker.for.mac.localhost\n", set()),
    ],
)
@pytest.mark.parametrize("files", [HOST, BRIDGE], ids=["host", "container"])
def test_which_names_of_the_hosts_file_mean_loopback(
    files: Mapping[str, str], text: str, names: set[str], tmp_path: Path
) -> None:
    assert _stands(tmp_path, {**files, "etc/hosts": text}).loopback_names == names


def test_a_pods_names_are_its_containers(tmp_path: Path) -> None:
    """Podman maps the names of all containers of a namespace to 127.0.0.1: that is no host."""
    at = "/var/lib/containers/storage/overlay-containers"
    mounts = (
        "81 52 0:40 / / rw - overlay overlay rw\n"
        f"87 81 254:0 {at}/{ID}/userdata/.containerenv /run/.containerenv rw - ext4 x rw\n"
        f"90 81 254:0 {at}/{ID.replace('2', '5')}/userdata/hosts /etc/hosts rw - ext4 x rw\n"
    )
    hosts = "127.0.0.1 localhost\n::1 ip6-localhost\n127.0.0.1 store pod-infra\n"
    found = _stands(tmp_path, {**BRIDGE, "proc/self/mountinfo": mounts, "etc/hosts": hosts})
    assert found.network == "shared"
    assert found.loopback_names == {"localhost", "ip6-localhost"}


@pytest.mark.parametrize(
    ("address", "elsewhere"),
    [
        ("172.17.0.1", False),
        ("192.168.65.254", False),
        ("203.0.113.80", True),
        ("8.8.4.4", True),
        ("169.254.169.254", True),
        ("127.0.0.1", True),
        ("0.0.0.0", True),
        ("198.18.0.9", True),
        ("224.0.0.9", True),
        ("not-an-address", True),
    ],
)
def test_an_alias_that_is_no_host_is_not_offered(
    address: str, elsewhere: bool, tmp_path: Path
) -> None:
    found = _stands(tmp_path, {**BRIDGE, **_aliased(address)})
    assert found.aliases_elsewhere == ({"host.docker.internal"} if elsewhere else frozenset())
    assert ("host.docker.internal" in found.host_names) is not elsewhere
    assert ("host.docker.internal" in found.host_address) is not elsewhere
    assert found.host_address[-1] == "172.17.0.1"  # the gateway is


@pytest.mark.parametrize(
    ("files", "device", "address", "offered"),
    [
        ({"proc/net/route": ROUTES}, VETH, "172.18.0.1", True),
        ({"proc/net/route": ONLY_CONNECTED}, VETH, "172.18.0.1", False),
        ({"proc/net/route": ONLY_CONNECTED}, VETH, "172.17.0.1", True),
        ({"proc/net/route": "header\n"}, VETH, "172.17.0.1", False),
        ({"proc/net/route": ROUTES}, VETH, "fd07::1", False),
        ({"proc/net/route": ROUTES, "proc/net/ipv6_route": CONNECTED6}, VETH, "fd07::1", True),
        ({"proc/net/route": ROUTES, "proc/net/ipv6_route": CONNECTED6}, VETH, "fd08::1", False),
        (
            {"proc/net/route": ROUTES, "proc/net/ipv6_route": CONNECTED6 + LINK_LOCAL_DEFAULT6},
            VETH,
            "fd08::1",
            True,
        ),
        ({"proc/net/route": ROUTES}, VETH.replace(kind="macvlan"), "172.18.0.1", False),
        ({"proc/net/route": ROUTES}, VETH.replace(kind="ipvlan"), "172.17.0.1", False),
        ({"proc/net/route": ROUTES}, VETH, "172.17.0.2", False),
        ({}, None, "172.18.0.1", True),
    ],
    ids=[
        "by-the-default-route",
        "internal-network",
        "on-an-internal-network",
        "no-routes-at-all",
        "ipv6-where-there-is-none",
        "ipv6-on-the-network",
        "ipv6-without-a-default",
        "ipv6-by-a-link-local-router",
        "macvlan",
        "ipvlan",
        "our-own-address",
        "routes-that-were-not-captured",
    ],
)
def test_an_alias_without_a_way_to_it_is_not_offered(
    files: Mapping[str, str], device: Interface | None, address: str, offered: bool, tmp_path: Path
) -> None:
    bare = {name: text for name, text in BRIDGE.items() if name != "proc/net/route"}
    found = _stands(tmp_path, {**bare, **_aliased(address), **files}, device)
    assert bool(found.host_names) is offered
    assert ("host.docker.internal" in found.host_address) is offered
    assert not found.aliases_elsewhere


def test_an_alias_keeps_the_addresses_that_lead_somewhere(tmp_path: Path) -> None:
    hosts = "172.17.0.1 host.docker.internal\nfd09::1 host.docker.internal\n"
    found = _stands(tmp_path, {**BRIDGE, "etc/hosts": hosts})
    assert found.host_names == {"host.docker.internal": ("172.17.0.1",)}


def test_on_the_hosts_own_network_an_alias_is_no_other_machine(tmp_path: Path) -> None:
    """Podman writes its aliases there as well, with an address of the host's."""
    files = {**BRIDGE, **PODMAN, "proc/self/ns/net": "net:[4026531833]"}
    hosts = {"etc/hosts": "198.51.100.7 host.containers.internal host.docker.internal\n"}
    found = _stands(tmp_path, {**files, **hosts})
    assert (found.isolation, found.network) == ("podman", "host")
    assert found.host_names == {}
    assert found.host_address == ("localhost",)


def test_podmans_word_for_its_host_counts_in_a_lab(tmp_path: Path) -> None:
    """Podman writes the host's first address, which a lab may take from RFC 5737."""
    hosts = _aliased("198.51.100.7", "host.containers.internal")
    found = _stands(tmp_path, {**BRIDGE, **PODMAN, **hosts, **ROOTLESS})
    assert found.host_address == ("host.containers.internal",)
    public = _aliased("45.33.32.156", "host.containers.internal")
    assert _stands(tmp_path, {**BRIDGE, **PODMAN, **public, **ROOTLESS}).host_address == ()


@pytest.mark.parametrize(
    ("uid_map", "docker", "podman"),
    [
        ("0 0 4294967295\n", True, True),
        ("         0     231072      65536\n", True, True),  # userns-remap, --userns=auto
        ("0 1000 1\n1 165536 65536\n", False, False),  # rootlesskit, podman
        ("0 1000 1\n", False, False),  # a user without subordinate ids
        ("0 1 1000\n1000 0 1\n1001 1001 64536\n", False, False),  # --userns=keep-id, rootless
        ("0 1 1024\n", True, False),  # --userns=auto in a rootless Podman
        ("1000 0 1\n", False, False),
        ("", False, False),
        ("nonsense\n", False, False),
    ],
)
def test_whose_bridge_it_is_by_the_users_map(
    uid_map: str, docker: bool, podman: bool, tmp_path: Path
) -> None:
    files = {**BRIDGE, "proc/self/uid_map": uid_map}
    found = _stands(tmp_path / "docker", files)
    assert ("172.17.0.1" in found.host_address) is docker
    found = _stands(tmp_path / "podman", {**files, **PODMAN})
    assert ("172.17.0.1" in found.host_address) is podman


@pytest.mark.parametrize(
    ("files", "device", "host"),
    [
        ({"proc/net/ipv6_route": CONNECTED6 + DEFAULT6}, VETH, ["172.17.0.1", "fd07::1"]),
        ({"proc/net/ipv6_route": CONNECTED6}, VETH, ["172.17.0.1"]),
        ({"proc/net/ipv6_route": CONNECTED6 + LINK_LOCAL_DEFAULT6}, VETH, ["172.17.0.1"]),
        ({"proc/net/ipv6_route": DEFAULT6}, VETH.replace(kind="macvlan"), []),
        (
            {"proc/net/route": ONLY_CONNECTED, "proc/net/ipv6_route": CONNECTED6 + DEFAULT6},
            VETH,
            ["fd07::1"],
        ),
        ({"proc/net/ipv6_route": DEFAULT6.replace("eth0", "wg1")}, VETH, []),
        ({"proc/net/ipv6_route": LINK_LOCAL_DEFAULT6.replace("eth0", "wg1")}, VETH, []),
    ],
    ids=["both", "no-default", "a-router", "macvlan", "ipv6-alone", "vpn", "vpn-by-a-router"],
)
def test_the_gateway_of_each_family(
    files: Mapping[str, str], device: Interface, host: list[str], tmp_path: Path
) -> None:
    assert list(_stands(tmp_path, {**BRIDGE, **files}, device).host_address) == host


INTERNAL = {**BRIDGE, **USER, "proc/net/route": ONLY_CONNECTED}


@pytest.mark.parametrize(
    ("files", "device", "guesses"),
    [
        (INTERNAL, VETH, ("172.17.0.1", "fd07::1")),
        ({**INTERNAL, **_aliased("172.18.0.1")}, VETH, ("172.17.0.1", "fd07::1")),
        ({**INTERNAL, **REMAPPED}, VETH, ("172.17.0.1", "fd07::1")),
        ({**INTERNAL, **ROOTLESS}, VETH, ()),
        (INTERNAL, VETH.replace(kind="macvlan"), ()),
        (INTERNAL, VETH.replace(addresses=("172.17.0.1", "fd07::1")), ()),
        (INTERNAL, VETH.replace(networks=("172.17.0.2/32",)), ()),
        ({**BRIDGE, **USER}, VETH, ()),
        ({**INTERNAL, "proc/sys/kernel/osrelease": "6.10.14-linuxkit\n"}, VETH, ()),
        ({**INTERNAL, **PODMAN}, VETH, ()),
        (INTERNAL, None, ()),
    ],
    ids=[
        "docker",
        "with-an-alias-that-leads-nowhere",
        "userns-remap",
        "rootless",
        "macvlan",
        "we-have-that-address",
        "one-address",
        "a-default-route",
        "docker-desktop",
        "podman",
        "interfaces-not-known",
    ],
)
def test_on_an_internal_network_the_first_address_may_be_the_host(
    files: Mapping[str, str], device: Interface | None, guesses: tuple[str, ...], tmp_path: Path
) -> None:
    found = _stands(tmp_path, files, device)
    assert found.maybe_host == guesses
    assert not set(found.host_address) & set(guesses)


@pytest.mark.parametrize(
    ("files", "guesses"),
    [
        (ROOTLESS, ("169.254.1.2",)),
        ({**ROOTLESS, "proc/net/route": ONLY_CONNECTED}, ()),
        ({}, ()),
        (REMAPPED, ()),
    ],
    ids=["rootless", "rootless-without-a-route", "as-root", "as-root-with-a-map"],
)
def test_pastas_address_of_the_host_where_there_is_no_hosts_file(
    files: Mapping[str, str], guesses: tuple[str, ...], tmp_path: Path
) -> None:
    found = _stands(tmp_path, {**BRIDGE, **PODMAN, "etc/hosts": "", **files})
    assert found.isolation == "podman"
    assert found.maybe_host == guesses


def test_containerds_image_store(tmp_path: Path) -> None:
    """Docker's own binds are replaced by the user's: the root file system still tells."""
    upper = "/data/io.containerd.snapshotter.v1.overlayfs/snapshots/712/fs"
    mounts = f"90 50 0:39 / / rw - overlay overlay rw,lowerdir=/x,upperdir={upper}\n"
    files = {**BRIDGE, "proc/self/mountinfo": mounts, "proc/self/ns/pid": "pid:[4026532406]"}
    assert _stands(tmp_path, files).isolation == "docker"
    (tmp_path / ".dockerenv").unlink()
    found = vantage.judge(facts.read(str(tmp_path)))
    assert found.isolation == "sandbox"  # nerdctl, or whoever else uses containerd


@pytest.mark.parametrize(("gateway", "naming"), [("010058AC", "podman"), ("0100580A", "plain")])
def test_a_name_server_on_podmans_gateway(gateway: str, naming: str, tmp_path: Path) -> None:
    """On Podman's default network, 10.88.0.0/16, it is one of the host's own."""
    number = ".".join(str(byte) for byte in reversed(bytes.fromhex(gateway)))
    routes = ROUTES.replace("010011AC", gateway)
    resolver = f"search shop.test\nnameserver {number}\n"
    files = {**BRIDGE, **PODMAN, "proc/net/route": routes, "etc/resolv.conf": resolver}
    assert _stands(tmp_path, files).naming == naming


def test_link_local_networks_are_no_container_networks(tmp_path: Path) -> None:
    zeroconf = "eth0\t0000FEA9\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n"
    found = _stands(tmp_path, {**BRIDGE, "proc/net/route": ROUTES + zeroconf})
    assert found.subnets == ("172.17.0.0/16", "fd07::/64")

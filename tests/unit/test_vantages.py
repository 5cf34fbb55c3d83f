"""Judging where a process stands: roots made of a few files, and what may not mislead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hostshift import detect
from hostshift.config.choices import ISOLATIONS, NAMINGS, NETWORKS
from hostshift.detect import evidence, facts, rootfs, sources, vantage
from hostshift.detect.interface import Interface

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hostshift import Vantage

ID = "2837bb78fbba7558051e626cd542efabf4dd7382ccfad72c765172622e2477f8"
OTHER_ID = ID.replace("2", "3")
INITIAL = {
    "proc/self/ns/pid": "pid:[4026531836]",
    "proc/self/ns/uts": "uts:[4026531838]",
    "proc/self/ns/ipc": "ipc:[4026531839]",
    "proc/self/ns/cgroup": "cgroup:[4026531835]",
}
HOST = {
    **INITIAL,
    "proc/self/ns/net": "net:[4026531833]",
    "proc/self/mountinfo": "27 1 254:0 / / rw - ext4 /dev/vda rw\n",
    "etc/hosts": "127.0.0.1 localhost box\n",
    "proc/self/uid_map": "0 0 4294967295",
}
OLD_HOST = {**HOST, "proc/self/ns/net": "net:[4026531992]"}
SYSCTLS = {f"proc/sys/{name}": "1" for name in sources.INITIAL_ONLY_SYSCTLS}


def _binds(at: str) -> str:
    names = ("resolv.conf", "hostname", "hosts")
    lines = [
        f"12{n} 90 254:0 {at}/{name} /etc/{name} rw - ext4 /dev/vda rw"
        for n, name in enumerate(names)
    ]
    return "90 50 0:39 / / rw - overlay overlay rw,upperdir=/x/overlay2/1/diff\n" + "\n".join(lines)


DEFAULT_ROUTE = "eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
ROUTES = "header\n" + DEFAULT_ROUTE + "eth0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n"
DEVICES = "header\nheader\n    lo: 0 0\n  eth0: 0 0\n"
BRIDGE = {
    "proc/self/ns/pid": "pid:[4026532406]",
    "proc/self/ns/net": "net:[4026532407]",
    "proc/self/mountinfo": _binds(f"/srv/docker/containers/{ID}"),
    "proc/self/uid_map": "0 0 4294967295",
    "proc/sys/net/core/somaxconn": "4096",
    "proc/net/route": ROUTES,
    "proc/net/dev": DEVICES,
    "etc/hosts": "127.0.0.1 localhost\n172.17.0.2 2837bb78fbba\n",
    "etc/resolv.conf": "nameserver 192.0.2.53\n",
    ".dockerenv": "",
}
ALIAS = {"etc/hosts": "127.0.0.1 localhost\n172.17.0.1 host.docker.internal\n"}
USER = {"etc/resolv.conf": "nameserver 127.0.0.11\noptions ndots:0\n"}
KUBELET = {"etc/hosts": "# Kubernetes-managed hosts file.\n127.0.0.1 localhost\n"}
PODMAN = {
    "proc/self/mountinfo": _binds(f"/var/lib/containers/storage/overlay-containers/{ID}/userdata"),
    "etc/hosts": "127.0.0.1 localhost\n10.88.0.1 host.containers.internal host.docker.internal\n",
}


def _judge(root: Path, files: Mapping[str, str], kinds: Mapping[str, str] | None = None) -> Vantage:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    around = facts.read_network(facts.read(str(root)))
    if kinds is not None:
        devices = tuple(Interface(name=name, kind=kind) for name, kind in kinds.items())
        around = around.replace(interfaces=devices)
    return vantage.judge(around)


@pytest.mark.parametrize(
    ("files", "answers", "host"),
    [
        (HOST, ("none", "host", "host"), ["localhost"]),
        ({**HOST, ".dockerenv": ""}, ("none", "host", "host"), ["localhost"]),
        (OLD_HOST, ("none", "host", "host"), ["localhost"]),
        ({**OLD_HOST, **SYSCTLS}, ("none", "host", "host"), ["localhost"]),
        (BRIDGE, ("docker", "own", "plain"), ["172.17.0.1"]),
        ({**BRIDGE, **ALIAS}, ("docker", "own", "plain"), ["host.docker.internal", "172.17.0.1"]),
        ({**BRIDGE, **USER}, ("docker", "own", "docker"), ["172.17.0.1"]),
        ({**BRIDGE, **SYSCTLS}, ("docker", "host", "host"), ["localhost"]),
        (
            {**BRIDGE, "proc/net/dev": "h\nh\n lo: 0\n sit0: 0\n", "proc/net/route": "header\n"},
            ("docker", "isolated", "plain"),
            [],
        ),
        (
            {**BRIDGE, **USER, "proc/self/cgroup": f"1:cpu:/docker/{OTHER_ID}\n"},
            ("docker", "shared", "docker"),
            ["172.17.0.1"],
        ),
        (
            {**BRIDGE, "proc/self/uid_map": "0 1000 1\n1 100000 65536\n"},
            ("docker", "own", "plain"),
            [],
        ),
        (
            {**BRIDGE, **PODMAN},
            ("podman", "own", "plain"),
            ["host.containers.internal", "172.17.0.1"],
        ),
        ({**BRIDGE, **KUBELET}, ("kubernetes", "own", "plain"), []),
        (
            {
                **BRIDGE,
                "proc/self/mountinfo": "1 0 0:1 / / rw - ext4 /dev/sda rw\n",
                "proc/self/ns/pid": "pid:[4026532999]",
                ".dockerenv": "",
            },
            ("docker", "own", "plain"),
            ["172.17.0.1"],
        ),
        ({}, ("unknown", "unknown", "unknown"), []),
    ],
    ids=[
        "host",
        "host-with-a-stale-dockerenv",
        "host-before-6.17",
        "host-before-6.17-with-sysctls",
        "bridge",
        "bridge-with-host-gateway",
        "user-network",
        "host-network",
        "no-network",
        "another-containers-network",
        "rootless",
        "podman",
        "pod",
        "only-weak-signs",
        "nothing-known",
    ],
)
def test_answers(
    files: Mapping[str, str], answers: tuple[str, str, str], host: list[str], tmp_path: Path
) -> None:
    found = _judge(tmp_path, files)
    assert (found.isolation, found.network, found.naming) == answers
    assert list(found.host_address) == host


def test_podmans_files_of_another_container_say_shared(tmp_path: Path) -> None:
    at = "/var/lib/containers/storage/overlay-containers"
    mounts = "\n".join(
        (
            "81 52 0:40 / / rw - overlay overlay rw",
            f"87 81 254:0 {at}/{OTHER_ID}/userdata/.containerenv /run/.containerenv rw - ext4 x rw",
            f"88 81 254:0 {at}/{OTHER_ID}/userdata/hostname /etc/hostname rw - ext4 x rw",
            f"89 81 254:0 {at}/{ID}/userdata/resolv.conf /etc/resolv.conf rw - ext4 x rw",
            f"90 81 254:0 {at}/{ID}/userdata/hosts /etc/hosts rw - ext4 x rw",
        )
    )
    shared = {**BRIDGE, **PODMAN, "proc/self/mountinfo": mounts}
    found = _judge(tmp_path, shared)
    assert found.network == "shared"
    assert found.own_ids == (ID, OTHER_ID)  # that of the network first
    own = {**shared, "proc/self/mountinfo": mounts.replace(OTHER_ID, ID)}
    assert _judge(tmp_path, own).network == "own"


def test_a_host_that_runs_containers_is_none(tmp_path: Path) -> None:
    mounts = (
        HOST["proc/self/mountinfo"]
        + f"80 27 0:40 / /var/lib/docker/overlay2/{ID}/merged rw - overlay overlay rw\n"
        + f"81 27 0:4 net:[4026532407] /run/docker/netns/{ID[:12]} rw - nsfs nsfs rw\n"
        + f"82 27 0:9 /containers/{ID}/hosts /var/lib/docker/containers/{ID}/hosts rw - ext4 x rw\n"
    )
    found = _judge(tmp_path, {**HOST, "proc/self/mountinfo": mounts, "proc/self/ns/uts": ""})
    assert (found.isolation, found.network) == ("none", "host")


@pytest.mark.parametrize(
    ("kind", "host"), [("veth", ["172.17.0.1"]), ("macvlan", []), ("ipvlan", []), ("", [])]
)
def test_the_gateway_is_the_host_only_behind_a_veth(
    kind: str, host: list[str], tmp_path: Path
) -> None:
    found = _judge(tmp_path, BRIDGE, {"lo": "", "eth0": kind})
    assert list(found.host_address) == host


def test_the_gateway_is_not_the_host_where_a_vpn_holds_the_default(tmp_path: Path) -> None:
    routes = ROUTES + DEFAULT_ROUTE.replace("eth0", "wg0")
    found = _judge(tmp_path, {**BRIDGE, "proc/net/route": routes}, {"eth0": "veth"})
    assert found.host_address == ()


def test_a_pod_rewrites_nothing(tmp_path: Path) -> None:
    assert not _judge(tmp_path, {**BRIDGE, **KUBELET}).has_host_beyond


def test_names_that_the_hosts_file_maps_to_loopback(tmp_path: Path) -> None:
    found = _judge(tmp_path, {**HOST, "etc/hosts": "127.0.0.1 Box\n::1 six\n127.0.0.53 stub\n"})
    assert found.loopback_names == {"box", "six"}


def test_an_unreadable_root_is_unknown_and_no_error(tmp_path: Path) -> None:
    (tmp_path / "proc").write_text("a file where a directory is wanted")
    found = vantage.judge(facts.read(str(tmp_path)))
    assert (found.isolation, found.network, found.naming) == ("unknown",) * 3
    assert vantage.judge(facts.read(str(tmp_path / "missing"))).host_address == ()


def test_odd_files_are_facts(tmp_path: Path) -> None:
    etc = tmp_path / "etc"
    etc.mkdir()
    (etc / "hosts").write_bytes(b"\xff\xfe\0 localhost\n" * 1000)
    (etc / "resolv.conf").mkdir()
    found = vantage.judge(facts.read(str(tmp_path)))
    assert found.naming == "unknown"


def test_this_machine_is_read_without_an_error() -> None:
    found = vantage.judge(facts.read())
    questions = {"isolation", "network", "naming", "host_address", "platform"}
    assert set(found.as_dict()) == {*questions, "evidence", "odd"}
    assert len(found.evidence) >= 3


def test_docker_desktops_gateway_is_not_its_users_machine(tmp_path: Path) -> None:
    release = {"proc/sys/kernel/osrelease": "6.10.14-linuxkit\n"}
    found = _judge(tmp_path, {**BRIDGE, **release}, {"eth0": "veth"})
    assert found.host_address == ("host.docker.internal",)


PLATFORMS = {
    "docker-desktop": {"proc/sys/kernel/osrelease": "6.10.14-linuxkit\n"},
    "docker-desktop by its DNS": {"etc/resolv.conf": "nameserver 192.168.65.7\n"},
    "docker-desktop by Docker's note": {
        "etc/resolv.conf": "nameserver 127.0.0.11\n# ExtServers: [host(192.168.65.7)]\n"
    },
    "orbstack": {"proc/sys/kernel/osrelease": "6.7.11-orbstack-00143-ge6b82e26cd22\n"},
    "lima": {"etc/resolv.conf": "nameserver 192.168.5.3\n"},
    "github-actions": {"proc/self/environ": "GITHUB_ACTIONS=true\0"},
    "codespaces": {"proc/self/environ": "CODESPACES=true\0GITHUB_ACTIONS=true\0"},
    "wsl": {"proc/sys/kernel/osrelease": "5.15.167.4-microsoft-standard-WSL2\n"},
    "unknown": {"proc/sys/kernel/osrelease": "6.18.0\n"},
}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_platform_and_how_it_reaches_the_host(platform: str, tmp_path: Path) -> None:
    """Where the engine runs in a virtual machine, its gateway is not the user's machine."""
    found = _judge(tmp_path, {**BRIDGE, **PLATFORMS[platform]}, {"eth0": "veth"})
    assert found.platform == platform.partition(" ")[0]
    guest = found.platform in ("docker-desktop", "orbstack", "lima")
    assert found.host_address[0] == ("host.docker.internal" if guest else "172.17.0.1")
    assert ("172.17.0.1" in found.host_address) is not guest


def test_docker_desktops_alias_is_only_for_its_containers(tmp_path: Path) -> None:
    files = {**BRIDGE, **KUBELET, **PLATFORMS["docker-desktop"]}
    assert _judge(tmp_path, files, {"eth0": "veth"}).host_address == ()


@pytest.mark.parametrize("kind", ["tun", "wireguard", "ppp"])
def test_a_vpn_is_known_by_its_kind_whatever_its_name(kind: str, tmp_path: Path) -> None:
    routes = ROUTES + DEFAULT_ROUTE.replace("eth0", "office")
    kinds = {"eth0": "veth", "office": kind}
    assert _judge(tmp_path, {**BRIDGE, "proc/net/route": routes}, kinds).host_address == ()


def test_ipv6_alone(tmp_path: Path) -> None:
    """A container on an IPv6-only bridge: the gateway and the network are found."""
    zero = "0" * 32
    routes6 = f"{zero} 00 {zero} 00 fd000000000000000000000000000001 00000400 1 0 00000003 eth0\n"
    files = {**BRIDGE, "proc/net/route": "header\n", "proc/net/ipv6_route": routes6}
    device = Interface(name="eth0", kind="veth", addresses=("fd00::2",), networks=("fd00::/64",))
    _judge(tmp_path, files)
    around = facts.read_network(facts.read(str(tmp_path)))
    found = vantage.judge(around.replace(interfaces=(device,)))
    assert found.host_address == ("fd00::1",)
    assert found.subnets == ("fd00::/64",)
    assert found.own_addresses == {"fd00::2"}


def test_dockers_name_server_is_seen_by_its_listener(tmp_path: Path) -> None:
    """The resolver's file was replaced; what listens on 127.0.0.11 still tells."""
    row = "sl\n0: 0B00007F:AE35 00000000:0000 0A 0 0 0 0 0 41204 1\n"
    _judge(tmp_path, {**BRIDGE, "proc/net/tcp": row})
    found = vantage.judge(facts.read_network(facts.read(str(tmp_path))))
    assert (found.network, found.naming) == ("own", "docker")


def test_own_ids_are_those_of_the_engines_binds(tmp_path: Path) -> None:
    assert _judge(tmp_path / "docker", BRIDGE).own_ids == (ID,)
    assert _judge(tmp_path / "podman", {**BRIDGE, **PODMAN}).own_ids == (ID,)
    assert _judge(tmp_path / "host", HOST).own_ids == ()


def test_a_kata_machines_first_namespace_is_its_containers(tmp_path: Path) -> None:
    mounts = "1 0 0:1 /x-hosts /etc/hosts rw - virtiofs kataShared rw\n"
    files = {**OLD_HOST, **SYSCTLS, "proc/self/mountinfo": mounts}
    found = _judge(tmp_path, {**files, "proc/self/ns/pid": "pid:[4026532999]"})
    assert (found.isolation, found.network) == ("kata", "own")


def test_aardvark_without_its_search_domain(tmp_path: Path) -> None:
    resolver = {"etc/resolv.conf": "search example.com\nnameserver 172.17.0.1\n"}
    assert _judge(tmp_path, {**BRIDGE, **PODMAN, **resolver}).naming == "podman"
    assert _judge(tmp_path, {**BRIDGE, **resolver}).naming != "podman"


@pytest.mark.parametrize("name", ["lxc", "systemd-nspawn"])
def test_what_systemd_was_told_of_its_container(name: str, tmp_path: Path) -> None:
    files = {"proc/self/ns/pid": "pid:[4026532406]", "run/systemd/container": f"{name}\n"}
    assert _judge(tmp_path, files).isolation == name.removeprefix("systemd-")


def test_what_the_user_says_goes_first(tmp_path: Path) -> None:
    _judge(tmp_path, HOST)
    declared = {"isolation": "docker", "network": "own"}
    found = detect.detect(str(tmp_path), declared)
    assert (found.isolation, found.network, found.naming) == ("docker", "own", "plain")
    weights = {one.question: one.weight for one in found.evidence}
    assert weights == {"isolation": "declared", "network": "declared", "naming": "strong"}


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "etc" / "hosts").mkdir(parents=True)
    found = _judge(tmp_path, {"etc/resolv.conf": "x" * rootfs.MOST_BYTES})
    assert found.odd == ("etc/hosts (Is a directory)", "etc/resolv.conf (longer than 4 MiB)")


def test_every_answer_can_be_set() -> None:
    tables = {
        ISOLATIONS: evidence.ISOLATION,
        NETWORKS: evidence.NETWORK,
        NAMINGS: evidence.NAMING,
    }
    for allowed, table in tables.items():
        assert {row.answer for row in table} <= set(allowed)


def test_every_row_names_its_source() -> None:
    for table in (evidence.ISOLATION, evidence.NETWORK, evidence.NAMING, evidence.PLATFORM):
        assert all(row.source and row.weight for row in table)

"""The kernel's and the resolver's files: what is read, and that odd ones do no harm."""

from __future__ import annotations

import pytest

from hostshift.detect import procfs


def test_mounts() -> None:
    line = (
        "120 90 254:0 /srv/with\\040blank/hosts /etc/hosts rw,relatime shared:1 master:2"
        " - ext4 /dev/vda rw,discard"
    )
    other = line.replace("/etc/hosts", "/etc/passwd")
    (found,) = procfs.mounts_on(f"{other}\n{line}\n{other}", ("/etc/hosts", "/"))
    assert found.root == "/srv/with blank/hosts"
    assert (found.point, found.fstype, found.source) == ("/etc/hosts", "ext4", "/dev/vda")
    assert found.options == "rw,discard"


def test_mounts_keep_their_order() -> None:
    lines = [
        f"1 0 0:1 {root} / r{mode} - overlay x rw" for root, mode in (("/a", "o"), ("/b", "w"))
    ]
    found = procfs.mounts_on("\n".join(lines), ("/",))
    assert [mount.root for mount in found] == ["/a", "/b"]


def test_mounts_of_a_type() -> None:
    (found,) = procfs.mounts_of("1 0 0:1 / /proc/stat rw - fuse.lxcfs lxcfs rw", "fuse.lxcfs")
    assert found.point == "/proc/stat"


def test_cgroup_segments() -> None:
    text = "2:cpu,cpuacct:/docker/1234\n1:name=systemd:/\n0::/a:b/c\n"
    assert procfs.cgroup_segments(text) == ("docker", "1234", "a:b", "c")


def test_hosts_file() -> None:
    found = procfs.hosts_file(
        "# Kubernetes-managed hosts file.\n127.0.0.1 localhost Other # aside\n::1 localhost\n\n"
    )
    assert found.names == {"localhost": ("127.0.0.1", "::1"), "other": ("127.0.0.1",)}
    assert found.comments == ("Kubernetes-managed hosts file.",)


def test_resolver_config() -> None:
    found = procfs.resolver_config(
        "nameserver 127.0.0.11\nsearch a.test b.test\noptions ndots:0\n"
        "# Based on host file: '/etc/resolv.conf' (internal resolver)\n"
    )
    assert found.nameservers == ("127.0.0.11",)
    assert found.search == ("a.test", "b.test")
    assert found.comments[-1].endswith("(internal resolver)")


ROUTES = """Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT
eth0\t00000000\t010012AC\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t000012AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
lo\t0000007F\t00000000\t0201\t0\t0\t0\t000000FF\t0\t0\t0
"""


def test_routes() -> None:
    found = procfs.routes(ROUTES)
    assert [(route.network, route.gateway) for route in found] == [
        ("0.0.0.0/0", "172.18.0.1"),
        ("172.18.0.0/16", None),
    ]
    assert procfs.subnets(found) == ("172.18.0.0/16",)
    assert [route.gateway for route in procfs.default_routes(found)] == ["172.18.0.1"]


ROUTES6 = """\
fd000000000000000000000000000000 40 {0} 00 {0} 00000100 1 0 00000001 eth0
fe800000000000000000000000000000 40 {0} 00 {0} 00000100 1 0 00000001 eth0
{0} 00 {0} 00 fd000000000000000000000000000001 00000400 1 0 00000003 eth0
{0} 00 {0} 00 fe800000000000000000000000000001 00000400 1 0 00000003 eth0
{0} 00 {0} 00 {0} ffffffff 1 0 00200200 lo
fd000000000000000000000000000002 80 {0} 00 {0} 00000000 1 0 80000001 eth0
ff000000000000000000000000000000 08 {0} 00 {0} 00000100 1 0 00000001 eth0
""".format("0" * 32)


def test_routes_of_ipv6() -> None:
    found = procfs.routes6(ROUTES6)
    assert [(route.network, route.gateway) for route in found] == [
        ("fd00::/64", None),
        ("::/0", "fd00::1"),
    ]
    assert procfs.subnets(found) == ("fd00::/64",)
    both = procfs.default_routes((*found, *procfs.routes(ROUTES)))
    assert [route.gateway for route in both] == ["172.18.0.1", "fd00::1"]


def test_a_default_route_without_a_gateway_is_no_network_to_dial_in() -> None:
    tunnel = "tun0 00000000 00000000 0001 0 0 0 00000000 0 0 0\n"
    assert procfs.subnets(procfs.routes(ROUTES + tunnel)) == ("172.18.0.0/16",)


def test_devices() -> None:
    assert procfs.devices("head\nhead\n    lo: 1 2\n  eth0:3\n") == ("lo", "eth0")
    assert procfs.devices(None) is None


def test_environ() -> None:
    assert procfs.environ("a=1\0b=x=y\0odd\0") == {"a": "1", "b": "x=y"}


def test_a_vpn_that_halves_the_default_goes_first() -> None:
    halves = "tun0 00000000 01000A0A 0003 0 0 0 00000080 0 0 0\n"
    found = procfs.default_routes(procfs.routes(ROUTES + halves))
    assert [route.interface for route in found] == ["tun0", "eth0"]


def test_listeners() -> None:
    header = "  sl  local_address rem_address   st\n"
    row = "0: 0B00007F:AE35 00000000:0000 0A 0:0 00:0 0 0 0 41204 1\n"
    established = row.replace(" 0A ", " 01 ")
    six = "1: 00000000000000000000000001000000:1538 0:0 0A 0:0 00:0 0 0 0 7 1\n"
    found = procfs.listeners(header + row + established + six)
    assert [(one.address, one.port, one.inode) for one in found] == [
        ("127.0.0.11", 44597, 41204),
        ("::1", 5432, 7),
    ]


@pytest.mark.parametrize(
    ("text", "identity"),
    [
        ("         0          0 4294967295\n", True),
        ("         0       1000          1\n", False),
        ("0 0 1\n", False),
        ("", False),
    ],
)
def test_uid_map(text: str, identity: bool) -> None:
    assert procfs.identity_uid_map(text) is identity


def test_port_range() -> None:
    assert procfs.port_range("32768\t60999\n") == (32768, 60999)
    assert procfs.port_range("x y") is None

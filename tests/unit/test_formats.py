"""The kernel's and the resolver's files: what is read, and that odd ones do no harm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostshift import formats

READERS = [
    formats.mounts,
    formats.hosts_file,
    formats.resolver_config,
    formats.routes,
    formats.listeners,
    formats.identity_uid_map,
    formats.port_range,
]


def test_mounts() -> None:
    line = (
        "120 90 254:0 /srv/with\\040blank/hosts /etc/hosts rw,relatime shared:1 master:2"
        " - ext4 /dev/vda rw,discard"
    )
    (found,) = formats.mounts(line)
    assert found.root == "/srv/with blank/hosts"
    assert (found.point, found.fstype, found.source) == ("/etc/hosts", "ext4", "/dev/vda")
    assert found.options == "rw,discard"


def test_hosts_file() -> None:
    found = formats.hosts_file(
        "# Kubernetes-managed hosts file.\n127.0.0.1 localhost Other # aside\n::1 localhost\n\n"
    )
    assert found.names == {"localhost": ("127.0.0.1", "::1"), "other": ("127.0.0.1",)}
    assert found.comments == ("Kubernetes-managed hosts file.",)


def test_resolver_config() -> None:
    found = formats.resolver_config(
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
    found = formats.routes(ROUTES)
    assert [(route.network, route.gateway) for route in found] == [
        ("0.0.0.0/0", "172.18.0.1"),
        ("172.18.0.0/16", None),
    ]
    assert formats.subnets(found) == ("172.18.0.0/16",)
    assert [route.gateway for route in formats.default_routes(found)] == ["172.18.0.1"]


def test_a_vpn_that_halves_the_default_goes_first() -> None:
    halves = "tun0 00000000 01000A0A 0003 0 0 0 00000080 0 0 0\n"
    found = formats.default_routes(formats.routes(ROUTES + halves))
    assert [route.interface for route in found] == ["tun0", "eth0"]


def test_listeners() -> None:
    header = "  sl  local_address rem_address   st\n"
    row = "0: 0B00007F:AE35 00000000:0000 0A 0:0 00:0 0 0 0 41204 1\n"
    established = row.replace(" 0A ", " 01 ")
    six = "1: 00000000000000000000000001000000:1538 0:0 0A 0:0 00:0 0 0 0 7 1\n"
    found = formats.listeners(header + row + established + six)
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
    assert formats.identity_uid_map(text) is identity


def test_port_range() -> None:
    assert formats.port_range("32768\t60999\n") == (32768, 60999)
    assert formats.port_range("x y") is None


@given(st.text() | st.text(st.sampled_from("0aF:./[]-#= \t\n\\\0"), max_size=200))
def test_odd_files_do_no_harm(text: str) -> None:
    for read in READERS:
        read(text)


@given(st.lists(st.sampled_from([*ROUTES.split(), "-", "0A", "/etc/hosts", "nameserver"])))
def test_shuffled_files_do_no_harm(words: list[str]) -> None:
    for text in (" ".join(words), "\n".join(words), "\n" + " ".join(words)):
        for read in READERS:
            read(text)

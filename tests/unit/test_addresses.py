"""Which spellings mean loopback, and that numbers are read as the C library reads them."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostshift import Policy
from hostshift.base import addresses
from hostshift.resolution import resolver

if TYPE_CHECKING:
    from hostshift_pytest import Pretend


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LocalHost",
        "localhost.",
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "0X7F.0.0.1",
        "017700000001",
        "2130706433",
        "0.0.0.0",
        "0",
        "::1",
        "0:0:0:0:0:0:0:1",
        "::",
        "::ffff:127.0.0.1",
        "::ffff:7f00:1",
    ],
)
def test_loopback(host: str) -> None:
    assert addresses.is_loopback(host)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.2",
        "127.0.0.11",
        "127.0.0.53",
        "128.0.0.1",
        "localhost.localdomain",
        "a.localhost",
        "localhosts",
        "127.0.0.1.example",
        "1.2.3.4.5",
        "0x0x1",
        "+1",
        "1_0",
        "::2",
        "::ffff:127.0.0.11",
        "fe80::1%lo",
        "",
        ":",
    ],
)
def test_not_loopback(host: str) -> None:
    assert not addresses.is_loopback(host)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("10.9.8.7", (4, 0x0A090807)),
        ("10.591879", (4, 0x0A090807)),
        ("::ffff:10.9.8.7", (4, 0x0A090807)),
        ("::FFFF:a09:807", (4, 0x0A090807)),
        ("fd00::7", (6, 0xFD00 << 112 | 7)),
        ("fd00:0::0007", (6, 0xFD00 << 112 | 7)),
        ("db", None),
        ("fe80::1%eth0", None),
    ],
)
def test_the_value_of_an_address(host: str, expected: tuple[int, int] | None) -> None:
    assert addresses.value(host) == expected


def test_a_host_alias_may_end_with_a_dot() -> None:
    assert addresses.is_host_alias("Host.Docker.Internal.")
    assert not addresses.is_host_alias("host.docker.internal..")


def test_names_of_the_hosts_file_are_loopback_too() -> None:
    assert addresses.is_loopback("IP6-Localhost", {"ip6-localhost"})


@given(st.text(st.sampled_from("0123789aAfFxX.+-_ "), max_size=14))
def test_numbers_are_read_as_the_c_library_reads_them(text: str) -> None:
    try:
        expected = int.from_bytes(socket.inet_aton(text), "big")
    except OSError:
        assert addresses.ipv4_value(text) is None
        return
    # The C library also takes what follows a blank, and zeros without end.
    if " " not in text and all(len(part) < 12 for part in text.split(".")):
        assert addresses.ipv4_value(text) == expected


@pytest.mark.parametrize(
    ("host", "versions"),
    [
        ("localhost", (4, 6)),
        ("127.1", (4,)),
        ("0.0.0.0", (4,)),
        ("::1", (6,)),
        ("::", (6,)),
        ("::ffff:127.0.0.1", (4,)),
    ],
)
def test_families(host: str, versions: tuple[int, ...]) -> None:
    assert addresses.loopback_families(host) == versions


@pytest.mark.parametrize(
    ("address", "subnets", "inside"),
    [
        ("172.17.0.2", ["172.17.0.0/16"], True),
        ("172.18.0.2", ["172.17.0.0/16"], False),
        ("fd00::2", ["172.17.0.0/16", "fd00::/64"], True),
        ("db", ["172.17.0.0/16"], False),
        ("172.17.0.2", [], False),
    ],
)
def test_subnets(address: str, subnets: list[str], inside: bool) -> None:
    assert addresses.in_subnets(address, subnets) is inside


def test_format() -> None:
    assert addresses.format_address("::1", 80) == "[::1]:80"
    assert addresses.format_address("db", None) == "db"


@pytest.mark.parametrize(
    "number",
    [
        "10.9.8.7",
        "172.31.255.255",
        "192.168.0.1",
        "100.64.3.2",
        "127.0.0.1",
        "127.0.0.53",
        "169.254.1.2",
        "0.250.250.254",
        "198.19.249.3",
        "::1",
        "fd12:3456::1",
        "fe80::1",
        "fe80::1%eth0",
        "::ffff:10.9.8.7",
    ],
)
def test_private(number: str) -> None:
    assert addresses.is_private(number)


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        ("192.0.2.77", "documentation"),
        ("198.51.100.77", "documentation"),
        ("203.0.113.77", "documentation"),
        ("2001:db8:7::7", "documentation"),
        ("3fff:7::7", "documentation"),
        ("::ffff:203.0.113.77", "documentation"),
        ("198.18.7.7", "special"),
        ("224.0.0.251", "special"),
        ("ff02::fb", "special"),
        ("240.0.0.1", "special"),
        ("255.255.255.255", "special"),
        ("0.0.0.0", "special"),
        ("0.1.2.3", "special"),
        ("::", "special"),
        ("192.0.0.8", "special"),
        ("169.254.169.254", "metadata"),
        ("169.254.170.2", "metadata"),
        ("100.100.100.200", "metadata"),
        ("168.63.129.16", "metadata"),
        ("fd00:ec2::254", "metadata"),
        ("fd20:ce::254", "metadata"),
        ("::ffff:169.254.169.254", "metadata"),
        ("8.8.4.4", "public"),
        ("172.32.0.1", "public"),
        ("100.128.0.1", "public"),
        ("192.0.3.1", "public"),
        ("2606:4700::1", "public"),
        ("::ffff:8.8.4.4", "public"),
        ("64:ff9b::a00:1", "public"),
        ("store", None),
        ("", None),
        ("10.1", None),
        ("010.0.0.1", None),
    ],
)
def test_not_private(number: str, kind: str | None) -> None:
    assert addresses.kind(number) == kind
    assert not addresses.is_private(number)


def test_every_range_is_one_and_names_its_source() -> None:
    assert all(source for _, _, source in addresses._RANGES)
    ranges = [ip_network(text) for text, _, _ in addresses._RANGES]
    assert len(set(ranges)) == len(ranges)


@given(st.ip_addresses())
def test_the_first_range_decides(number: IPv4Address | IPv6Address) -> None:
    plain = (number.ipv4_mapped or number) if isinstance(number, IPv6Address) else number
    kinds = [kind for text, kind, _ in addresses._RANGES if plain in ip_network(text)]
    assert addresses.kind(str(number)) == [*kinds, "public"][0]


def test_a_subnet_that_is_none_is_passed_over() -> None:
    assert addresses.in_subnets("172.17.0.2", ["nonsense", "172.17.0.0/16"])


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("::FFFF:a00:1", "10.0.0.1"),
        ("0:0:0:0:0:ffff:0a00:0001", "10.0.0.1"),
        *((host, host) for host in ("10.0.0.1", "::1", "fd00::1", "db", "", "::ffff:10.0.0.1%lo")),
    ],
)
def test_ipv4_inside_ipv6(host: str, expected: str) -> None:
    assert addresses.unmapped(host) == expected


@pytest.mark.parametrize("host", ["::ffff:172.17.0.2", "::ffff:ac11:2"])
def test_my_own_address_inside_ipv6_is_mine(host: str, pretend: Pretend) -> None:
    pretend("bridge")
    assert resolver.current().address(host, 5432).target.kind == "here"


@pytest.mark.parametrize("host", ["127.0.0.11", "::ffff:127.0.0.11", "::ffff:7f00:b"])
def test_the_rest_of_127_is_no_service(host: str, pretend: Pretend) -> None:
    pretend("user-network", siblings={"db": [5432]})
    decision = resolver.current().address(host, 5432)
    assert decision.reason == "neither loopback nor a name of the host"


@pytest.mark.parametrize(
    ("kept", "host"), [("10.0.0.1", "::ffff:10.0.0.1"), ("[::ffff:a00:1]", "10.0.0.1")]
)
def test_a_setting_names_both_forms(kept: str, host: str) -> None:
    assert Policy(keep=kept).kept(host, 1) is not None

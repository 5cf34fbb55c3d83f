"""Which spellings mean loopback, and that numbers are read as the C library reads them."""

from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostshift import addresses


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LocalHost",
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
        "localhost.",
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
    assert addresses.families(host) == versions


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

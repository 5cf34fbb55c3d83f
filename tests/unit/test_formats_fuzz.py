"""No text of a system file raises, or takes time over linear.

`make properties` runs this at length: 100,000 inputs over the readers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostshift.detect import procfs
from hostshift.detect.sources import TELLING_POINTS
from tests.unit.timing import assert_linear

if TYPE_CHECKING:
    from collections.abc import Callable

ZERO = "0" * 32


def _mountinfo(text: str) -> object:
    return procfs.mounts_on(text, TELLING_POINTS), procfs.mounts_of(text, "fuse.lxcfs")


# Each reader, and a text in its format to be taken apart and put together wrongly.
READERS: dict[str, tuple[Callable[[str], object], str]] = {
    "mountinfo": (
        _mountinfo,
        (
            "120 90 254:0 /docker/containers/a\\040b/hosts /etc/hosts rw,relatime shared:1 master:2"
            " - ext4 /dev/vda rw,discard\n"
            "90 1 0:2 / / ro - overlay overlay rw,upperdir=/x/overlay2/1\n"
            "91 1 0:3 / /proc/stat rw - fuse.lxcfs lxcfs rw\n92 1 0:4 / / \n - \n / r"
        ),
    ),
    "cgroup": (
        procfs.cgroup_segments,
        "9:name=systemd:/docker/2837bb78\n4:memory:/\n0::/system.slice/docker-1.scope\n::\n",
    ),
    "resolv.conf": (
        procfs.resolver_config,
        (
            "# Based on host file: '/x' (internal resolver)\nnameserver 127.0.0.11\nsearch a.test\n"
            "options ndots:0\n; ExtServers: [host(1)]\nnameserver\ndomain\n"
        ),
    ),
    "hosts": (
        procfs.hosts_file,
        "# Kubernetes-managed hosts file.\n127.0.0.1 localhost Other # aside\n::1 a b c\n#\n1",
    ),
    "route": (
        procfs.routes,
        (
            "Iface Destination Gateway\n"
            "eth0\t00000000\t010012AC\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
            "eth0 000012AC 00000000 0001 0 0 -1 0000FFFF 0\nlo x y z\n"
        ),
    ),
    "ipv6_route": (
        procfs.routes6,
        (
            f"fd{ZERO[2:]} 40 {ZERO} 00 {ZERO} 00000100 1 0 00000001 eth0\n"
            f"{ZERO} 00 {ZERO} 00 fe{ZERO[2:]} ffffffff 1 0 00200200 lo\n{ZERO} fff\n"
        ),
    ),
    "tcp": (
        procfs.listeners,
        (
            "  sl  local_address\n0: 0B00007F:AE35 00000000:0000 0A 0:0 00:0 0 0 0 41204 1\n"
            f"1: {ZERO}:1538 0:0 0A 0:0 00:0 0 0 0 7 1\n2: 0:0 0:0 0A 0 0 0 0 0 x\n"
        ),
    ),
    "others": (
        lambda text: (
            procfs.devices(text),
            procfs.environ(text),
            procfs.identity_uid_map(text),
            procfs.port_range(text),
        ),
        "Inter-|\n face |\n lo: 0 0\n a=b\0c=\0 0 0 4294967295\n32768\t60999\n",
    ),
}


def _broken(sample: str) -> st.SearchStrategy[str]:
    """Mix the sample's lines and words with each other, and with anything."""
    lines, words = sample.splitlines(keepends=True), sample.split()
    odd = st.text(max_size=8) | st.text(st.sampled_from("0aF:./[]-=# \t\n\\\0"), max_size=20)
    mixed = st.lists(st.sampled_from([*lines, *words, " ", "\t", "\n"]) | odd, max_size=30)
    return mixed.map("".join) | mixed.map(" ".join) | st.text()


@pytest.mark.parametrize("name", READERS)
def test_nothing_raises(name: str) -> None:
    reader, sample = READERS[name]

    @given(_broken(sample))
    def holds(text: str) -> None:
        reader(text)

    holds()


SHAPES: dict[str, Callable[[str, int], str]] = {
    "the sample again and again": lambda sample, size: sample * (size // len(sample)),
    "one long line": lambda sample, size: sample.replace("\n", " ") * (size // len(sample)),
    "empty lines": lambda sample, size: sample + "\n" * size,
    "one long word": lambda sample, size: sample + "x" * size,
    "blanks": lambda sample, size: sample + " " * size,
    "what is searched for": lambda _, size: " / r" * (size // 4),
    "slashes": lambda _, size: "0::" + "/" * size,
    "many names": lambda _, size: "".join(f"127.0.0.1 n{n}\n" for n in range(size // 16)),
    "one name": lambda _, size: "".join(f"10.0.{n % 99}.1 name\n" for n in range(size // 16)),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", READERS)
def test_time_is_linear(name: str, shape: str) -> None:
    reader, sample = READERS[name]
    make = SHAPES[shape]

    def prepare(size: int) -> Callable[[], object]:
        text = make(sample, size)
        return lambda: reader(text)

    assert_linear(prepare, 25_000)

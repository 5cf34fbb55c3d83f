"""Which bridges are an engine's, of real bridges in a network namespace of the test's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from tests.unit.programs import answered

SHOW = """
import json, sys
from hostshift.detect import bridges
print(json.dumps(bridges.networks(sys.argv[1:])))
"""
BLIND = """
import resource
from hostshift.detect import bridges, netlink
resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
print(bridges.networks())
"""


@pytest.fixture(scope="module")
def unshared() -> list[str]:
    """Give what starts a program in a network namespace of its own, as root of it."""
    made = ["unshare", "--net"]
    if os.geteuid():
        made.append("--map-root-user")
    if not (shutil.which("unshare") and shutil.which("ip")):
        pytest.skip("unshare or ip is not installed")
    if subprocess.run([*made, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this user may make no network namespace")
    return made


def _networks(unshared: list[str], bridges: dict[str, str], *gateways: str) -> list[str]:
    """Return what counts as container networks where there are these bridges."""
    making = "".join(
        f"ip link add {name} type bridge; ip addr add {address} dev {name}; ip link set {name} up;"
        for name, address in bridges.items()
    )
    script = f'set -e; {making} exec "$0" -c "$1" {" ".join(gateways)}'
    words = [*unshared, "sh", "-c", script, sys.executable, SHOW]
    found: list[str] = answered(words, timeout=30)
    return found


ENGINES = ("docker0", "docker_gwbridge", "br-0a1b2c3d4e5f", "podman0", "podman12", "cni-podman3")
OTHERS = (
    "br0",
    "virbr0",
    "lxcbr0",
    "lxdbr0",
    "br-lan",
    "br-0a1b2c3d4e5",
    "br-0A1B2C3D4E5F",
    "docker1",
    "podman",
    "podmanx",
    "cni-podman",
    "cni0",
)


@pytest.mark.parametrize("name", ENGINES)
def test_a_bridge_of_an_engine_is_known_by_its_name(name: str, unshared: list[str]) -> None:
    assert _networks(unshared, {name: "10.71.3.1/24"}) == ["10.71.3.0/24"]


def test_no_other_bridge_counts(unshared: list[str]) -> None:
    bridges = {name: f"10.71.{at}.1/24" for at, name in enumerate(OTHERS)}
    assert _networks(unshared, bridges) == []


def test_a_bridge_whose_name_the_user_chose_is_known_by_its_address(unshared: list[str]) -> None:
    bridges = {"shopbr0": "10.71.3.1/24", "br0": "10.71.4.9/24"}
    known = ("10.71.3.1", "10.71.4.1")  # a gateway of br0's network, which is not this machine
    assert _networks(unshared, bridges, *known) == ["10.71.3.0/24"]


def test_where_the_kernel_cannot_be_asked_nobody_knows() -> None:
    done = subprocess.run(
        [sys.executable, "-c", BLIND], check=False, capture_output=True, text=True, timeout=30
    )
    assert done.stdout == "None\n", done.stderr

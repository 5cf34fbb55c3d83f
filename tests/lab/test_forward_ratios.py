"""`hostshift forward` beside socat, HAProxy and no forwarder at all: ratios of one run.

All ways lead to the same server, one after the other in each round, so the load of the
machine meets them alike. Gated are ratios that a busy machine leaves standing; the table has all.
"""

from __future__ import annotations

import resource
import socket
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests import tables
from tests.lab.forward import measure
from tests.lab.situations.grounds import need
from tests.lab.situations.model import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [
    pytest.mark.alone,  # it measures
    pytest.mark.skipif(sys.platform != "linux", reason="socat and HAProxy from Debian"),
]

HOSTSHIFT = str(Path(sys.executable).with_name("hostshift"))
ROUNDS = 5
MANY, MANY_SECONDS = 10_000, 30.0
IDLE, IDLE_MEMORY = 2_000, 60 << 20
HAPROXY = """
global
  maxconn 4000
  nbthread 1
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  option splice-auto
listen forward
  bind 127.0.0.1:{port}
  server peer 127.0.0.1:{target}
"""


class Ways(NamedTuple):
    """Ports that lead to the server, and the process of ours."""

    ports: dict[str, int]
    forwarder: int


def _free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as chosen:
        port: int = chosen.getsockname()[1]
    return port


@contextmanager
def _started(*words: str) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


def _await(port: int) -> None:
    ends = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 5).close()
        except OSError:
            assert time.monotonic() < ends
            time.sleep(0.05)
        else:
            return


@pytest.fixture(scope="module")
def ways(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ways]:
    try:
        need("socat", "haproxy", packages=["socat", "haproxy"])
    except Unavailable as error:
        pytest.skip(str(error))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with ExitStack() as stack:
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        peer = stack.enter_context(_started(sys.executable, "-P", "-m", "tests.lab.forward.peer"))
        assert peer.stdout is not None
        target = int(peer.stdout.readline())
        ours, socat, haproxy = _free(), _free(), _free()
        forward = [HOSTSHIFT, "forward", f"{ours}=127.0.0.1:{target}"]
        forwarder = stack.enter_context(_started(*forward))
        listening = f"TCP-LISTEN:{socat},fork,reuseaddr,bind=127.0.0.1,backlog=4096"
        stack.enter_context(_started("socat", listening, f"TCP:127.0.0.1:{target}"))
        config = tmp_path_factory.mktemp("haproxy") / "haproxy.cfg"
        config.write_text(HAPROXY.format(port=haproxy, target=target), encoding="utf-8")
        stack.enter_context(_started("haproxy", "-db", "-q", "-f", str(config)))
        ports = {"direct": target, "hostshift": ours, "socat": socat, "HAProxy": haproxy}
        for port in ports.values():
            _await(port)
        yield Ways(ports, forwarder.pid)


def _medians(ways: Ways, measured: Callable[[int], float]) -> dict[str, float]:
    """Measure each way in each round, and return the medians."""
    found: dict[str, list[float]] = {name: [] for name in ways.ports}
    for _ in range(ROUNDS):
        for name, port in ways.ports.items():
            found[name].append(measured(port))
    return {name: statistics.median(numbers) for name, numbers in found.items()}


def _show(config: pytest.Config, title: str, medians: dict[str, float], unit: float) -> None:
    line = "".join(f"{name} {number * unit:9.1f}   " for name, number in medians.items())
    tables.add(config, "forwarders: medians of one run", [f"{title:24}{line}"])


def test_bulk_throughput(ways: Ways, pytestconfig: pytest.Config) -> None:
    found = _medians(ways, measure.throughput)
    _show(pytestconfig, "MB/s", found, 1e-6)
    assert found["hostshift"] >= 1.3 * found["socat"]
    assert found["hostshift"] >= 0.35 * found["direct"]


def test_added_round_trip_time(ways: Ways, pytestconfig: pytest.Config) -> None:
    found = _medians(ways, measure.round_trip)
    _show(pytestconfig, "round trip, µs", found, 1e6)
    # What each adds to a direct connection is less than the noise on a busy machine.
    assert found["hostshift"] <= 1.5 * max(found["HAProxy"], found["socat"])


def test_connect_and_first_byte(ways: Ways, pytestconfig: pytest.Config) -> None:
    found = _medians(ways, measure.first_byte)
    _show(pytestconfig, "to the first byte, µs", found, 1e6)
    assert found["hostshift"] <= found["socat"]


def test_ten_thousand_connections(ways: Ways, pytestconfig: pytest.Config) -> None:
    began = time.monotonic()
    assert measure.many(ways.ports["hostshift"], MANY) == 0
    took = time.monotonic() - began
    line = f"{MANY} connections without a failure: {took:.1f} s"
    tables.add(pytestconfig, "forwarders: medians of one run", [line])
    assert took <= MANY_SECONDS


def test_idle_connections_cost_little_memory(ways: Ways, pytestconfig: pytest.Config) -> None:
    status = Path(f"/proc/{ways.forwarder}/status")
    clients = measure.idle(ways.ports["hostshift"], IDLE)
    try:
        measure.round_trip(ways.ports["hostshift"], 10)
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
        memory = int(line.split()[1]) << 10
        assert len(list(Path(f"/proc/{ways.forwarder}/fd").iterdir())) > 2 * IDLE
    finally:
        for client in clients:
            client.close()
    line = f"{IDLE} idle connections: {memory / (1 << 20):.1f} MB"
    tables.add(pytestconfig, "forwarders: medians of one run", [line])
    assert memory <= IDLE_MEMORY

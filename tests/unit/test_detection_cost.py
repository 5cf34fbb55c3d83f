"""What detection costs, against the bare reads that it rests on: ratios within one run."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import pytest

from hostshift import detect
from hostshift.detect import listeners, netlink, rootfs, sources

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.alone  # it measures milliseconds

linux = pytest.mark.skipif(sys.platform != "linux", reason="there is no /proc on this system")


def _bare_reads() -> None:
    """Read the files of detection, and do nothing with them."""
    for name in sources.TEXTS:
        try:
            descriptor = os.open(f"/{name}", os.O_RDONLY)
        except OSError:
            continue
        while os.read(descriptor, 65536):
            pass
        os.close(descriptor)
    for kind in rootfs.NAMESPACES:
        os.readlink(f"/proc/self/ns/{kind}")  # noqa: PTH115 - bare
    sysctls = (*sources.INITIAL_ONLY_SYSCTLS, "net/core/somaxconn")
    for name in (*(f"proc/sys/{sysctl}" for sysctl in sysctls), *sources.MARKS):
        try:
            os.stat(f"/{name}")  # noqa: PTH116 - bare
        except OSError:
            continue


def _in_turn(*calls: Callable[[], object], rounds: int) -> list[float]:
    """Return the best time of each, run in turn so that the machine's moods hit all."""
    best = [float("inf")] * len(calls)
    for _ in range(rounds):
        for at, call in enumerate(calls):
            started = time.perf_counter()
            call()
            best[at] = min(best[at], time.perf_counter() - started)
    return best


@linux
def test_warm_detection_costs_less_than_twice_its_reads() -> None:
    ratios = []
    for _ in range(5):
        bare, whole = _in_turn(_bare_reads, detect.detect, rounds=500)
        ratios.append(whole / bare)
        if ratios[-1] <= 2:
            return
    pytest.fail(f"detection takes {min(ratios):.2f} times its bare reads, at best")


@linux
def test_listeners_cost_a_thirtieth_of_the_kernels_files() -> None:
    try:
        netlink.listeners()
    except netlink.FAILURES as error:
        pytest.skip(f"netlink does not answer here: {error}")

    def files() -> None:
        for name in ("tcp", "tcp6"):
            with open(f"/proc/net/{name}", "rb", buffering=0) as file:  # noqa: PTH123 - as it is read
                file.readall()

    reading, asking = _in_turn(files, listeners.listeners, rounds=20)
    asking = min(asking, *_in_turn(listeners.listeners, rounds=300))
    assert asking <= reading / 30

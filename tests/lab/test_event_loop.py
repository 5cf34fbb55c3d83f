"""A dial that probes a black hole does not hold up the event loop it is made in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.lab.containers import WORK, copy_into
from tests.lab.gauntlet.project import SOCKET

if TYPE_CHECKING:
    from tests.lab.sdk import Container
    from tests.lab.stage import Stage

pytestmark = pytest.mark.alone  # it measures milliseconds

PROGRAM = Path(__file__).parent / "apps" / "ticks.py"
LATE = 10.0
"""Milliseconds that a tick may be late."""
TRIES = 12
"""The machine makes ticks late as well; a dial that blocks is late each time."""
PROBES_FOR = "4"
"""Seconds that a probe of a black hole takes: longer than all ticks."""

URLS = {
    "asyncpg": "postgresql+asyncpg://app:s3cret@localhost:5432/app",
    "psycopg": "postgresql+psycopg://app:s3cret@localhost:5432/app",
    "aiomysql": "mysql+aiomysql://app:s3cret@localhost:3306/app",
    "mongo": "mongodb://localhost:27017/lab",
}


@pytest.fixture(scope="module")
def box(module_stage: Stage, app_image: str) -> Container:
    """Give a container that may ask the engine, and whose host swallows every packet."""
    made = module_stage.start(
        "ticks",
        app_image,
        ["sleep", "infinity"],
        cap_add=["NET_ADMIN"],
        volumes=[f"/var/run/docker.sock:{SOCKET}"],
        environment={"HOSTSHIFT_BUDGET": PROBES_FOR},
    )
    copy_into(made, {PROGRAM.name: PROGRAM.read_text(encoding="utf-8")})
    swallow = f"replace {module_stage.gateway()} lladdr 02:00:00:00:00:01 dev eth0 nud permanent"
    done = module_stage.exec(made, ["sh", "-c", f"ip neigh {swallow}"])
    assert done.code == 0, done.stderr
    return made


def _late(stage: Stage, box: Container, *words: str) -> tuple[float, float]:
    """Return the latest tick without a dial and with one, each time in a new process."""
    said = stage.exec(box, ["python", PROGRAM.name, *words], working_dir=WORK)
    assert said.code == 0, said.stderr
    without, late, state = said.stdout.split()
    if "blocking" not in words:
        assert state == "probes", said.stdout
    return float(without), float(late)


@pytest.mark.parametrize("kind", URLS)
def test_ticks_are_on_time(module_stage: Stage, box: Container, kind: str) -> None:
    seen = []
    for _ in range(TRIES):
        seen.append(_late(module_stage, box, kind, URLS[kind]))
        if seen[-1][1] <= LATE:
            return
    pytest.fail(f"milliseconds late, without and with a dial: {seen}")


@pytest.mark.parametrize("kind", ["asyncpg", "mongo"])
def test_a_look_up_in_the_loop_would_be_seen(
    module_stage: Stage, box: Container, kind: str
) -> None:
    _, late = _late(module_stage, box, kind, URLS[kind], "blocking")
    assert late > 100 * LATE

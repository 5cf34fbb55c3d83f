"""A server that moves between the look and the driver's connect, or is gone when it connects.

A busy machine is one way to that: a process that looked has no processor for a while. Another
is a connect that waits in the kernel, as nobody has the address, until somebody gets it.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.lab.containers import copy_into
from tests.lab.gauntlet.project import socket_mount
from tests.lab.moving import DECOY, MEANT, MovingServer, moving_server
from tests.lab.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.engine import Engine
    from tests.lab.sdk import Container
    from tests.lab.stage import Server

SCRIPT = Path(__file__).with_name("late_connect.py")
URLS = {
    "sqlalchemy": ("postgres", "postgresql+psycopg://app:s3cret@localhost:{port}/app"),
    "sqlalchemy-async": ("postgres", "postgresql+asyncpg://app:s3cret@localhost:{port}/app"),
    "django": ("postgres", "postgresql://app:s3cret@localhost:{port}/app"),
    "pymongo": ("mongo", "mongodb://localhost:{port}/lab"),
    "pymongo-async": ("mongo", "mongodb://localhost:{port}/lab"),
    "redis": ("redis", "redis://localhost:{port}/0"),
    "redis-async": ("redis", "redis://localhost:{port}/0"),
    "httpx": ("any", "http://localhost:{port}/"),
    "httpx-async": ("any", "http://localhost:{port}/"),
}
KINDS: tuple[Server, ...] = ("postgres", "mongo", "redis", "any")


@pytest.fixture(scope="module")
def answers(engine: Engine, app_image: str) -> Iterator[dict[str, tuple[str, str]]]:
    """Give who answered each client first, and who did in the end."""
    with Stage(engine) as stage, ThreadPoolExecutor(len(KINDS)) as pool:
        network, prefix = stage.addressed_network()
        servers = dict(
            zip(
                KINDS,
                pool.map(
                    lambda kind: moving_server(
                        stage, kind, app_image, network, f"{prefix}.{201 + KINDS.index(kind)}"
                    ),
                    KINDS,
                ),
                strict=True,
            )
        )
        client = _client(stage, app_image, servers)
        held = " && ".join(f"[ -e held-{name} ]" for name in URLS)
        waiting = ["bash", "-c", f"until {held}; do sleep 0.05; done"]
        assert stage.exec(client, waiting, timeout=60).code == 0, stage.log(client)
        list(pool.map(MovingServer.move, servers.values()))
        copy_into(client, {"moved": ""})
        client.wait(timeout=120)
        lines = client.logs(stdout=True, stderr=False).decode().splitlines()
        assert len(lines) == len(URLS), client.logs(stdout=False, stderr=True).decode()
        yield {name: (first, later) for name, first, later in map(str.split, lines)}


def _client(stage: Stage, image: str, servers: dict[Server, MovingServer]) -> Container:
    """Start all clients, in one container beside the servers."""
    words = [
        f"{name}={url.format(port=servers[kind].port)}"  # type: ignore[index]
        for name, (kind, url) in URLS.items()
    ]
    started = ["bash", "-c", 'until [ -e late_connect.py ]; do sleep 0.05; done; exec "$@"', "-"]
    client = stage.start(
        "client",
        image,
        [*started, "python", SCRIPT.name, *words],
        network=servers["any"].network,
        volumes=[socket_mount(stage)],
        environment={"HOSTSHIFT_BUDGET": "10"},
    )
    copy_into(client, {SCRIPT.name: SCRIPT.read_text(encoding="utf-8")})
    return client


@pytest.mark.parametrize("name", URLS)
class TestServerThatMovesBeforeTheConnect:
    """By `localhost` and a published port, beside the server, with the engine's socket."""

    def test_nobody_else_answers(self, answers: dict[str, tuple[str, str]], name: str) -> None:
        first, _ = answers[name]
        assert first != DECOY

    def test_the_next_connect_finds_it(
        self, answers: dict[str, tuple[str, str]], name: str
    ) -> None:
        _, later = answers[name]
        assert later == MEANT

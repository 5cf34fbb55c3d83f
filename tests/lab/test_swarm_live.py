"""A stack's services, as the engine lists its tasks and as the overlay's name server knows them."""

from __future__ import annotations

import json
import os
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest
from docker.types import NetworkAttachmentConfig  # type: ignore[import-untyped,unused-ignore]

from hostshift.base.deadline import Deadline
from hostshift.discovery import engine as source
from tests.lab import swarm
from tests.lab.sdk import DockerException

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.engine import Engine
    from tests.lab.sdk import Container

pytestmark = pytest.mark.machine  # it leaves a swarm

PATIENCE = 60.0
# What `docker stack deploy` names and labels, for two services that serve nothing.
SIBLINGS = """
import json
from hostshift import Policy; from hostshift.resolution import resolver
policy = Policy(sources="dns")
found = resolver.current().look(policy).around(())
print(json.dumps([[one.project, one.service, one.name, one.addresses] for one in found.services]))
"""


@pytest.fixture(scope="module")
def tasks(engine: Engine, app_image: str) -> Iterator[dict[str, Container]]:
    stack = f"lab{os.getpid()}"
    with swarm.one_node(engine) as made:
        if not made:
            pytest.skip("the engine is in a swarm of somebody else's")
        with _stack(engine, app_image, stack) as found:
            yield found


@contextmanager
def _stack(engine: Engine, image: str, stack: str) -> Iterator[dict[str, Container]]:
    """Have the services db and web of a stack on an overlay of its own."""
    overlay = f"{stack}_default"
    network = engine.client.networks.create(overlay, driver="overlay")
    labels = {"com.docker.stack.namespace": stack}
    creating: Any = engine.client.services
    services = [
        creating.create(
            image,
            ["sleep", "600"],
            name=f"{stack}_{name}",
            labels=labels,
            container_labels=labels,
            networks=[NetworkAttachmentConfig(overlay, aliases=[name])],
        )
        for name in ("db", "web")
    ]
    try:
        yield _running(engine, stack)
    finally:
        for service in services:
            service.remove()
        _remove(network)


def _running(engine: Engine, stack: str) -> dict[str, Container]:
    deadline = time.monotonic() + PATIENCE
    label = f"com.docker.stack.namespace={stack}"
    while time.monotonic() < deadline:
        found = engine.client.containers.list(filters={"label": label})
        if len(found) == 2:
            return {str(one.name).split(".")[0].rpartition("_")[2]: one for one in found}
        time.sleep(0.2)
    pytest.fail("the stack's tasks do not start")


def _remove(network: Any) -> None:
    """Remove a network, which can be done once the last task has left it."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with suppress(DockerException):
            network.remove()
            return
        time.sleep(0.5)


def test_the_engine_lists_tasks_as_services(engine: Engine, tasks: dict[str, Container]) -> None:
    found = source.read(
        (str(tasks["web"].id),), {"DOCKER_HOST": engine.url}, deadline=Deadline(10, 10)
    )
    assert found.project is not None
    assert found.project.startswith("lab")
    services = {one.service: one for one in found.siblings()}
    assert set(services) == {"db", "web"}
    assert {"db", f"{found.project}_db"} <= set(services["db"].names)
    assert services["db"].name == "db"
    assert found.me is not None
    assert found.me.name == tasks["web"].name


def test_what_a_services_name_resolves_to_is_its_own(
    engine: Engine, tasks: dict[str, Container]
) -> None:
    """A swarm gives the service an address that none of its tasks has."""
    answer: Any = tasks["web"].exec_run(["getent", "ahostsv4", "db"]).output
    resolved = {line.split()[0] for line in answer.decode().splitlines()}
    found = source.read(
        (str(tasks["web"].id),), {"DOCKER_HOST": engine.url}, deadline=Deadline(10, 10)
    )
    (db,) = [one for one in found.siblings() if one.service == "db"]
    assert resolved
    assert resolved <= set(db.addresses)
    assert found.gaps == ()


def test_the_name_server_tells_the_siblings(tasks: dict[str, Container]) -> None:
    """The service's own name has an address of no task; its tasks are found by theirs."""
    deadline = time.monotonic() + PATIENCE
    while True:
        answer: Any = tasks["web"].exec_run(["python", "-c", SIBLINGS]).output
        said = json.loads(answer)
        if said or time.monotonic() > deadline:
            break
        time.sleep(0.5)  # The overlay's names come a moment after its tasks.
    tasks["db"].reload()
    networks = tasks["db"].attrs["NetworkSettings"]["Networks"]
    stack = next(name for name in networks if name.startswith("lab"))
    address = networks[stack]["IPAddress"]
    assert said == [[stack.removesuffix("_default"), "db", "db", [address]]]

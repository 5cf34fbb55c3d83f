"""A swarm's overlay network: a service's task on it, and a container started by hand."""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from tests.lab import swarm
from tests.lab.errors import LabError
from tests.lab.sdk import DockerException
from tests.lab.situations.docker import Inside, started
from tests.lab.situations.model import Situation, Standing, Truth, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.sdk import Container, Network
    from tests.lab.situations.grounds import Grounds

_PATIENCE = 60.0


@contextmanager
def _overlay(grounds: Grounds) -> Iterator[Network]:
    """Have a swarm, and in it an overlay network that any container may join."""
    with swarm.one_node(grounds.engine) as ours:
        if not ours:
            raise Unavailable("this engine is in a swarm already, which is not the lab's")
        made = grounds.engine.client.networks.create(
            grounds.named("overlay"),
            driver="overlay",
            attachable=True,
            labels=grounds.stage.labels,
        )
        try:
            yield made
        finally:
            swarm.remove_network(made)


def _standing(grounds: Grounds, container: Container) -> Standing:
    """Stand in it; the default route leads to the node, not by the overlay."""
    node = grounds.stage.gateway(swarm.NODE_NETWORK)
    return Standing(Inside(grounds.stage, container), {"<net>": node})


@contextmanager
def _by_hand(grounds: Grounds) -> Iterator[Standing]:
    """Start an ordinary container on it."""
    with _overlay(grounds) as net, started(grounds, "at", network=net) as container:
        yield _standing(grounds, container)


@contextmanager
def _task(grounds: Grounds) -> Iterator[Standing]:
    """Stand in the one task of a service."""
    stage = grounds.stage
    with _overlay(grounds) as net:
        services: Any = grounds.engine.client.services
        service = services.create(
            grounds.image,
            ["sleep", "infinity"],
            name=stage.named("service"),
            networks=[net.name],
            container_labels=stage.labels,
            labels=stage.labels,
        )
        try:
            yield _standing(grounds, _container(grounds, service))
        finally:
            service.remove()
            _await_end(grounds, service)


def _containers(grounds: Grounds, service: Any) -> list[Container]:
    label = f"com.docker.swarm.service.id={service.id}"
    return list(grounds.engine.client.containers.list(sparse=True, filters={"label": label}))


def _container(grounds: Grounds, service: Any) -> Container:
    """Wait for the service's container."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if found := _containers(grounds, service):
            return found[0]
        time.sleep(0.1)
    raise LabError(f"no task of the service runs: {service.tasks()}")


def _await_end(grounds: Grounds, service: Any) -> None:
    """End its container: it would wait ten seconds for a program that hears no signal."""
    deadline = time.monotonic() + _PATIENCE
    while (found := _containers(grounds, service)) and time.monotonic() < deadline:
        for container in found:
            with suppress(DockerException):
                container.remove(force=True, v=True)
        time.sleep(0.1)


_TRUTH = Truth("docker", "own", "docker", ("<net>",))

SITUATIONS = (
    Situation("docker: overlay, by hand", _TRUTH, _by_hand),
    Situation("docker: swarm task", _TRUTH, _task),
)

"""A swarm of one node: a service's task on an overlay network.

The swarm is made only where there is none, and left by who made it: at the end,
or, after a kill, by the next run, which knows it by a note and the swarm's id.
"""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from tests.lab.errors import LabError
from tests.lab.processes import Owner
from tests.lab.sdk import DockerException, NotFound
from tests.lab.situations.docker import Inside
from tests.lab.situations.model import Situation, Standing, Truth, Unavailable
from tests.lab.state import locked, state_dir

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.engine import Engine
    from tests.lab.sdk import Container, Network
    from tests.lab.situations.grounds import Grounds

_NODE_NETWORK = "docker_gwbridge"
_LOCAL = "127.0.0.1"
_PATIENCE = 60.0


@contextmanager
def overlay(grounds: Grounds) -> Iterator[Network]:
    """Have a swarm, and in it an overlay network that any container may join."""
    with locked("swarm"), _swarm(grounds.engine):
        made = grounds.engine.client.networks.create(
            grounds.named("overlay"),
            driver="overlay",
            attachable=True,
            labels=grounds.stage.labels,
        )
        try:
            yield made
        finally:
            _remove(made)


def node_address(grounds: Grounds) -> str:
    """Give the node's address as its containers know it."""
    return grounds.stage.gateway(_NODE_NETWORK)


@contextmanager
def _swarm(engine: Engine) -> Iterator[None]:
    """Make the swarm, and leave it."""
    leave_dead(engine)
    if _state(engine) != "inactive":
        raise Unavailable("this engine is in a swarm already, which is not the lab's")
    had_network = bool(engine.client.networks.list(names=[_NODE_NETWORK]))
    _note().write_text(Owner.me().label, encoding="ascii")
    try:
        engine.client.swarm.init(advertise_addr=_LOCAL, listen_addr=f"{_LOCAL}:2377")
        _note().write_text(f"{Owner.me().label} {_id(engine)}", encoding="ascii")
        yield
    finally:
        _leave(engine, with_network=not had_network)


def leave_dead(engine: Engine) -> None:
    """Leave the swarm of a run that was killed."""
    if not _note().exists():
        return
    label, _, swarm = _note().read_text(encoding="ascii").partition(" ")
    owner = Owner.parse(label)
    if swarm and swarm == _id(engine) and (owner is None or owner.dead):
        _leave(engine, with_network=True)


def _leave(engine: Engine, *, with_network: bool) -> None:
    """Leave it, and remove the bridge that outlives it."""
    if _state(engine) != "inactive":
        engine.client.swarm.leave(force=True)
    _note().unlink(missing_ok=True)
    if with_network:
        with suppress(NotFound):
            _remove(engine.client.networks.get(_NODE_NETWORK))


def _remove(network: Network) -> None:
    """Remove a network as soon as its last container has gone."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            network.remove()
        except NotFound:
            return
        except DockerException:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def _note() -> Path:
    return state_dir() / "swarm"


def _info(engine: Engine) -> Any:
    return engine.client.info().get("Swarm", {})


def _state(engine: Engine) -> str:
    return str(_info(engine).get("LocalNodeState", "inactive"))


def _id(engine: Engine) -> str:
    return str((_info(engine).get("Cluster") or {}).get("ID", ""))


@contextmanager
def _task(grounds: Grounds) -> Iterator[Standing]:
    """Stand in the one task of a service."""
    stage = grounds.stage
    with overlay(grounds) as net:
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
            container = _container(grounds, service)
            yield Standing(Inside(stage, container), {"<net>": node_address(grounds)})
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


SITUATIONS = (Situation("docker: swarm task", Truth("docker", "own", "docker", ("<net>",)), _task),)

"""Removes what stages made: one stage's things, a dead process's, or all."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tests.lab import swarm
from tests.lab.processes import Owner
from tests.lab.sdk import APIError, NotFound

if TYPE_CHECKING:
    from tests.lab.engine import Engine
    from tests.lab.sdk import Container, Network

LABEL = "hostshift.lab"
SESSION = "hostshift.lab.session"
OWNER = "hostshift.lab.owner"
# The engine takes a fifth of a second for each, mostly waiting.
_AT_ONCE = 4


def containers(engine: Engine, label: str = LABEL) -> list[Container]:
    """List the lab's containers, running or not, with a label."""
    # Sparse: another process may remove one between listing and looking.
    listing = engine.client.containers
    return list(listing.list(all=True, sparse=True, filters={"label": label}))


def networks(engine: Engine, label: str = LABEL) -> list[Network]:
    """List the lab's networks with a label."""
    return list(engine.client.networks.list(filters={"label": label}))


def remove_session(engine: Engine, session: str) -> None:
    """Remove all that one stage made."""
    _remove(engine, f"{SESSION}={session}")


def remove_all(engine: Engine) -> None:
    """Remove all that any stage made, also what is in use."""
    swarm.leave_dead(engine, also_living=True)
    _remove(engine, SESSION)


def remove_dead(engine: Engine) -> None:
    """Remove what killed processes left behind; those that live keep theirs."""
    # First: a swarm's service starts another container for each that goes.
    swarm.leave_dead(engine)
    things: list[Container | Network] = [
        *containers(engine, OWNER),
        *networks(engine, OWNER),
    ]
    for label in {_owner(thing) for thing in things}:
        owner = Owner.parse(label)
        if owner is None or owner.dead:
            _remove(engine, f"{OWNER}={label}")


def _owner(thing: Container | Network) -> str:
    return str((thing.attrs.get("Labels") or {}).get(OWNER, ""))


def _remove(engine: Engine, label: str) -> None:
    """Remove containers first: a network in use cannot go."""
    while found := containers(engine, label):
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            errors = list(filter(None, pool.map(_remove_container, found)))
        # Podman keeps a container while another one shares its network
        # namespace, so some go only in a second round.
        if len(errors) == len(found):
            raise errors[0]
    for network in networks(engine, label):
        _remove_network(network)


def _remove_container(container: Container) -> APIError | None:
    """Remove a container; give what the engine had against it."""
    try:
        container.remove(force=True, v=True)
    except NotFound:
        return None
    except APIError as error:
        if "already in progress" not in str(error):
            return error
        time.sleep(0.1)
    return None


def _remove_network(network: Network) -> None:
    """Remove a network, and first show the door to containers that are not ours."""
    try:
        network.reload()
        for guest in network.attrs.get("Containers") or {}:
            network.disconnect(guest, force=True)
        network.remove()
    except NotFound:
        pass

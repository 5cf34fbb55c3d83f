"""A swarm of one node, made only where there is none.

Who made it leaves it. When that process is killed, the next one does: it knows
the swarm by a note with its maker and its id.
"""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from tests.lab.processes import Owner
from tests.lab.sdk import DockerException, NotFound
from tests.lab.state import locked, locked_if_free, state_dir

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.engine import Engine
    from tests.lab.sdk import Network

NODE_NETWORK = "docker_gwbridge"
"""The bridge by which a swarm's containers reach their node; it outlives the swarm."""
_LOCAL = "127.0.0.1"
_PATIENCE = 60.0


@contextmanager
def one_node(engine: Engine) -> Iterator[bool]:
    """Have a swarm that nobody else can reach; False: the engine is in another's already."""
    with locked("swarm"):
        _leave_dead(engine)
        if in_one(engine):
            yield False
            return
        had_network = bool(engine.client.networks.list(names=[NODE_NETWORK]))
        _make(engine)
        try:
            yield True
        finally:
            _leave(engine, with_network=not had_network)


def _make(engine: Engine) -> None:
    _note().write_text(Owner.me().label, encoding="ascii")
    try:
        engine.client.swarm.init(advertise_addr=_LOCAL, listen_addr=f"{_LOCAL}:2377")
    except DockerException:
        _note().unlink()  # Whatever swarm there is, it is not ours.
        raise
    _note().write_text(f"{Owner.me().label} {_id(engine)}", encoding="ascii")


def leave_dead(engine: Engine, *, also_living: bool = False) -> None:
    """Leave the swarm of a process that was killed; another one may be about it already."""
    if not _note().exists():
        return
    if also_living:
        _leave_dead(engine, also_living=True)
        return
    with locked_if_free("swarm") as free:
        if free:
            _leave_dead(engine)


def _leave_dead(engine: Engine, *, also_living: bool = False) -> None:
    if not _note().exists():
        return
    label, _, swarm = _note().read_text(encoding="ascii").partition(" ")
    owner = Owner.parse(label)
    if not (also_living or owner is None or owner.dead):
        return
    # A maker that was killed at once had no time to note the id.
    if in_one(engine) and swarm in ("", _id(engine)):
        _leave(engine, with_network=True)
    _note().unlink(missing_ok=True)


def _leave(engine: Engine, *, with_network: bool) -> None:
    """Leave it, and remove the bridge if it came with it."""
    if in_one(engine):
        engine.client.swarm.leave(force=True)
    _note().unlink(missing_ok=True)
    if with_network:
        with suppress(NotFound):
            remove_network(engine.client.networks.get(NODE_NETWORK))


def remove_network(network: Network) -> None:
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


def in_one(engine: Engine) -> bool:
    """Return True if the engine is in a swarm."""
    return str(_info(engine).get("LocalNodeState", "inactive")) != "inactive"


def _info(engine: Engine) -> Any:
    return engine.client.info().get("Swarm", {})


def _id(engine: Engine) -> str:
    return str((_info(engine).get("Cluster") or {}).get("ID", ""))


def _note() -> Path:
    return state_dir() / "swarm"

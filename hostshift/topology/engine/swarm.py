"""The addresses that a swarm gives its services: what their names resolve to."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from hostshift.topology.engine import listed, shapes
from hostshift.topology.engine.containers import INGRESS, SWARM_SERVICE
from hostshift.topology.engine.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hostshift.topology.engine.reading import Reading
    from hostshift.topology.engine.transport import Transport
    from hostshift.topology.engine.wire import Turn


def virtual_addresses(
    containers: Iterable[dict[str, Any]], transport: Transport, turn: Turn, reading: Reading
) -> dict[tuple[str, str], str]:
    """Ask for the addresses of a swarm's services, on the networks of its containers.

    Every node tells them, of the networks that it has containers on: not the managers
    alone (moby daemon/network.go, buildDetailedNetworkResources). Where no container is a
    swarm's nothing is asked.

    Args:
        containers: as ``inspect`` shows them.
        transport: to the engine.
        turn: the time that it may take.
        reading: notes what is left out.

    Returns:
        The addresses by network and service; a service that has none is missing.

    """
    found: dict[tuple[str, str], str] = {}
    for name, network in sorted(set(_networks(containers))):
        try:
            path = f"/networks/{network}?verbose=true"
            services = shapes.mapping(transport.ask(path, turn.deadline.silence / 2), "Services")
        except Problem as problem:
            # A proxy before the socket may refuse it for good: then the names stay unproven.
            what = f"the services of network {network[:12]} are not told ({problem.what})"
            reading.leave_out(what, decides=problem.passing, passing=problem.passing)
            continue
        for service, described in services.items():
            with suppress(Problem):
                if address := shapes.address(described, "VIP"):
                    found[name, service] = address
    return found


def _networks(containers: Iterable[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield the names and ids of the networks that a swarm's containers are on."""
    for container in containers:
        networks = listed.at(container, "NetworkSettings", "Networks")
        if listed.at(container, "Config", "Labels", SWARM_SERVICE) is None:
            continue
        for name, on in networks.items() if type(networks) is dict else ():
            network = listed.at(on, "NetworkID")
            if name != INGRESS and type(network) is str and shapes.is_name(network):
                yield name, network

"""Read the addresses that a swarm gives its services: their names resolve to these."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from hostshift.discovery.engine import json_fields, list_entries
from hostshift.discovery.engine.containers import INGRESS, SWARM_SERVICE
from hostshift.discovery.engine.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hostshift.base.json_tree import Tree
    from hostshift.discovery.engine.reading import Reading
    from hostshift.discovery.engine.transport import Transport
    from hostshift.discovery.engine.wire import Turn


def virtual_addresses(
    containers: Iterable[dict[str, Tree]], transport: Transport, turn: Turn, reading: Reading
) -> dict[tuple[str, str], str]:
    """Ask for the addresses of a swarm's services, on the networks of its containers.

    Every node knows them for the networks that it has containers on, not only a manager
    (moby daemon/network.go, buildDetailedNetworkResources). If no container belongs to a
    swarm, we ask nothing.

    Args:
        containers: their ``inspect`` documents.
        transport: to the engine.
        turn: the time that the engine may take.
        reading: notes the networks that we leave out.

    Returns:
        The addresses by network and service, without services that have none.

    """
    addresses: dict[tuple[str, str], str] = {}
    for name, network in sorted(set(_networks(containers))):
        try:
            path = f"/networks/{network}?verbose=true"
            services = json_fields.mapping(
                transport.ask(path, turn.deadline.silence / 2), "Services"
            )
        except Problem as problem:
            # A proxy before the socket may always refuse it. Then the names stay unproven.
            what = (
                f"the engine does not list the services of network {network[:12]} ({problem.what})"
            )
            reading.leave_out(what, decides=problem.passing, passing=problem.passing)
            continue
        for service, described in services.items():
            with suppress(Problem):
                if address := json_fields.address(described, "VIP"):
                    addresses[name, service] = address
    return addresses


def _networks(containers: Iterable[dict[str, Tree]]) -> Iterator[tuple[str, str]]:
    """Yield the names and ids of the networks that a swarm's containers are on."""
    for container in containers:
        networks = list_entries.at(container, "NetworkSettings", "Networks")
        if list_entries.at(container, "Config", "Labels", SWARM_SERVICE) is None:
            continue
        for name, on in networks.items() if type(networks) is dict else ():
            network = list_entries.at(on, "NetworkID")
            if name != INGRESS and type(network) is str and json_fields.is_name(network):
                yield name, network

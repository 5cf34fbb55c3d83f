"""Keep the ports that are published on this machine's addresses: an engine could name any other.

If this process is on the engine's host, published ports are on this machine. An engine that
lists a port on an address of another machine would send credentials there.
"""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING

from hostshift.base.addresses import is_loopback

if TYPE_CHECKING:
    from hostshift.discovery.engine.reading import Reading
    from hostshift.discovery.model import Container, Service, Topology


def without_foreign(topology: Topology, reading: Reading) -> Topology:
    """Leave out ports that are published on addresses that this machine does not have."""
    known: dict[str, bool] = {}

    def of_service(service: Service) -> Service:
        containers = tuple(map(of_container, service.containers))
        return (
            service.replace(containers=containers) if containers != service.containers else service
        )

    def of_container(container: Container) -> Container:
        outs = tuple(out for out in container.publications if is_here(out.address))
        if len(outs) == len(container.publications):
            return container
        reading.begin(container.name)
        what = "left out a published port, because its address is not one of this machine's"
        reading.leave_out(what, decides=True)
        reading.begin("")
        return container.replace(publications=outs)

    def is_here(address: str) -> bool:
        if not address or is_loopback(address):
            return True
        if address not in known:
            known[address] = is_local(address)
        return known[address]

    return topology.replace(services=tuple(map(of_service, topology.services)))


def is_local(address: str) -> bool:
    """Return True unless the system reports that this machine does not have an address.

    We bind a datagram socket to it, which sends nothing.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as bound:
            bound.bind((address, 0))
    except OSError as error:
        return error.errno != errno.EADDRNOTAVAIL
    return True

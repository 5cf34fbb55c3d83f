"""Ports that are published on this machine's addresses: an engine could name any other.

Where this process is on the engine's host, what is published is reached here. An engine that
says of a container that it is published on an address of another machine would send
credentials there.
"""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING

from hostshift.addresses import is_loopback

if TYPE_CHECKING:
    from hostshift.topology.engine.reading import Reading
    from hostshift.topology.model import Container, Neighbourhood, Service


def without_foreign(found: Neighbourhood, reading: Reading) -> Neighbourhood:
    """Leave out what is published on addresses that this machine does not have."""
    known: dict[str, bool] = {}

    def of_service(service: Service) -> Service:
        containers = tuple(map(of_container, service.containers))
        return (
            service.replace(containers=containers) if containers != service.containers else service
        )

    def of_container(one: Container) -> Container:
        outs = tuple(out for out in one.publications if is_here(out.address))
        if len(outs) == len(one.publications):
            return one
        reading.begin(one.name)
        what = "a published port is left out: its address is none of this machine's"
        reading.leave_out(what, decides=True)
        reading.begin("")
        return one.replace(publications=outs)

    def is_here(address: str) -> bool:
        if not address or is_loopback(address):
            return True
        if address not in known:
            known[address] = is_local(address)
        return known[address]

    return found.replace(services=tuple(map(of_service, found.services)))


def is_local(address: str) -> bool:
    """Return True unless the system says that this machine does not have an address.

    A datagram socket is bound to it, which sends nothing.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as asking:
            asking.bind((address, 0))
    except OSError as error:
        return error.errno != errno.EADDRNOTAVAIL
    return True

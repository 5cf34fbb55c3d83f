"""The ports of one container, of what ``inspect`` says about it. Pure."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from hostshift.topology.engine import shapes
from hostshift.topology.engine.problems import Problem
from hostshift.topology.model import Publication

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hostshift.topology.engine.reading import Reading

_Bound = tuple[int, str, "int | None", str]
"""A port, its protocol, the host's port, and the address that this is bound to."""


def publications(said: dict[str, Any], reading: Reading, *, now: bool) -> tuple[Publication, ...]:
    """Return what is published: as it is now, or as it was asked for."""
    settings = ("NetworkSettings", "Ports") if now else ("HostConfig", "PortBindings")
    found = list(_bound(said, settings, reading))
    if not now and reading.flag(said, "HostConfig", "PublishAllPorts", decides=True):
        bound = {(port, protocol) for port, protocol, _, _ in found}
        exposed = _affordable(_exposed_keys(said, reading, ("Config", "ExposedPorts")), reading)
        all_of = ((port, protocol) for ports, protocol in exposed for port in ports)
        found += [(*key, None, "") for key in all_of if key not in bound]
    return _joined(found)


def exposed(said: dict[str, Any], reading: Reading) -> tuple[int, ...]:
    """Return the TCP ports that it or its image names; engines add those it publishes.

    ``NetworkSettings.Ports`` is what the engine made of the names: where it could not
    read one, it has ``0/tcp`` there (docker daemon/network.go, getPortMapInfo).
    """
    named = chain(
        _exposed_keys(said, reading, ("Config", "ExposedPorts")),
        _exposed_keys(said, reading, ("HostConfig", "PortBindings")),
        _readable(reading.mapping(said, "NetworkSettings", "Ports")),
    )
    tcp = ((ports, protocol) for ports, protocol in named if protocol == "tcp")
    found = {port for ports, _ in _affordable(tcp, reading) for port in ports}
    return tuple(sorted(found))


def _affordable(
    named: Iterable[tuple[range, str]], reading: Reading
) -> Iterator[tuple[range, str]]:
    for ports, protocol in named:
        if not reading.affords(len(ports)):
            reading.leave_out("more exposed ports than are read are left out", decides=True)
            return
        yield ports, protocol


def _exposed_keys(
    said: dict[str, Any], reading: Reading, path: tuple[str, ...]
) -> Iterator[tuple[range, str]]:
    for key in reading.mapping(said, *path):
        try:
            yield shapes.ports(key)
        except Problem:
            reading.leave_out(f"a port of {'.'.join(path)} is left out: it is none")


def _readable(keys: Iterable[str]) -> Iterator[tuple[range, str]]:
    for key in keys:
        try:
            yield shapes.ports(key)
        except Problem:  # of the engine's own making, and noted where it comes from
            continue


def _bound(said: dict[str, Any], path: tuple[str, ...], reading: Reading) -> Iterator[_Bound]:
    """Yield the bindings. A binding that cannot be read could be the one that matters."""
    for key, bindings in reading.mapping(said, *path, decides=True).items():
        for on in reading.listing({key: bindings}, key, decides=True):
            try:
                port, protocol = shapes.port(key)
                yield port, protocol, shapes.host_port(on, "HostPort"), shapes.address(on, "HostIp")
            except Problem:
                reading.leave_out("a published port is left out: it is none", decides=True)


def _joined(found: list[_Bound]) -> tuple[Publication, ...]:
    """Make one publication of an IPv4 and an IPv6 one: engines list every address as both."""
    addresses: dict[tuple[int, str, int | None], set[str]] = {}
    for port, protocol, published, address in found:
        addresses.setdefault((port, protocol, published), set()).add(address)
    for bound in addresses.values():
        if {"0.0.0.0", "::"} <= bound:  # noqa: S104 - read, not bound
            bound -= {"0.0.0.0", "::"}  # noqa: S104
            bound.add("")
    return tuple(
        Publication(port=port, published=published, address=address, protocol=protocol)
        for (port, protocol, published), bound in sorted(addresses.items(), key=_order)
        for address in sorted(bound)
    )


def _order(entry: tuple[tuple[int, str, int | None], set[str]]) -> tuple[int, str, int]:
    port, protocol, published = entry[0]
    return port, protocol, published or 0

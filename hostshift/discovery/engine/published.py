"""Read the ports of one container from its ``inspect`` document. Pure."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from hostshift.discovery.engine import json_fields
from hostshift.discovery.engine.problems import Problem
from hostshift.discovery.model import Publication

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hostshift.base.json_tree import Tree
    from hostshift.discovery.engine.reading import Reading

_Bound = tuple[int, str, "int | None", str]
"""A port, its protocol, the host's port, and the host's address that it is bound to."""


def publications(
    document: dict[str, Tree], reading: Reading, *, now: bool
) -> tuple[Publication, ...]:
    """Return the publications: those of now, or the configured ones."""
    settings = ("NetworkSettings", "Ports") if now else ("HostConfig", "PortBindings")
    bindings = list(_bound(document, settings, reading))
    if not now and reading.flag(document, "HostConfig", "PublishAllPorts", decides=True):
        bound = {(port, protocol) for port, protocol, _, _ in bindings}
        exposed = _affordable(_exposed_keys(document, reading, ("Config", "ExposedPorts")), reading)
        all_of = ((port, protocol) for ports, protocol in exposed for port in ports)
        bindings += [(*key, None, "") for key in all_of if key not in bound]
    return _joined(bindings)


def exposed(document: dict[str, Tree], reading: Reading) -> tuple[int, ...]:
    """Return the TCP ports that it or its image names; engines add those it publishes.

    ``NetworkSettings.Ports`` holds the engine's reading of these names. It has ``0/tcp`` for
    one that the engine could not read (docker daemon/network.go, getPortMapInfo).
    """
    named = chain(
        _exposed_keys(document, reading, ("Config", "ExposedPorts")),
        _exposed_keys(document, reading, ("HostConfig", "PortBindings")),
        _readable(reading.mapping(document, "NetworkSettings", "Ports")),
    )
    tcp = ((ports, protocol) for ports, protocol in named if protocol == "tcp")
    return tuple(sorted({port for ports, _ in _affordable(tcp, reading) for port in ports}))


def _affordable(
    named: Iterable[tuple[range, str]], reading: Reading
) -> Iterator[tuple[range, str]]:
    for ports, protocol in named:
        if not reading.affords(len(ports)):
            reading.leave_out(
                "left out some exposed ports, because there are too many", decides=True
            )
            return
        yield ports, protocol


def _exposed_keys(
    document: dict[str, Tree], reading: Reading, path: tuple[str, ...]
) -> Iterator[tuple[range, str]]:
    for key in reading.mapping(document, *path):
        try:
            yield json_fields.ports(key)
        except Problem:
            reading.leave_out(f"left out a key of {'.'.join(path)}, because it is not a port")


def _readable(keys: Iterable[str]) -> Iterator[tuple[range, str]]:
    for key in keys:
        try:
            yield json_fields.ports(key)
        except Problem:  # the engine's own key; the field that it comes from makes the note
            continue


def _bound(document: dict[str, Tree], path: tuple[str, ...], reading: Reading) -> Iterator[_Bound]:
    """Yield the bindings. An unreadable one could be the one that matters, so it makes a gap."""
    for key, bindings in reading.mapping(document, *path, decides=True).items():
        for on in reading.listing({key: bindings}, key, decides=True):
            try:
                port, protocol = json_fields.port(key)
                yield (
                    port,
                    protocol,
                    json_fields.host_port(on, "HostPort"),
                    json_fields.address(on, "HostIp"),
                )
            except Problem:
                reading.leave_out(
                    "left out a published port, because it is unreadable", decides=True
                )


def _joined(bindings: list[_Bound]) -> tuple[Publication, ...]:
    """Merge the publications on all IPv4 and all IPv6 addresses, which engines list as two."""
    addresses: dict[tuple[int, str, int | None], set[str]] = {}
    for port, protocol, published, address in bindings:
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

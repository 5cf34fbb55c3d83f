"""Describe one container by its ``inspect`` document. Pure.

Its id and its name must be readable. Any other unreadable field is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hostshift.base.record import Record
from hostshift.discovery.engine import json_fields, published
from hostshift.discovery.model import IGNORE, OF_CONTAINER, Container, Membership, is_ignored

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hostshift.base.json_tree import Tree
    from hostshift.discovery.engine.reading import Reading

_COMPOSE = "com.docker.compose."
SWARM_SERVICE = "com.docker.swarm.service.name"
_STACK = "com.docker.stack.namespace"
INGRESS = "ingress"
"""The network on which a swarm forwards published ports: no names resolve on it."""
_ON = ("running", "paused")
"""States in which a container has its network: a paused one keeps its addresses."""
_WITHOUT_NETWORK = ("host", "none")


class Inspected(Record):
    """A container, and the facts about it that the model does not hold."""

    container: Container
    project: str | None
    service: str | None
    """The service of compose or a swarm; None if it has none, also for ``docker compose run``."""
    number: int
    one_off: bool
    """True for a container of ``docker compose run``, which is no replica of its service."""
    directory: str
    """The project's working directory; "" if no label holds it."""
    config_files: str
    """Paths of the compose files that compose started it with, separated by commas."""
    mounts: tuple[tuple[str, str], ...]
    """Mounted directories of the host: their paths in the container and on the host."""
    ignored: bool
    gateways: tuple[str, ...] = ()
    """The gateways of the networks that it is on while it runs."""


class Context(Record):
    """Facts about the engine, its other containers and the question."""

    names: Mapping[str, str]
    """The names of all containers by their ids."""
    podman: bool = False
    configured: bool = False
    """True for the ports as configured, False for those published now."""
    virtual: Mapping[tuple[str, str], str] = {}
    """The addresses that a swarm gives its services, by network and service."""


def describe(document: dict[str, Tree], context: Context, reading: Reading) -> Inspected:
    """Describe a container.

    Args:
        document: its ``inspect`` document.
        context: facts about the engine and its other containers.
        reading: notes the fields that we leave out.

    Raises:
        Problem: the container has no id, or no name.

    """
    labels = reading.mapping(document, "Config", "Labels", decides=True)
    project = _compose_name(labels, "project", reading)
    one_off = reading.text(labels, f"{_COMPOSE}oneoff").lower() == "true"
    service = _compose_name(labels, "service", reading) if project and not one_off else None
    aliases: tuple[str, ...] = ()
    if project is None:
        project, service, aliases = _of_swarm(labels, reading)
    return Inspected(
        container=_container(document, context, aliases, reading),
        project=project,
        service=service,
        number=_digits(reading.text(labels, f"{_COMPOSE}container-number")),
        one_off=one_off,
        directory=reading.text(labels, f"{_COMPOSE}project.working_dir"),
        config_files=reading.text(labels, f"{_COMPOSE}project.config_files"),
        mounts=tuple(_mounts(document, reading)),
        ignored=is_ignored(labels.get(IGNORE)),
        gateways=tuple(_gateways(document, reading)),
    )


def _digits(number: str) -> int:
    return int(number) if number.isascii() and number.isdecimal() and len(number) < 9 else 0


def _compose_name(labels: dict[str, Tree], key: str, reading: Reading) -> str | None:
    """Return one of compose's labels if it is a name: anybody can write any text there."""
    label = reading.text(labels, _COMPOSE + key)
    return label if json_fields.is_name(label) else None


def _of_swarm(
    labels: dict[str, Tree], reading: Reading
) -> tuple[str | None, str | None, tuple[str, ...]]:
    """Return the stack, the service in it and the names that resolve to a swarm's task.

    ``docker stack deploy`` calls the service ``stack_service`` and gives it the alias
    ``service`` on the stack's networks.
    """
    full, stack = reading.text(labels, SWARM_SERVICE), reading.text(labels, _STACK)
    if not json_fields.is_name(full):
        return None, None, ()
    service = full.removeprefix(f"{stack}_")
    if json_fields.is_name(stack) and json_fields.is_name(service) and service != full:
        return stack, service, (service, full)
    return None, full, (full,)


def _container(
    document: dict[str, Tree], context: Context, aliases: tuple[str, ...], reading: Reading
) -> Container:
    mode = _mode(document, context.names, reading)
    running = _runs(document, reading)
    now = running and not context.configured
    return Container(
        name=json_fields.name(document, "Name"),
        id=json_fields.identity(document, "Id"),
        memberships=() if mode else tuple(_memberships(document, context, aliases, reading)),
        publications=() if mode else published.publications(document, reading, now=now),
        network_mode=mode,
        exposed=published.exposed(document, reading),
        healthy=_healthy(document, reading) if running else None,
        running=running,
    )


def _runs(document: dict[str, Tree], reading: Reading) -> bool:
    """Return True if it has its network. Podman has states that Docker does not know."""
    status = reading.text(document, "State", "Status", decides=True)
    if status:
        return status in _ON
    return reading.flag(document, "State", "Running", decides=True)


def _mode(document: dict[str, Tree], names: Mapping[str, str], reading: Reading) -> str:
    """Return the network mode if the container has no network of its own; else "".

    The containers of a Podman pod share the network of one that the engine does not list.
    They count as having the networks that the engine lists with them.
    """
    mode = reading.text(document, "HostConfig", "NetworkMode", decides=True)
    if mode in _WITHOUT_NETWORK:
        return mode
    if not mode.startswith(OF_CONTAINER):
        return ""
    holder = mode.removeprefix(OF_CONTAINER)
    if holder in names:
        return OF_CONTAINER + names[holder]
    return "" if reading.mapping(document, "NetworkSettings", "Networks", decides=True) else mode


def _healthy(document: dict[str, Tree], reading: Reading) -> bool | None:
    status = reading.text(document, "State", "Health", "Status")
    return None if status in ("", "none") else status == "healthy"


# --- networks -----------------------------------------------------------------------------------


def _memberships(
    document: dict[str, Tree], context: Context, aliases: tuple[str, ...], reading: Reading
) -> Iterator[Membership]:
    """Yield its memberships; on the engine's default network no names resolve."""
    nameless = ("podman" if context.podman else "bridge", INGRESS)
    service = reading.text(document, "Config", "Labels", SWARM_SERVICE) if aliases else ""
    for network, on in _networks(document, reading):
        addresses = (
            reading.address(on, "IPAddress", decides=True),
            reading.address(on, "GlobalIPv6Address", decides=True),
            context.virtual.get((network, service), ""),
        )
        yield Membership(
            network=network,
            names=() if network in nameless else (*aliases, *_names(document, on, reading)),
            addresses=tuple(address for address in addresses if address),
        )


def _networks(document: dict[str, Tree], reading: Reading) -> Iterator[tuple[str, dict[str, Tree]]]:
    """Yield its networks by name. An unreadable network could matter, so it makes a gap."""
    networks = reading.mapping(document, "NetworkSettings", "Networks", decides=True)
    for network, on in sorted(networks.items()):
        yield network, reading.mapping({"Networks": on}, "Networks", decides=True)


def _names(document: dict[str, Tree], on: Tree, reading: Reading) -> tuple[str, ...]:
    """Return the names that resolve on a user network. Engines add the short id as an alias.

    ``DNSNames`` holds them all (from Docker 25), but not for a stopped container. We leave
    out an alias that cannot be a name, because nobody can look it up.
    """
    aliases = (*reading.texts(on, "Aliases"), *reading.texts(on, "DNSNames"))
    names = (json_fields.name(document, "Name"), *filter(json_fields.is_name, aliases))
    return tuple(dict.fromkeys((*names, json_fields.identity(document, "Id")[:12])))


def _gateways(document: dict[str, Tree], reading: Reading) -> Iterator[str]:
    """Yield the gateways of its networks: the engine's bridges have these addresses.

    We do not ask the engine for its networks, because Podman lists them by looking at every
    container, and waits for those that start or stop (pkg/api/handlers/compat/networks.go,
    getContainerNetStatuses).
    """
    networks = reading.mapping(document, "NetworkSettings", "Networks")
    for on in networks.values():
        for key in ("Gateway", "IPv6Gateway"):
            address = reading.address(on if type(on) is dict else None, key)
            if address:
                yield address


def _mounts(document: dict[str, Tree], reading: Reading) -> Iterator[tuple[str, str]]:
    """Yield the path in the container and on the host of each mounted directory."""
    for mount in reading.listing(document, "Mounts"):
        if reading.text(mount, "Type") == "bind":
            yield reading.text(mount, "Destination"), reading.text(mount, "Source")

"""One container, of what ``inspect`` says about it. Pure.

Its id and its name have to be there; of the rest, what cannot be read is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hostshift._record import Record
from hostshift.topology.engine import published, shapes
from hostshift.topology.model import IGNORE, OF_CONTAINER, Container, Membership, is_ignored

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hostshift.topology.engine.reading import Reading

_COMPOSE = "com.docker.compose."
SWARM_SERVICE = "com.docker.swarm.service.name"
_STACK = "com.docker.stack.namespace"
INGRESS = "ingress"
"""The network by which a swarm passes on published ports: no names answer on it."""
_ON = ("running", "paused")
"""States in which a container has its network: a paused one keeps its place."""
_WITHOUT_NETWORK = ("host", "none")


class Seen(Record):
    """A container, and what counts about it beside the model."""

    container: Container
    project: str | None
    service: str | None
    """Compose's or a swarm's; None where there is none: also for ``docker compose run``."""
    number: int
    once: bool
    """Whether it is one of ``docker compose run``, which is no replica of its service."""
    directory: str
    """The project's working directory, "" where it is not told."""
    config_files: str
    """Paths of the compose files that it was started with, with commas between them."""
    mounts: tuple[tuple[str, str], ...]
    """Directories of the host: where they are inside, and where outside."""
    ignored: bool
    gateways: tuple[str, ...] = ()
    """The gateways of the networks that it is on, as it runs."""


class Around(Record):
    """What counts about the other containers, and about how this is asked."""

    names: Mapping[str, str]
    """All containers' names by their ids."""
    podman: bool = False
    configured: bool = False
    """Whether ports are taken as they were asked for, not as they are now."""
    virtual: Mapping[tuple[str, str], str] = {}
    """The addresses that a swarm gives its services, by network and service."""


def seen(said: dict[str, Any], around: Around, reading: Reading) -> Seen:
    """Describe a container.

    Args:
        said: what ``inspect`` says.
        around: what counts about the others.
        reading: notes what is left out.

    Raises:
        Problem: it has no id, or no name.

    """
    labels = reading.mapping(said, "Config", "Labels", decides=True)
    project = _compose_name(labels, "project", reading)
    once = reading.text(labels, f"{_COMPOSE}oneoff").lower() == "true"
    service = _compose_name(labels, "service", reading) if project and not once else None
    called: tuple[str, ...] = ()
    if project is None:
        project, service, called = _of_swarm(labels, reading)
    return Seen(
        container=_container(said, around, called, reading),
        project=project,
        service=service,
        number=_digits(reading.text(labels, f"{_COMPOSE}container-number")),
        once=once,
        directory=reading.text(labels, f"{_COMPOSE}project.working_dir"),
        config_files=reading.text(labels, f"{_COMPOSE}project.config_files"),
        mounts=tuple(_mounts(said, reading)),
        ignored=is_ignored(labels.get(IGNORE)),
        gateways=tuple(_gateways(said, reading)),
    )


def _digits(number: str) -> int:
    return int(number) if number.isascii() and number.isdecimal() and len(number) < 9 else 0


def _compose_name(labels: dict[str, Any], key: str, reading: Reading) -> str | None:
    """Return one of compose's labels; anybody can write there what is no name."""
    found = reading.text(labels, _COMPOSE + key)
    return found if shapes.is_name(found) else None


def _of_swarm(
    labels: dict[str, Any], reading: Reading
) -> tuple[str | None, str | None, tuple[str, ...]]:
    """Return the stack, the service in it and the names that answer for a swarm's task.

    ``docker stack deploy`` calls the service ``stack_service`` and gives it the alias
    ``service`` on the stack's networks.
    """
    called, stack = reading.text(labels, SWARM_SERVICE), reading.text(labels, _STACK)
    if not shapes.is_name(called):
        return None, None, ()
    service = called.removeprefix(f"{stack}_")
    if shapes.is_name(stack) and shapes.is_name(service) and service != called:
        return stack, service, (service, called)
    return None, called, (called,)


def _container(
    said: dict[str, Any], around: Around, called: tuple[str, ...], reading: Reading
) -> Container:
    mode = _mode(said, around.names, reading)
    running = _runs(said, reading)
    now = running and not around.configured
    return Container(
        name=shapes.name(said, "Name"),
        id=shapes.identity(said, "Id"),
        memberships=() if mode else tuple(_memberships(said, around, called, reading)),
        publications=() if mode else published.publications(said, reading, now=now),
        network_mode=mode,
        exposed=published.exposed(said, reading),
        healthy=_healthy(said, reading) if running else None,
        running=running,
    )


def _runs(said: dict[str, Any], reading: Reading) -> bool:
    """Return True if it has its network. Podman has states that Docker has no word for."""
    status = reading.text(said, "State", "Status", decides=True)
    if status:
        return status in _ON
    return reading.flag(said, "State", "Running", decides=True)


def _mode(said: dict[str, Any], names: Mapping[str, str], reading: Reading) -> str:
    """Return the network mode where the container has no network of its own.

    The containers of a Podman pod share that of one that is not listed: they count
    as having what is listed with them.
    """
    mode = reading.text(said, "HostConfig", "NetworkMode", decides=True)
    if mode in _WITHOUT_NETWORK:
        return mode
    if not mode.startswith(OF_CONTAINER):
        return ""
    holder = mode.removeprefix(OF_CONTAINER)
    if holder in names:
        return OF_CONTAINER + names[holder]
    return "" if reading.mapping(said, "NetworkSettings", "Networks", decides=True) else mode


def _healthy(said: dict[str, Any], reading: Reading) -> bool | None:
    status = reading.text(said, "State", "Health", "Status")
    return None if status in ("", "none") else status == "healthy"


# --- networks -----------------------------------------------------------------------------------


def _memberships(
    said: dict[str, Any], around: Around, called: tuple[str, ...], reading: Reading
) -> Iterator[Membership]:
    """Say what it is on; on the engine's default network no names answer."""
    nameless = ("podman" if around.podman else "bridge", INGRESS)
    service = reading.text(said, "Config", "Labels", SWARM_SERVICE) if called else ""
    for network, on in _networks(said, reading):
        found = (
            reading.address(on, "IPAddress", decides=True),
            reading.address(on, "GlobalIPv6Address", decides=True),
            around.virtual.get((network, service), ""),
        )
        yield Membership(
            network=network,
            names=() if network in nameless else (*called, *_names(said, on, reading)),
            addresses=tuple(address for address in found if address),
        )


def _networks(said: dict[str, Any], reading: Reading) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield its networks by name. What a network is worth that cannot be read is not known."""
    networks = reading.mapping(said, "NetworkSettings", "Networks", decides=True)
    for network, on in sorted(networks.items()):
        yield network, reading.mapping({"Networks": on}, "Networks", decides=True)


def _names(said: dict[str, Any], on: object, reading: Reading) -> tuple[str, ...]:
    """Say what answers on a user network: the short id is an alias that engines add.

    ``DNSNames`` says all of it (from Docker 25), but not for a stopped container. An
    alias that can be no name is asked for by nobody.
    """
    aliases = (*reading.texts(on, "Aliases"), *reading.texts(on, "DNSNames"))
    names = (shapes.name(said, "Name"), *filter(shapes.is_name, aliases))
    return tuple(dict.fromkeys((*names, shapes.identity(said, "Id")[:12])))


def _gateways(said: dict[str, Any], reading: Reading) -> Iterator[str]:
    """Yield the gateways of its networks: a bridge of the engine's has that address.

    They cost no question of their own: Podman lists networks by looking at every
    container, and waits for those that start or stop (pkg/api/handlers/compat/networks.go,
    getContainerNetStatuses).
    """
    networks = reading.mapping(said, "NetworkSettings", "Networks")
    for on in networks.values():
        for key in ("Gateway", "IPv6Gateway"):
            found = reading.address(on if type(on) is dict else None, key)
            if found:
                yield found


def _mounts(said: dict[str, Any], reading: Reading) -> Iterator[tuple[str, str]]:
    """Name the directories of the host that are inside."""
    for mount in reading.listing(said, "Mounts"):
        if reading.text(mount, "Type") == "bind":
            yield reading.text(mount, "Destination"), reading.text(mount, "Source")

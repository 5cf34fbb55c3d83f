"""One container, of what ``inspect`` says about it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hostshift._record import Record
from hostshift.topology.engine import shapes
from hostshift.topology.engine.problems import Problem
from hostshift.topology.model import IGNORE, Container, Membership, Publication, is_ignored

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_COMPOSE = "com.docker.compose."
_SWARM_SERVICE = "com.docker.swarm.service.name"
_STACK = "com.docker.stack.namespace"
_INGRESS = "ingress"
"""The network by which a swarm passes on published ports: no names answer on it."""
_ON = ("running", "paused")
"""States in which a container has its network: a paused one keeps its place."""
_WITHOUT_NETWORK = ("host", "none")
_SHARED = "container:"


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
    mounts: tuple[tuple[str, str], ...]
    """Directories of the host: where they are inside, and where outside."""
    ignored: bool


def seen(said: dict[str, Any], names: Mapping[str, str], *, podman: bool, configured: bool) -> Seen:
    """Describe a container.

    Args:
        said: what ``inspect`` says.
        names: all containers' names by their ids.
        podman: whether the engine is Podman.
        configured: whether ports are wanted as they were asked for, not as they are now.

    Raises:
        Problem: no engine would say this.

    """
    labels = shapes.mapping(said, "Config", "Labels")
    project = _compose_name(labels, "project")
    once = shapes.text(labels, f"{_COMPOSE}oneoff").lower() == "true"
    service = _compose_name(labels, "service") if project and not once else None
    called: tuple[str, ...] = ()
    if project is None:
        project, service, called = _of_swarm(labels)
    number = shapes.text(labels, f"{_COMPOSE}container-number")
    return Seen(
        container=_container(said, names, called, podman=podman, configured=configured),
        project=project,
        service=service,
        number=int(number) if number.isascii() and number.isdecimal() and len(number) < 9 else 0,
        once=once,
        directory=shapes.text(labels, f"{_COMPOSE}project.working_dir"),
        mounts=tuple(_mounts(said)),
        ignored=is_ignored(labels.get(IGNORE)),
    )


def _compose_name(labels: dict[str, Any], key: str) -> str | None:
    """Return one of compose's labels; anybody can write there what is no name."""
    found = shapes.text(labels, _COMPOSE + key)
    return found if shapes.is_name(found) else None


def _of_swarm(labels: dict[str, Any]) -> tuple[str | None, str | None, tuple[str, ...]]:
    """Return the stack, the service in it and the names that answer for a swarm's task.

    ``docker stack deploy`` calls the service ``stack_service`` and gives it the alias
    ``service`` on the stack's networks.
    """
    called, stack = shapes.text(labels, _SWARM_SERVICE), shapes.text(labels, _STACK)
    if not shapes.is_name(called):
        return None, None, ()
    service = called.removeprefix(f"{stack}_")
    if shapes.is_name(stack) and shapes.is_name(service) and service != called:
        return stack, service, (service, called)
    return None, called, (called,)


def _container(
    said: dict[str, Any],
    names: Mapping[str, str],
    called: tuple[str, ...],
    *,
    podman: bool,
    configured: bool,
) -> Container:
    state = shapes.text(said, "State", "Status")
    mode = _mode(said, names)
    running = state in _ON
    return Container(
        name=shapes.name(said, "Name"),
        id=shapes.identity(said, "Id"),
        memberships=() if mode else tuple(_memberships(said, called, podman=podman)),
        publications=() if mode else _publications(said, now=running and not configured),
        network_mode=mode,
        exposed=_exposed(said),
        healthy=_healthy(said) if running else None,
        running=running,
    )


def _mode(said: dict[str, Any], names: Mapping[str, str]) -> str:
    """Return the network mode where the container has no network of its own.

    The containers of a Podman pod share that of one that is not listed: they count
    as having what is listed with them.
    """
    mode = shapes.text(said, "HostConfig", "NetworkMode")
    if mode in _WITHOUT_NETWORK:
        return mode
    if not mode.startswith(_SHARED):
        return ""
    holder = mode.removeprefix(_SHARED)
    if holder in names:
        return _SHARED + names[holder]
    return "" if shapes.mapping(said, "NetworkSettings", "Networks") else mode


def _healthy(said: dict[str, Any]) -> bool | None:
    status = shapes.text(said, "State", "Health", "Status")
    return None if status in ("", "none") else status == "healthy"


# --- networks -----------------------------------------------------------------------------------


def _memberships(
    said: dict[str, Any], called: tuple[str, ...], *, podman: bool
) -> Iterator[Membership]:
    """Say what it is on; on the engine's default network no names answer."""
    nameless = ("podman" if podman else "bridge", _INGRESS)
    networks = shapes.mapping(said, "NetworkSettings", "Networks")
    for network, on in sorted(networks.items()):
        found = (shapes.address(on, "IPAddress"), shapes.address(on, "GlobalIPv6Address"))
        yield Membership(
            network=network,
            names=() if network in nameless else (*called, *_names(said, on)),
            addresses=tuple(address for address in found if address),
        )


def _names(said: dict[str, Any], on: object) -> tuple[str, ...]:
    """Say what answers on a user network: the short id is an alias that engines add.

    ``DNSNames`` says all of it (from Docker 25), but not for a stopped container.
    """
    aliases = [*shapes.listing(on, "Aliases"), *shapes.listing(on, "DNSNames")]
    if any(type(alias) is not str for alias in aliases):
        raise Problem("answers what no engine does: an alias that is no text")
    names = (shapes.name(said, "Name"), *filter(shapes.is_name, aliases))
    return tuple(dict.fromkeys((*names, shapes.identity(said, "Id")[:12])))


# --- ports --------------------------------------------------------------------------------------


def _publications(said: dict[str, Any], *, now: bool) -> tuple[Publication, ...]:
    """Return what is published: as it is now, or as it was asked for."""
    settings = ("NetworkSettings", "Ports") if now else ("HostConfig", "PortBindings")
    found = [
        (*shapes.port_key(key), shapes.host_port(on, "HostPort"), shapes.address(on, "HostIp"))
        for key, bindings in shapes.mapping(said, *settings).items()
        for on in shapes.listing({key: bindings}, key)
    ]
    if not now and shapes.flag(said, "HostConfig", "PublishAllPorts"):
        bound = {(port, protocol) for port, protocol, _, _ in found}
        keys = map(shapes.port_key, shapes.mapping(said, "Config", "ExposedPorts"))
        found += [(*key, None, "") for key in keys if key not in bound]
    return _joined(found)


def _joined(found: list[tuple[int, str, int | None, str]]) -> tuple[Publication, ...]:
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


def _exposed(said: dict[str, Any]) -> tuple[int, ...]:
    """Return the TCP ports that it or its image names; engines add those it publishes."""
    keys = [
        *shapes.mapping(said, "Config", "ExposedPorts"),
        *shapes.mapping(said, "HostConfig", "PortBindings"),
    ]
    ports = map(shapes.port_key, keys)
    return tuple(sorted({port for port, protocol in ports if protocol == "tcp"}))


def _mounts(said: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Name the directories of the host that are inside."""
    for mount in shapes.listing(said, "Mounts"):
        if shapes.text(mount, "Type") == "bind":
            yield shapes.text(mount, "Destination"), shapes.text(mount, "Source")

"""The model of the services around: their names, networks, addresses and ports."""

from __future__ import annotations

from hostshift.base.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Literal

    from hostshift.base.json_tree import Tree

    Certainty = Literal["declared", "known", "intended", "observed", "assumed"]
    """Best first: the user mapped it; the machine shows it now, and every source answered; a
    file describes it and nothing confirms it; it answered; or it is a conventional address that
    we did not check."""

    Resolve = Callable[[str], tuple[str, ...] | None]
    """Returns the addresses of a name, () if the name does not exist; None: could not say."""


class Publication(Record):
    """A port of a container that the host forwards."""

    port: int
    """The port inside the container."""
    published: int | None
    """The port of the host; None if the engine chooses one when it starts the container."""
    address: str = ""
    """The host's address that it is bound to: "" is all of both families, "0.0.0.0" all of IPv4."""
    protocol: str = "tcp"


class Membership(Record):
    """A container on one network."""

    network: str
    """The engine's name of the network, such as ``shop_default``."""
    names: tuple[str, ...]
    """The names that resolve to this container there: its own, its service's, aliases, its id."""
    addresses: tuple[str, ...] = ()
    """Its own addresses first; last, in a swarm, the address that the swarm gave its service."""


OF_CONTAINER = "container:"
"""Prefix of the network mode of a container that uses another one's network; its name follows."""


class Container(Record):
    """One container: a running, a stopped or a planned one."""

    name: str
    id: str = ""
    memberships: tuple[Membership, ...] = ()
    publications: tuple[Publication, ...] = ()
    network_mode: str = ""
    """"host", "none" or "container:NAME" if it has no network of its own; else ""."""
    exposed: tuple[int, ...] = ()
    """TCP ports that its image or its configuration names, published or not. From an engine
    they are complete, also without a network of its own; if the engine did not describe the
    container, there is a gap."""
    healthy: bool | None = None
    """None without a health check, or if the source does not know; False also while it starts."""
    running: bool = True
    """False if the engine lists it as stopped; then the publications are the configured ones."""

    @property
    def network_owner(self) -> str:
        """The name of the container whose network this one uses; "" if it uses no other one's."""
        mode = self.network_mode
        return mode.removeprefix(OF_CONTAINER) if mode.startswith(OF_CONTAINER) else ""

    def has_network_of(self, other: Container) -> bool:
        """Return True if this container uses the network of another one."""
        return self.network_mode == OF_CONTAINER + other.name


class Service(Record):
    """One service, from any source: one container, or several replicas."""

    service: str
    """Its name in compose; the container's own name if it belongs to no compose project."""
    project: str | None
    """The compose project it belongs to; None if it has none, or the source does not know."""
    containers: tuple[Container, ...]
    certainty: Certainty
    source: str
    linked: tuple[str, ...] = ()
    """Names for it that only the containers with ``links`` to it know."""
    config_files: tuple[str, ...] = ()
    """Paths of the compose files that compose started it with, from the engine's labels."""

    @property
    def name(self) -> str:
        """The name to use for it with its network's resolver."""
        if not self.containers or self.service in self.names:
            return self.service
        return self.containers[0].name

    @property
    def container(self) -> str:
        """The name of its first container."""
        return self.containers[0].name if self.containers else self.service

    @property
    def running(self) -> bool:
        """Return True if a source that sees containers shows that one of them runs now."""
        return self.certainty != "intended" and any(
            container.running for container in self.containers
        )

    @property
    def names(self) -> tuple[str, ...]:
        """All names that resolve to it on some network."""
        return _unique(name for on in self.memberships for name in on.names)

    @property
    def aliases(self) -> tuple[str, ...]:
        """The names that are not those of single containers."""
        of_containers = {container.name for container in self.containers}
        return tuple(name for name in self.names if name not in of_containers)

    @property
    def memberships(self) -> tuple[Membership, ...]:
        """The memberships of its containers, one container after the other."""
        return tuple(on for container in self.containers for on in container.memberships)

    @property
    def networks(self) -> tuple[str, ...]:
        """The networks that its containers are on."""
        return _unique(on.network for on in self.memberships)

    @property
    def addresses(self) -> tuple[str, ...]:
        """All addresses of its containers."""
        return _unique(address for on in self.memberships for address in on.addresses)

    @property
    def publications(self) -> tuple[Publication, ...]:
        """The publications of its containers. Replicas may share a range: see the sources."""
        return tuple(
            dict.fromkeys(out for container in self.containers for out in container.publications)
        )


class Note(Record):
    """A problem with something that a source read. Holds no value, only places."""

    source: str
    where: str
    """A file, with its line where known, or a socket."""
    what: str

    def __str__(self) -> str:
        """Return the note as one line."""
        return f"{self.source}: {self.where}: {self.what}"


class Gap(Record):
    """A source that should know the services around, and could not say.

    This is not an empty answer: the answer that is missing could decide. A source that does
    not exist (no socket, no file) makes no gap.
    """

    source: str
    """engine, saved, compose or dns."""
    where: str
    """A file or a socket."""
    what: str
    """Why it could not say, such as "does not answer in time". Holds no value."""
    fix: str = ""
    """What the user can do about it, as a sentence without a full stop; "" if nothing."""
    passing: bool = True
    """True if the next look may succeed: the source was late, or restarts. False if it will
    fail until somebody changes something: this user may not ask, or a file is broken."""
    container: str = ""
    """The one container that the gap is about; "" if it is about all that the source knows."""

    def as_dict(self) -> dict[str, Tree]:
        """Return the fields by name, for JSON."""
        return {name: getattr(self, name) for name in self._fields}

    def __str__(self) -> str:
        """Return the gap as one line."""
        fix = f" ({self.fix})" if self.fix else ""
        return f"{self.source}: {self.where} {self.what}{fix}"


class Topology(Record):
    """The services around, and which of their containers this process runs in."""

    services: tuple[Service, ...] = ()
    project: str | None = None
    """The compose project of this process's own container, or of the compose file."""
    notes: tuple[Note, ...] = ()
    me: Container | None = None
    """The container whose network namespace this process is in, as the engine lists it."""
    gaps: tuple[Gap, ...] = ()
    """The sources that could not say. While there is a gap, nothing is certain."""
    listed: bool = False
    """True if a file lists the project's services: a service that it lacks does not exist."""
    config_files: tuple[str, ...] = ()
    """Paths of the compose files that we read; or, from an engine, those that compose started
    my project's containers with. If the engine lists this container, they are the host's paths."""
    referenced_files: tuple[str, ...] = ()
    """Paths of the files that those files include or extend."""
    hints: tuple[str, ...] = ()
    """Signs of a compose project of mine that no source describes, mostly paths of files."""
    reserved_names: frozenset[str] = frozenset()
    """Names in small letters that my project's files define without a service of that name:
    by ``hostname``, ``extra_hosts`` or ``external_links``."""
    engine_host: str = ""
    """The host that has the engine's published ports, if it is neither this network namespace
    nor its host: ``DOCKER_HOST=tcp://NAME``. "" otherwise."""
    bridges: tuple[str, ...] = ()
    """Addresses of the gateways of the engine's networks. A bridge with such an address is its."""
    engine: str = ""
    """The socket of the engine that answered, or its URL without a user; "" if none did."""
    observed_project: str | None = None
    """The compose project in this container's own name (by the name server)."""
    observed_service: str | None = None
    """The service in this container's own name (by the name server)."""

    def siblings(self) -> tuple[Service, ...]:
        """Return the services of this process's own compose project."""
        if self.project is None:
            return ()
        return tuple(service for service in self.services if service.project == self.project)


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


IGNORE = "hostshift.ignore"
"""The label that hides a container or a service from hostshift."""


def is_ignored(label: object) -> bool:
    """Return True if a value of the label :data:`IGNORE` hides: any value but a negative one."""
    return label is not None and str(label).lower() not in ("false", "no", "off", "0")

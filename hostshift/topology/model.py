"""What is around: services with all the names, networks and ports they go by."""

from __future__ import annotations

from hostshift._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from hostshift.decision import Certainty


class Publication(Record):
    """A port of a container that the host passes on."""

    port: int
    """The port inside."""
    published: int | None
    """The port of the host; None where the engine chooses one when it starts the container."""
    address: str = ""
    """What it is bound to on the host: "" is every address of both families, "0.0.0.0" of IPv4."""
    protocol: str = "tcp"


class Membership(Record):
    """A container on one network."""

    network: str
    """The engine's name of the network, such as ``shop_default``."""
    names: tuple[str, ...]
    """What answers there with this container's address: its name, its service's, aliases, id."""
    addresses: tuple[str, ...] = ()
    """Its own first; last, where it is a swarm's, the one that the swarm gave its service."""


OF_CONTAINER = "container:"
"""How the network mode begins of a container that has another's network; its name follows."""


class Container(Record):
    """One container, running or meant to run."""

    name: str
    id: str = ""
    memberships: tuple[Membership, ...] = ()
    publications: tuple[Publication, ...] = ()
    network_mode: str = ""
    """"host", "none", "container:NAME" where it has no network of its own; else ""."""
    exposed: tuple[int, ...] = ()
    """TCP ports that it is said to serve, published or not: by its image, by its configuration.
    From an engine they are complete, also without a network of its own; where the engine did
    not describe it, a gap says so."""
    healthy: bool | None = None
    """None where there is no health check, or nobody was asked; False also while it starts."""
    running: bool = True
    """False where the engine says that it is stopped; what it publishes is as configured then."""

    @property
    def network_owner(self) -> str:
        """The name of the container whose network this one has; "" where that is nobody's."""
        mode = self.network_mode
        return mode.removeprefix(OF_CONTAINER) if mode.startswith(OF_CONTAINER) else ""

    def has_network_of(self, other: Container) -> bool:
        """Return True if this container has the network of another one."""
        return self.network_mode == OF_CONTAINER + other.name


class Service(Record):
    """One service, whichever source told of it: one container, or replicas of it."""

    service: str
    """What compose calls it; the container's own name where there is no compose project."""
    project: str | None
    """The compose project it belongs to, None where there is none or it is not known."""
    containers: tuple[Container, ...]
    certainty: Certainty
    source: str
    linked: tuple[str, ...] = ()
    """Names for it that only those containers know which ``links`` gives them to."""
    config_files: tuple[str, ...] = ()
    """Paths of the compose files that compose started it with, as an engine tells them."""

    @property
    def name(self) -> str:
        """The name to call it by where its network's resolver answers."""
        if not self.containers or self.service in self.names:
            return self.service
        return self.containers[0].name

    @property
    def container(self) -> str:
        """The name of its first container."""
        return self.containers[0].name if self.containers else self.service

    @property
    def running(self) -> bool:
        """Return True if any of it is known, or observed, to run now."""
        return self.certainty != "intended" and any(found.running for found in self.containers)

    @property
    def names(self) -> tuple[str, ...]:
        """All names that answer for it on some network."""
        return _unique(name for found in self.memberships for name in found.names)

    @property
    def aliases(self) -> tuple[str, ...]:
        """The names that are not those of single containers."""
        own = {found.name for found in self.containers}
        return tuple(name for name in self.names if name not in own)

    @property
    def memberships(self) -> tuple[Membership, ...]:
        """What its containers are on, one after the other."""
        return tuple(on for found in self.containers for on in found.memberships)

    @property
    def networks(self) -> tuple[str, ...]:
        """The networks that some container of it is on."""
        return _unique(found.network for found in self.memberships)

    @property
    def addresses(self) -> tuple[str, ...]:
        """All addresses of its containers."""
        return _unique(at for found in self.memberships for at in found.addresses)

    @property
    def publications(self) -> tuple[Publication, ...]:
        """What any container of it publishes. Replicas may share a range: see the sources."""
        return tuple(dict.fromkeys(out for found in self.containers for out in found.publications))


class Note(Record):
    """What was wrong with something that a source looked at. Holds no value, only places."""

    source: str
    where: str
    """A file, with its line where known, or a socket."""
    what: str

    def __str__(self) -> str:
        """Say it in one line."""
        return f"{self.source}: {self.where}: {self.what}"


class Gap(Record):
    """A source that should have known the services around, and could not say.

    It is not the same as a source that says that there is nothing: what it would have
    said could decide. A source that is not there (no socket, no file) makes no gap.
    """

    source: str
    """engine, saved, compose or dns."""
    where: str
    """A file or a socket."""
    what: str
    """Why it could not say, such as "does not answer in time". Holds no value."""
    fix: str = ""
    """What the user can do about it, as a sentence without a full stop; "" where nothing."""
    passing: bool = True
    """True where the next look may find it: it was late, or restarts. False where it stays
    so until somebody changes something: this user may not ask, a file is broken."""
    container: str = ""
    """The one container that it is about; "" where it is about all that the source knows."""

    def as_dict(self) -> dict[str, str | bool]:
        """Return the fields by name, for JSON."""
        return {name: getattr(self, name) for name in self._fields}

    def __str__(self) -> str:
        """Say it in one line."""
        fix = f" ({self.fix})" if self.fix else ""
        return f"{self.source}: {self.where} {self.what}{fix}"


class Neighbourhood(Record):
    """The services that can be seen from here, and which of them is this process."""

    services: tuple[Service, ...] = ()
    project: str | None = None
    """The compose project of this process's own container, or of the compose file."""
    notes: tuple[Note, ...] = ()
    me: Container | None = None
    """The container whose network namespace this process is in, as the engine lists it."""
    gaps: tuple[Gap, ...] = ()
    """The sources that could not say. While there are any, nothing is known for certain."""
    listed: bool = False
    """A file says which services the project has: one that is not there does not exist."""
    config_files: tuple[str, ...] = ()
    """Paths of the compose files that were read; or, of an engine, those that compose started
    my project's containers with. Where the engine lists this container they are the host's."""
    referenced_files: tuple[str, ...] = ()
    """Paths of what those files include or extend."""
    hints: tuple[str, ...] = ()
    """Signs of a compose project of mine that no source describes, mostly paths of files."""
    reserved_names: frozenset[str] = frozenset()
    """Names in small letters that my project's files give a meaning of their own, though no
    service is called so: ``hostname``, ``extra_hosts``, ``external_links``."""
    engine_host: str = ""
    """The host by which the engine's published ports are reached, where that is neither this
    network namespace nor its host: ``DOCKER_HOST=tcp://NAME``. "" otherwise."""
    bridges: tuple[str, ...] = ()
    """Addresses of the gateways of the engine's networks: bridges that have one are its own."""
    engine: str = ""
    """The socket of the engine that answered, or its URL without a user; "" where none did."""
    observed_project: str | None = None
    """The compose project that this container's own name tells (by the name server)."""
    observed_service: str | None = None
    """The service that this container is, by its own name (by the name server)."""

    def siblings(self) -> tuple[Service, ...]:
        """Return the services of this process's own compose project."""
        if self.project is None:
            return ()
        return tuple(found for found in self.services if found.project == self.project)


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


IGNORE = "hostshift.ignore"
"""The label of a container or a service that is not to be seen."""


def is_ignored(label: object) -> bool:
    """Tell by the value of :data:`IGNORE`: it is there and does not say no."""
    return label is not None and str(label).lower() not in ("false", "no", "off", "0")

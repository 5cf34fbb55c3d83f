"""A whole project: services with their containers, names, networks and ports. Pure."""

from __future__ import annotations

from hostshift.discovery.compose import definitions, names
from hostshift.discovery.compose.problems import SOURCE, Problem
from hostshift.discovery.model import (
    IGNORE,
    OF_CONTAINER,
    Container,
    Membership,
    Publication,
    Service,
    Topology,
    is_ignored,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hostshift.discovery.budget import Budget
    from hostshift.discovery.compose.definition_types import (
        Attachment,
        DocumentDefinition,
        NetworkDefinition,
        ServiceDefinition,
    )

MOST = 10_000
"""Containers of a project, at most."""
_MODES = ("host", "none")
_OF_SERVICE = "service:"
_BRIDGE = "bridge"
"""Docker's default bridge, also the network of the mode "default"; no names answer on it."""
_ON_DEFAULT: dict[str, Attachment | None] = {"default": None}
_NEEDING = frozenset(("links", "depends_on", "network_mode"))
_COUNTING = frozenset(("scale", "deploy"))


class Project:
    """The files of a project, merged."""

    def __init__(
        self, name: str, documents: Iterable[DocumentDefinition], budget: Budget, *, separator: str
    ) -> None:
        """Merge the documents, in their order.

        Args:
            name: the project's name.
            documents: the files' documents.
            budget: the time that this may take, and the entries that the project may have.
            separator: the character between the parts of a container's name.

        Raises:
            Problem: compose would refuse them.

        """
        self.name, self._budget, self._separator = name, budget, separator
        merged: DocumentDefinition = {"services": {}, "networks": {}}
        for document in documents:
            budget.check()
            merged = definitions.merged(merged, document)
            definitions.check_complete(merged)
        self._networks, self._services = merged["networks"], merged["services"]
        self._engine_names: dict[str, str] = {}
        self._left = MOST

    def topology(self, profiles: Sequence[str]) -> Topology:
        """Describe the services that are on with these profiles.

        Where some are off, or a label hides them, the list is not complete: they may run
        all the same, so a name that is not in it may still be this project's.

        Raises:
            Problem: compose would refuse them.

        """
        enabled = set(profiles)
        active = {
            name: definition
            for name, definition in self._services.items()
            if "*" in enabled
            or not definition.get("profiles")
            or not enabled.isdisjoint(definition.get("profiles", ()))
        }
        for name, definition in active.items():
            self._budget.check()
            self._check(name, definition, active)
        _check_unique(active)
        _check_circles(active)
        linked = _linked(active)
        services = [
            self._service(name, definition, active, linked.get(name, ()))
            for name, definition in active.items()
            if not is_ignored(definition.get("labels", {}).get(IGNORE))
        ]
        complete = len(services) == len(self._services)
        return Topology(services=tuple(services), project=self.name, listed=complete)

    def _check(
        self, name: str, definition: ServiceDefinition, active: dict[str, ServiceDefinition]
    ) -> None:
        """Raise Problem where compose would refuse a service (loader/validate.go)."""
        where = f"services.{name}"
        if not (definition.get("image") or definition.get("build") or definition.get("provider")):
            raise Problem(f"{where}: neither an image nor a build")
        if "network_mode" in definition and definition.get("networks"):
            raise Problem(f"{where}: both network_mode and networks")
        if not _NEEDING.isdisjoint(definition):
            self._check_needed(definition, active, where)
        if not _COUNTING.isdisjoint(definition):
            _check_count(definition, where)

    def _check_needed(
        self, definition: ServiceDefinition, active: dict[str, ServiceDefinition], where: str
    ) -> None:
        for needed, required in _needed(definition).items():
            if needed not in active and (required or needed not in self._services):
                raise Problem(f"{where}: needs a service that is not there or whose profile is off")

    def _service(
        self,
        name: str,
        definition: ServiceDefinition,
        active: dict[str, ServiceDefinition],
        linked: tuple[str, ...],
    ) -> Service:
        """Describe one service and its containers."""
        count = 0 if definition.get("provider") else _scale(definition)
        self._left -= count
        if self._left < 0:
            raise Problem(f"more than {MOST:,} containers")
        mode, attached = self._network(name, definition, active)
        publications, exposed = _ports(definition, mode)
        names_of_each = sum(2 + len((on or {}).get("aliases", ())) for _, on in attached)
        ports_of_each = len(publications) + len(exposed)
        self._budget.take(max(0, count - 1) * ports_of_each + count * names_of_each)
        containers = []
        for number in range(1, count + 1):
            own = self._container_name(name, definition, number)
            container = Container(
                name=own,
                id="",
                memberships=tuple([_membership(own, name, key, on) for key, on in attached]),
                publications=publications,
                network_mode=mode,
                exposed=exposed,
                healthy=None,
            )
            containers.append(container)
        return Service(
            service=name,
            project=self.name,
            containers=tuple(containers),
            certainty="intended",
            source=SOURCE,
            linked=linked,
            config_files=(),  # we pass all fields: defaults cost time, for thousands of services
        )

    def _container_name(self, name: str, definition: ServiceDefinition, number: int) -> str:
        written = definition.get("container_name")
        if written is not None:
            return names.container_name(written, f"services.{name}.container_name")
        return names.replica(self.name, name, number, self._separator)

    # --- networks -------------------------------------------------------------------------------

    def _network(
        self, name: str, definition: ServiceDefinition, active: dict[str, ServiceDefinition]
    ) -> tuple[str, list[tuple[str, Attachment | None]]]:
        """Return a service's network mode and its networks.

        If the mode is an engine's network, only the container's own name answers
        there; on the default bridge none does.
        """
        if "network_mode" in definition:
            mode = definition["network_mode"]
            if mode in _MODES or mode.startswith(OF_CONTAINER):
                return mode, []
            if mode.startswith(_OF_SERVICE):
                other = mode.removeprefix(_OF_SERVICE)
                return OF_CONTAINER + self._container_name(other, active[other], 1), []
            if not mode:
                raise Problem(f"services.{name}.network_mode has no value")
            return "", [(_BRIDGE if mode == "default" else mode, {"plain": True})]
        attached = [
            (self._engine_names.get(key) or self._engine_name(key, name), on)
            for key, on in (definition.get("networks") or _ON_DEFAULT).items()
        ]
        for network, _ in attached:
            if network in _MODES:  # an external network can be the engine's "host"
                return network, []
        return "", attached

    def _engine_name(self, key: str, service: str) -> str:
        """Return the engine's name of a service's network."""
        if key not in self._networks and key != "default":
            raise Problem(f"services.{service}: is on a network that is not there")
        definition: NetworkDefinition = self._networks.get(key) or {}
        name = definition.get("name")
        if name is None:
            name = key if definition.get("external") else names.network(self.name, key)
        if not name:
            raise Problem(f"networks.{key}.name has no value")
        self._engine_names[key] = name
        return name


def _membership(container: str, service: str, network: str, on: Attachment | None) -> Membership:
    """Return a network with the names on it (docker/compose pkg/compose/create.go, getAliases)."""
    if network == _BRIDGE:
        return Membership(network=network, names=(), addresses=())
    if not on:
        both = (container, service) if container != service else (service,)
        return Membership(network=network, names=both, addresses=())
    aliases = () if "plain" in on else (service, *on.get("aliases", ()))
    addresses = (on.get("ipv4_address"), on.get("ipv6_address"))
    return Membership(
        network=network,
        names=tuple(dict.fromkeys((container, *aliases))),
        addresses=tuple(address for address in addresses if address is not None),
    )


def _ports(
    definition: ServiceDefinition, mode: str
) -> tuple[tuple[Publication, ...], tuple[int, ...]]:
    """Return the published and the exposed ports.

    A container without a network of its own publishes nothing: the engine drops its ports
    (host, none) or refuses them (container). We know the ports that it serves all the same.
    """
    ports = tuple(definition.get("ports", {}).values())
    exposed = definition.get("expose", ())
    if not mode:
        return ports, exposed
    served = (out.port for out in ports if out.protocol == "tcp")
    return (), tuple(dict.fromkeys((*exposed, *served)))


def _check_unique(active: dict[str, ServiceDefinition]) -> None:
    """Raise Problem where two services give their containers the same name."""
    owners: dict[str, str] = {}
    for name, definition in active.items():
        own = definition.get("container_name")
        if own is not None and owners.setdefault(own, name) != name:
            raise Problem(f"services.{name} and services.{owners[own]}: the same container_name")


def _check_circles(active: dict[str, ServiceDefinition]) -> None:
    """Raise Problem where services need each other: remove those that need none, repeatedly."""
    needs = {
        name: {other for other in _needed(definition) if other in active}
        for name, definition in active.items()
        if not _NEEDING.isdisjoint(definition)
    }
    needing: dict[str, list[str]] = {}
    for name, others in needs.items():
        for other in others:
            needing.setdefault(other, []).append(name)
    free = [name for name in active if not needs.get(name)]
    for name in free:  # it grows in the loop
        for other in needing.get(name, ()):
            needs[other].discard(name)
            if not needs[other]:
                free.append(other)
    if len(free) < len(active):
        raise Problem("services that need each other in a circle")


def _check_count(definition: ServiceDefinition, where: str) -> None:
    replicas = definition.get("deploy", {}).get("replicas")
    if "scale" in definition and replicas not in (None, definition["scale"]):
        raise Problem(f"{where}: scale and deploy.replicas differ")
    if "container_name" in definition and _scale(definition) > 1:
        raise Problem(f"{where}: container_name and several containers")


def _scale(definition: ServiceDefinition) -> int:
    """Return the number of a service's containers."""
    scale = definition.get("scale")
    if scale is None:
        scale = definition.get("deploy", {}).get("replicas")
    return 1 if scale is None else scale


def _needed(definition: ServiceDefinition) -> dict[str, bool]:
    """Return the services that a service needs, and whether each must exist."""
    needed: dict[str, bool] = {link.partition(":")[0]: True for link in definition.get("links", ())}
    needed.update(definition.get("depends_on", {}))
    mode = definition.get("network_mode", "")
    if mode.startswith(_OF_SERVICE):
        needed[mode.removeprefix(_OF_SERVICE)] = True
    return needed


def _linked(active: dict[str, ServiceDefinition]) -> dict[str, tuple[str, ...]]:
    """Return the names that ``links`` give to services, without those that two services get."""
    owners: dict[str, set[str]] = {}
    for definition in active.values():
        for link in definition.get("links", ()):
            service, _, alias = link.partition(":")
            if alias and alias != service:
                owners.setdefault(alias, set()).add(service)
    linked: dict[str, list[str]] = {}
    for alias, services in owners.items():
        if len(services) == 1 and alias not in active:
            linked.setdefault(services.pop(), []).append(alias)
    return {service: tuple(aliases) for service, aliases in linked.items()}

"""A whole project: services with their containers, names, networks and ports. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hostshift.topology.compose import definitions, names
from hostshift.topology.compose.problems import SOURCE, Problem
from hostshift.topology.model import (
    IGNORE,
    OF_CONTAINER,
    Container,
    Membership,
    Neighbourhood,
    Publication,
    Service,
    is_ignored,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hostshift.topology.budget import Budget
    from hostshift.topology.compose.definitions import Definition

MOST = 10_000
"""Containers of a project, at most."""
_MODES = ("host", "none")
_OF_SERVICE = "service:"
_BRIDGE = "bridge"
"""Docker's default bridge, which the mode "default" means too; no names answer on it."""
_ON_DEFAULT: dict[str, Definition | None] = {"default": None}
_NEEDING = frozenset(("links", "depends_on", "network_mode"))
_COUNTING = frozenset(("scale", "deploy"))


class Project:
    """What the files say, all together."""

    def __init__(
        self, name: str, documents: Iterable[Definition], budget: Budget, *, separator: str
    ) -> None:
        """Merge the documents, in their order.

        Args:
            name: the project's name.
            documents: what each says.
            budget: the time that this may take, and the entries that the project may have.
            separator: what stands between the parts of a container's name.

        Raises:
            Problem: compose would not take them.

        """
        self.name, self._budget, self._separator = name, budget, separator
        said: Definition = {"services": {}, "networks": {}}
        for document in documents:
            budget.check()
            said = definitions.merged(said, document)
            definitions.check_complete(said)
        self._networks: dict[str, Definition | None] = said["networks"]
        self._services: dict[str, Definition] = said["services"]
        self._engine_names: dict[str, str] = {}
        self._left = MOST

    def around(self, profiles: Sequence[str]) -> Neighbourhood:
        """Describe the services that are on with these profiles.

        Where some are off, or hidden by a label, the list is not complete: they may run
        all the same, so a name that is not in it may still be this project's.

        Raises:
            Problem: compose would not take them.

        """
        active = {
            name: said
            for name, said in self._services.items()
            if "*" in profiles or not said.get("profiles") or set(profiles) & {*said["profiles"]}
        }
        for name, said in active.items():
            self._budget.check()
            self._check(name, said, active)
        _check_unique(active)
        _check_circles(active)
        linked = _linked(active)
        found = [
            self._service(name, said, active, linked.get(name, ()))
            for name, said in active.items()
            if not is_ignored(said.get("labels", {}).get(IGNORE))
        ]
        complete = len(found) == len(self._services)
        return Neighbourhood(services=tuple(found), project=self.name, listed=complete)

    def _check(self, name: str, said: Definition, active: dict[str, Definition]) -> None:
        """Raise Problem where compose would refuse a service (loader/validate.go)."""
        where = f"services.{name}"
        if not (said.get("image") or said.get("build") or said.get("provider")):
            raise Problem(f"{where}: neither an image nor a build")
        if "network_mode" in said and said.get("networks"):
            raise Problem(f"{where}: both network_mode and networks")
        if not _NEEDING.isdisjoint(said):
            self._check_needed(said, active, where)
        if not _COUNTING.isdisjoint(said):
            _check_count(said, where)

    def _check_needed(self, said: Definition, active: dict[str, Definition], where: str) -> None:
        for needed, required in _needed(said).items():
            if needed not in active and (required or needed not in self._services):
                raise Problem(f"{where}: needs a service that is not there or whose profile is off")

    def _service(
        self,
        name: str,
        said: Definition,
        active: dict[str, Definition],
        linked: tuple[str, ...],
    ) -> Service:
        """Describe one service and its containers."""
        count = 0 if said.get("provider") else _scale(said)
        self._left -= count
        if self._left < 0:
            raise Problem(f"more than {MOST:,} containers")
        mode, attached = self._network(name, said, active)
        publications, exposed = _ports(said, mode)
        named = sum(2 + len((on or {}).get("aliases", ())) for _, on in attached)
        self._budget.take(max(0, count - 1) * (len(publications) + len(exposed)) + count * named)
        containers = []
        for number in range(1, count + 1):
            own = self._container_name(name, said, number)
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
            config_files=(),  # all fields are given: a default costs more, a thousand times
        )

    def _container_name(self, name: str, said: Definition, number: int) -> str:
        given = said.get("container_name")
        if given is not None:
            return names.container_name(given, f"services.{name}.container_name")
        return names.replica(self.name, name, number, self._separator)

    # --- networks -------------------------------------------------------------------------------

    def _network(
        self, name: str, said: Definition, active: dict[str, Definition]
    ) -> tuple[str, list[tuple[str, Definition | None]]]:
        """Return a service's network mode, and the networks that it is on.

        Where the mode is an engine's network, only the container's own name answers
        there; on the default bridge none does.
        """
        if "network_mode" in said:
            mode: str = said["network_mode"]
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
            for key, on in (said.get("networks") or _ON_DEFAULT).items()
        ]
        for network, _ in attached:
            if network in _MODES:  # an external network can be the engine's "host"
                return network, []
        return "", attached

    def _engine_name(self, key: str, service: str) -> str:
        """Find out what the engine calls a network that a service is on."""
        if key not in self._networks and key != "default":
            raise Problem(f"services.{service}: is on a network that is not there")
        said = self._networks.get(key) or {}
        name: str | None = said.get("name")
        if name is None:
            name = key if said.get("external") else names.network(self.name, key)
        if not name:
            raise Problem(f"networks.{key}.name has no value")
        self._engine_names[key] = name
        return name


def _membership(container: str, service: str, network: str, on: Definition | None) -> Membership:
    """Say which names answer on a network (docker/compose pkg/compose/create.go, getAliases)."""
    if network == _BRIDGE:
        return Membership(network=network, names=(), addresses=())
    if not on:
        both = (container, service) if container != service else (service,)
        return Membership(network=network, names=both, addresses=())
    aliases = () if "plain" in on else (service, *on.get("aliases", ()))
    return Membership(
        network=network,
        names=tuple(dict.fromkeys((container, *aliases))),
        addresses=tuple(on[key] for key in ("ipv4_address", "ipv6_address") if key in on),
    )


def _ports(said: Definition, mode: str) -> tuple[tuple[Publication, ...], tuple[int, ...]]:
    """Return what is published and what is exposed.

    Without a network of its own a container publishes nothing: the engine drops it
    (host, none) or refuses (container). What it serves is known all the same.
    """
    ports: tuple[Publication, ...] = tuple(said.get("ports", {}).values())
    exposed: tuple[int, ...] = said.get("expose", ())
    if not mode:
        return ports, exposed
    served = (found.port for found in ports if found.protocol == "tcp")
    return (), tuple(dict.fromkeys((*exposed, *served)))


def _check_unique(active: dict[str, Definition]) -> None:
    """Raise Problem where two services give their containers one name."""
    given: dict[str, str] = {}
    for name, said in active.items():
        own = said.get("container_name")
        if own is not None and given.setdefault(own, name) != name:
            raise Problem(f"services.{name} and services.{given[own]}: the same container_name")


def _check_circles(active: dict[str, Definition]) -> None:
    """Raise Problem where services need each other: take away, again and again, what needs none."""
    needs = {
        name: {other for other in _needed(said) if other in active}
        for name, said in active.items()
        if not _NEEDING.isdisjoint(said)
    }
    needing: dict[str, list[str]] = {}
    for name, others in needs.items():
        for other in others:
            needing.setdefault(other, []).append(name)
    free = [name for name in active if not needs.get(name)]
    for name in free:  # it grows meanwhile
        for other in needing.get(name, ()):
            needs[other].discard(name)
            if not needs[other]:
                free.append(other)
    if len(free) < len(active):
        raise Problem("services that need each other in a circle")


def _check_count(said: Definition, where: str) -> None:
    replicas = (said.get("deploy") or {}).get("replicas")
    if "scale" in said and replicas not in (None, said["scale"]):
        raise Problem(f"{where}: scale and deploy.replicas differ")
    if "container_name" in said and _scale(said) > 1:
        raise Problem(f"{where}: container_name and several containers")


def _scale(said: Definition) -> int:
    """Return the number of a service's containers."""
    scale: int | None = said.get("scale")
    if scale is None:
        scale = (said.get("deploy") or {}).get("replicas")
    return 1 if scale is None else scale


def _needed(said: Definition) -> dict[str, bool]:
    """Return the services that a service needs, and whether each must be there."""
    needed: dict[str, bool] = {link.partition(":")[0]: True for link in said.get("links", ())}
    needed.update(said.get("depends_on", {}))
    mode: str = said.get("network_mode", "")
    if mode.startswith(_OF_SERVICE):
        needed[mode.removeprefix(_OF_SERVICE)] = True
    return needed


def _linked(active: dict[str, Definition]) -> dict[str, tuple[str, ...]]:
    """Return the names that ``links`` give to services, unless two services get the same."""
    meant: dict[str, set[str]] = {}
    for said in active.values():
        for link in said.get("links", ()):
            service, _, alias = link.partition(":")
            if alias and alias != service:
                meant.setdefault(alias, set()).add(service)
    found: dict[str, list[str]] = {}
    for alias, services in meant.items():
        if len(services) == 1 and alias not in active:
            found.setdefault(services.pop(), []).append(alias)
    return {service: tuple(aliases) for service, aliases in found.items()}

"""What a container network's name server tells: siblings, without file or socket.

It answers a reverse look-up of a container's address with the container's name:
Docker's with ``container.network``, Podman's with all its names. What it does
not know it may *forward upstream*, so only addresses of connected networks are
asked, in ascending order, few at a time, and not for long. A resolver upstream
that answers everything is caught by asking the name for its address again.

A container with ``container_name:`` has no project in its name. It is found the
other way: by the usual names of a protocol, which are asked for their addresses.

Where the server itself does not answer, there is a :class:`Gap`. An upstream that
fails makes none: see :mod:`hostshift.topology.name_server`.
"""

from __future__ import annotations

from ipaddress import IPv4Network, ip_network
from itertools import islice

from hostshift.addresses import in_subnets
from hostshift.topology import container_names
from hostshift.topology.container_names import Told, told
from hostshift.topology.model import Container, Gap, Membership, Neighbourhood, Note, Service
from hostshift.topology.name_server import AT_ONCE, NameServer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from hostshift.deadline import Deadline

    Replica = tuple[Told, str]

MISSES = 4
"""Misses in a row after which a network counts as walked: addresses are given out in order."""
MISSES_OF_TASKS = 16
"""The same in a swarm, where every service has an address without a name beside its tasks'."""
MOST = 64
"""Addresses asked at most, of all networks together."""
MOST_NAMES = 16
"""Names asked at most."""
MOST_REPLICAS = 32
"""Addresses of one name that are looked at; a name with more is left alone."""


def around(
    nameserver: str,
    own: Iterable[str],
    subnets: Sequence[str],
    deadline: Deadline,
    names: Iterable[str] = (),
) -> Neighbourhood:
    """Walk the connected networks and return the siblings of this container's compose project.

    Raises nothing: what goes wrong is a gap.

    Args:
        nameserver: address of the network's name server.
        own: addresses of this container's own interfaces.
        subnets: the connected networks.
        deadline: bounds the waiting for the name server.
        names: names to ask for that the walk may not find, such as those that are usual for
            a protocol. At most :data:`MOST_NAMES` count.

    """
    look = _Look(nameserver, subnets, deadline)
    try:
        look.own(own)
        return look.around(tuple(dict.fromkeys(names))[:MOST_NAMES])
    except Exception as error:  # noqa: BLE001 - a name server may answer anything
        look.missed(f"could not be asked ({type(error).__name__})")
        return look.neighbourhood()


class _Look:
    """One look at what a name server knows."""

    def __init__(self, nameserver: str, subnets: Sequence[str], deadline: Deadline) -> None:
        self._where, self._subnets, self._deadline = nameserver, subnets, deadline
        self._server = NameServer(nameserver, deadline)
        self._own: list[str] = []
        self._mine: Told | None = None
        self._services: dict[str, Service] = {}
        self._gaps: list[Gap] = []
        self._notes: list[Note] = []

    def own(self, addresses: Iterable[str]) -> None:
        """Keep those of this container's addresses that are on connected networks."""
        self._own = [at for at in addresses if "%" not in at and in_subnets(at, self._subnets)]

    def around(self, names: Sequence[str]) -> Neighbourhood:
        """Find out whose container this is, then its siblings."""
        self._mine = self._myself()
        if self._mine is not None:
            found: dict[str, list[Replica]] = {}
            for address, called in self._walk(MISSES_OF_TASKS if self._mine.task else MISSES):
                sibling = told(called)
                if sibling is not None and sibling.project == self._mine.project:
                    found.setdefault(sibling.service, []).append((sibling, address))
            for replicas in found.values():
                self._keep(self._service(replicas))
            self._by_name(names)
        return self.neighbourhood()

    def neighbourhood(self) -> Neighbourhood:
        """Return what was found so far."""
        project = self._mine.project if self._mine else None
        return Neighbourhood(
            project=project,
            services=tuple(self._services.values()),
            observed_project=project,
            observed_service=(self._mine.service or None) if self._mine else None,
            gaps=tuple(self._gaps),
            notes=tuple(self._notes),
        )

    def missed(self, what: str) -> None:
        """Add the gap that the name server leaves; one is enough."""
        if not self._gaps:
            self._gaps.append(Gap(source="dns", where=self._where, what=what, passing=True))

    def _unanswered(self, question: str) -> None:
        self.missed(f"{self._server.trouble}, so it did not say {question}")

    def _names(self, addresses: Sequence[str]) -> list[tuple[str, ...]]:
        """Return what addresses are called, () where that is unknown, which is a gap."""
        found = self._server.names(addresses)
        if None in found:
            self._unanswered(f"what is at {addresses[found.index(None)]}")
        return [names or () for names in found]

    def _addresses(self, names: Sequence[str]) -> list[tuple[str, ...]]:
        """Return the addresses of names, () where they are unknown, which is a gap."""
        found = self._server.addresses(names)
        if None in found:
            self._unanswered(f"where {names[found.index(None)]} is")
        return [addresses or () for addresses in found]

    def _note(self, what: str) -> None:
        self._notes.append(Note(source="dns", where=self._where, what=what))

    def _myself(self) -> Told | None:
        """Return what this container's own names tell; a gap where the server says nothing.

        One own address that has a name is enough: others may be on networks that are
        none of the engine's, such as the bridge of an engine inside this container.
        """
        if not self._own:
            self._gaps.append(_no_own_address(self._where))
        answers = self._server.own_names(self._own)
        if None in answers and not any(answers):
            self._unanswered("which container this is")
        return container_names.own([names for names in answers if names])

    def _walk(self, most_misses: int) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield (address, names) of the neighbours, network by network, in ascending order."""
        left = MOST
        for network in self._networks():
            hosts, misses, gateway = network.hosts(), 0, str(network.network_address + 1)
            while misses < most_misses and (batch := [str(at) for at in islice(hosts, AT_ONCE)]):
                if left <= 0:
                    self._note(f"only {MOST} addresses were asked for; there may be more services")
                    return
                left -= len(batch)
                for address, names in zip(batch, self._server.names(batch), strict=True):
                    if names is None:
                        self._unanswered(f"what is at {address}")
                        return
                    # The first address is the gateway's, which has no name: no miss.
                    known = names or address in self._own or address == gateway
                    misses = 0 if known else misses + 1
                    if names and address not in self._own:
                        yield address, names
                if not self._deadline.left:
                    self.missed(f"had no time to say what is beyond {batch[-1]}")
                    return

    def _networks(self) -> Iterator[IPv4Network]:
        for subnet in self._subnets:
            network = ip_network(subnet, strict=False)
            if isinstance(network, IPv4Network) and any(
                in_subnets(at, [subnet]) for at in self._own
            ):
                yield network

    def _keep(self, service: Service) -> None:
        self._services[service.service] = service

    def _service(self, replicas: list[Replica]) -> Service:
        """Describe a service, called by its alias where that leads to nothing but its replicas."""
        first = replicas[0][0]
        # In a swarm the service's own name has the address of no task.
        asked = f"tasks.{first.service}" if first.task else first.service
        (aliased,) = self._addresses([asked])
        replicas = [*replicas, *self._more(first, aliased, {at for _, at in replicas})]
        addresses = {address for _, address in replicas}
        is_mine = bool(aliased) and addresses.issuperset(aliased)
        confirmed = self._confirmed(replicas, addresses.intersection(aliased))
        return _described(first, replicas, (first.service,) if is_mine else (), confirmed)

    def _more(self, first: Told, aliased: Sequence[str], known: set[str]) -> Iterator[Replica]:
        """Yield the replicas that the alias leads to and the walk did not come to."""
        beyond = [at for at in aliased if at not in known and in_subnets(at, self._subnets)]
        beyond = beyond[:MOST_REPLICAS]
        for address, names in zip(beyond, self._names(beyond), strict=True):
            other = told(names)
            if other and (other.project, other.service) == (first.project, first.service):
                yield other, address

    def _confirmed(self, replicas: Sequence[Replica], confirmed: set[str]) -> set[str]:
        """Return the addresses that a name leads back to: the alias, or the container's name.

        A name leads to one network's addresses only; with the network's name behind it,
        which Docker takes, it leads to those of that network.
        """
        for qualified in (False, True):
            open_ = [one for one, at in replicas if at not in confirmed]
            asked = dict.fromkeys(
                f"{one.container}.{one.network}" if qualified else one.container
                for one in open_
                if one.network or not qualified
            )
            confirmed = confirmed.union(*self._addresses([*asked]))
        return confirmed & {address for _, address in replicas}

    def _by_name(self, names: Sequence[str]) -> None:
        """Ask for names that the walk did not find."""
        known = {name for found in self._services.values() for name in found.names}
        known |= set(self._services)
        asked = [name for name in names if name not in known]
        for name, addresses in zip(asked, self._addresses(asked), strict=True):
            if addresses:
                self._take(name, addresses)

    def _take(self, name: str, addresses: tuple[str, ...]) -> None:
        """Take what a name leads to, if all of it is a service of this project."""
        outside = [at for at in addresses if not in_subnets(at, self._subnets)]
        if outside or len(addresses) > MOST_REPLICAS or set(addresses) & set(self._own):
            return  # an answer from upstream, too many to look at, or this container itself
        replicas: list[Replica] = []
        for address, names in zip(addresses, self._names(addresses), strict=True):
            sibling = container_names.sibling(names, name, self._mine)
            if sibling is None:
                self._note(f"{name} leads to {address}, which is not known to be of this project")
                return
            replicas.append((sibling, address))
        if len({one.service for one, _ in replicas}) > 1:
            self._note(f"{name} leads to several services")
            return
        self._add(name, replicas)

    def _add(self, name: str, replicas: list[Replica]) -> None:
        """Add a service by a name of it, or the name to a service that is known."""
        # The name led to these addresses, and only what the networks' own table holds has
        # a name of theirs. A container's name that leads elsewhere gives such an answer away.
        confirmed = self._confirmed(replicas, set())
        if len(confirmed) < len({address for _, address in replicas}):
            return
        known = self._services.get(replicas[0][0].service)
        if known is not None and not set(known.addresses).issuperset(confirmed):
            return
        aliases = tuple(dict.fromkeys((*(known.aliases if known else ()), name)))
        if known is not None:
            self._keep(_also_called(known, aliases))
        else:
            self._keep(_described(replicas[0][0], replicas, aliases, confirmed))


def _no_own_address(where: str) -> Gap:
    what = "could not be asked which container this is: it has no address here that is known"
    return Gap(source="dns", where=where, what=what, passing=False)


def _described(
    first: Told, replicas: Sequence[Replica], aliases: tuple[str, ...], confirmed: set[str]
) -> Service:
    return Service(
        service=first.service,
        project=first.project,
        containers=_containers(replicas, aliases, confirmed),
        certainty="observed",
        source="dns",
    )


def _containers(
    replicas: Sequence[Replica], aliases: tuple[str, ...], confirmed: set[str]
) -> tuple[Container, ...]:
    """Group what was found by container: one on two networks was found twice."""
    found: dict[str, list[Membership]] = {}
    for one, address in replicas:
        addresses = (address,) if address in confirmed else ()
        names = tuple(dict.fromkeys((one.container, *aliases)))
        on = Membership(network=one.network, names=names, addresses=addresses)
        found.setdefault(one.container, []).append(on)
    return tuple(Container(name=name, memberships=tuple(on)) for name, on in found.items())


def _also_called(service: Service, aliases: tuple[str, ...]) -> Service:
    """Return a service that answers to more names."""
    containers = tuple(
        container.replace(
            memberships=tuple(
                on.replace(names=tuple(dict.fromkeys((*on.names, *aliases))))
                for on in container.memberships
            )
        )
        for container in service.containers
    )
    return service.replace(containers=containers)

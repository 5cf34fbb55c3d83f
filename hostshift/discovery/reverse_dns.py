"""Find the siblings of this container by its network's name server, without file or socket.

The server answers a reverse look-up of a container's address with the container's name:
Docker's with ``container.network``, Podman's with all its names. It may *forward upstream*
what it does not know, so we only look up addresses of connected networks, in ascending
order, a few at a time, and not for long. To detect an upstream that answers everything, we
look up the address of each name as well.

A container with ``container_name:`` has no project in its name. We find it the other way:
we look up the addresses of the usual names of a protocol.

If the server itself does not answer, there is a :class:`Gap`. An upstream that fails makes
no gap: see :mod:`hostshift.discovery.name_server`.
"""

from __future__ import annotations

from ipaddress import IPv4Network, ip_network
from itertools import islice

from hostshift.base.addresses import in_subnets
from hostshift.discovery import container_names
from hostshift.discovery.container_names import Identity, identify
from hostshift.discovery.model import Container, Gap, Membership, Note, Service, Topology
from hostshift.discovery.name_server import AT_ONCE, NameServer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from hostshift.base.deadline import Deadline

    Replica = tuple[Identity, str]

MISSES = 4
"""Misses in a row after which a walk of a network ends: engines assign addresses in order."""
MISSES_OF_TASKS = 16
"""The same in a swarm, where each service also has an address without a name."""
MOST = 64
"""Addresses that we look up at most, in all networks together."""
MOST_NAMES = 16
"""Names that we look up at most."""
MOST_REPLICAS = 32
"""Addresses of one name at most; we ignore a name with more."""


def around(
    nameserver: str,
    own_addresses: Iterable[str],
    subnets: Sequence[str],
    deadline: Deadline,
    names: Iterable[str] = (),
) -> Topology:
    """Walk the connected networks and return the siblings of this container's compose project.

    Raises nothing: an error becomes a gap.

    Args:
        nameserver: address of the network's name server.
        own_addresses: addresses of this container's own interfaces.
        subnets: the connected networks.
        deadline: bounds the waiting for the name server.
        names: names to look up that the walk may not find, such as the usual ones for a
            protocol. At most :data:`MOST_NAMES` count.

    """
    look = _Look(nameserver, subnets, deadline)
    try:
        look.keep_own(own_addresses)
        return look.find(tuple(dict.fromkeys(names))[:MOST_NAMES])
    except Exception as error:  # noqa: BLE001 - a name server may answer anything
        look.add_gap(f"could not be asked ({type(error).__name__})")
        return look.topology()


class _Look:
    """One look at the containers that a name server knows."""

    def __init__(self, nameserver: str, subnets: Sequence[str], deadline: Deadline) -> None:
        self._where, self._subnets, self._deadline = nameserver, subnets, deadline
        self._server = NameServer(nameserver, deadline)
        self._own_addresses: list[str] = []
        self._mine: Identity | None = None
        self._services: dict[str, Service] = {}
        self._gaps: list[Gap] = []
        self._notes: list[Note] = []

    def keep_own(self, addresses: Iterable[str]) -> None:
        """Keep this container's addresses that are on connected networks."""
        self._own_addresses = [
            at for at in addresses if "%" not in at and in_subnets(at, self._subnets)
        ]

    def find(self, names: Sequence[str]) -> Topology:
        """Find out which project this container belongs to, then its siblings."""
        self._mine = self._identify_me()
        if self._mine is not None:
            siblings: dict[str, list[Replica]] = {}
            for address, found_names in self._walk(MISSES_OF_TASKS if self._mine.task else MISSES):
                sibling = identify(found_names)
                if sibling is not None and sibling.project == self._mine.project:
                    siblings.setdefault(sibling.service, []).append((sibling, address))
            for replicas in siblings.values():
                self._put(self._service(replicas))
            self._by_name(names)
        return self.topology()

    def topology(self) -> Topology:
        """Return the services found so far."""
        project = self._mine.project if self._mine else None
        return Topology(
            project=project,
            services=tuple(self._services.values()),
            observed_project=project,
            observed_service=(self._mine.service or None) if self._mine else None,
            gaps=tuple(self._gaps),
            notes=tuple(self._notes),
        )

    def add_gap(self, what: str) -> None:
        """Add a gap for the name server, unless it has one already."""
        if not self._gaps:
            self._gaps.append(Gap(source="dns", where=self._where, what=what, passing=True))

    def _add_gap_for(self, question: str) -> None:
        self.add_gap(f"{self._server.trouble}, so it did not say {question}")

    def _names(self, addresses: Sequence[str]) -> list[tuple[str, ...]]:
        """Return the names of addresses. An address without an answer has () and makes a gap."""
        answers = self._server.names(addresses)
        if None in answers:
            self._add_gap_for(f"what is at {addresses[answers.index(None)]}")
        return [names or () for names in answers]

    def _addresses(self, names: Sequence[str]) -> list[tuple[str, ...]]:
        """Return the addresses of names. A name without an answer has () and makes a gap."""
        answers = self._server.addresses(names)
        if None in answers:
            self._add_gap_for(f"where {names[answers.index(None)]} is")
        return [addresses or () for addresses in answers]

    def _note(self, what: str) -> None:
        self._notes.append(Note(source="dns", where=self._where, what=what))

    def _identify_me(self) -> Identity | None:
        """Identify this container by its own names; add a gap if the server does not answer.

        One own address with a name is enough, because others may be on networks that do not
        belong to the engine, such as the bridge of an engine inside this container.
        """
        if not self._own_addresses:
            self._gaps.append(_no_own_address(self._where))
        answers = self._server.own_names(self._own_addresses)
        if None in answers and not any(answers):
            self._add_gap_for("which container this is")
        return container_names.identify_own([names for names in answers if names])

    def _walk(self, most_misses: int) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield (address, names) of the neighbours, network by network, in ascending order."""
        left = MOST
        for network in self._networks():
            hosts, misses, gateway = network.hosts(), 0, str(network.network_address + 1)
            while misses < most_misses and (batch := [str(at) for at in islice(hosts, AT_ONCE)]):
                if left <= 0:
                    self._note(f"only {MOST} addresses were looked up; more services may exist")
                    return
                left -= len(batch)
                for address, names in zip(batch, self._server.names(batch), strict=True):
                    if names is None:
                        self._add_gap_for(f"what is at {address}")
                        return
                    # The gateway has the first address and no name: that is not a miss.
                    known = names or address in self._own_addresses or address == gateway
                    misses = 0 if known else misses + 1
                    if names and address not in self._own_addresses:
                        yield address, names
                if not self._deadline.left:
                    self.add_gap(f"had no time to say what is beyond {batch[-1]}")
                    return

    def _networks(self) -> Iterator[IPv4Network]:
        for subnet in self._subnets:
            network = ip_network(subnet, strict=False)
            if isinstance(network, IPv4Network) and any(
                in_subnets(at, [subnet]) for at in self._own_addresses
            ):
                yield network

    def _put(self, service: Service) -> None:
        self._services[service.service] = service

    def _service(self, replicas: list[Replica]) -> Service:
        """Describe a service. Its alias is a name of it if it leads to its replicas only."""
        first = replicas[0][0]
        # In a swarm the service's own name does not lead to a task.
        alias = f"tasks.{first.service}" if first.task else first.service
        (aliased,) = self._addresses([alias])
        replicas = [*replicas, *self._more(first, aliased, {at for _, at in replicas})]
        addresses = {address for _, address in replicas}
        is_mine = bool(aliased) and addresses.issuperset(aliased)
        confirmed = self._confirmed(replicas, addresses.intersection(aliased))
        return _described(first, replicas, (first.service,) if is_mine else (), confirmed)

    def _more(self, first: Identity, aliased: Sequence[str], known: set[str]) -> Iterator[Replica]:
        """Yield the replicas that the alias leads to and that the walk did not reach."""
        beyond = [at for at in aliased if at not in known and in_subnets(at, self._subnets)]
        beyond = beyond[:MOST_REPLICAS]
        for address, names in zip(beyond, self._names(beyond), strict=True):
            other = identify(names)
            if other and (other.project, other.service) == (first.project, first.service):
                yield other, address

    def _confirmed(self, replicas: Sequence[Replica], confirmed: set[str]) -> set[str]:
        """Return the addresses that a name leads back to: the alias, or the container's name.

        A name leads to one network's addresses only. Docker also takes a name followed by a
        network's name, which leads to the addresses on that network.
        """
        for qualified in (False, True):
            unconfirmed = [replica for replica, at in replicas if at not in confirmed]
            names = dict.fromkeys(
                f"{replica.container}.{replica.network}" if qualified else replica.container
                for replica in unconfirmed
                if replica.network or not qualified
            )
            confirmed = confirmed.union(*self._addresses([*names]))
        return confirmed & {address for _, address in replicas}

    def _by_name(self, names: Sequence[str]) -> None:
        """Look up the names that the walk did not find."""
        known = {name for service in self._services.values() for name in service.names}
        known |= set(self._services)
        unknown = [name for name in names if name not in known]
        for name, addresses in zip(unknown, self._addresses(unknown), strict=True):
            if addresses:
                self._add_name(name, addresses)

    def _add_name(self, name: str, addresses: tuple[str, ...]) -> None:
        """Add the service that a name leads to, if all its addresses are one of my services."""
        outside = [at for at in addresses if not in_subnets(at, self._subnets)]
        if outside or len(addresses) > MOST_REPLICAS or set(addresses) & set(self._own_addresses):
            return  # an answer from upstream, too many to look at, or this container itself
        replicas: list[Replica] = []
        for address, names in zip(addresses, self._names(addresses), strict=True):
            sibling = container_names.sibling(names, name, self._mine)
            if sibling is None:
                self._note(f"{name} leads to {address}, which may not belong to this project")
                return
            replicas.append((sibling, address))
        if len({replica.service for replica, _ in replicas}) > 1:
            self._note(f"{name} leads to several services")
            return
        self._add_replicas(name, replicas)

    def _add_replicas(self, name: str, replicas: list[Replica]) -> None:
        """Add a service under a name, or add the name to a known service."""
        # The name led to these addresses. If a container's name leads elsewhere, the answer
        # did not come from the networks' own table, but from an upstream.
        confirmed = self._confirmed(replicas, set())
        if len(confirmed) < len({address for _, address in replicas}):
            return
        known = self._services.get(replicas[0][0].service)
        if known is not None and not set(known.addresses).issuperset(confirmed):
            return
        aliases = tuple(dict.fromkeys((*(known.aliases if known else ()), name)))
        if known is not None:
            self._put(_with_aliases(known, aliases))
        else:
            self._put(_described(replicas[0][0], replicas, aliases, confirmed))


def _no_own_address(where: str) -> Gap:
    what = "cannot identify this container, because none of its own addresses is known"
    return Gap(source="dns", where=where, what=what, passing=False)


def _described(
    first: Identity, replicas: Sequence[Replica], aliases: tuple[str, ...], confirmed: set[str]
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
    """Group replicas by container: the walk finds a container on two networks twice."""
    memberships: dict[str, list[Membership]] = {}
    for replica, address in replicas:
        addresses = (address,) if address in confirmed else ()
        names = tuple(dict.fromkeys((replica.container, *aliases)))
        on = Membership(network=replica.network, names=names, addresses=addresses)
        memberships.setdefault(replica.container, []).append(on)
    return tuple(Container(name=name, memberships=tuple(on)) for name, on in memberships.items())


def _with_aliases(service: Service, aliases: tuple[str, ...]) -> Service:
    """Return a service with more names."""
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

"""Let a test run as if it stood somewhere else.

::

    from hostshift.testing import pretend

    with pretend("bridge", answers=["172.17.0.1:5432"]):
        assert hostshift.resolve("localhost:5432") == "172.17.0.1:5432"

Until the block ends, hostshift reads nothing of this machine and sends no packet:
only the servers that the test lists answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager

from hostshift._api import refused_policy
from hostshift.base import redaction
from hostshift.base.addresses import in_subnets, is_host_alias, is_loopback
from hostshift.config.places import parse_place
from hostshift.config.policy import Policy
from hostshift.detect.mysql_socket import PATHS as MYSQL_SOCKETS
from hostshift.detect.vantage import Vantage
from hostshift.discovery import Container, Membership, Service, Topology, merged
from hostshift.machine.answers import Machine
from hostshift.resolution import resolver
from hostshift.resolution.resolver import Resolver

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from hostshift.base.deadline import Deadline
    from hostshift.routing.queries import Addresses, Look, Outcome

__all__ = ["PLACES", "pretend"]

_ALIAS: dict[str, tuple[str, ...]] = {"host.docker.internal": ("172.17.0.1",)}
_EPHEMERAL = (32768, 60999)

PLACES: dict[str, Vantage] = {
    "host": Vantage(isolation="none", network="host", naming="host", host_address=("localhost",)),
    "bridge": Vantage(
        isolation="docker",
        network="own",
        naming="plain",
        host_address=("172.17.0.1",),
        subnets=("172.17.0.0/16",),
        own_addresses=frozenset(("172.17.0.2",)),
        port_range=_EPHEMERAL,
    ),
    "bridge+host-gateway": Vantage(
        isolation="docker",
        network="own",
        naming="plain",
        host_address=("host.docker.internal", "172.17.0.1"),
        host_names=_ALIAS,
        subnets=("172.17.0.0/16",),
        own_addresses=frozenset(("172.17.0.2",)),
        port_range=_EPHEMERAL,
    ),
    "user-network": Vantage(
        isolation="docker",
        network="own",
        naming="docker",
        host_address=("172.18.0.1",),
        subnets=("172.18.0.0/16",),
        own_addresses=frozenset(("172.18.0.2",)),
        nameservers=("127.0.0.11",),
        port_range=_EPHEMERAL,
    ),
    "user-network+host-gateway": Vantage(
        isolation="docker",
        network="own",
        naming="docker",
        host_address=("host.docker.internal", "172.18.0.1"),
        host_names=_ALIAS,
        subnets=("172.18.0.0/16",),
        own_addresses=frozenset(("172.18.0.2",)),
        nameservers=("127.0.0.11",),
        port_range=_EPHEMERAL,
    ),
    "host-network": Vantage(
        isolation="docker", network="host", naming="host", host_address=("localhost",)
    ),
    "none": Vantage(isolation="docker", network="isolated", naming="plain", host_address=()),
    "pod": Vantage(isolation="kubernetes", network="own", naming="kubernetes", host_address=()),
}
"""Places for :func:`pretend`, as Docker on Linux sets them up by default."""


@contextmanager
def pretend(  # noqa: PLR0913 - each is a part of the place
    place: str | Vantage = "host",
    *,
    answers: Collection[str] = (),
    listening: Collection[int] = (),
    siblings: Mapping[str, Collection[int]] | None = None,
    names: Collection[str] | Mapping[str, str] | None = None,
    around: Topology | None = None,
    sockets: Collection[str] = (),
    policy: Policy | None = None,
) -> Iterator[Vantage]:
    """Pretend to stand somewhere else, in the whole process, until the block ends.

    Args:
        place: one of :data:`PLACES`, or a vantage of your own.
        answers: ``host:port`` of the servers that accept connections; all others refuse. A host
            alias answers where its address does. ``redis://host:port`` also greets as Redis does.
        listening: ports on which another process of this machine listens.
        siblings: services of my own compose project, with ports that greet in any protocol.
        names: names that DNS knows, with their addresses where those matter. By default those of
            the services on this container's networks.
        around: the services that an engine or a file reports, as the topology's model.
        sockets: paths of Unix sockets that are here.
        policy: the settings; by default none are set.

    Yields:
        The vantage.

    Raises:
        ValueError: the place does not exist.
        TypeError: the place is neither a name nor a vantage, or the policy is no Policy.

    """
    refusal = refused_policy(policy)
    if refusal is not None:
        del policy  # it may be a connection string
        raise refusal
    vantage = _vantage(place)
    machine = _Pretended(vantage, answers, listening, siblings or {}, names=names, around=around)
    machine.sockets = tuple(sockets)
    entered = resolver.enter(Resolver(machine, policy if policy is not None else Policy()))
    try:
        yield vantage
    finally:
        resolver.leave(entered)


def _vantage(place: object) -> Vantage:
    """Return the vantage of a place, or the vantage itself."""
    if isinstance(place, Vantage):
        return place
    known = ", ".join(PLACES)
    if not isinstance(place, str):
        raise TypeError(f"place = a {type(place).__name__}: expected a Vantage or one of {known}")
    if place not in PLACES:
        raise ValueError(
            f"place = {redaction.command(place)} does not exist: expected one of {known}"
        )
    return PLACES[place]


class _Pretended(Machine):
    """A machine that knows nothing but the arguments of :func:`pretend`."""

    def __init__(
        self,
        vantage: Vantage,
        answers: Collection[str],
        listening: Collection[int],
        siblings: Mapping[str, Collection[int]],
        *,
        names: Collection[str] | Mapping[str, str] | None,
        around: Topology | None,
    ) -> None:
        super().__init__()
        self.sockets: tuple[str, ...] = ()
        self._vantage = vantage
        self._topology = around if around is not None else Topology()
        self._listening = frozenset(listening)
        if names is None:
            names = self._near()
        self._names = dict(names) if isinstance(names, Mapping) else self._addressed(names)
        places = [
            (answer.rpartition("://")[0], parse_place(answer.rpartition("://")[2]))
            for answer in answers
        ]
        self._open = {(place.host, place.port) for _, place in places}
        self._greeting = {(protocol, place.host, place.port) for protocol, place in places}
        self._ports = {
            f"172.18.0.{10 + number}": siblings[name] for number, name in enumerate(siblings)
        }
        near = {name: address for address, name in zip(self._ports, siblings, strict=True)}
        self._names = near | self._names
        self._siblings = tuple(
            _service(name, address) for name, address in zip(siblings, self._ports, strict=True)
        )

    def vantage(self, policy: Policy) -> Vantage:  # noqa: ARG002 - the pretended one counts
        """Return the pretended vantage."""
        return self._vantage

    def afresh(self) -> Machine:
        """Return itself: it remembers nothing, and pretends on."""
        return self

    def look(self, policy: Policy, deadline: Deadline) -> Look:  # noqa: ARG002
        """Return itself: it answers the rules' queries."""
        return self

    def listening(self, host: str, port: int) -> bool | None:  # noqa: ARG002
        """Return True for the pretended listeners."""
        return port in self._listening

    def foreign_listener(self, host: str, port: int) -> bool | None:  # noqa: ARG002
        """Return False: there are no other users here."""
        return False

    def mysql_socket(self) -> str | None:
        """Return the first of the pretended sockets where MySQL's usually are."""
        return next((path for path in self.sockets if path in MYSQL_SOCKETS), "")

    def resolves(self, name: str) -> tuple[str, ...] | None:
        """Return the address of a pretended name; of other names, none."""
        return (self._names[name],) if name in self._names else ()

    def connected(self, addresses: Sequence[str]) -> tuple[bool | None, ...]:
        """Return which addresses are on networks of the place."""
        return tuple(in_subnets(address, self._vantage.subnets) for address in addresses)

    def around(self, names: tuple[str, ...] | None = None) -> Topology:
        """Return the pretended services; siblings where the rules query name servers."""
        project = "pretended" if self._siblings else None
        observed = Topology(services=self._siblings, project=project, observed_project=project)
        return merged([self._topology] if names is None else [self._topology, observed])

    def greets(
        self, addresses: Addresses, protocol: str, *, proof: bool = False
    ) -> tuple[bool | None, ...]:
        """Return which addresses speak a protocol; without proof, those of any that accept."""
        return tuple(self._speaks(*address, protocol, proof=proof) for address in addresses)

    def reach(
        self,
        addresses: Addresses,
        near: Sequence[str] = (),  # noqa: ARG002
        *,
        protocol: str = "",  # noqa: ARG002
    ) -> tuple[Outcome, ...]:
        """Return open for the servers that answer; the rest refuses."""
        return tuple(self._outcome(host, port) for host, port in addresses)

    def _near(self) -> list[str]:
        """List the names that answer on this container's networks."""
        me = self._topology.me
        mine = {membership.network for membership in me.memberships} if me is not None else set()
        return [
            name
            for service in self._topology.services
            for membership in service.memberships
            if membership.network in mine
            for name in membership.names
        ]

    def _addressed(self, names: Collection[str]) -> dict[str, str]:
        """Give each name its address in the topology, else some address.

        The names of one container on one network have one address.
        """
        known: dict[str, str] = {}
        memberships = [each for service in self._topology.services for each in service.memberships]
        for number, membership in enumerate(memberships):
            addresses = membership.addresses or (f"172.18.0.{100 + number}",)
            known |= dict.fromkeys(membership.names, addresses[0])
        other = {name: f"172.18.0.{200 + number}" for number, name in enumerate(names)}
        other |= dict.fromkeys(filter(is_host_alias, names), "172.17.0.1")
        return {name: known.get(name, other[name]) for name in names}

    def _speaks(self, host: str, port: int, protocol: str, *, proof: bool) -> bool:
        if (protocol, host, port) in self._greeting or port in self._ports.get(host, ()):
            return True
        others = {
            spoken
            for spoken, *address in self._greeting
            if (host, port) == tuple(address) and spoken
        }
        return not proof and not others and self._outcome(host, port) == "open"

    def _outcome(self, host: str, port: int) -> Outcome:
        known = self._vantage.host_names.get(host, ())
        hosts = (host, *known, *(("localhost",) if is_loopback(host) else ()))
        return "open" if any((name, port) in self._open for name in hosts) else "refused"


def _service(name: str, address: str) -> Service:
    """Describe a sibling that answers by its name at an address."""
    membership = Membership(network="pretended_default", names=(name,), addresses=(address,))
    return Service(
        service=name,
        project="pretended",
        containers=(Container(name=name, memberships=(membership,)),),
        certainty="observed",
        source="dns",
    )

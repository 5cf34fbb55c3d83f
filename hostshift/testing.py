"""Stand somewhere else in a test.

::

    from hostshift.testing import pretend

    with pretend("bridge", answers=["172.17.0.1:5432"]):
        assert hostshift.resolve("localhost:5432") == "172.17.0.1:5432"

While it lasts nothing of this machine is read and no packet is sent: what
answers is what was said to answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager

from hostshift import resolver
from hostshift.addresses import in_subnets, is_host_alias, is_loopback
from hostshift.policy import Policy, parse_place
from hostshift.resolver import Resolver
from hostshift.topology import Container, Membership, Neighbourhood, Service, merged
from hostshift.vantages import Vantage
from hostshift.world import World

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from hostshift.deadline import Deadline
    from hostshift.questions import Addresses, Look, Outcome

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
"""Where one can pretend to stand, as Docker on Linux lays these places out by default."""


@contextmanager
def pretend(
    place: str | Vantage = "host",
    *,
    answers: Collection[str] = (),
    listening: Collection[int] = (),
    siblings: Mapping[str, Collection[int]] | None = None,
    names: Collection[str] | Mapping[str, str] | None = None,
    around: Neighbourhood | None = None,
    policy: Policy | None = None,
) -> Iterator[Vantage]:
    """Stand somewhere else, in the whole process, until the block ends.

    Args:
        place: one of :data:`PLACES`, or a vantage of your own.
        answers: ``host:port`` of what accepts connections; whatever else is
            dialled refuses. A host alias answers where its address does. With a
            protocol, as ``redis://host:port``, it also greets in it.
        listening: ports on which something listens beside this process.
        siblings: services of this container's own compose project, with the
            ports on which they greet in whatever protocol is asked for.
        names: names that DNS knows, of the host or of services; with their addresses
            where those matter. By default those of the services on this container's
            networks.
        around: what an engine or a file tells of services, as the topology's model.
        policy: the settings; by default none are set.

    Yields:
        The vantage.

    Raises:
        ValueError: there is no place of that name.

    """
    if isinstance(place, str) and place not in PLACES:
        raise ValueError(f"{place!r} is no place; there are {', '.join(PLACES)}")
    stands = PLACES[place] if isinstance(place, str) else place
    world = _Pretended(stands, answers, listening, siblings or {}, names=names, around=around)
    entered = resolver.enter(Resolver(world, policy if policy is not None else Policy()))
    try:
        yield stands
    finally:
        resolver.leave(entered)


class _Pretended(World):
    """A world that is only what was said of it."""

    def __init__(
        self,
        stands: Vantage,
        answers: Collection[str],
        listening: Collection[int],
        siblings: Mapping[str, Collection[int]],
        *,
        names: Collection[str] | Mapping[str, str] | None,
        around: Neighbourhood | None,
    ) -> None:
        super().__init__()
        self._stands = stands
        self._around = around if around is not None else Neighbourhood()
        self._listening = frozenset(listening)
        if names is None:
            names = self._near()
        self._names = dict(names) if isinstance(names, Mapping) else self._found(names)
        places = [
            (answer.rpartition("://")[0], parse_place(answer.rpartition("://")[2]))
            for answer in answers
        ]
        self._open = {(place.host, place.port) for _, place in places}
        self._greeting = {(protocol, place.host, place.port) for protocol, place in places}
        self._ports = {f"172.18.0.{10 + at}": siblings[name] for at, name in enumerate(siblings)}
        near = {name: address for address, name in zip(self._ports, siblings, strict=True)}
        self._names = near | self._names
        self._siblings = tuple(
            _service(name, address) for name, address in zip(siblings, self._ports, strict=True)
        )

    def vantage(self, policy: Policy) -> Vantage:  # noqa: ARG002 - what is pretended stands
        """Return where one pretends to stand."""
        return self._stands

    def afresh(self) -> World:
        """Return itself: what is pretended stands, and nothing is remembered."""
        return self

    def look(self, policy: Policy, deadline: Deadline) -> Look:  # noqa: ARG002
        """Return what answers the rules: only what was pretended."""
        return self

    def listening(self, host: str, port: int) -> bool | None:  # noqa: ARG002
        """Return True for the ports on which something was said to listen."""
        return port in self._listening

    def foreign_listener(self, host: str, port: int) -> bool | None:  # noqa: ARG002
        """Return False: there are no other users."""
        return False

    def resolves(self, name: str) -> tuple[str, ...] | None:
        """Return the address of a name that was pretended; none of others."""
        return (self._names[name],) if name in self._names else ()

    def connected(self, addresses: Sequence[str]) -> tuple[bool | None, ...]:
        """Return which addresses are on networks of the place."""
        return tuple(in_subnets(number, self._stands.subnets) for number in addresses)

    def around(self, names: tuple[str, ...] | None = None) -> Neighbourhood:
        """Return the services that were pretended; siblings where name servers are asked."""
        project = "pretended" if self._siblings else None
        observed = Neighbourhood(services=self._siblings, project=project, observed_project=project)
        return merged([self._around] if names is None else [self._around, observed])

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
        """Return open for what was said to answer; the rest refuses."""
        return tuple(self._outcome(host, port) for host, port in addresses)

    def _near(self) -> list[str]:
        """List the names that answer on this container's networks."""
        me = self._around.me
        mine = {on.network for on in me.memberships} if me is not None else set()
        return [
            name
            for service in self._around.services
            for on in service.memberships
            if on.network in mine
            for name in on.names
        ]

    def _found(self, names: Collection[str]) -> dict[str, str]:
        """Give each name the address that the topology tells, or some address.

        The names of one container on one network have one address.
        """
        known: dict[str, str] = {}
        near = [on for service in self._around.services for on in service.memberships]
        for at, on in enumerate(near):
            address = on.addresses[0] if on.addresses else f"172.18.0.{100 + at}"
            known |= dict.fromkeys(on.names, address)
        other = {name: f"172.18.0.{200 + at}" for at, name in enumerate(names)}
        other |= dict.fromkeys(filter(is_host_alias, names), "172.17.0.1")
        return {name: known.get(name, other[name]) for name in names}

    def _speaks(self, host: str, port: int, protocol: str, *, proof: bool) -> bool:
        if (protocol, host, port) in self._greeting or port in self._ports.get(host, ()):
            return True
        others = {how for how, *at in self._greeting if (host, port) == tuple(at) and how}
        return not proof and not others and self._outcome(host, port) == "open"

    def _outcome(self, host: str, port: int) -> Outcome:
        known = self._stands.host_names.get(host, ())
        hosts = (host, *known, *(("localhost",) if is_loopback(host) else ()))
        return "open" if any((name, port) in self._open for name in hosts) else "refused"


def _service(name: str, address: str) -> Service:
    """Describe a sibling that answers by its name at an address."""
    on = Membership(network="pretended_default", names=(name,), addresses=(address,))
    return Service(
        service=name,
        project="pretended",
        containers=(Container(name=name, memberships=(on,)),),
        certainty="observed",
        source="dns",
    )

"""Stand somewhere else in a test.

::

    from hostshift.testing import pretend

    with pretend("bridge", answers=["172.17.0.1:5432"]):
        assert hostshift.resolve("localhost:5432") == "172.17.0.1:5432"

While it lasts nothing of this machine is read and no packet is sent: what
answers is what was said to answer.
"""

from __future__ import annotations

from contextlib import contextmanager

from hostshift import questions, resolver
from hostshift.addresses import is_loopback
from hostshift.policy import Policy, parse_place
from hostshift.resolver import Resolver
from hostshift.topology import Container, Membership, Neighbourhood, Service
from hostshift.vantages import Vantage
from hostshift.world import World

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from typing import Any

    from hostshift.questions import Outcome, Question

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
    names: Collection[str] = (),
    policy: Policy | None = None,
) -> Iterator[Vantage]:
    """Stand somewhere else, in the whole process, until the block ends.

    Args:
        place: one of :data:`PLACES`, or a vantage of your own.
        answers: ``host:port`` of what accepts connections; whatever else is
            dialled refuses. A host alias answers where its address does.
        listening: ports on which something listens beside this process.
        siblings: services of this container's own compose project, with the
            ports on which they greet in whatever protocol is asked for.
        names: host aliases that DNS knows.
        policy: the settings; by default none are set.

    Yields:
        The vantage.

    Raises:
        ValueError: there is no place of that name.

    """
    if isinstance(place, str) and place not in PLACES:
        raise ValueError(f"{place!r} is no place; there are {', '.join(PLACES)}")
    stands = PLACES[place] if isinstance(place, str) else place
    world = _Pretended(stands, answers, listening, siblings or {}, names)
    before = resolver.swap(Resolver(world, policy if policy is not None else Policy()))
    try:
        yield stands
    finally:
        resolver.swap(before)


class _Pretended(World):
    """A world that is only what was said of it."""

    def __init__(
        self,
        stands: Vantage,
        answers: Collection[str],
        listening: Collection[int],
        siblings: Mapping[str, Collection[int]],
        names: Collection[str],
    ) -> None:
        super().__init__()
        self._vantage = stands
        self._listening, self._names = frozenset(listening), frozenset(names)
        places = [parse_place(answer) for answer in answers]
        self._open = {(place.host, place.port) for place in places}
        self._ports = {f"172.18.0.{10 + at}": siblings[name] for at, name in enumerate(siblings)}
        self._siblings = tuple(
            _service(name, address) for name, address in zip(siblings, self._ports, strict=True)
        )

    def answer(self, question: Question, policy: Policy, deadline: float) -> Any:  # noqa: ARG002
        """Answer from what was said."""
        if isinstance(question, questions.Listening):
            return question.port in self._listening
        if isinstance(question, questions.Resolves):
            return question.name in self._names
        if isinstance(question, questions.Around):
            project = "pretended" if self._siblings else None
            return Neighbourhood(services=self._siblings, project=project)
        if isinstance(question, questions.Greets):
            return tuple(port in self._ports[host] for host, port in question.addresses)
        if isinstance(question, questions.Reach):
            return tuple(self._outcome(host, port) for host, port in question.addresses)
        raise TypeError(f"not a question: {type(question).__name__}")

    def _outcome(self, host: str, port: int) -> Outcome:
        known = self.vantage().host_names.get(host, ())
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

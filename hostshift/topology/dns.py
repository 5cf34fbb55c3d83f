"""What a container network's name server tells: siblings, without file or socket.

It answers a reverse look-up of a container's address with the container's name:
Docker's with ``container.network``, Podman's with all its names. What it does
not know it may *forward upstream*, so only addresses of connected networks are
asked, in ascending order, few at a time, and not for long. A resolver upstream
that answers everything is caught by asking the name for its address again.
"""

from __future__ import annotations

import select
import socket
import time
from ipaddress import IPv4Network, ip_network
from itertools import islice

import dns.exception
import dns.message
import dns.rdatatype
import dns.reversename

from hostshift.addresses import in_subnets
from hostshift.topology.container_names import told
from hostshift.topology.model import Container, Membership, Neighbourhood, Service

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dns.message import Message

    from hostshift.topology.container_names import Told

    Replica = tuple[Told, str]

PORT = 53
AT_ONCE = 4
"""Questions on their way at a time; two thousand stalled a resolver for seconds."""
MISSES = 4
"""Misses in a row after which a network counts as walked: addresses are given out in order."""
MISSES_OF_TASKS = 16
"""The same in a swarm, where every service has an address without a name beside its tasks'."""
MOST = 64
"""Addresses asked at most, of all networks together."""
PATIENCE = 0.25
"""Seconds that one round of questions may take: a known name is answered in a millisecond."""


def around(
    nameserver: str, own: Iterable[str], subnets: Sequence[str], seconds: float
) -> Neighbourhood:
    """Walk the connected networks and return the siblings of this container's compose project.

    Args:
        nameserver: address of the network's name server.
        own: addresses of this container's own interfaces.
        subnets: the connected networks.
        seconds: the time it may take at most.

    """
    asking = _Asking(nameserver, seconds)
    own_v4 = [address for address in own if "." in address and in_subnets(address, subnets)]
    mine = next(filter(None, map(told, asking.names(own_v4))), None)
    if mine is None:
        return Neighbourhood()
    found: dict[str, list[Replica]] = {}
    for address, names in _walk(asking, subnets, own_v4, MISSES_OF_TASKS if mine.task else MISSES):
        sibling = told(names)
        if sibling is not None and sibling.project == mine.project:
            found.setdefault(sibling.service, []).append((sibling, address))
    return Neighbourhood(
        project=mine.project,
        services=tuple(_service(asking, replicas) for replicas in found.values()),
        observed_project=mine.project,
    )


def _walk(
    asking: _Asking, subnets: Sequence[str], own: Sequence[str], most_misses: int
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield (address, names) of the neighbours, network by network, in ascending order."""
    left = MOST
    for subnet in subnets:
        network = ip_network(subnet, strict=False)
        if not isinstance(network, IPv4Network) or not any(in_subnets(at, [subnet]) for at in own):
            continue
        hosts, misses, gateway = network.hosts(), 0, str(network.network_address + 1)
        while left > 0 and misses < most_misses and asking.time_left > 0:
            batch = [str(address) for address in islice(hosts, AT_ONCE)]
            if not batch:
                break
            left -= len(batch)
            for address, names in zip(batch, asking.names(batch), strict=True):
                # The first address is the gateway's, which has no name: no miss.
                misses = 0 if names or address in own or address == gateway else misses + 1
                if names and address not in own:
                    yield address, names


def _service(asking: _Asking, replicas: list[Replica]) -> Service:
    """Describe a service, called by its alias where that answers with a replica's address."""
    first, addresses = replicas[0][0], {address for _, address in replicas}
    # In a swarm the service's own name has the address of no task.
    asked = f"tasks.{first.service}" if first.task else first.service
    aliased = addresses & set(asking.addresses(asked))
    confirmed = aliased or addresses & set(asking.addresses(first.container))
    return Service(
        service=first.service,
        project=first.project,
        containers=_containers(replicas, (first.service,) if aliased else (), confirmed),
        certainty="observed",
        source="dns",
    )


def _containers(
    replicas: list[Replica], aliases: tuple[str, ...], confirmed: set[str]
) -> tuple[Container, ...]:
    """Group what was found by container: one on two networks was found twice."""
    found: dict[str, list[Membership]] = {}
    for one, address in replicas:
        addresses = (address,) if address in confirmed else ()
        names = (one.container, *aliases)
        on = Membership(network=one.network, names=names, addresses=addresses)
        found.setdefault(one.container, []).append(on)
    return tuple(Container(name=name, memberships=tuple(on)) for name, on in found.items())


class _Asking:
    """Questions to one name server on one connected socket, within one time limit.

    The socket is connected so that a refusal (ICMP) is seen at once; dnspython's
    own would wait its full time-out.
    """

    def __init__(self, nameserver: str, seconds: float) -> None:
        self._nameserver = nameserver
        self._deadline = time.monotonic() + seconds

    @property
    def time_left(self) -> float:
        return max(0.0, self._deadline - time.monotonic())

    def names(self, addresses: Sequence[str]) -> list[tuple[str, ...]]:
        """Return what the addresses are called, nothing for those without a name."""
        questions = [
            dns.message.make_query(dns.reversename.from_address(address), dns.rdatatype.PTR)
            for address in addresses
        ]
        answers = self._ask(questions)
        return [tuple(_texts(answer, dns.rdatatype.PTR)) for answer in answers]

    def addresses(self, name: str) -> list[str]:
        """Return the IPv4 addresses of a name."""
        try:
            question = dns.message.make_query(f"{name}.", dns.rdatatype.A)
        except dns.exception.DNSException:
            return []
        return list(_texts(self._ask([question])[0], dns.rdatatype.A))

    def _ask(self, questions: Sequence[Message]) -> list[Message | None]:
        """Send all questions at once and collect what is answered in time."""
        answers: dict[int, Message] = {}
        deadline = min(self._deadline, time.monotonic() + PATIENCE)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            try:
                asking.connect((self._nameserver, PORT))
                for question in questions:
                    asking.send(question.to_wire())
                while len(answers) < len(questions) and (left := deadline - time.monotonic()) > 0:
                    if not select.select([asking], [], [], left)[0]:
                        break
                    _keep(answers, asking.recv(4096))
            except OSError:  # refused, or no route: nobody there
                pass
        return [answers.get(question.id) for question in questions]


def _keep(answers: dict[int, Message], wire: bytes) -> None:
    """Keep an answer by its id; what cannot be parsed is dropped."""
    try:
        message = dns.message.from_wire(wire)
    except (dns.exception.DNSException, ValueError):
        return
    answers[message.id] = message


def _texts(answer: Message | None, kind: dns.rdatatype.RdataType) -> Iterator[str]:
    """Yield the data of an answer's records of one kind, without a final dot."""
    for records in answer.answer if answer is not None else ():
        if records.rdtype == kind:
            yield from (record.to_text().rstrip(".") for record in records)

"""Who a node of a Redis Cluster is: by its id, which the cluster's list has as well.

``CLUSTER MYID`` is in Redis since 3.0, the ids in ``CLUSTER SLOTS`` since 4.0:
https://redis.io/docs/latest/commands/cluster-myid/, .../cluster-slots/.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from redis.exceptions import (
    AuthenticationError,
    InvalidResponse,
    NoPermissionError,
    ResponseError,
)
from redis.utils import str_if_bytes

from hostshift.decision import Address

if TYPE_CHECKING:
    from collections.abc import Iterator

WHO = "CLUSTER MYID"
LIST = "CLUSTER SLOTS"
REFUSALS = (ResponseError, AuthenticationError, InvalidResponse)
"""What a server says instead of an answer; one that broke off or still loads said nothing."""
CLOSED = (AuthenticationError, NoPermissionError)
"""What it says before it is told a password, if it wants one."""


class Listed(NamedTuple):
    """A list of nodes, as one of them gave it."""

    lister: Address
    nodes: dict[Address, str]
    """Ids by address, as it spells them; empty where it gives none."""
    who: str
    """The lister's own id; empty if it did not say."""

    @property
    def ids(self) -> frozenset[str]:
        """All ids that it gave."""
        return frozenset(filter(None, self.nodes.values()))


class Proof(NamedTuple):
    """What a server is asked to show that it is the node it was taken for."""

    question: str
    ids: frozenset[str]
    """One of these has to be in its answer."""

    def holds(self, answer: object) -> bool:
        """Return True if an answer, or an error in its place, is the proof."""
        said = id_in(answer)
        found = {said} if said else set(nodes_in(answer).values())
        return not self.ids.isdisjoint(found)


def id_in(answer: object) -> str:
    """Return the id that ``CLUSTER MYID`` was answered with; empty if there is none."""
    return str(str_if_bytes(answer)) if isinstance(answer, str | bytes) else ""


def nodes_in(answer: object, host: str = "") -> dict[Address, str]:
    """Return the nodes that ``CLUSTER SLOTS`` was answered with, and their ids.

    Args:
        answer: slots' first and last, then the nodes: host, port, id, and more since 7.0.
        host: whom was asked: a node that does not know its host has none in the list.

    """
    return {
        Address(host=str_if_bytes(node[0]) or host, port=int(node[1])): _id(node)
        for node in _nodes(answer)
    }


def _nodes(answer: object) -> Iterator[list[Any]]:
    for slots in answer if isinstance(answer, list) else ():
        for node in slots[2:] if isinstance(slots, list) else ():
            if isinstance(node, list) and len(node) > 1:
                yield node


def _id(node: list[Any]) -> str:
    return id_in(node[2]) if len(node) > 2 else ""

"""Who a node of a Redis Cluster is: by its id, which the cluster's list has as well.

``CLUSTER MYID`` is in Redis since 3.0, the ids in ``CLUSTER SLOTS`` since 4.0:
https://redis.io/docs/latest/commands/cluster-myid/, .../cluster-slots/.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hostshift.routing.model import Address

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

WHO = "CLUSTER MYID"
LIST = "CLUSTER SLOTS"


class Listed(NamedTuple):
    """A list of nodes, as one of them gave it."""

    lister: Address
    nodes: dict[Address, str]
    """Ids by address, as the lister spells them; empty where it gives none."""
    who: str
    """The lister's own id; empty if it did not give it."""

    @property
    def ids(self) -> frozenset[str]:
        """All ids that it gave."""
        return frozenset(filter(None, self.nodes.values()))


class Proof(NamedTuple):
    """A question to a server, by which it shows that it is the expected node."""

    question: str
    ids: frozenset[str]
    """One of these has to be in its answer."""

    def holds(self, answer: object) -> bool:
        """Return True if an answer, or an error in its place, is the proof."""
        own = id_in(answer)
        ids = {own} if own else set(nodes_in(answer).values())
        return not self.ids.isdisjoint(ids)


def id_in(answer: object) -> str:
    """Return the id in an answer to ``CLUSTER MYID``; empty if it has none."""
    return str(_text(answer)) if isinstance(answer, str | bytes) else ""


def nodes_in(answer: object, host: str = "") -> dict[Address, str]:
    """Return the nodes in an answer to ``CLUSTER SLOTS``, and their ids.

    Args:
        answer: slots' first and last, then the nodes: host, port, id, and more since 7.0.
        host: which host answered: a node that does not know its host has none in the list.

    """
    return {
        Address(host=_text(node[0]) or host, port=int(node[1])): _id(node)
        for node in _nodes(answer)
    }


def _nodes(answer: object) -> Iterator[list[Any]]:
    for slots in answer if isinstance(answer, list) else ():
        for node in slots[2:] if isinstance(slots, list) else ():
            if isinstance(node, list) and len(node) > 1:
                yield node


def _id(node: list[object]) -> str:
    return id_in(node[2]) if len(node) > 2 else ""


def _text(answer: object) -> Any:
    """Return text that came as bytes; anything else as it is."""
    return answer.decode("utf-8", errors="replace") if isinstance(answer, bytes) else answer

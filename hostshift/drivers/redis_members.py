"""Servers that a Redis Cluster or a Redis Sentinel lists, read from where the lister runs.

A driver lists servers by its own commands, and dials them by its own rules. Its integration
passes on which server is asked, what it answers and which addresses the driver takes from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hostshift.base.addresses import is_loopback
from hostshift.drivers.members import MemberDialer
from hostshift.drivers.redis_nodes import LIST, WHO, Listed, Proof, nodes_in
from hostshift.routing.model import Address

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from hostshift.routing.model import Decision

    Pair = tuple[str, int]

PROTOCOL = "redis"
CLIENT = "redis-py"


class RedisDialer(MemberDialer):
    """A translation that hears which server lists others, and what it answers."""

    questions: tuple[str, ...] = ()
    """The commands that ask for others, as the driver spells them."""

    def __init__(self) -> None:
        """Know nothing yet."""
        super().__init__(PROTOCOL, CLIENT)
        self.seeds: frozenset[Address] = frozenset()
        """The configured servers: what is listed is none of them."""
        self.classes: dict[Any, Any] = {}
        """The classes of connections that dial by this translation, by what they are made of."""

    def asked(self, name: Address) -> None:
        """Hear that a server is asked for others."""

    def needs_identity(self, name: Address, answer: object) -> bool:
        """Return True if the server that gave this answer is to be asked who it is."""
        del name, answer
        return False

    def answered(self, name: Address, answer: object, who: str) -> None:
        """Hear what a server answered that was asked for others, and who it says to be."""

    def proof(self, name: Address) -> Proof | None:
        """Return what the server that was dialled for a name has to prove, if anything."""
        del name
        return None


class ClusterDialer(RedisDialer):
    """One cluster client's translation, called for each node that the driver learns of.

    ``CLUSTER SLOTS`` gives the nodes' addresses as they know them. They keep those names, by
    which redirects call them.
    """

    questions = (LIST, "CLUSTER")

    def __init__(self, remap: Callable[[Pair], Pair] | None = None) -> None:
        """Know nothing yet.

        Args:
            remap: the user's own ``address_remap``, which comes first.

        """
        super().__init__()
        self._remap = remap
        self._next: Listed | None = None
        self._list: Listed | None = None
        self._ids: dict[Address, str] = {}

    def needs_identity(self, name: Address, answer: object) -> bool:
        """Return True where it lists loopback: whose that is depends on who it is."""
        return self.is_read(name) and any(is_loopback(node.host) for node in nodes_in(answer))

    def answered(self, name: Address, answer: object, who: str) -> None:
        """Remember a list of nodes.

        The known one counts until the driver goes through this one: the driver's users ask
        as well, and the driver does not hear those answers.
        """
        nodes = nodes_in(answer, name.host)
        if nodes:
            self._next = Listed(name, nodes, who)

    def __call__(self, address: Pair) -> Pair:
        """Hear of a node; its name stays."""
        if self._next is not None:
            self._list, self._ids, self._next = self._next, {}, None
        listed = Address(host=address[0], port=int(address[1]))
        address = self._remap(address) if self._remap is not None else address
        node_id = "" if self._list is None else self._list.nodes.get(listed, "")
        self._hear(Address(host=address[0], port=int(address[1])), node_id)
        return address

    def settled(self, host: str, port: int | None) -> Decision | None:
        """Return how a seed is located, if nothing can change it; None once a node is known."""
        return None if self._ids else super().settled(host, port)

    def _decide(self, host: str, port: int | None) -> Decision:
        """Locate a node. One that only a redirect named is a member as well."""
        name = Address(host=host, port=port)
        if name not in self.seeds and self._ids:
            self._hear(name)
        return super()._decide(host, port)

    def proof(self, name: Address) -> Proof | None:
        """Demand the id of a node that was guessed; else, that it is of the same cluster.

        No node is asked what the lister did not answer.
        """
        if self._list is None or not self.is_guess(name):
            return None
        node_id, ids = self._ids.get(name), self._list.ids
        if node_id and self._list.who in ids:
            return Proof(WHO, frozenset((node_id,)))
        return Proof(LIST, ids) if ids else None

    def _hear(self, name: Address, node_id: str = "") -> None:
        known = self._ids.get(name)
        if self._list is None or known or known == node_id:
            return
        self._ids[name] = node_id
        me, says_who_it_is = self._lister(self._list)
        self.on_announcement(self._list.lister, self._ids, me, says_who_it_is=says_who_it_is)

    def _lister(self, latest: Listed) -> tuple[Address | None, bool]:
        """Return which node the lister is, and whether that is its own word.

        Otherwise it seems to be the only one with the port that was dialled.
        """
        known = tuple(self._ids.items())  # Other threads may hear of more meanwhile.
        if latest.who:
            same = [name for name, node_id in known if node_id == latest.who]
        else:
            dialled = self.where(latest.lister)
            same = [name for name, _ in known if dialled and name.port == dialled.port]
        return same[0] if len(same) == 1 else None, bool(latest.who)


class SentinelDialer(RedisDialer):
    """The translation of one Sentinel client, and of the servers' clients that it makes."""

    about_itself = False
    questions = ("SENTINEL MASTERS", "SENTINEL SLAVES", "SENTINEL REPLICAS", "SENTINEL")

    def __init__(self) -> None:
        """Know nothing yet."""
        super().__init__()
        self._sentinel: Address | None = None
        self._servers: dict[Address, None] = {}

    def asked(self, name: Address) -> None:
        """Remember which sentinel is asked: what is dialled next comes from its answer."""
        self._sentinel = name

    def settled(self, host: str, port: int | None) -> Decision | None:
        """Return how a sentinel is located, if nothing can change it; None once one is asked."""
        return None if self._sentinel is not None else super().settled(host, port)

    def _decide(self, host: str, port: int | None) -> Decision:
        """Locate a sentinel, or a server that one has listed."""
        name = Address(host=host, port=port)
        if name not in self.seeds and self._sentinel is not None:
            self._servers[name] = None
            self.on_announcement(self._sentinel, tuple(self._servers))
        return super()._decide(host, port)

"""A Redis Cluster's nodes, read from where the node that listed them stands.

``CLUSTER SLOTS`` gives the nodes' addresses as they know them. redis-py hands each one to
``address_remap``, a public parameter: so that is where they are heard. Nothing is
remapped there: a node keeps the name by which redirects call it.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from redis import cluster

from hostshift.addresses import is_loopback
from hostshift.decision import Address
from hostshift_redis._dial import PROTOCOL, check_seams, cover, dialling, own
from hostshift_redis._identity import LIST, WHO, Listed, Proof, nodes_in
from hostshift_redis._telling import TELLING, Listening

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Pair = tuple[str, int]


class ClusterDials(Listening):
    """One cluster client's translation; called as ``address_remap``."""

    questions = (LIST, "CLUSTER")

    def __init__(self, theirs: Callable[[Pair], Pair] | None = None) -> None:
        """Know nothing yet.

        Args:
            theirs: the user's ``address_remap``, which comes first.

        """
        super().__init__(PROTOCOL)
        self._theirs = theirs
        self._next: Listed | None = None
        self._list: Listed | None = None
        self._ids: dict[Address, str] = {}
        self.seeds: set[Address] = set()

    def wonders(self, name: Address, answer: Any) -> bool:
        """Ask who it is where it lists loopback: whose that is depends on it."""
        return self.is_read(name) and any(is_loopback(one.host) for one in nodes_in(answer))

    def answered(self, name: Address, answer: Any, who: str) -> None:
        """Remember a list of nodes.

        The one that is known stands until the driver goes through this one: the
        driver's users ask as well, and what they are answered is not heard.
        """
        nodes = nodes_in(answer, name.host)
        if nodes:
            self._next = Listed(name, nodes, who)

    def __call__(self, address: Pair) -> Pair:
        """Hear of a node; its name stays."""
        if self._next is not None:
            self._list, self._ids, self._next = self._next, {}, None
        listed = Address(host=address[0], port=int(address[1]))
        address = self._theirs(address) if self._theirs is not None else address
        own = "" if self._list is None else self._list.nodes.get(listed, "")
        self._hear(Address(host=address[0], port=int(address[1])), own)
        return address

    def at(self, host: str, port: int) -> tuple[str, int]:
        """Return where to dial a node. One that only a redirect named is a member as well."""
        name = Address(host=host, port=int(port))
        if name not in self.seeds and self._ids:
            self._hear(name)
        return super().at(host, int(port))

    def proof(self, name: Address) -> Proof | None:
        """Have a node that was guessed say its id; or else, that it is of the same cluster.

        What the lister did not answer, no node is asked.
        """
        if self._list is None or not self.is_guess(name):
            return None
        own, ids = self._ids.get(name), self._list.ids
        if own and self._list.who in ids:
            return Proof(WHO, frozenset((own,)))
        return Proof(LIST, ids) if ids else None

    def _hear(self, name: Address, own: str = "") -> None:
        known = self._ids.get(name)
        if self._list is None or known or known == own:
            return
        self._ids[name] = own
        me, says_so = self._itself(self._list)
        self.heard(self._list.lister, self._ids, me, says_who_it_is=says_so)

    def _itself(self, told: Listed) -> tuple[Address | None, bool]:
        """Tell which node the lister is, and whether it said so.

        Otherwise it seems to be the only one with the port that was dialled.
        """
        known = tuple(self._ids.items())  # Other threads may hear of more meanwhile.
        if told.who:
            same = [name for name, own in known if own == told.who]
        else:
            dialled = self.where(told.lister)
            same = [name for name, _ in known if dialled and name.port == dialled.port]
        return same[0] if len(same) == 1 else None, bool(told.who)


def remap(options: dict[str, Any]) -> dict[str, Any]:
    """Give a client's options a translation in place of ``address_remap``."""
    own = options.get("address_remap")
    return (
        options
        if isinstance(own, ClusterDials)
        else {**options, "address_remap": ClusterDials(own)}
    )


def open_seam() -> None:
    """Look after the nodes of clients that have a translation; again changes nothing.

    A cluster client makes its nodes' clients while it is made, and has no parameter for
    the class of their connections. ``create_redis_node`` is the one place; it is wrapped
    once a process, and passes by clients that are not ours.

    Raises:
        IncompatibleError: this redis-py makes them in another way.

    """
    check_seams()
    make = cluster.NodesManager.create_redis_node
    if not hasattr(make, "hostshift"):
        cluster.NodesManager.create_redis_node = _making(make)  # type: ignore[method-assign]


def _making(make: Any) -> Any:
    @wraps(make)
    def create_redis_node(self: Any, *args: Any, **kwargs: Any) -> Any:
        client = make(self, *args, **kwargs)
        dials = getattr(self, "address_remap", None)
        pool = client.connection_pool
        if isinstance(dials, ClusterDials):
            _know_seeds(dials, self.startup_nodes.values())
            cover(pool, dials, TELLING)
        else:  # install() covers every pool, and came after this client: a node is no seed.
            pool.connection_class = own(pool.connection_class)
        return client

    create_redis_node.hostshift = True  # type: ignore[attr-defined]
    return create_redis_node


def cover_asyncio(client: Any) -> None:
    """Look after an asyncio client: it dials nothing before it is used.

    Its nodes are made of ``connection_kwargs``, those of later redirects too.
    """
    check_seams()
    dials = client.nodes_manager.address_remap
    nodes = list(client.nodes_manager.startup_nodes.values())
    _know_seeds(dials, nodes)
    options = client.connection_kwargs
    options["connection_class"] = dialling(options["connection_class"], dials, TELLING)
    for node in nodes:
        node.connection_class = options["connection_class"]


def _know_seeds(dials: ClusterDials, nodes: Iterable[Any]) -> None:
    """Take the configured nodes for seeds; what is listed replaces them in the driver."""
    if not dials.seeds:
        dials.seeds = {Address(host=node.host, port=int(node.port)) for node in nodes}

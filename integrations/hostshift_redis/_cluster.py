"""A Redis Cluster's nodes, read from where the node that listed them stands.

``CLUSTER SLOTS`` gives the nodes' addresses as they know them. redis-py hands each one to
``address_remap``, a public parameter: so that is where they are heard. Nothing is
remapped there: a node keeps the name by which redirects call it.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from redis import cluster

from hostshift.decision import Address
from hostshift_redis._dial import PROTOCOL, Listening, check_seams, cover, dialling, own

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Pair = tuple[str, int]


class ClusterDials(Listening):
    """One cluster client's translation; called as ``address_remap``."""

    questions = ("CLUSTER SLOTS", "CLUSTER")
    says_who_it_is = False

    def __init__(self, theirs: Callable[[Pair], Pair] | None = None) -> None:
        """Know nothing yet.

        Args:
            theirs: the user's ``address_remap``, which comes first.

        """
        super().__init__(PROTOCOL)
        self._theirs = theirs
        self._asked: Address | None = None
        self._lister: Address | None = None
        self._listed: dict[Address, None] = {}
        self.seeds: set[Address] = set()

    def asked(self, name: Address) -> None:
        """Remember who is asked for the list of nodes.

        The list that is known stands until a new one begins: the driver's users ask as
        well, and their answers are not heard.
        """
        self._asked = name

    def __call__(self, address: Pair) -> Pair:
        """Hear of a node; its name stays."""
        if self._asked is not None:
            self._lister, self._listed, self._asked = self._asked, {}, None
        address = self._theirs(address) if self._theirs is not None else address
        self._hear(Address(host=address[0], port=int(address[1])))
        return address

    def at(self, host: str, port: int) -> tuple[str, int]:
        """Return where to dial a node. One that only a redirect named is a member as well."""
        name = Address(host=host, port=int(port))
        if name not in self.seeds and self._listed:
            self._hear(name)
        return super().at(host, int(port))

    def _hear(self, name: Address) -> None:
        if self._lister is None or name in self._listed:
            return
        self._listed[name] = None
        self.heard(self._lister, self._listed, self._itself())

    def _itself(self) -> Address | None:
        """Tell which node the lister seems to be: the only one with the port that was dialled."""
        dialled = self.where(self._lister) if self._lister is not None else None
        same = [one for one in self._listed if dialled and one.port == dialled.port]
        return same[0] if len(same) == 1 else None


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
        MissingExtraError: this redis-py makes them in another way.

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
            cover(pool, dials, tells=True)
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
    options["connection_class"] = dialling(options["connection_class"], dials, tells=True)
    for node in nodes:
        node.connection_class = options["connection_class"]


def _know_seeds(dials: ClusterDials, nodes: Iterable[Any]) -> None:
    """Take the configured nodes for seeds; what is listed replaces them in the driver."""
    if not dials.seeds:
        dials.seeds = {Address(host=node.host, port=int(node.port)) for node in nodes}

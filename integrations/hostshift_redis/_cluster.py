"""A Redis Cluster's nodes, read from where the node that listed them runs.

redis-py hands each node of a list to ``address_remap``, a public parameter: there the
translation hears of them. Nothing is remapped there: a node keeps the name by which
redirects call it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redis import cluster

from hostshift.drivers.redis_members import ClusterDialer
from hostshift.drivers.wrapping import wrap
from hostshift.routing.model import Address
from hostshift_redis._connection import check_seams, cover, dialling, own
from hostshift_redis._introspect import INTROSPECTING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def remap(options: dict[str, Any]) -> dict[str, Any]:
    """Give a client's options a translation in place of ``address_remap``."""
    configured = options.get("address_remap")
    if isinstance(configured, ClusterDialer):
        return options
    return {**options, "address_remap": ClusterDialer(configured)}


def open_seam() -> None:
    """Cover the nodes of clients that have a translation; again changes nothing.

    A cluster client makes its nodes' clients while it is made, and has no parameter for
    the class of their connections. ``create_redis_node`` is the one place; it is wrapped
    once a process, and passes by clients that are not ours.

    Raises:
        IncompatibleError: this redis-py makes them in another way.

    """
    check_seams()
    wrap(cluster.NodesManager, "create_redis_node", _covering)


def _covering(make: Callable[..., Any]) -> Callable[..., Any]:
    def create_redis_node(self: Any, *args: Any, **kwargs: Any) -> Any:
        client = make(self, *args, **kwargs)
        dialer = getattr(self, "address_remap", None)
        pool = client.connection_pool
        if isinstance(dialer, ClusterDialer):
            _know_seeds(dialer, self.startup_nodes.values())
            cover(pool, dialer, INTROSPECTING)
        else:  # install() covers every pool, and came after this client: a node is no seed.
            pool.connection_class = own(pool.connection_class)
        return client

    return create_redis_node


def cover_asyncio(client: Any) -> None:
    """Cover an asyncio client, which dials nothing before it is used.

    Its nodes are made of ``connection_kwargs``, those of later redirects too.
    """
    check_seams()
    dialer = client.nodes_manager.address_remap
    nodes = list(client.nodes_manager.startup_nodes.values())
    _know_seeds(dialer, nodes)
    options = client.connection_kwargs
    options["connection_class"] = dialling(options["connection_class"], dialer, INTROSPECTING)
    for node in nodes:
        node.connection_class = options["connection_class"]


def _know_seeds(dialer: ClusterDialer, nodes: Iterable[Any]) -> None:
    """Take the configured nodes for seeds; the driver replaces them by those of a list."""
    if not dialer.seeds:
        dialer.seeds = frozenset(Address(host=node.host, port=int(node.port)) for node in nodes)

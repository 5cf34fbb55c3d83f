"""hostshift for pymongo 4.12 and newer: drop-in clients.

::

    from hostshift_pymongo import MongoClient

    client = MongoClient("mongodb://localhost:27017/shop")

``MongoClient`` and ``AsyncMongoClient`` take what pymongo's own take. The
addresses are looked up when the client is made, in strings, lists of hosts and
the defaults alike. Members that a replica set announces later are dialled as
announced.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hostshift.errors import MissingExtraError

try:
    import pymongo
    from pymongo.typings import _DocumentType
except ImportError:
    raise MissingExtraError(
        "hostshift_pymongo needs pymongo: pip install 'hostshift[pymongo]'"
    ) from None

from hostshift import resolver

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["AsyncMongoClient", "MongoClient"]

PORT = 27017


class MongoClient(pymongo.MongoClient[_DocumentType]):
    """:class:`pymongo.MongoClient` at the addresses that hold from here."""

    def __init__(
        self,
        host: str | Sequence[str] | None = None,
        port: int | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        """Take what pymongo takes."""
        super().__init__(_resolved(host, port), port, *args, **kwargs)


class AsyncMongoClient(pymongo.AsyncMongoClient[_DocumentType]):
    """:class:`pymongo.AsyncMongoClient` at the addresses that hold from here.

    Making a client may look around for up to the budget, as pymongo's own may
    for DNS; make it before the event loop has other work.
    """

    def __init__(
        self,
        host: str | Sequence[str] | None = None,
        port: int | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        """Take what pymongo takes."""
        super().__init__(_resolved(host, port), port, *args, **kwargs)


def _resolved(host: str | Sequence[str] | None, port: int | None) -> str | Sequence[str] | None:
    """Resolve whatever form the hosts are given in; ``localhost`` is pymongo's default."""
    if host is None or isinstance(host, str):
        return _resolved_one(host or "localhost", port)
    return [_resolved_one(entry, port) for entry in host]


def _resolved_one(entry: str, port: int | None) -> str:
    """Resolve a URI or a list of hosts; pymongo takes what holds a slash for a URI."""
    dialect = "mongodb" if "/" in entry else "hosts"
    current = resolver.current()
    if current.policy.mode == "off":
        return entry
    found = current.explain(
        entry,
        dialect,
        protocol="mongodb",
        default_port=PORT if port is None else port,
    )
    resolver.refuse_undecided(found, current.policy)
    return found.after

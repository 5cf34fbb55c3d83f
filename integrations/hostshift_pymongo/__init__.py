"""hostshift for pymongo 4.12 and newer: every connection goes to the right address.

::

    from hostshift_pymongo import MongoClient

    client = MongoClient("mongodb://localhost:27017/shop")

``MongoClient`` and ``AsyncMongoClient`` take what pymongo's own take;
:func:`install` covers code that makes its own clients. Addresses are looked up
when a connection is made: those of the string, and those of the members that a
replica set announces, read from where the set stands. ``client.nodes`` and the
name that TLS checks stay what they are without hostshift. ``mongodb+srv://``
is not touched.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from hostshift.drivers import frameworks, strict, wrapping
from hostshift.resolution import resolver

try:
    import pymongo
    from pymongo.typings import _DocumentType

    from hostshift_pymongo import _connection
except (ImportError, AttributeError) as error:
    raise frameworks.failed(__name__, error) from error
frameworks.check(__name__)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hostshift_pymongo._connection import Client

__all__ = ["AsyncMongoClient", "MongoClient", "install", "uninstall"]

PORT = 27017
SRV = "mongodb+srv://"


class _Covered:
    """Makes a client with a translation of its own."""

    def __init__(
        self,
        host: str | Sequence[str] | None = None,
        port: int | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        """Take what pymongo takes."""
        _cover(super().__init__, self, host, port, *args, **kwargs)


class MongoClient(_Covered, pymongo.MongoClient[_DocumentType]):
    """:class:`pymongo.MongoClient` that dials the addresses that hold from here."""


class AsyncMongoClient(_Covered, pymongo.AsyncMongoClient[_DocumentType]):
    """:class:`pymongo.AsyncMongoClient` that dials the addresses that hold from here.

    What has to be looked up for a connection is looked up in a thread.
    """


def install() -> None:
    """Cover every client that is made from now on in this process, by whichever code.

    Calling it again changes nothing.
    """
    _connection.open_seams()
    for kind in (pymongo.MongoClient, pymongo.AsyncMongoClient):
        wrapping.wrap(kind, "__init__", _covering)


def uninstall() -> None:
    """Cover no more clients by themselves; those that exist go on."""
    for kind in (pymongo.MongoClient, pymongo.AsyncMongoClient):
        wrapping.unwrap(kind, "__init__")


def _covering(own: Callable[..., None]) -> Callable[..., None]:
    """Wrap a client's ``__init__``."""

    def covered(self: Client, *args: Any, **kwargs: Any) -> None:
        _cover(partial(own, self), self, *args, **kwargs)

    return covered


def _cover(
    own: Callable[..., None],
    client: Any,
    host: str | Sequence[str] | None = None,
    port: int | None = None,
    *args: Any,
    **kwargs: Any,
) -> None:
    """Make a client with a translation of its own, unless DNS lists its servers."""
    hosts = [host or "localhost"] if host is None or isinstance(host, str) else list(host)
    if any(str(entry).startswith(SRV) for entry in hosts):
        own(host, port, *args, **kwargs)
        return
    _connection.open_seams()
    _refuse_undecided(hosts, port)
    # A client that is made like another gets that one's listeners: those stay its own.
    configured = kwargs.get("event_listeners") or ()
    others = [other for other in configured if not isinstance(other, _connection.MongoDialer)]
    listeners = [*others, _connection.MongoDialer(client)]
    own(host, port, *args, **{**kwargs, "event_listeners": listeners})


def _refuse_undecided(hosts: list[str], port: int | None) -> None:
    """Raise for a seed that has to stay as it is, where STRICT demands it.

    ``localhost`` is pymongo's default, and it takes what holds a slash for a URI.
    """
    policy = resolver.current().policy
    if policy.strict and policy.mode != "off":
        for host in hosts:
            dialect = "mongodb" if "/" in host else "hosts"
            strict.explain(host, dialect, "mongodb", PORT if port is None else port)

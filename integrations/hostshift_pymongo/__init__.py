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

from functools import partial, wraps
from typing import TYPE_CHECKING, Any

from hostshift import _decision_log, _extras, resolver

try:
    import pymongo
    from pymongo.typings import _DocumentType

    from hostshift_pymongo import _dial
except (ImportError, AttributeError) as error:
    raise _extras.failed(__name__, error) from error
_extras.check(__name__)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["AsyncMongoClient", "MongoClient", "install", "uninstall"]

PORT = 27017
SRV = "mongodb+srv://"


class MongoClient(pymongo.MongoClient[_DocumentType]):
    """:class:`pymongo.MongoClient` that dials the addresses that hold from here."""

    def __init__(
        self,
        host: str | Sequence[str] | None = None,
        port: int | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        """Take what pymongo takes."""
        _covered(super().__init__, self, host, port, *args, **kwargs)


class AsyncMongoClient(pymongo.AsyncMongoClient[_DocumentType]):
    """:class:`pymongo.AsyncMongoClient` that dials the addresses that hold from here.

    What has to be looked up for a connection is looked up in a thread.
    """

    def __init__(
        self,
        host: str | Sequence[str] | None = None,
        port: int | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        """Take what pymongo takes."""
        _covered(super().__init__, self, host, port, *args, **kwargs)


def install() -> None:
    """Cover every client that is made from now on in this process, by whichever code.

    Calling it again changes nothing.
    """
    _dial.open_seams()
    for kind in (pymongo.MongoClient, pymongo.AsyncMongoClient):
        own = kind.__init__  # Read once: another thread may cover the class meanwhile.
        if "hostshift" not in vars(own):
            kind.__init__ = _covering(own)  # type: ignore[method-assign]


def uninstall() -> None:
    """Cover no more clients by themselves; those that exist go on."""
    for kind in (pymongo.MongoClient, pymongo.AsyncMongoClient):
        own = vars(kind.__init__).get("hostshift")
        if own is not None:
            kind.__init__ = own  # type: ignore[method-assign]


def _covering(own: Any) -> Any:
    """Wrap a client's ``__init__``."""

    @wraps(own)
    def covered(
        self: Any,
        host: str | Sequence[str] | None = None,
        port: int | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        _covered(partial(own, self), self, host, port, *args, **kwargs)

    covered.hostshift = own  # type: ignore[attr-defined]
    return covered


def _covered(
    own: Callable[..., None],
    client: Any,
    host: str | Sequence[str] | None,
    port: int | None,
    *args: Any,
    **kwargs: Any,
) -> None:
    """Make a client with a translation of its own, unless DNS says where its servers are."""
    hosts = [host or "localhost"] if host is None or isinstance(host, str) else list(host)
    if any(str(one).startswith(SRV) for one in hosts):
        own(host, port, *args, **kwargs)
        return
    _dial.open_seams()
    _refuse_undecided(hosts, port)
    dials = _dial.Dials()
    # A client that is made like another has that one's listeners: they stay its own.
    given = kwargs.get("event_listeners") or ()
    others = [one for one in given if not isinstance(one, _dial.Dials)]
    own(host, port, *args, **{**kwargs, "event_listeners": [*others, dials]})
    dials.direct = bool(client.options.direct_connection)


def _refuse_undecided(hosts: list[str], port: int | None) -> None:
    """Raise for a seed that has to stay as it is, where STRICT asks for it.

    ``localhost`` is pymongo's default, and it takes what holds a slash for a URI.
    """
    current = resolver.current()
    if not current.policy.strict or current.policy.mode == "off":
        return
    default = PORT if port is None else port
    for entry in hosts:
        dialect = "mongodb" if "/" in entry else "hosts"
        found = current.explain(entry, dialect, protocol="mongodb", default_port=default)
        _decision_log.refuse_undecided(found, current.policy)

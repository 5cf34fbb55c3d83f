"""Where httpx dials: a network backend below its TLS and its pool.

``httpcore.NetworkBackend`` is httpcore's public seam: it is told a host and a port, and
gives a stream; TLS is put on top of that with the origin's name. So nothing above it
sees another address. Rewriting the URL in a transport, with the ``sni_hostname``
extension to keep the name, is public too, but wrong: the pool shares connections by the
URL's origin, and two names that are one address from here would share a connection
whose certificate was checked for one of them only.

httpx has no parameter for the backend. Its transports make their pool in ``_pool``,
which holds the backend in ``_network_backend``: both are private, and what misses them
is refused.
"""

from __future__ import annotations

from inspect import signature
from typing import TYPE_CHECKING, Any

import anyio.to_thread
import httpcore
import httpx

from hostshift import _announce, _extras, resolver
from hostshift.errors import WrongServerError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hostshift.decision import Decision

PROTOCOL = "http"
INTEGRATION = "hostshift_httpx"
DIRECT = (httpcore.ConnectionPool, httpcore.AsyncConnectionPool)


def cover_client(client: httpx.Client | httpx.AsyncClient) -> None:
    """Cover the transports of a client, of whichever httpx made them.

    Raises:
        IncompatibleError: this httpx keeps its transports in another way.

    """
    try:
        transports = [client._transport, *client._mounts.values()]  # noqa: SLF001
    except AttributeError:
        raise _extras.lacks(INTEGRATION, ["Client._transport", "Client._mounts"]) from None
    for transport in transports:
        if isinstance(transport, httpx.HTTPTransport | httpx.AsyncHTTPTransport):
            cover(transport)


def cover(transport: httpx.HTTPTransport | httpx.AsyncHTTPTransport) -> None:
    """Let a transport dial the addresses that hold from here; again changes nothing.

    Raises:
        IncompatibleError: this httpx makes its connections in another way.

    """
    try:
        pool: Any = transport._pool  # noqa: SLF001 - httpx has no public way to it
        own = pool._network_backend  # noqa: SLF001
    except AttributeError:
        raise _extras.lacks(INTEGRATION, ["HTTPTransport._pool with a _network_backend"]) from None
    if type(pool) not in DIRECT or isinstance(own, _Backend | _AsyncBackend):
        return  # a proxy's pool, or covered already
    asynchronous = isinstance(own, httpcore.AsyncNetworkBackend)
    pool._network_backend = _AsyncBackend(own) if asynchronous else _Backend(own)  # noqa: SLF001


_ABANDON: dict[str, Any] = (
    {"abandon_on_cancel": True}
    if "abandon_on_cancel" in signature(anyio.to_thread.run_sync).parameters
    else {"cancellable": True}  # anyio before 4.1
)
"""Lets a task whose scope is cancelled go on at once, and the look-up end by itself."""


def _decide(host: str, port: int) -> Decision:
    """Ask where an address is from here.

    Raises:
        httpcore.ConnectError: what is written leads to another server than the one that is
            meant. httpx knows no other error of a connect, and tries again after this one.

    """
    try:
        return _announce.dial(host, port, PROTOCOL, "httpx")
    except WrongServerError as error:
        raise httpcore.ConnectError(str(error)) from error


def _there(decision: Decision, port: int) -> tuple[str, int]:
    after = decision.after
    return after.host, port if after.port is None else after.port


def _lost(decision: Decision) -> None:
    """Look again for what is around: a dial of it failed."""
    if decision.target.kind != "elsewhere":
        resolver.current().look_again()


class _Backend(httpcore.NetworkBackend):
    """Another backend, told where to dial."""

    def __init__(self, own: httpcore.NetworkBackend) -> None:
        self._own = own

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Dial, ``timeout`` in seconds; looking up takes at most the budget besides."""
        decision = _decide(host, port)
        there = _there(decision, port)
        try:
            return self._own.connect_tcp(*there, timeout, local_address, socket_options)
        except (httpcore.ConnectError, httpcore.ConnectTimeout):
            _lost(decision)
            raise

    def connect_unix_socket(self, *args: Any, **kwargs: Any) -> httpcore.NetworkStream:
        """Dial a socket of this machine: nothing is looked up."""
        return self._own.connect_unix_socket(*args, **kwargs)

    def sleep(self, seconds: float) -> None:
        """Wait between two tries."""
        self._own.sleep(seconds)


class _AsyncBackend(httpcore.AsyncNetworkBackend):
    """The same for event loops. Looks up in a thread: the loop is not to be held up."""

    def __init__(self, own: httpcore.AsyncNetworkBackend) -> None:
        self._own = own

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Dial, ``timeout`` in seconds; looking up takes at most the budget besides."""
        decision = await anyio.to_thread.run_sync(_decide, host, port, **_ABANDON)
        there = _there(decision, port)
        try:
            return await self._own.connect_tcp(*there, timeout, local_address, socket_options)
        except (httpcore.ConnectError, httpcore.ConnectTimeout):
            _lost(decision)
            raise

    async def connect_unix_socket(self, *args: Any, **kwargs: Any) -> httpcore.AsyncNetworkStream:
        """Dial a socket of this machine: nothing is looked up."""
        return await self._own.connect_unix_socket(*args, **kwargs)

    async def sleep(self, seconds: float) -> None:
        """Wait between two tries."""
        await self._own.sleep(seconds)
